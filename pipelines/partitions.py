"""The partitions of the line: one a business date, which is the run's `as_of`."""

import dagster as dg

from pipelines.settings import load_settings

# A pool of one: DuckDB lets a single process write.
WRITE_POOL = "duckdb_write"

daily = dg.DailyPartitionsDefinition(start_date=load_settings().start_date.isoformat())
