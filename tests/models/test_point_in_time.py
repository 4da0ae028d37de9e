"""No feature of a past day moves, whatever is added, changed or deleted after it (case B22).

The features' own SQL runs on random tables, then on the same tables with all that lies or was known after a day put
into disorder. Labels look ahead and must move; features up to that day must not.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.churn.features import TABLE
from pipelines.settings import PROJECT_DIR

DBT_DIR = PROJECT_DIR / "dbt_project"
AS_OF, DAY = "2017-12-31", "2017-07-16"

# Sixty customers for a year. Each row is known up to three days late; each table has its own random numbers.
WORLD = """
    select setseed(0.25);
    create schema identity;
    create table ops_brand as
        select 'b' as brand, 'USD' as currency_code, 'US' as country_code, 'UTC' as time_zone, 28 as churn_horizon_days,
            84 as churn_active_days;
    create table identity_xref as
        select 'card' as source_name, cast(n as varchar) as source_customer_id, 'C' || (n % 50) as customer_id,
            if(n < 50, date '1900-01-01', date '2017-01-01' + cast(random() * 364 as integer)) as valid_from,
            cast(null as date) as valid_to
        from range(60) as customer(n);
    create table identity_household_history as
        select 'C' || n as customer_id, 'H' || (n % 20) as household_id,
            if(n < 30, date '1900-01-01', date '2017-01-01' + cast(random() * 364 as integer)) as valid_from,
            if(n % 7 = 0, date '2017-06-20' + cast(n as integer), null) as valid_to
        from range(50) as customer(n);
    create table event as
        select 'card' as customer_source_name, cast(cast(floor(random() * 60) as integer) as varchar)
                as source_customer_id,
            'b' as brand, date '2017-01-01' + cast(floor(random() * 365) as integer) as day,
            cast(floor(random() * 4) as integer) as late, cast(1 + floor(random() * 90) as integer) as amount, n
        from range(6000) as events(n);
    create table int_customer_order as
        select customer_source_name, source_customer_id, brand, 'o' || n as order_id,
            if(n % 3 = 0, 'web', 'store') as channel, day as order_date, day + late as known_date,
            if(n % 11 = 0, 0, 1) as sale_line_count, if(n % 11 = 0 and n % 2 = 0, 1, 0) as gift_card_line_count,
            cast(n % 7 as decimal(18, 3)) as sale_quantity, cast(amount as decimal(18, 4)) as sale_net_amount,
            cast(if(n % 11 = 0, 5, 0) as decimal(18, 4)) as return_net_amount,
            cast(amount + 2 as decimal(18, 4)) as sale_gross_amount, cast(2 as decimal(18, 4)) as sale_discount_amount
        from event where n < 3000;
    create table int_customer_category_day as
        select customer_source_name, source_customer_id, brand, day as order_date, day + late as known_date,
            'd' || n % 3 as department, 'c' || n % 13 as category
        from event where n between 3000 and 3999;
    create table fct_loyalty_event as
        select customer_source_name, source_customer_id, brand, day as occurred_date, day + late as known_date,
            if(n % 5 = 0, 'redeem', 'earn') as event_kind, if(n % 5 = 0, -1, 1) * amount as points
        from event where n between 4000 and 4499;
    create table stg_campaign__contact as
        select customer_source_name, source_customer_id, brand, day as sent_date,
            cast(day + late as timestamp) as known_at
        from event where n between 4500 and 4999;
    create table stg_campaign__redemption as
        select customer_source_name, source_customer_id, brand, day as redeemed_date,
            cast(day + late as timestamp) as known_at
        from event where n between 5000 and 5499;
    create table fct_service_case as
        select customer_source_name, source_customer_id, brand, day as created_date, day + late as known_date
        from event where n >= 5500;
"""
# Whatever a later day brought: a third is gone, a third is another customer's, a third lies elsewhere; and it is twice.
DISORDER = """
    create or replace table {table} as
    select * from {table} where {date} <= date '{day}' and cast({known} as date) <= date '{day}'
    union all
    select {table}.* replace (
        if(hash({table}) % 3 = 1, '7', {table}.source_customer_id) as source_customer_id,
        {date} + if(hash({table}) % 3 = 2 and {date} > date '{day}', 9, 0) as {date}
    )
    from {table}, range(2)
    where ({date} > date '{day}' or cast({known} as date) > date '{day}') and hash({table}) % 3 <> 0
"""
DATES = {
    "int_customer_order": ("order_date", "known_date"),
    "int_customer_category_day": ("order_date", "known_date"),
    "fct_loyalty_event": ("occurred_date", "known_date"),
    "stg_campaign__contact": ("sent_date", "known_at"),
    "stg_campaign__redemption": ("redeemed_date", "known_at"),
    "fct_service_case": ("created_date", "known_date"),
}


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], pl.DataFrame]:
    """`feat_customer__churn` of the random world, as it is or with its later part in disorder."""
    folder = tmp_path_factory.mktemp("point_in_time")
    subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", "compile", "--select",
            "feat_customer__churn", "--no-introspect",
            "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        ],
        env=os.environ | {"REKNIT_WAREHOUSE": str(folder / "warehouse.duckdb"), "REKNIT_AS_OF": AS_OF},
        check=True,
        capture_output=True,
    )  # fmt: skip
    [sql] = (folder / "target" / "compiled").rglob("feat_customer__churn.sql")

    def build(is_disordered: bool) -> pl.DataFrame:
        path = folder / str(is_disordered) / "warehouse.duckdb"
        Path(path.parent).mkdir()
        with duckdb.connect(str(path), config={"threads": 1}) as connection:
            connection.execute(WORLD)
            connection.execute("create macro convert_timezone(a, b, moment) as timezone(b, timezone(a, moment))")
            if is_disordered:
                for table, (date, known) in DATES.items():
                    connection.execute(DISORDER.format(table=table, date=date, known=known, day=DAY))
                # Merges and households found later.
                connection.execute(f"""
                    update identity_xref set customer_id = 'C1' where valid_from > date '{DAY}';
                    update identity_household_history set household_id = 'H1' where valid_from > date '{DAY}';
                    update identity_household_history set valid_to = null where valid_to > date '{DAY}'
                """)
            return connection.sql(sql.read_text()).pl().sort("customer_id", "snapshot_date")

    return build


def test_nothing_after_a_day_changes_a_feature_of_it(features):
    before, after = features(False), features(True)
    TABLE.check(before)
    past = pl.col("snapshot_date") <= pl.lit(DAY).str.to_date()
    inputs = [name for name in before.columns if name not in TABLE.labels]
    assert before.filter(past).height > 200
    assert before.filter(past)["snapshot_date"].max().isoformat() == DAY
    assert_frame_equal(before.filter(past).select(inputs), after.filter(past).select(inputs))
    # The disorder is no small one: later features and earlier labels move.
    assert not before.filter(~past).select(inputs).equals(after.filter(~past).select(inputs))
    assert not before.filter(past).select("lapsed").equals(after.filter(past).select("lapsed"))
