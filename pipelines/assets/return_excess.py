"""Products that come back more than expected: what was sold lately and came back, against the models' chances.

Belongs here: reading it, set-based. Does not belong here: the models, which `score_return_anomaly` trained the same
day, and what an excess is (`models/returns/excess.py`).
"""

from datetime import date

import dagster as dg
import duckdb
import polars as pl

from models import registry
from models.returns.excess import MIN_RETURNING_BUYERS, excess
from pipelines import standings
from pipelines.dbt import as_of
from pipelines.partitions import ONE_DAY_A_RUN, WRITE_POOL, daily
from pipelines.warehouse import connect, replace_rows, transaction

# Sale lines of so many days are looked at: long enough to gather buyers, short enough to see a fault that is new.
EXCESS_DAYS = 90


@dg.asset(
    deps=["score_return_anomaly", "feat_return__expected", "fct_order_line", "fct_return"],
    group_name="scores",
    partitions_def=daily,
    pool=WRITE_POOL,
    backfill_policy=ONE_DAY_A_RUN,
    kinds={"lightgbm", "duckdb"},
)
def score_return_excess(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Products, lots, stores and reasons with more returns than expected, allowing for how many are looked at."""
    day = as_of(context)
    with connect() as connection:
        versions = connection.execute(
            "select distinct model_version from score_return_anomaly where as_of_date = ? order by all", [day]
        ).fetchall()
        sold, tested, delays = (
            sold_lines(connection, day),
            groups_looked_at(connection, day),
            return_delays(connection, day),
        )
    models = [registry.load(version, standings.models_dir()) for (version,) in versions]
    rows = excess(sold, tested, delays, {model.brand: model for model in models}, day, EXCESS_DAYS)
    with connect() as connection, transaction(connection):
        replace_rows(connection, "score_return_excess", rows, f"as_of_date = date '{day}'")
    return dg.MaterializeResult(metadata={"rows": rows.height, "excesses": int(rows["is_excess"].sum())})


# A sale line comes back once here, for the reason that came first, within the brand's window and as it was known.
_CAME_BACK = """
    came_back as materialized (
        select
            sale_order_line_id as order_line_id,
            any_value(fct_return.brand) as brand,
            any_value(fct_return.product_id) as product_id,
            min(sale_date) as sale_date,
            min(days_to_return)::bigint as days_to_return,
            coalesce(arg_min(return_reason, (days_to_return, return_id)), '') as return_reason,
            sum(net_amount)::decimal(18, 4) as returned_amount
        from fct_return
        inner join ops_brand on fct_return.brand = ops_brand.brand
        where sale_order_line_id is not null
            and days_to_return <= return_window_days
            and return_date <= $day
            and known_date <= $day
        group by sale_order_line_id
    )
"""


def _frame(connection: duckdb.DuckDBPyConnection, query: str, day: date) -> pl.DataFrame:
    return connection.sql(query, params={"day": day}).pl()


def sold_lines(connection: duckdb.DuckDBPyConnection, day: date) -> pl.DataFrame:
    """All lines of the stretch of the products that came back often enough to be looked at, with what came back."""
    return _frame(
        connection,
        f"""with {_CAME_BACK},
        candidate as (
            select product_id, brand from came_back
            where sale_date > $day - {EXCESS_DAYS} group by all having count(*) >= {MIN_RETURNING_BUYERS}
        ),
        line as (
            select * exclude (returned, returned_qty)
            from feat_return__expected semi join candidate using (product_id, brand)
            where order_date > $day - {EXCESS_DAYS}
        )
        select
            line.*,
            sale.lot_no,
            came_back.order_line_id is not null as came_back,
            nullif(came_back.return_reason, '') as return_reason,
            coalesce(came_back.returned_amount, 0)::decimal(18, 4) as returned_amount
        from line
        inner join fct_order_line as sale using (order_line_id)
        left join came_back using (order_line_id)""",
        day,
    )


def groups_looked_at(connection: duckdb.DuckDBPyConnection, day: date) -> pl.DataFrame:
    """How many groups of each brand and dimension have enough buyers to be looked at, whether or not they came back.

    Of reasons: each product once for each reason that the brand's returns of the stretch name.
    """
    return _frame(
        connection,
        f"""with {_CAME_BACK},
        line as materialized (
            select order_line_id, brand, product_id, store_id, coalesce(customer_id, order_id) as buyer
            from feat_return__expected where order_date > $day - {EXCESS_DAYS}
        ),
        lot as (
            select line.*, sale.lot_no
            from line inner join fct_order_line as sale using (order_line_id) where sale.lot_no is not null
        ),
        grouped as (
            select brand, 'product' as dimension from line
            group by brand, product_id having count(distinct buyer) >= {MIN_RETURNING_BUYERS}
            union all
            select brand, 'store' from line where store_id is not null
            group by brand, product_id, store_id having count(distinct buyer) >= {MIN_RETURNING_BUYERS}
            union all
            select brand, 'lot' from lot
            group by brand, product_id, lot_no having count(distinct buyer) >= {MIN_RETURNING_BUYERS}
        ),
        reason as (
            select brand, count(distinct return_reason) as reasons
            from came_back where return_reason <> '' and sale_date > $day - {EXCESS_DAYS} group by brand
        )
        select brand, dimension, count(*) as group_count from grouped group by all
        union all
        select brand, 'reason', count(*) * any_value(reasons)
        from grouped inner join reason using (brand) where dimension = 'product' group by brand""",
        day,
    )


def return_delays(connection: duckdb.DuckDBPyConnection, day: date) -> pl.DataFrame:
    """Returned lines sold before the stretch whose window is over, by brand, days to the return and reason."""
    return _frame(
        connection,
        f"""with {_CAME_BACK}
        select brand, days_to_return, return_reason, count(*) as line_count
        from came_back inner join ops_brand using (brand)
        where sale_date <= $day - greatest({EXCESS_DAYS}, return_window_days) and sale_date > $day - 485
        group by all""",
        day,
    )
