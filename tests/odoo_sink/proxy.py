"""A proxy on loopback between the sink and an Odoo that breaks connections, as networks do.

The caller cannot tell a reply that was lost after the server committed from a request that never arrived.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Break:
    """Breaks the first `times` calls of a method on a model: before they arrive, or after the server committed."""

    def __init__(self, model: str, method: str, *, arrives: bool = True, times: int = 1) -> None:
        self._marks = [f"<string>{name}</string>".encode() for name in (model, method)]
        self._left = times
        self.arrives = arrives

    def matches(self, body: bytes) -> bool:
        if self._left and all(mark in body for mark in self._marks):
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
            is_broken = fault.matches(body)
            if is_broken and not fault.arrives:
                self.close_connection = True
                return
            upstream = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
            upstream.request("POST", self.path, body, {"Content-Type": "text/xml"})
            response = upstream.getresponse()
            reply = response.read()
            upstream.close()
            if is_broken:
                self.close_connection = True
                return
            self.send_response(response.status)
            self.send_header("Content-Type", "text/xml")
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
