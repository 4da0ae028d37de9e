"""What a promotion does, by a model that learnt from promotions whose true effect is known."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.demand import fit_and_score
from models.demand.whatif import ELASTICITIES, planned, weeks, what_if
from models.features import FeatureError
from models.ordering.markdown import elasticities
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


NO_ELASTICITY = pl.DataFrame(schema=ELASTICITIES)


def at(plan: pl.DataFrame, discount_share: float = 0, usual_discount_share: float = 0) -> pl.DataFrame:
    return plan.with_columns(
        discount_share=pl.lit(discount_share, dtype=pl.Float64),
        usual_discount_share=pl.lit(usual_discount_share, dtype=pl.Float64),
    )


@pytest.fixture(scope="module")
def measured() -> pl.DataFrame:
    """What is measured of 8 products over 40 weeks whose units follow their price by the power of -2.

    Each product sells at a level of its own, and each week moves all alike.
    """
    rng = np.random.default_rng(5)
    log_price = rng.normal(0, 0.2, (8, 40))
    log_units = rng.normal(3, 1, (8, 1)) + rng.normal(0, 0.3, (1, 40)) - 2 * log_price
    price, units = (
        log - log.mean(axis=1, keepdims=True) - log.mean(axis=0, keepdims=True) + log.mean()
        for log in (log_price, log_units)
    )
    sums = {"xx": (price * price).sum(), "xy": (price * units).sum(), "yy": (units * units).sum()}
    counts = {"product_count": 8, "week_count": 40, "product_week_count": 320}
    return elasticities(pl.DataFrame([{"brand": "grocer", "category": "tea", **counts, **sums}]))


def test_the_planted_uplift_is_found(last, models):
    found = what_if(last, models, at(planned(last)), prices(last), NO_ELASTICITY)
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
    plan = at(planned(last))
    as_planned, on_bare = (what_if(rows, models, plan, prices(last), NO_ELASTICITY) for rows in (last, bare))
    assert as_planned.equals(on_bare)


def test_a_price_moves_units_by_the_elasticity_of_the_category(last, models, measured):
    """A fifth off at an elasticity of -2 sells 0.8 ** -2 = 1.5625 times as much; half of the products are tea."""
    assert measured["elasticity"].to_list() == pytest.approx([-2])
    is_tea = pl.col("product_id").str.slice(7).cast(pl.Int64) < 50
    last = last.with_columns(category=pl.when(is_tea).then(pl.lit("tea")).otherwise(pl.lit("coffee")))
    bare = weeks(last).with_columns(has_display=pl.lit(False), has_mailer=pl.lit(False))
    found = what_if(last, models, at(bare, 0.2), prices(last), measured)
    assert found.height == last.height
    tea, coffee = found.filter(is_tea), found.filter(~is_tea)
    assert tea["forecast_qty"].to_numpy() == pytest.approx(1.5625 * tea["forecast_without_qty"].to_numpy(), abs=1e-5)
    # 3 less .6 less 2 is .4 a unit.
    row = tea.row(0, named=True)
    assert float(row["margin_amount"]) == pytest.approx(0.4 * row["forecast_qty"], abs=1e-4)
    # What no sales tell is null, and nothing moves.
    assert coffee["price_elasticity"].null_count() == coffee.height > 0
    assert (coffee["uplift_qty"] == 0).all()


def test_a_promotion_at_its_usual_price_is_what_the_model_says_and_a_lower_one_sells_more(last, models, measured):
    """Twice .8 is .64: a fifth off what such promotions had."""
    last = last.with_columns(category=pl.lit("tea"))
    plan = planned(last)
    by_model, usual, lower = (
        what_if(last, models, at(plan, *shares), prices(last), measured)["forecast_qty"]
        for shares in ((0, 0), (0.2, 0.2), (0.36, 0.2))
    )
    assert usual.equals(by_model)
    assert lower.to_numpy() == pytest.approx(1.5625 * usual.to_numpy(), abs=1e-5)


def test_margin_is_units_times_what_a_unit_leaves(last, models):
    """At 3 a unit that costs 2, and 10 % off: 3 - 0.3 - 2 = 0.7 with the promotion, 1 without."""
    row = what_if(last, models, at(planned(last), 0.1), prices(last), NO_ELASTICITY).row(0, named=True)
    assert float(row["margin_amount"]) == pytest.approx(0.7 * row["forecast_qty"], abs=1e-4)
    assert float(row["margin_without_amount"]) == pytest.approx(row["forecast_without_qty"], abs=1e-4)
    assert row["incremental_margin_amount"] == row["margin_amount"] - row["margin_without_amount"]
    assert row["uplift_qty"] == pytest.approx(row["forecast_qty"] - row["forecast_without_qty"], abs=1e-5)


def test_an_unknown_cost_is_no_margin_and_no_model_is_no_row(last, models):
    costless = prices(last).with_columns(unit_cost_amount=pl.lit(None, dtype=pl.Decimal(18, 4)))
    found = what_if(last, models, at(planned(last)), costless, NO_ELASTICITY)
    assert found["margin_amount"].null_count() == found["incremental_margin_amount"].null_count() == found.height
    assert found["uplift_qty"].null_count() == 0
    assert what_if(last, {}, at(planned(last)), prices(last), NO_ELASTICITY).height == 0


def test_a_plan_that_says_two_things_of_a_week_is_refused(last, models):
    plan = at(planned(last))
    with pytest.raises(FeatureError, match="plan: more than one row"):
        what_if(last, models, pl.concat([plan, plan.head(1)]), prices(last), NO_ELASTICITY)
    with pytest.raises(FeatureError, match="plan: columns missing: discount_share"):
        what_if(last, models, plan.drop("discount_share"), prices(last), NO_ELASTICITY)
    with pytest.raises(FeatureError, match="less than the whole price"):
        what_if(last, models, at(plan, 1), prices(last), NO_ELASTICITY)
