"""Runs that new files ask for."""

import hashlib

import dagster as dg

from pipelines.partitions import daily
from pipelines.schedules import line
from pipelines.settings import load_settings


def landing_fingerprint() -> str:
    """Changes when a file arrives in the landing folder, or changes there."""
    digest = hashlib.blake2b(digest_size=16)
    landing = load_settings().landing_dir
    for path in sorted(landing.rglob("*")):
        if path.is_file():
            status = path.stat()
            digest.update(f"{path.relative_to(landing)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@dg.sensor(job=line, minimum_interval_seconds=300, description="Runs the latest day again when files arrive.")
def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    fingerprint = landing_fingerprint()
    if context.cursor == fingerprint:
        return dg.SkipReason("No new files.")
    partition = daily.get_last_partition_key()
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=fingerprint, partition_key=partition)], cursor=fingerprint
    )
