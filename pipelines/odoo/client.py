"""An Odoo: one call, one outcome, by name; over XML-RPC, which every version has.

Belongs here: the connection, what a server can do, which faults there are, and the gate that no write passes that its
caller did not list. Does not belong here: what is written (`plan.py`) or how a doubtful write is settled (`sink.py`).

A connection serves one call. An idle one that the server has closed would make a write doubtful, and the standard
library's transport sends a call again by itself when the connection breaks: after a creation that makes two records.
"""

import http.client
import re
import ssl
import xmlrpc.client
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Self
from urllib.parse import urlsplit

from pipelines.settings import OdooConnection

Writable = frozenset[tuple[str, str]]

# Methods that change nothing, on any model.
READS = frozenset(
    {"fields_get", "has_access", "check_access_rights", "read", "search", "search_count", "search_read", "read_group"}
)
TIMEOUT_SECONDS = 600.0
REASON_LENGTH = 300

_FAULT_APPLICATION = 1
_FAULT_LOGIN = 3
_FAULT_ACCESS = 4
_TOO_MANY_REQUESTS = 429
# Odoo's database is away, busy or going down: no fault of the values, and not sure to have been rolled back.
_DATABASE_AWAY = re.compile(
    r"(psycopg2\.)?(OperationalError|InterfaceError|PoolError)|(psycopg2\.)?errors\.(SerializationFailure|"
    r"DeadlockDetected|LockNotAvailable|AdminShutdown|CrashShutdown|CannotConnectNow|ReadOnlySqlTransaction)"
)
_PERSONAL = re.compile(r"\S+@\S+")


class OdooError(Exception):
    """An Odoo did not do what was asked. Messages name model and method, never a password."""


class AccessDeniedError(OdooError):
    """The login has no right to do this with a model or a record; nothing was done."""


class LoginRefusedError(OdooError):
    """Database, user and password do not belong together, or do not any more; nothing was done."""


class ForbiddenWriteError(OdooError):
    """The caller did not list this write; nothing was sent."""


class ValidationError(OdooError):
    """Odoo refused the values or the record; the call was rolled back."""


class UnavailableError(OdooError):
    """The server was not reached, or a read did not come back; nothing was done."""


class NotSetUpError(OdooError):
    """The Odoo has not been set up for the sink, or the bot lacks a right; nothing was sent."""


class MaybeDoneError(OdooError):
    """A write was sent and its reply never came or was none: read back before it is sent again."""


class _BrokenReplyError(Exception):
    """The call was sent; what came back, if anything, is no reply."""


