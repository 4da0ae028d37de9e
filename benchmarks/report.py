"""How a benchmark says what it measured: one JSON object a line, the same keys in every benchmark."""

import json


def report(
    benchmark: str,
    case: str,
    metric: str,
    value: float,
    unit: str,
    baseline: str | None = None,
    baseline_value: float | None = None,
    **more: str,
) -> None:
    """Print one figure; `more` says what part of the case it is of, such as a stage."""
    line = {
        "benchmark": benchmark,
        "case": case,
        "metric": metric,
        "value": value,
        "unit": unit,
        "baseline": baseline,
        "baseline_value": baseline_value,
        **more,
    }
    print(json.dumps(line), flush=True)
