"""An Odoo as a source: typed pages of what changed in a model, and the ids that it still has.

Belongs here: reading a server through odoorpc and giving its values the types of the declared entity.
Does not belong here: which models and fields are read (`odoo_entities.py`), cursors, and anything that writes to Odoo.

How a window is read without losing a row: its end is the server's own time, fixed before reading; inside it pages
follow the id. `write_date` is stored in microseconds but comes, and is compared, in whole seconds, so that seeking past
the last write date loses the rows which share its second; an order that is not unique loses rows between pages.
"""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import odoorpc
import odoorpc.error
import polars as pl

from pipelines.settings import OdooConnection
from pipelines.sources.contract import Column, Entity
from pipelines.sources.odoo_entities import DOMAINS, FIELD_ALIASES

logger = logging.getLogger(__name__)
# At debug level it writes every call's arguments, the password among them.
logging.getLogger("odoorpc").setLevel(logging.WARNING)

PAGE_ROWS = 5_000
ID_PAGE_ROWS = 200_000
TIMEOUT_SECONDS = 120.0
_NO_SESSION_NEEDED_SINCE = 19
# Archived rows are rows too, and names must not change with the language of the user who reads them.
CONTEXT = {"active_test": False, "lang": "en_US"}

_CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

Domain = list[Any]
Fields = dict[str, dict[str, Any]]


class OdooError(Exception):
    """An Odoo could not be read; the message says what to do and holds no credentials and no data."""


class OdooUnavailableError(OdooError):
    """The server cannot be reached, or did not answer in time."""


class OdooLoginError(OdooError):
    """The server refused the database, the user or the password."""


class OdooAccessError(OdooError):
    """The user may not read a model."""

    def __init__(self, model: str) -> None:
        super().__init__(f"The Odoo user may not read {model}: give its group read access, or switch the source off.")
        self.model = model


class OdooReadError(OdooError):
    """The server failed while reading a model."""


