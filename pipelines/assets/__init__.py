"""The line as Dagster assets, one module a stage in the flow's order. A body calls the room that does the work."""
