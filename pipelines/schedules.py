"""When the line runs by itself."""

import dagster as dg

# The whole line in one process: a process a step costs seconds each and they would fight over the DuckDB file.
line = dg.define_asset_job(
    "line",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="All four systems into the warehouse, scores out of it, tasks into Odoo, as of one day.",
)

daily_line = dg.build_schedule_from_partitioned_job(line, name="daily_line", hour_of_day=4)
