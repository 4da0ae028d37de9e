"""What a promotion does, by a model that learnt from promotions whose true effect is known."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.demand import fit_and_score
from models.demand.whatif import planned, what_if
from models.features import FeatureError
from tests.models.frames import AS_OF, demand_frame, stock_frame

TRUE_FACTOR = 2.0


@pytest.fixture(scope="module")
def promoted() -> pl.DataFrame:
    """A display doubles a week's units; a mailer does nothing."""
    frame = demand_frame(series=100, origins=16)
    rng = np.random.default_rng(11)
    frame = frame.with_columns(
        display_count=pl.Series(rng.random(frame.height) < 0.25).cast(pl.Int64),
        mailer_count=pl.Series(rng.random(frame.height) < 0.25).cast(pl.Int64),
    )
    return frame.with_columns(
        units=pl.col("units") * pl.when(pl.col("display_count") > 0).then(TRUE_FACTOR).otherwise(1.0)
    )


@pytest.fixture(scope="module")
def models(promoted):
    return {model.brand: model for model in fit_and_score(promoted, stock_frame(promoted), AS_OF, 7)[1]}


@pytest.fixture(scope="module")
def last(promoted) -> pl.DataFrame:
    return promoted.filter(pl.col("origin_date") == AS_OF)


def prices(last: pl.DataFrame) -> pl.DataFrame:
    return (
        last.select("product_id", "store_id")
        .unique(maintain_order=True)
        .with_columns(
            unit_price_amount=pl.lit(Decimal("3.0000")),
            unit_cost_amount=pl.lit(Decimal("2.0000")),
            currency_code=pl.lit("USD"),
        )
    )


def test_the_planted_uplift_is_found(last, models):
    found = what_if(last, models, planned(last), prices(last))
    assert found.height == last.filter((pl.col("display_count") > 0) | (pl.col("mailer_count") > 0)).height
    with_display = found.filter("has_display")
    factor = with_display["forecast_qty"].sum() / with_display["forecast_without_qty"].sum()
    assert factor == pytest.approx(TRUE_FACTOR, rel=0.15)
    mailer_alone = found.filter(~pl.col("has_display"))
    factor = mailer_alone["forecast_qty"].sum() / mailer_alone["forecast_without_qty"].sum()
    assert factor == pytest.approx(1.0, abs=0.05)


def test_without_it_is_the_forecast_of_a_week_that_has_none(last, models):
    """The plan replaces what the features say, in both directions."""
    bare = last.with_columns(display_count=pl.lit(0), mailer_count=pl.lit(0))
    plan = planned(last)
    as_planned, on_bare = (what_if(rows, models, plan, prices(last)) for rows in (last, bare))
    assert as_planned.equals(on_bare)


def test_margin_is_units_times_what_a_unit_leaves(last, models):
    """At 3 a unit that costs 2, and 10 % off: 3 - 0.3 - 2 = 0.7 with the promotion, 1 without."""
    plan = planned(last).with_columns(discount_share=pl.lit(0.1))
    row = what_if(last, models, plan, prices(last)).row(0, named=True)
    assert float(row["margin_amount"]) == pytest.approx(0.7 * row["forecast_qty"], abs=1e-4)
    assert float(row["margin_without_amount"]) == pytest.approx(row["forecast_without_qty"], abs=1e-4)
    assert row["incremental_margin_amount"] == row["margin_amount"] - row["margin_without_amount"]
    assert row["uplift_qty"] == pytest.approx(row["forecast_qty"] - row["forecast_without_qty"], abs=1e-5)


def test_an_unknown_cost_is_no_margin_and_no_model_is_no_row(last, models):
    costless = prices(last).with_columns(unit_cost_amount=pl.lit(None, dtype=pl.Decimal(18, 4)))
    found = what_if(last, models, planned(last), costless)
    assert found["margin_amount"].null_count() == found["incremental_margin_amount"].null_count() == found.height
    assert found["uplift_qty"].null_count() == 0
    assert what_if(last, {}, planned(last), prices(last)).height == 0


def test_a_plan_that_says_two_things_of_a_week_is_refused(last, models):
    plan = planned(last)
    with pytest.raises(FeatureError, match="plan: more than one row"):
        what_if(last, models, pl.concat([plan, plan.head(1)]), prices(last))
    with pytest.raises(FeatureError, match="plan: columns missing: discount_share"):
        what_if(last, models, plan.drop("discount_share"), prices(last))
