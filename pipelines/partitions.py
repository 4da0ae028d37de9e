"""The partitions of the line: one a business date, which is the run's `as_of`."""

import warnings

import dagster as dg

from pipelines.settings import load_settings

# A pool of one: DuckDB lets a single process write.
WRITE_POOL = "duckdb_write"

daily = dg.DailyPartitionsDefinition(start_date=load_settings().start_date.isoformat())

# Dagster marks backfill policies as beta; without one, dbt's assets would take a whole backfill in one run.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# A run has one `as_of`; a backfill is as many runs as it has days.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
