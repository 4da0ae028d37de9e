"""The same client over JSON-2, Odoo's interface from 19 on: an API key in place of the password, arguments by name.

Belongs here: how a call and its reply travel. Does not belong here: which calls are allowed and what faults mean to
callers, which is one for both transports (`client.py`).
"""

import http.client
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from pipelines.odoo.client import (
    AccessDeniedError,
    MaybeDoneError,
    OdooClient,
    OdooError,
    UnavailableError,
    ValidationError,
    Writable,
    is_database_away,
    short,
)
from pipelines.settings import OdooConnection

logger = logging.getLogger(__name__)

# XML-RPC is deprecated from then on, too.
JSON2_SINCE = (19, 0)
# Names of the arguments that callers give by position.
_ARGUMENTS = {
    "action_feedback": ("ids",),
    "create": ("vals_list",),
    "has_access": ("ids", "operation"),
    "load": ("fields", "data"),
    "read": ("ids", "fields"),
    "run": ("ids",),
    "search": ("domain",),
    "search_count": ("domain",),
    "search_read": ("domain",),
    "unlink": ("ids",),
    "update_field_translations": ("ids", "field_name", "translations"),
    "web_save_multi": ("ids", "vals_list", "specification"),
    "write": ("ids", "vals"),
}


class Json2Client(OdooClient):
    """A login on one database by its API key."""

    @cached_property
    def version(self) -> tuple[int, ...]:
        """As of the server's web address, which needs no login; empty where it has none, which is before 19."""
        status, reply = self._request("GET", "/web/version", None, "version", is_write=False)
        if status == http.client.NOT_FOUND:
            return ()
        if status != http.client.OK:
            raise UnavailableError(f"{self.url} does not say its version (HTTP {status}).")
        return tuple(part for part in reply["version_info"][:2] if isinstance(part, int))

    @cached_property
    def user_id(self) -> int:
        return int(self._send("res.users", "context_get", (), {}, is_write=False)["uid"])

    def _send(
        self, model: str, method: str, args: Sequence[object], kwargs: Mapping[str, object], *, is_write: bool
    ) -> Any:
        body = {**dict(zip(_ARGUMENTS.get(method, ()), args, strict=True)), **kwargs}
        where = f"{model}.{method}"
        status, reply = self._request("POST", f"/json/2/{model}/{method}", body, where, is_write=is_write)
        if status == http.client.OK:
            return reply
        raise self._named(status, reply, where, is_write)

    def _request(
        self, verb: str, path: str, body: Mapping[str, object] | None, where: str, *, is_write: bool
    ) -> tuple[int, Any]:
        """Status and JSON of the reply; None for a reply that is no JSON."""
        connection = self._connection()
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._password}", "X-Odoo-Database": self.database}
        if content is not None:
            # Older servers take a request of this type for one with a body, and refuse it without.
            headers["Content-Type"] = "application/json"
        lost = MaybeDoneError if is_write else UnavailableError
        try:
            connection.connect()
        except OSError as error:
            raise UnavailableError(f"{where} at {self.url}: no connection: {type(error).__name__}") from None
        try:
            connection.request(verb, path, content, headers)
            response = connection.getresponse()
            text = response.read()
        except TimeoutError:
            raise lost(f"{where} at {self.url}: no reply within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise lost(f"{where} at {self.url}: broken reply: {type(error).__name__}") from None
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            if response.status == http.client.OK:
                raise lost(f"{where} at {self.url}: cut reply") from None
            return response.status, None

    def _connection(self) -> http.client.HTTPConnection:
        address = urlsplit(self.url)
        if address.scheme == "https":
            return http.client.HTTPSConnection(
                address.netloc, timeout=self._timeout, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(address.netloc, timeout=self._timeout)

    def _named(self, status: int, reply: Any, where: str, is_write: bool) -> OdooError:
        """The error that a status means. What Odoo says is in the reply's message; its traceback is left there."""
        text = short(str(reply["message"])) if isinstance(reply, dict) and "message" in reply else ""
        match status:
            case http.client.UNAUTHORIZED:
                return self._login_refused()
            case http.client.TOO_MANY_REQUESTS:
                return UnavailableError(f"{where} at {self.url}: the server asks for fewer requests (HTTP 429)")
            case http.client.FORBIDDEN:
                return AccessDeniedError(f"{where}: {self.user} has no access. {text}")
            case _ if text and not is_database_away(str(reply.get("name", ""))):
                return ValidationError(f"{where}: {text}")
            case _:
                lost = MaybeDoneError if is_write else UnavailableError
                return lost(f"{where} at {self.url}: HTTP {status} {text}".rstrip())


def connected(server: OdooConnection, transport: str, writable: Writable) -> OdooClient:
    """The client of a transport of `retail.yaml`, or that of XML-RPC where the server has no JSON-2.

    Raises UnavailableError.
    """
    if transport == "json2":
        newer = Json2Client.connect(server, writable)
        if newer.version >= JSON2_SINCE:
            return newer
        _warn_once(f"{newer.url} has no JSON-2, which came with Odoo 19: XML-RPC takes its place.")
        return OdooClient.connect(server, writable)
    client = OdooClient.connect(server, writable)
    if client.version >= JSON2_SINCE:
        _warn_once(
            f"{client.url} announces that XML-RPC ends with Odoo 22 (2028; Odoo Online 21.1, 2027): until then, set "
            "odoo.transport to json2 in retail.yaml and ODOO_PASSWORD to an API key."
        )
    return client


@cache
def _warn_once(text: str) -> None:
    """Once a process, however many clients it makes."""
    logger.warning(text)