class _Transport(xmlrpc.client.Transport):
    """One connection a call, with a time-out; tells a call that never left from one whose reply is missing."""

    def __init__(self, is_https: bool, timeout: float) -> None:
        super().__init__()
        self._is_https = is_https
        self._timeout = timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        if self._connection and host == self._connection[0] and self._connection[1] is not None:
            return self._connection[1]
        address, self._extra_headers, _ = self.get_host_info(host)
        connection = (
            http.client.HTTPSConnection(address, timeout=self._timeout, context=ssl.create_default_context())
            if self._is_https
            else http.client.HTTPConnection(address, timeout=self._timeout)
        )
        self._connection = host, connection
        return connection

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        try:
            self.make_connection(host).connect()
        except OSError as error:
            self.close()
            raise UnavailableError(f"no connection: {type(error).__name__}") from None
        try:
            return self.single_request(host, handler, request_body, verbose)
        except xmlrpc.client.ProtocolError as error:
            if error.errcode == _TOO_MANY_REQUESTS:
                raise UnavailableError("the server asks for fewer requests (HTTP 429)") from None
            raise _BrokenReplyError(f"HTTP {error.errcode}") from None
        except TimeoutError:
            raise _BrokenReplyError(f"no reply within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException, xmlrpc.client.ResponseError, EOFError) as error:
            raise _BrokenReplyError(f"broken reply: {type(error).__name__}") from None
        except Exception as error:
            # The XML parser's own error has no public name; a reply cut in the middle ends here.
            if type(error).__name__ != "ExpatError":
                raise
            raise _BrokenReplyError("cut reply") from None
        finally:
            self.close()


class OdooClient:
    """A login on one database, over XML-RPC; `json2.py` has the same over JSON-2.

    `writable` lists the (model, method) pairs that may change something; none by default.

    A call raises LoginRefusedError, AccessDeniedError, ValidationError or UnavailableError when nothing was done,
    MaybeDoneError when that is not known, and ForbiddenWriteError before anything is sent. `write_count` counts the
    calls outside READS.
    """

    def __init__(
        self,
        url: str,
        database: str,
        user: str,
        password: str,
        *,
        writable: Writable = frozenset(),
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self.database = database
        self.user = user
        self._password = password
        self._writable = writable
        self._timeout = timeout
        self.write_count = 0
        self._counting = Lock()

    @classmethod
    def connect(cls, connection: OdooConnection, writable: Writable = frozenset()) -> Self:
        """The client of what the environment names."""
        return cls(
            connection.url,
            connection.database,
            connection.user,
            connection.password.get_secret_value(),
            writable=writable,
        )

    def __repr__(self) -> str:
        return f"OdooClient({self.url!r}, {self.database!r}, {self.user!r})"

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The server's version, such as (19, 0); needs no login."""
        info = self._ask("common", "version", (), "version")["server_version_info"]
        return tuple(part for part in info[:2] if isinstance(part, int))

    @cached_property
    def user_id(self) -> int:
        """Id of the login. Raises LoginRefusedError."""
        found = self._ask("common", "authenticate", (self.database, self.user, self._password, {}), "login")
        if not found:
            raise self._login_refused()
        return int(found)

    def _login_refused(self) -> LoginRefusedError:
        return LoginRefusedError(
            f"{self.url} refuses the login {self.user} on {self.database}: check ODOO_DB, ODOO_USER and ODOO_PASSWORD; "
            "an API key of an ordinary user lives 90 days at most and may have ended."
        )

    def call(
        self, model: str, method: str, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
    ) -> Any:
        """Call a method of a model and give its reply."""
        is_write = method not in READS
        if is_write and (model, method) not in self._writable:
            raise ForbiddenWriteError(f"{model}.{method} is not among the writes allowed here; nothing was sent.")
        with self._counting:
            self.write_count += is_write
        return self._send(model, method, args, kwargs or {}, is_write=is_write)

    def search_read(
        self, model: str, domain: list[object], fields: Iterable[str], **options: object
    ) -> list[dict[str, Any]]:
        """Records with these fields, archived ones too."""
        context = {"active_test": False}
        found: list[dict[str, Any]] = self.call(
            model, "search_read", [domain], {"fields": list(fields), "context": context, **options}
        )
        return found

    def has_right(self, model: str, operation: str) -> bool:
        """Whether the login may read, write or create records of a model at all."""
        if self.version >= (18, 0):
            return bool(self.call(model, "has_access", [[], operation]))
        return bool(self.call(model, "check_access_rights", [operation], {"raise_exception": False}))

    def saves_many(self, model: str) -> bool:
        """Whether the server writes different values to many records in one call (`web_save_multi`, not before 18)."""
        try:
            self.call(model, "web_save_multi", [[], [], {}])
        except ValidationError:
            return False
        return True

    def _send(
        self, model: str, method: str, args: Sequence[object], kwargs: Mapping[str, object], *, is_write: bool
    ) -> Any:
        parameters = (self.database, self.user_id, self._password, model, method, list(args), dict(kwargs))
        return self._ask("object", "execute_kw", parameters, f"{model}.{method}", is_write=is_write)

    def _ask(
        self, service: str, method: str, parameters: tuple[object, ...], where: str, *, is_write: bool = False
    ) -> Any:
        parts = urlsplit(self.url)
        transport = _Transport(parts.scheme == "https", self._timeout)
        proxy = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/{service}", transport=transport)
        try:
            return getattr(proxy, method)(*parameters)
        except UnavailableError as error:
            raise UnavailableError(f"{where} at {self.url}: {error}") from None
        except _BrokenReplyError as error:
            lost = MaybeDoneError if is_write else UnavailableError
            raise lost(f"{where} at {self.url}: {error}") from None
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == _FAULT_LOGIN:
                raise self._login_refused() from None
            raise _named(fault, where, self.user, is_write) from None


def is_database_away(name: str) -> bool:
    """Whether the name of an exception in Odoo says so."""
    return _DATABASE_AWAY.match(name) is not None


def _named(fault: xmlrpc.client.Fault, where: str, user: str, is_write: bool) -> OdooError:
    """The error that a fault means."""
    text = str(fault.faultString).strip()
    if fault.faultCode == _FAULT_ACCESS:
        return AccessDeniedError(f"{where}: {user} has no access. {short(text)}")
    if fault.faultCode == _FAULT_APPLICATION:
        # A traceback; its last line says what happened. The reply is put together after the transaction's end.
        text = text.splitlines()[-1] if text else ""
        if "cannot marshal" in text and is_write:
            return MaybeDoneError(f"{where}: {short(text)}")
        if is_database_away(text):
            return (MaybeDoneError if is_write else UnavailableError)(f"{where}: {short(text)}")
    return ValidationError(f"{where}: {short(text)}")


def short(text: str) -> str:
    """One line for a log: no e-mail address, not long."""
    return _PERSONAL.sub("…", " ".join(text.split()))[:REASON_LENGTH]
