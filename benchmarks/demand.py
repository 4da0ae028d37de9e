"""Forecasts of demand on public data, beside the baselines of statsforecast in the same run.

Cases: `complete_journey_w40`, `_w44` and `_w48` (weekly units of the grocer's products, four weeks ahead) stand in
`demand_journey`, `car_parts` (monthly units of spare parts, twelve months ahead) in `demand_parts`, `scale_33m` (33
million rows of daily units, beside mlforecast) and `scale_1m` in `demand_scale`, `inventory` (stock against service of
the orders that follow) in `demand_inventory`, `coherence` (sums by category and store) in `demand_coherence`. A case
that needs a public set reads it from the folder that `--data` or REKNIT_BENCHMARK_DATA names.
"""

import argparse
import os
from collections.abc import Callable

from benchmarks import demand_coherence, demand_inventory, demand_journey, demand_parts, demand_scale
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR

DATA_VARIABLE = "REKNIT_BENCHMARK_DATA"
# What measures each case, given the names of the cases asked for and the folder of the public sets.
MODULES: dict[str, Callable[[list[str], str | None], None]] = {
    **dict.fromkeys(demand_journey.CASES, demand_journey.run),
    **dict.fromkeys(demand_parts.CASES, demand_parts.run),
    **dict.fromkeys(demand_scale.CASES, demand_scale.run),
    **dict.fromkeys(demand_inventory.CASES, demand_inventory.run),
    **dict.fromkeys(demand_coherence.CASES, demand_coherence.run),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=MODULES, nargs="*", default=list(MODULES))
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE), help="folder of the public sets")
    arguments = parser.parse_args()
    if arguments.data is None and set(arguments.case) & set(demand_parts.CASES):
        parser.error(f"--data or {DATA_VARIABLE} must say where the public sets are")
    os.environ[CONFIG_VARIABLE] = str(PROJECT_DIR / "retail.yaml")
    for run in dict.fromkeys(MODULES.values()):
        asked = [case for case in arguments.case if MODULES[case] is run]
        if asked:
            run(asked, arguments.data)


if __name__ == "__main__":
    main()
