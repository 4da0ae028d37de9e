"""The warehouse's figures on real data, against plain rules.

Cases: `online_retail_ii`, the returns of a shop of gifts linked to their sales by dbt's own model. The baseline links
each return, in order of time, to the customer's latest sale of the product with enough left, else to several.
`build_100m`, with one more day and the seven questions, and `incremental_30_days` stand in `warehouse_growth`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from benchmarks import warehouse_growth
from benchmarks.report import report
from demo.gifts import COUNTED_ONCE
from pipelines.dbt import AS_OF_VARIABLE
from pipelines.settings import CONFIG_VARIABLE, PROJECT_DIR, STATE_VARIABLE, load_settings

DBT_DIR = PROJECT_DIR / "dbt_project"

# Goods with a customer; days that stand in both sheets once. A credit note gives back what an invoice sold.
SHOP_LINES = f"""
    select
        invoice || ':' || lpad(cast(file_row_number as varchar), 8, '0') as order_line_id,
        invoice as order_id,
        stock_code as product_id,
        if(invoice like 'C%', 'return', 'sale') as line_kind,
        'product' as item_kind,
        invoice_date as ordered_at,
        cast(invoice_date as date) as order_date,
        cast(quantity as decimal(18, 3)) as quantity,
        cast(null as varchar) as original_order_id,
        cast(null as varchar) as excluded_reason,
        'shop' as customer_source_name,
        cast(customer_id as varchar) as source_customer_id
    from read_parquet('{PROJECT_DIR}/demo/data/online_retail_ii.parquet', file_row_number = true)
    where
        {COUNTED_ONCE}
        and customer_id is not null
        and regexp_matches(stock_code, '^[0-9]{{5}}')
"""

# One step a customer's and product's return: `left_over` is what each of its sales, the latest first, has still open.
LATEST_OPEN_SALE = """
    with recursive bought as (
        select
            source_customer_id, product_id,
            list({moment: ordered_at, pieces: -quantity} order by ordered_at, order_line_id)
                filter (line_kind = 'return') as given,
            list(ordered_at order by ordered_at desc, order_line_id desc) filter (line_kind = 'sale') as moments,
            list(quantity order by ordered_at desc, order_line_id desc) filter (line_kind = 'sale') as pieces
        from int_order_line group by all having bool_or(line_kind = 'return') and bool_or(line_kind = 'sale')
    ),
    turn as (
        select
            source_customer_id, product_id, given, moments,
            list_transform(pieces, lambda p: p::double) as left_over, 1 as n, null::varchar as outcome
        from bought
        union all
        select
            source_customer_id, product_id, given, moments,
            case outcome
                when 'one' then list_transform(left_over, lambda p, i: if(i = first_whole, p - wanted, p))
                when 'several' then list_transform(
                    left_over,
                    lambda p, i: p - greatest(0, least(usable[i], wanted - list_sum(usable[:i]) + usable[i]))
                )
                else left_over
            end,
            n + 1,
            outcome
        from (
            select
                *,
                list_position(list_transform(usable, lambda p: p >= wanted), true) as first_whole,
                case
                    when list_max(usable) >= wanted then 'one'
                    when list_sum(usable) >= wanted then 'several'
                    else 'none'
                end as outcome
            from (
                select
                    * exclude (outcome),
                    given[n].pieces::double as wanted,
                    list_transform(left_over, lambda p, i: if(moments[i] <= given[n].moment, p, 0)) as usable
                from turn where n <= len(given)
            )
        )
    )
    select count(*) filter (outcome = 'one'), count(*) filter (outcome = 'several') from turn
"""


def online_retail_ii(folder: Path) -> None:
    """Link the shop's returns with the model int_return_link and with the baseline."""
    os.environ[STATE_VARIABLE] = str(folder)
    os.environ[CONFIG_VARIABLE] = str(PROJECT_DIR / "retail.yaml")
    path = empty_warehouse()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create or replace table int_order_line as {SHOP_LINES}")
    begin = time.perf_counter()
    run_dbt(path, folder, "int_customer_xref", "int_return_link_named", "int_return_link_customer", "int_return_link")
    seconds = time.perf_counter() - begin
    with duckdb.connect(str(path)) as connection:
        returns, linked, exceeded = connection.execute(
            """select
                (select count(*) from int_order_line where line_kind = 'return'),
                (select count(distinct return_order_line_id) from int_return_link),
                (select count(*) from (
                    select sale.quantity < sum(link.returned_quantity) as is_exceeded
                    from int_return_link as link join int_order_line as sale
                        on sale.order_line_id = link.sale_order_line_id
                    group by sale.order_line_id, sale.quantity
                ) where is_exceeded)"""
        ).fetchall()[0]
        one, several = connection.execute(LATEST_OPEN_SALE).fetchall()[0]
    case, baseline = "online_retail_ii", "latest open sale, else several"
    report("warehouse", case, "return_lines", returns, "lines")
    report(
        "warehouse", case, "returns_linked_share", round(linked / returns, 4), "share", baseline,
        round((one + several) / returns, 4),
    )  # fmt: skip
    report("warehouse", case, "returns_linked", linked, "lines", baseline, one + several)
    report("warehouse", case, "sales_exceeded", exceeded, "sales")
    report("warehouse", case, "seconds", round(seconds, 1), "s")


# What demand is told apart from sales by, for public data that have neither.
NO_STOCK_NO_RETURNS = """create or replace table fct_stock_level (
        product_id varchar, store_id varchar, stock_date date, known_date date, on_hand_qty decimal(18, 3)
    );
    create or replace table int_return_link (
        return_order_line_id varchar, sale_order_line_id varchar, returned_quantity decimal(18, 3)
    );"""


def empty_warehouse() -> Path:
    """A warehouse without a row, at the place that the environment names."""
    from pipelines.state import prepare_state
    from pipelines.warehouse import warehouse_path, writer_lock

    load_settings.cache_clear()
    prepare_state(load_settings())
    writer_lock.release()
    return warehouse_path()


def run_dbt(
    warehouse: Path, folder: Path, *models: str, as_of: date | None = None, variables: dict[str, int] | None = None
) -> None:
    subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "run", "--select", *models, "--project-dir", str(DBT_DIR),
            "--profiles-dir", str(DBT_DIR), "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
            "--vars", json.dumps(variables or {}),
        ],
        env=os.environ | {"REKNIT_WAREHOUSE": str(warehouse)} | ({AS_OF_VARIABLE: str(as_of)} if as_of else {}),
        stdout=subprocess.DEVNULL,
        check=True,
    )  # fmt: skip


def cases(rows: int) -> dict[str, Callable[[Path], None]]:
    growth = {name: partial(case, rows=rows) for name, case in warehouse_growth.CASES.items()}
    return {"online_retail_ii": online_retail_ii, **growth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=cases(0), default="online_retail_ii")
    parser.add_argument(
        "--rows", type=int, default=warehouse_growth.ROWS_OF_FULL_SIZE, help="order lines of build_100m"
    )
    parser.add_argument("--data", type=Path, help="folder to work in and keep; a temporary one if left out")
    arguments = parser.parse_args()
    measure = cases(arguments.rows)[arguments.case]
    if arguments.data:
        arguments.data.mkdir(parents=True, exist_ok=True)
        measure(arguments.data.resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder))


if __name__ == "__main__":
    main()
