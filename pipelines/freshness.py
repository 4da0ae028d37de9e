"""How old the data of each source is, as of a business date.

Belongs here: the table `ops_freshness`. Does not belong here: how it is shown (`publishing.py`, `cli.py`).
"""

from collections.abc import Mapping
from datetime import date

import duckdb

from pipelines.settings import Source
from pipelines.sources import SYSTEMS
from pipelines.sources.contract import Entity, System
from pipelines.state import raw_table


def write_freshness(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], as_of: date) -> None:
    """The newest day of every entity of every source that is on, on or before `as_of`, and whether that is too old.

    Master data does not come with every day of trade and is never stale. Neither is an entity that its source has never
    sent, as long as it sends others.
    """
    newest = " union all ".join(
        _newest_sql(system, entity) for system in SYSTEMS.values() for entity in system.entities if entity.event_time
    )
    expected = ", ".join(
        f"('{system.name}', '{entity.name}', {entity.is_transactional})"
        for system in SYSTEMS.values()
        for entity in system.entities
    )
    connection.execute(
        f"""create or replace table ops_freshness as
        with
            bounds as (
                select
                    source_name, time_zone, $as_of as as_of_date,
                    cast($as_of + interval 1 day as timestamp) as local_end,
                    timezone(time_zone, local_end) as instant_end,
                    timezone('UTC', instant_end) as utc_end
                from ops_source where is_enabled
            ),
            newest as ({newest}),
            tolerated as (
                select unnest($source_names) as source_name, unnest($stale_after_days) as stale_after_days
            ),
            loads as (
                select source_name, entity, max(loaded_at) as loaded_at from ops_file_load group by source_name, entity
            ),
            expected (system, entity, is_transactional) as (values {expected}),
            aged as (
                select
                    source.source_name, expected.entity, $as_of as as_of_date, newest.newest_date, loads.loaded_at,
                    cast($as_of - newest.newest_date as integer) as age_days, expected.is_transactional,
                    tolerated.stale_after_days,
                    count(newest.newest_date) over (partition by source.source_name) as sent_count
                from ops_source as source
                inner join tolerated using (source_name)
                inner join expected using (system)
                left join newest using (source_name, entity)
                left join loads using (source_name, entity)
                where source.is_enabled
            )
        select
            source_name, entity, as_of_date, newest_date, loaded_at, age_days, is_transactional, stale_after_days,
            is_transactional and coalesce(age_days > stale_after_days, sent_count = 0) as is_stale
        from aged
        order by source_name, entity""",
        {
            "as_of": as_of,
            "source_names": list(sources),
            "stale_after_days": [source.stale_after_days for source in sources.values()],
        },
    )


def _newest_sql(system: System, entity: Entity) -> str:
    """An entity's newest local date by source. The bound is converted once, not each row."""
    event_type = next(column.type for column in entity.columns if column.name == entity.event_time)
    event = f'raw."{entity.event_time}"'
    if event_type == "DATE":
        is_by_then, newest = f"{event} <= bounds.as_of_date", f"max({event})"
    elif event_type == "TIMESTAMPTZ":
        is_by_then, newest = f"{event} < bounds.instant_end", f"timezone(any_value(bounds.time_zone), max({event}))"
    elif entity.files:
        is_by_then, newest = f"{event} < bounds.local_end", f"max({event})"
    else:  # A server writes UTC.
        is_by_then = f"{event} < bounds.utc_end"
        newest = f"timezone(any_value(bounds.time_zone), timezone('UTC', max({event})))"
    return f"""select raw.source_name, '{entity.name}' as entity, cast({newest} as date) as newest_date
        from {raw_table(system, entity)} as raw inner join bounds using (source_name)
        where {is_by_then} group by raw.source_name"""
