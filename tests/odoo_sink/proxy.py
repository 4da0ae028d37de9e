"""A proxy on loopback between the sink and an Odoo that breaks connections, as networks do.

The caller cannot tell a reply that was lost after the server committed from a request that never arrived.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HEADERS = ("Content-Type", "Authorization", "X-Odoo-Database")


class Break:
    """Breaks the first `times` calls of a method on a model: before they arrive, or after the server committed."""

    def __init__(self, model: str, method: str, *, arrives: bool = True, times: int = 1) -> None:
        self._marks = [f"<string>{name}</string>".encode() for name in (model, method)]
        self._path = f"/json/2/{model}/{method}"
        self._left = times
        self.arrives = arrives

    def matches(self, path: str, body: bytes) -> bool:
        is_it = path == self._path or all(mark in body for mark in self._marks)
        if self._left and is_it:
            self._left -= 1
            return True
        return False


@contextmanager
def broken_network(target: str, fault: Break) -> Iterator[str]:
    """URL of a proxy for `target` with this fault."""
    address = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_broken = fault.matches(self.path, body)
            if is_broken and not fault.arrives:
                self.close_connection = True
                return
            self.pass_on("POST", body, is_answered=not is_broken)

        def do_GET(self) -> None:
            self.pass_on("GET", None, is_answered=True)

        def pass_on(self, verb: str, body: bytes | None, is_answered: bool) -> None:
            headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
            upstream = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
            upstream.request(verb, self.path, body, headers)
            response = upstream.getresponse()
            reply = response.read()
            upstream.close()
            if not is_answered:
                self.close_connection = True
                return
            self.send_response(response.status)
            self.send_header("Content-Type", response.headers["Content-Type"])
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: bodies hold passwords."""

    with serve(Handler) as url:
        yield url


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """URL of a server on loopback with this handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