class OdooSource:
    """One database of one Odoo server, seen by one user. An API key serves as the password."""

    def __init__(self, url: str, db: str, user: str, password: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """Log in. Raises OdooUnavailableError or OdooLoginError."""
        self._clock = _ServerClock()
        self._models: dict[str, Fields | None] = {}
        parts = urlsplit(url)
        self._where = f"The Odoo at {parts.hostname}"
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise OdooUnavailableError("ODOO_URL must read like https://odoo.example.com, without a path.")
        is_secure = parts.scheme == "https"
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), self._clock)
        try:
            self._odoo = odoorpc.ODOO(
                parts.hostname,
                protocol="jsonrpc+ssl" if is_secure else "jsonrpc",
                port=parts.port or (443 if is_secure else 80),
                timeout=timeout,
                opener=opener,
            )
            self._odoo.login(db, user, password)
            if int(self.version.split(".")[0]) < _NO_SESSION_NEEDED_SINCE:
                # One of several databases says what is wrong with a call only to a session that chose it.
                opener.open(f"{url.rstrip('/')}/web/login?{urlencode({'db': db})}", timeout=timeout).close()
        except odoorpc.error.RPCError:
            raise OdooLoginError(
                f"{self._where} refused the login: check ODOO_DB, ODOO_USER, ODOO_PASSWORD (an API key may have ended)."
            ) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._unavailable(error) from None

    @classmethod
    def connect(cls, connection: OdooConnection) -> Self:
        """Log in to the Odoo that the environment names. Raises as the constructor does."""
        return cls(connection.url, connection.database, connection.user, connection.password.get_secret_value())

    @property
    def version(self) -> str:
        """The server's version, such as `19.0`."""
        return str(self._odoo.version)

    def now(self) -> datetime:
        """The server's time, UTC without a zone, in whole seconds: the end of a window that is read next."""
        try:
            self._odoo.json("/jsonrpc", {"service": "common", "method": "version", "args": []})
        except (odoorpc.error.RPCError, OSError, HTTPException, ValueError) as error:
            raise self._unavailable(error) from None
        return self._clock.read()

    def pull(self, model: str, entity: Entity, lo: datetime | None, hi: datetime) -> Iterator[pl.DataFrame]:
        """Rows last written in [lo, hi), in pages with the entity's columns and types; at least one page, maybe empty.

        A column whose field the server does not have, or does not show to this user, is null. A model that it does not
        have has no rows. Both are logged. Raises OdooAccessError, OdooReadError, OdooUnavailableError.
        """
        fields = self._fields(model)
        if fields is None:
            logger.warning("%s has no %s: it counts as empty", self._where, model)
            yield _typed(entity, model, {}, [])
            return
        names = _field_names(entity, model, fields)
        unknown = [column.name for column in entity.columns if not _candidates(column, model, fields)]
        if unknown:
            logger.warning("%s shows no %s of %s: null", self._where, ", ".join(unknown), model)
        domain = _window(model, lo, hi)
        last_id = 0
        while True:
            ids = self._search(model, [*domain, ["id", ">", last_id]], PAGE_ROWS)
            # `load` empty: a link comes as its id alone, without the cost and the rights of a name.
            rows = self._call(model, "read", [ids], {"fields": names, "load": ""}) if ids else []
            yield _typed(entity, model, fields, rows)
            if len(ids) < PAGE_ROWS:
                return
            last_id = ids[-1]

    def rows(self, model: str, entity: Entity, ids: list[int]) -> Iterator[pl.DataFrame]:
        """The rows of these ids that are still there, as `pull` gives them."""
        fields = self._fields(model)
        if fields is None:
            return
        for start in range(0, len(ids), PAGE_ROWS):
            present = self._search(model, [["id", "in", ids[start : start + PAGE_ROWS]]], PAGE_ROWS)
            names = _field_names(entity, model, fields)
            rows = self._call(model, "read", [present], {"fields": names, "load": ""}) if present else []
            yield _typed(entity, model, fields, rows)

    def links(self, model: str, entity: Entity, target: str) -> list[str]:
        """Columns that hold the id of a `target`."""
        fields = self._fields(model) or {}
        return [
            column.name
            for column in entity.columns
            if any(
                fields[name]["type"] == "many2one" and fields[name].get("relation") == target
                for name in _candidates(column, model, fields)
            )
        ]

    def count(self, model: str, lo: datetime | None, hi: datetime) -> int:
        """Rows that the server counts in a window, to compare with what was pulled."""
        if self._fields(model) is None:
            return 0
        return int(self._call(model, "search_count", [_window(model, lo, hi)]))

    def ids(self, model: str) -> list[int]:
        """Ids of all rows that a pull could return now, ascending: a pulled row that is not among them was deleted."""
        if self._fields(model) is None:
            return []
        domain = DOMAINS.get(model, [])
        ids: list[int] = []
        while True:
            page = self._search(model, [*domain, ["id", ">", ids[-1] if ids else 0]], ID_PAGE_ROWS)
            ids += page
            if len(page) < ID_PAGE_ROWS:
                return ids

    def _search(self, model: str, domain: Domain, limit: int) -> list[int]:
        ids: list[int] = self._call(model, "search", [domain], {"order": "id", "limit": limit})
        return ids

    def _fields(self, model: str) -> Fields | None:
        """Fields of a model that this user sees, None where the server has no such model."""
        if model not in self._models:
            self._models[model] = self._call(
                model, "fields_get", [], {"attributes": ["type", "relation"]}, may_be_missing=True
            )
        return self._models[model]

    def _call(
        self,
        model: str,
        method: str,
        arguments: list[Any],
        options: dict[str, Any] | None = None,
        may_be_missing: bool = False,
    ) -> Any:
        try:
            return self._odoo.execute_kw(model, method, arguments, {**(options or {}), "context": CONTEXT})
        except odoorpc.error.RPCError as error:
            # The server's own text may quote values of the row, so only the fault's kind is passed on.
            fault = _fault_name(error)
            if fault.endswith("AccessError"):
                raise OdooAccessError(model) from None
            if fault.endswith("AccessDenied"):
                raise OdooLoginError(f"{self._where} refused the user: an API key may have expired.") from None
            if may_be_missing and fault.endswith(("UserError", "KeyError")):
                return None
            raise OdooReadError(f"{self._where} failed in {method} of {model} ({fault}): see its log.") from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> OdooUnavailableError:
        cause = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        return OdooUnavailableError(f"{self._where} does not answer ({cause}): check ODOO_URL and that it is up.")


