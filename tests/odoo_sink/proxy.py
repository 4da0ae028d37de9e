"""A proxy on loopback between the sink and an Odoo that breaks connections, as networks do, or hides what is new.

The caller cannot tell a reply that was lost after the server committed from a request that never arrived.
"""

import http.client
import threading
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HEADERS = ("Content-Type", "Authorization", "X-Odoo-Database")


class _Fault:
    """Something that happens to `times` calls of a method on a model, after `spared` of them went well."""

    def __init__(self, model: str, method: str, times: int, spared: int = 0) -> None:
        self._marks = [f"<string>{name}</string>".encode() for name in (model, method)]
        self._path = f"/json/2/{model}/{method}"
        self._left = times
        self._spared = spared

    def matches(self, path: str, body: bytes) -> bool:
        if path != self._path and not all(mark in body for mark in self._marks):
            return False
        self._spared -= 1
        self._left -= self._spared < 0
        return self._spared < 0 <= self._left


class Break(_Fault):
    """Breaks the connection: before calls arrive, or after the server committed."""

    def __init__(self, model: str, method: str, *, arrives: bool = True, times: int = 1) -> None:
        super().__init__(model, method, times)
        self.arrives = arrives


class Refusal(_Fault):
    """Answers calls in the server's place, which does not see them."""

    def __init__(self, model: str, method: str, status: int, content: bytes = b"", *, spared: int = 0) -> None:
        super().__init__(model, method, 1, spared)
        self.status = status
        self.content = content


class _Passing(BaseHTTPRequestHandler):
    """Passes calls on to the server at `target`."""

    target = ""

    def do_POST(self) -> None:
        self.post(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self.pass_on("GET", None)

    def post(self, body: bytes) -> None:
        self.pass_on("POST", body)

    def pass_on(self, verb: str, body: bytes | None, is_answered: bool = True) -> None:
        headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
        address = urlsplit(self.target)
        upstream = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        upstream.request(verb, self.path, body, headers)
        response = upstream.getresponse()
        reply = response.read()
        upstream.close()
        if is_answered:
            self.answer(response.status, reply, response.headers["Content-Type"])
        else:
            self.close_connection = True

    def answer(self, status: int, content: bytes, content_type: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: bodies hold passwords."""


@contextmanager
def broken_network(url: str, fault: Break | Refusal) -> Iterator[str]:
    """URL of a proxy for a server with this fault."""

    class Handler(_Passing):
        target = url

        def post(self, body: bytes) -> None:
            if not fault.matches(self.path, body):
                self.pass_on("POST", body)
            elif isinstance(fault, Refusal):
                self.answer(fault.status, fault.content)
            elif fault.arrives:
                self.pass_on("POST", body, is_answered=False)
            else:
                self.close_connection = True

    with serve(Handler) as proxy:
        yield proxy


@contextmanager
def older_server(url: str) -> Iterator[str]:
    """URL of a proxy that hides what a server got since Odoo 14: JSON-2, and saving many records in one call."""
    lacking = xmlrpc.client.Fault(1, "Traceback\nAttributeError: 'score' object has no attribute 'web_save_multi'")

    class Handler(_Passing):
        target = url

        def do_GET(self) -> None:
            self.answer(http.client.NOT_FOUND, b"")

        def post(self, body: bytes) -> None:
            if self.path.startswith("/json/2/"):
                self.answer(http.client.NOT_FOUND, b"")
            elif b"<string>web_save_multi</string>" in body:
                self.answer(http.client.OK, xmlrpc.client.dumps(lacking).encode())
            else:
                self.pass_on("POST", body)

    with serve(Handler) as proxy:
        yield proxy


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
