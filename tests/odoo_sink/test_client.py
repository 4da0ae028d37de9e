"""The client alone: which fault gets which name, that nothing is sent twice, and that nothing secret is shown."""

import socket
import xmlrpc.client
from http.server import BaseHTTPRequestHandler

import pytest

from pipelines.odoo.client import (
    AccessDeniedError,
    ForbiddenWriteError,
    LoginRefusedError,
    MaybeDoneError,
    OdooClient,
    OdooError,
    UnavailableError,
    ValidationError,
)
from pipelines.odoo.json2 import Json2Client
from pipelines.odoo.sink import SINK_WRITES
from tests.odoo_sink.proxy import serve

SECRET = "never-shown"
WRITE = ("x_reknit_task", "load")


class FakeOdoo(BaseHTTPRequestHandler):
    """Logs everybody in as 7; what a call gets is `reply`: bytes, a status, None for a closed connection."""

    reply: bytes | int | None = None
    calls = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer: bytes | int | None = xmlrpc.client.dumps((7,), methodresponse=True).encode()
        if b"execute_kw" in body:
            type(self).calls += 1
            answer = self.reply
        if answer is None:
            self.close_connection = True
            return
        status, content = (answer, b"") if isinstance(answer, int) else (200, answer)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def call(reply: bytes | int | None, model: str, method: str) -> tuple[OdooError, int]:
    """The error that a call gives, and how often it reached the server."""

    class Handler(FakeOdoo):
        pass

    Handler.reply = reply
    with serve(Handler) as url:
        client = OdooClient(url, "retail", "bot", SECRET, writable=frozenset({WRITE}), timeout=5)
        with pytest.raises(OdooError) as caught:
            client.call(model, method, [[]])
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value, Handler.calls


class FakeJson2(BaseHTTPRequestHandler):
    """Answers every call with `status` and `reply`; None for a closed connection."""

    status = 200
    reply: bytes | None = None
    calls = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).calls += 1
        if self.reply is None:
            self.close_connection = True
            return
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.reply)))
        self.end_headers()
        self.wfile.write(self.reply)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("status", "reply", "on_write", "on_read"),
    [
        (200, None, MaybeDoneError, UnavailableError),
        (200, b'{"ids": [', MaybeDoneError, UnavailableError),
        (502, b"<html>", MaybeDoneError, UnavailableError),
        (503, b"", MaybeDoneError, UnavailableError),
        (401, b'{"message": "Invalid apikey"}', LoginRefusedError, LoginRefusedError),
        (403, b'{"message": "You are not allowed", "debug": "never-shown"}', AccessDeniedError, AccessDeniedError),
        (404, b'{"message": "the model does not exist"}', ValidationError, ValidationError),
        (422, b'{"message": "bad value of ada.north@example.com"}', ValidationError, ValidationError),
        (429, b"", UnavailableError, UnavailableError),
        (500, b'{"message": "Wrong value", "debug": "never-shown"}', ValidationError, ValidationError),
        (500, b'{"name": "psycopg2.OperationalError", "message": "refused"}', MaybeDoneError, UnavailableError),
        (500, b'{"name": "psycopg2.errors.NotNullViolation", "message": "null"}', ValidationError, ValidationError),
    ],
)
def test_each_status_of_json2_has_the_same_names(
    status: int, reply: bytes | None, on_write: type[OdooError], on_read: type[OdooError]
) -> None:
    class Handler(FakeJson2):
        pass

    Handler.status, Handler.reply = status, reply
    with serve(Handler) as url:
        client = Json2Client(url, "retail", "bot", SECRET, writable=frozenset({WRITE}), timeout=5)
        for named, (model, method) in ((on_write, WRITE), (on_read, ("res.partner", "search_read"))):
            with pytest.raises(OdooError) as caught:
                client.call(model, method, [[], []] if method == "load" else [[]])
            assert type(caught.value) is named
            assert SECRET not in str(caught.value)
            assert "example.com" not in str(caught.value)
            assert caught.value.__cause__ is None
    assert Handler.calls == 2


def fault(code: int, text: str) -> bytes:
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, text)).encode()


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        (None, MaybeDoneError),
        (b"<methodResponse><params>", MaybeDoneError),
        (502, MaybeDoneError),
        (504, MaybeDoneError),
        (429, UnavailableError),
        (fault(1, "Traceback\nTypeError: cannot marshal None unless allow_none is enabled"), MaybeDoneError),
        (fault(1, "Traceback\nValueError: Wrong value for x_churn_level: 'odd'"), ValidationError),
        (fault(1, "Traceback\npsycopg2.OperationalError: connection refused"), MaybeDoneError),
        (fault(1, "Traceback\npsycopg2.errors.SerializationFailure: could not serialize"), MaybeDoneError),
        (fault(1, "Traceback\npsycopg2.errors.NotNullViolation: null value"), ValidationError),
        (fault(2, "Record does not exist or has been deleted."), ValidationError),
        (fault(3, "Access Denied"), LoginRefusedError),
        (fault(4, "You are not allowed to modify this"), AccessDeniedError),
    ],
)
def test_each_fault_has_a_name_and_is_sent_once(reply: bytes | int | None, named: type[OdooError]) -> None:
    error, calls = call(reply, *WRITE)
    assert type(error) is named
    assert calls == 1


@pytest.mark.parametrize("reply", [None, 502, b"<methodResponse>"])
def test_a_read_that_breaks_did_nothing(reply: bytes | int | None) -> None:
    error, calls = call(reply, "res.partner", "search_read")
    assert type(error) is UnavailableError
    assert calls == 1


def test_a_server_that_is_not_there_did_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UnavailableError):
        OdooClient(url, "retail", "bot", SECRET).call("res.partner", "read", [[1]])


def test_the_errors_of_odoo_show_no_address() -> None:
    error, _ = call(fault(2, "ada.north@example.com is not valid"), *WRITE)
    assert "example.com" not in str(error)


def test_the_client_shows_no_password() -> None:
    assert SECRET not in repr(OdooClient("http://odoo.example", "retail", "bot", SECRET))


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("res.partner", "write"),
        ("res.partner", "create"),
        ("res.partner", "unlink"),
        ("product.template", "write"),
        ("res.users", "write"),
        ("ir.config_parameter", "set_param"),
        ("account.move", "create"),
        ("mail.activity", "create"),
        ("x_reknit_customer_score", "unlink"),
        ("x_reknit_order_suggestion", "unlink"),
        ("stock.warehouse.orderpoint", "write"),
        ("stock.warehouse.orderpoint", "create"),
        ("stock.warehouse.orderpoint", "action_replenish"),
        ("purchase.order", "create"),
    ],
)
def test_the_sink_cannot_ask_for_what_is_not_listed(model: str, method: str) -> None:
    client = OdooClient("http://127.0.0.1:9", "retail", "bot", SECRET, writable=SINK_WRITES)
    with pytest.raises(ForbiddenWriteError):
        client.call(model, method, [[1], {"email": "x"}])
    assert client.write_count == 0