class _ServerClock(urllib.request.BaseHandler):
    """Remembers the time at which the server answered last, from the answer's `Date`."""

    def __init__(self) -> None:
        self._date: str | None = None

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        self._date = response.headers.get("Date", self._date)
        return response

    https_response = http_response

    def read(self) -> datetime:
        if self._date is None:
            raise OdooUnavailableError("The Odoo's answers carry no Date, so that its time is not known.")
        return parsedate_to_datetime(self._date).astimezone(UTC).replace(tzinfo=None)


def _fault_name(error: odoorpc.error.RPCError) -> str:
    info = error.info if isinstance(error.info, dict) else {}
    return str(info.get("data", {}).get("name", "unknown fault"))


def _window(model: str, lo: datetime | None, hi: datetime) -> Domain:
    domain: Domain = [*DOMAINS.get(model, []), ["write_date", "<", hi.strftime(_TIME_FORMAT)]]
    return domain if lo is None else [*domain, ["write_date", ">=", lo.strftime(_TIME_FORMAT)]]


def _candidates(column: Column, model: str, fields: Fields) -> list[str]:
    """Fields of the server that a column can come from: its own, then those of other versions."""
    names = FIELD_ALIASES.get(model, {}).get(column.name, (column.name,))
    return [name for name in names if name in fields]


def _field_names(entity: Entity, model: str, fields: Fields) -> list[str]:
    return [name for column in entity.columns for name in _candidates(column, model, fields)]


def _typed(entity: Entity, model: str, fields: Fields, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as the server sends them, as a frame with the entity's columns and types."""
    values = {column.name: _values(column, model, fields, rows) for column in entity.columns}
    frame = pl.DataFrame([_series(column, values[column.name]) for column in entity.columns])
    unreadable = {
        column.name: count
        for column in entity.columns
        if column.type != "VARCHAR" and (count := frame[column.name].null_count() - values[column.name].count(None))
    }
    if unreadable:
        logger.warning("values of %s that are not of the declared type became null: %s", model, unreadable)
    return frame


def _values(column: Column, model: str, fields: Fields, rows: list[dict[str, Any]]) -> list[Any]:
    """Values of a column: of the fields that it can come from, the first one that is set."""
    choices = [
        [_set_or_none(row[name], fields[name]["type"]) for row in rows] for name in _candidates(column, model, fields)
    ]
    if len(choices) == 1:
        return choices[0]
    return [next((value for value in row if value is not None), None) for row in zip(*choices, strict=True)] or [
        None
    ] * len(rows)


def _set_or_none(value: Any, field_type: str) -> Any:
    """False stands for "not set" in every type but boolean, an id of 0 for no record, and an empty text for nothing."""
    if value is False and field_type != "boolean":
        return None
    if value == "" or (value == 0 and field_type == "many2one_reference"):
        return None
    return json.dumps(value) if field_type in ("one2many", "many2many") else value


def _series(column: Column, values: list[Any]) -> pl.Series:
    """Values of a column in the Polars type of its declared one; what cannot be read as that is null."""
    kind, _, arguments = column.type.partition("(")
    match kind:
        case "BIGINT":
            return pl.Series(column.name, values, pl.Int64, strict=False)
        case "BOOLEAN":
            return pl.Series(column.name, values, pl.Boolean, strict=False)
        case "TIMESTAMP":
            return _texts(column, values).str.to_datetime(_TIME_FORMAT, time_unit="us", strict=False)
        case "DATE":
            return _texts(column, values).str.to_date("%Y-%m-%d", strict=False)
        case "DECIMAL":
            precision, scale = (int(number) for number in arguments.rstrip(")").split(","))
            return _decimals(column, values, precision, scale)
        case _:
            text = _texts(column, values).str.replace_all(_CONTROL_CHARACTERS, "").str.strip_chars()
            return text.replace("", None)


def _texts(column: Column, values: list[Any]) -> pl.Series:
    return pl.Series(column.name, values, pl.String, strict=False)


def _decimals(column: Column, values: list[Any], precision: int, scale: int) -> pl.Series:
    """Floats as decimals, by way of the rounded number's text: 12.120000000000001 is 12.12 and not a hair beside it."""
    numbers = pl.Series(column.name, values, pl.Float64, strict=False).round(scale)
    return numbers.cast(pl.String).str.to_decimal(scale=scale).cast(pl.Decimal(precision, scale), strict=False)
