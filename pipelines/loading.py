"""Files into raw tables: the good rows load, the bad ones wait in quarantine with a reason, nothing is lost.

Belongs here: reading an entity's files with DuckDB's readers, casting, quarantine and the count of each file.
Does not belong here: what the columns mean (`sources/`) or the newest version of a row (staging).

A file is known by the hash of its content: loaded once, it changes nothing when it comes again. A file that comes with
another content replaces what it brought before. All of an entity's new files load in one transaction.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.settings import Source
from pipelines.sources.contract import Column, Entity, FileFormat, System
from pipelines.state import raw_table
from pipelines.warehouse import transaction

Connection = duckdb.DuckDBPyConnection
_MAX_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class LoadCount:
    """Rows of one source and entity in this run: read = loaded + quarantined."""

    source_name: str
    entity: str
    files: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0


@dataclass(frozen=True)
class LandedFile:
    """A file as it lies in the landing folder. header: its column names, for CSV."""

    path: Path
    content_hash: str
    has_nul: bool
    header: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class FileLoader:
    """Loads the files of the entities of one source."""

    connection: Connection
    system: System
    source_name: str
    source: Source
    folder: Path
    run_id: str

    def load(self, entity: Entity) -> LoadCount:
        """Load the new and changed files of an entity; none, and nothing changes."""
        files = self._new_files(entity)
        if not files:
            return LoadCount(self.source_name, entity.name)
        self._read(entity, files)
        self._judge(entity, files)
        with transaction(self.connection):
            self._forget(entity, files)
            self._insert(entity)
            return self._record(entity, files)

    def _new_files(self, entity: Entity) -> list[LandedFile]:
        assert entity.files is not None, f"{entity.name} does not come in files"
        known = dict(
            self.connection.execute(
                "select file, content_hash from ops_file_load where source_name = ? and entity = ?",
                [self.source_name, entity.name],
            ).fetchall()
        )
        landed = (_inspect(path, entity, self.source.encoding) for path in sorted(self.folder.glob(entity.files)))
        return [file for file in landed if known.get(file.name) != file.content_hash]

    def _read(self, entity: Entity, files: list[LandedFile]) -> None:
        """Fill `_read` (the entity's columns as text, file, line) and `_rejected` (file, line, reason, text)."""
        columns = ", ".join(f'"{name}" varchar' for name in entity.column_names)
        self.connection.execute(f"create or replace temp table _read ({columns}, _file varchar, _file_line bigint)")
        self.connection.execute(
            "create or replace temp table _rejected (_file varchar, _file_line bigint, reason varchar, text varchar)"
        )
        for group in self._readable_groups(entity, files):
            try:
                _READERS[entity.format](self.connection, entity, self.source.encoding, group)
            except duckdb.Error:
                # One unreadable file must not hold back the others: find it by reading singly.
                self._read_singly(entity, group)

    def _read_singly(self, entity: Entity, files: list[LandedFile]) -> None:
        for file in files:
            try:
                _READERS[entity.format](self.connection, entity, self.source.encoding, [file])
            except duckdb.Error as error:
                reason = (
                    f"file cannot be read as {entity.format} in {self.source.encoding} ({type(error).__name__}): "
                    f"correct the file, or sources.{self.source_name}.encoding in retail.yaml"
                )
                self._reject_file(file, reason)

    def _readable_groups(self, entity: Entity, files: list[LandedFile]) -> Iterable[list[LandedFile]]:
        """Files that can be read in one go, having the same header; those without a needed column are rejected."""
        groups: dict[tuple[str, ...], list[LandedFile]] = defaultdict(list)
        for file in files:
            groups[file.header].append(file)
        for header, group in groups.items():
            missing = [column.name for column in entity.columns if column.required and column.name not in header]
            if entity.format is FileFormat.CSV and missing:
                for file in group:
                    self._reject_file(file, f"header lacks {', '.join(missing)}")
            else:
                yield group

    def _reject_file(self, file: LandedFile, reason: str) -> None:
        self.connection.execute("insert into _rejected values (?, null, ?, null)", [file.name, reason])

    def _forget(self, entity: Entity, files: list[LandedFile]) -> None:
        """Take out what these files brought before, and note the keys for the tables that are built from it."""
        names = [file.name for file in files]
        key = ", ".join(f'"{column}"::varchar' for column in entity.key)
        self.connection.execute(
            f"""insert into ops_withdrawn
            select distinct source_name, $system, $entity, [{key}], $now::timestamp
            from {raw_table(self.system, entity)}
            where source_name = $source_name and _file in (select unnest($names))""",
            {
                "system": self.system.name,
                "entity": entity.name,
                "now": datetime.now(UTC).replace(tzinfo=None),
                "source_name": self.source_name,
                "names": names,
            },
        )
        self.connection.execute(
            f"delete from {raw_table(self.system, entity)} where source_name = ? and _file in (select unnest(?))",
            [self.source_name, names],
        )
        for table in ("ops_quarantine", "ops_file_load"):
            self.connection.execute(
                f"delete from {table} where source_name = ? and entity = ? and file in (select unnest(?))",
                [self.source_name, entity.name, names],
            )

    def _judge(self, entity: Entity, files: list[LandedFile]) -> None:
        """Give each row that cannot load its reason, and the exact line in its file."""
        self.connection.execute("alter table _read add column _reason varchar")
        self.connection.execute(f"update _read set _reason = {_reason_sql(entity)}")
        if entity.format is not FileFormat.CSV:
            return
        bad = self.connection.execute("select distinct _file from _read where _reason is not null").fetchall()
        by_name = {file.name: file for file in files}
        for (name,) in bad:
            lines = _record_lines(by_name[name], self.source.encoding)
            self.connection.execute(
                "update _read set _file_line = list_extract($lines, _file_line - 1) where _file = $name",
                {"lines": lines, "name": name},
            )

    def _insert(self, entity: Entity) -> None:
        values = ", ".join(f'{_cast_sql(column)} as "{column.name}"' for column in entity.columns)
        is_history = f'try_cast("{entity.event_time}" as date) <= $history_until' if entity.event_time else "true"
        now = datetime.now(UTC).replace(tzinfo=None)
        names = {"source_name": self.source_name, "now": now}
        self.connection.execute(
            f"""insert into {raw_table(self.system, entity)} by name
            select {values}, $source_name as source_name, _file, _file_line, $now as _loaded_at,
                coalesce({is_history}, true) as _is_history
            from _read where _reason is null order by _file, _file_line""",
            names | ({"history_until": self.source.history_until} if entity.event_time else {}),
        )
        fields = ", ".join(f'"{name}" := "{name}"' for name in entity.column_names)
        self.connection.execute(
            f"""insert into ops_quarantine
            select $source_name, $entity, _file, _file_line, _reason, to_json(struct_pack({fields}))::varchar, $now
            from _read where _reason is not null
            union all
            select $source_name, $entity, _file, _file_line, reason, text, $now from _rejected""",
            names | {"entity": entity.name},
        )

    def _record(self, entity: Entity, files: list[LandedFile]) -> LoadCount:
        """Write down each file's count, so that read = loaded + quarantined can be checked for every file."""
        amount = f'try_cast("{entity.amount}" as decimal(18, 4))' if entity.amount else "null::decimal(18, 4)"
        self.connection.execute(
            f"""insert into ops_file_load by name
            with landed as (select unnest($names) as file, unnest($hashes) as content_hash),
            lines as (
                select _file as file, _reason is null as is_loaded, {amount} as amount from _read
                union all
                select _file, false, null from _rejected
            ),
            counts as (
                select
                    file,
                    count(*) as rows_read,
                    count(*) filter (is_loaded) as rows_loaded,
                    count(*) filter (not is_loaded) as rows_quarantined,
                    sum(amount) as amount_read,
                    sum(amount) filter (is_loaded) as amount_loaded,
                    sum(amount) filter (not is_loaded) as amount_quarantined
                from lines group by file
            )
            select
                $source_name as source_name, $entity as entity, file, content_hash,
                coalesce(rows_read, 0) as rows_read, coalesce(rows_loaded, 0) as rows_loaded,
                coalesce(rows_quarantined, 0) as rows_quarantined, amount_read, amount_loaded, amount_quarantined,
                $now as loaded_at, $run_id as run_id
            from landed left join counts using (file)""",
            {
                "names": [file.name for file in files],
                "hashes": [file.content_hash for file in files],
                "source_name": self.source_name,
                "entity": entity.name,
                "now": datetime.now(UTC).replace(tzinfo=None),
                "run_id": self.run_id,
            },
        )
        read, loaded, quarantined = self.connection.execute(
            """select count(*), count(*) filter (_reason is null), count(*) filter (_reason is not null) from _read"""
        ).fetchall()[0]
        rejected = self.connection.execute("select count(*) from _rejected").fetchall()[0][0]
        return LoadCount(self.source_name, entity.name, len(files), read + rejected, loaded, quarantined + rejected)


def _inspect(path: Path, entity: Entity, encoding: str) -> LandedFile:
    content = path.read_bytes()
    header: tuple[str, ...] = ()
    if entity.format is FileFormat.CSV:
        first_line = content.decode(encoding, errors="replace").lstrip("\ufeff").partition("\n")[0]
        header = tuple(name.strip().strip('"') for name in first_line.strip("\r\0").split(","))
    return LandedFile(
        path=path,
        content_hash=hashlib.blake2b(content, digest_size=16).hexdigest(),
        # UTF-16 is full of zero bytes that are no characters.
        has_nul=entity.format is not FileFormat.PARQUET and encoding == "utf-8" and b"\0" in content,
        header=header,
    )


def _record_lines(file: LandedFile, encoding: str) -> list[int]:
    """Line on which each well-formed record of a CSV file begins: blank lines and quoted line breaks move it."""
    lines = []
    with file.path.open(encoding=encoding.replace("utf-8", "utf-8-sig"), newline="") as text:
        reader = csv.reader(line.replace("\0", "") for line in text)
        next(reader)
        begin = reader.line_num + 1
        for record in reader:
            if len(record) == len(file.header):
                lines.append(begin)
            begin = reader.line_num + 1
    return lines


def _encoding_option(encoding: str) -> str:
    return "" if encoding == "utf-8" else f", encoding = '{encoding}'"


def _read_csv(connection: Connection, entity: Entity, encoding: str, files: list[LandedFile]) -> None:
    header = files[0].header
    present = [name for name in entity.column_names if name in header]
    has_nul = any(file.has_nul for file in files)
    values = ", ".join(f"replace(\"{name}\", chr(0), '')" if has_nul else f'"{name}"' for name in present)
    names = ", ".join(f'"{name}"' for name in present)
    try:
        connection.execute(
            f"""create or replace temp table _page as select {values}, parse_filename(filename) as _file
            from read_csv($files, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
                columns = $types, filename = true, max_line_size = {_MAX_LINE_BYTES}, store_rejects = true,
                rejects_table = '_csv_error', rejects_scan = '_csv_scan'{_encoding_option(encoding)})""",
            {"files": [str(file.path) for file in files], "types": dict.fromkeys(header, "VARCHAR")},
        )
        connection.execute(
            f"""insert into _read ({names}, _file, _file_line)
            select *, 1 + row_number() over (partition by _file order by rowid) from _page"""
        )
        connection.execute(
            """insert into _rejected
            select parse_filename(s.file_path), e.line, 'line cannot be parsed: ' || min(e.error_type), min(e.csv_line)
            from _csv_error as e join _csv_scan as s using (scan_id, file_id) group by all"""
        )
    finally:
        for table in ("_csv_error", "_csv_scan", "_page"):
            connection.execute(f"drop table if exists {table}")


def _read_jsonl(connection: Connection, entity: Entity, encoding: str, files: list[LandedFile]) -> None:
    connection.execute(
        f"""create or replace temp table _page as
        select replace(line, chr(0), '') as line, parse_filename(filename) as _file
        from read_csv($files, header = false, auto_detect = false, delim = '\x01', quote = '', escape = '',
            columns = {{'line': 'VARCHAR'}}, filename = true,
            max_line_size = {_MAX_LINE_BYTES}{_encoding_option(encoding)})""",
        {"files": [str(file.path) for file in files]},
    )
    values = ", ".join(
        f"nullif(line -> '$.{column.source_field}', 'null')::varchar"
        if column.type == "JSON"
        else f"line ->> '$.{column.source_field}'"
        for column in entity.columns
    )
    connection.execute(
        """create or replace temp table _line as
        select *, row_number() over (partition by _file order by rowid) as _file_line from _page"""
    )
    connection.execute(f"insert into _read select {values}, _file, _file_line from _line where json_valid(line)")
    connection.execute(
        "insert into _rejected select _file, _file_line, 'line is not JSON', line from _line where not json_valid(line)"
    )
    connection.execute("drop table _page; drop table _line")


def _read_parquet(connection: Connection, entity: Entity, encoding: str, files: list[LandedFile]) -> None:
    values = ", ".join(f'"{name}"::varchar' for name in entity.column_names)
    connection.execute(
        f"""insert into _read
        select {values}, parse_filename(filename), 1 + file_row_number
        from read_parquet($files, filename = true, file_row_number = true)""",
        {"files": [str(file.path) for file in files]},
    )


_READERS: dict[FileFormat, Callable[[Connection, Entity, str, list[LandedFile]], None]] = {
    FileFormat.CSV: _read_csv,
    FileFormat.JSONL: _read_jsonl,
    FileFormat.PARQUET: _read_parquet,
}


def _cast_sql(column: Column) -> str:
    return f'try_cast("{column.name}" as {column.type})'


def _reason_sql(entity: Entity) -> str:
    """SQL for why a row cannot load, null where it can. It names the column and never the value."""
    checks = [
        f"when \"{column.name}\" is null then '{column.name} is missing'"
        for column in entity.columns
        if column.required
    ]
    checks += [
        f"""when "{column.name}" is not null and {_cast_sql(column)} is null
        then '{column.name} is no {column.type}'"""
        for column in entity.columns
        if column.type != "VARCHAR"
    ]
    checks += [
        f"""when lower("{column.name}") not in (select lower(name) from pg_timezone_names())
        then '{column.name} is no time zone'"""
        for column in entity.columns
        if column.is_time_zone
    ]
    return f"case {' '.join(checks)} end" if checks else "null"
