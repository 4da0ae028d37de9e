"""What a planned promotion or price does: the same product, store and week forecast with it and without it.

The weekly model is asked twice with rows that differ in the promotion alone, so the difference is what it has learnt
from past promotions of all products, not a comparison of one product with itself. It knows no price of a coming week:
what a price beyond the promotion's usual one does is told by the price elasticity of the product's category, where the
data bear one.

Belongs here: the question and its answer, in units and in margin. Does not belong here: which promotions are planned.
"""

from collections.abc import Mapping

import polars as pl

from models import boosting
from models.demand.features import FEATURES, PROMOTIONS, prepared
from models.demand.train import weekly_mean
from models.features import FeatureError
from models.registry import SavedModel

KEYS = ("product_id", "store_id", "week_start_date")
PLAN = (*KEYS, "has_display", "has_mailer", "discount_share", "usual_discount_share")
PRICE_KEYS = ("product_id", "store_id")
PRICES = (*PRICE_KEYS, "unit_price_amount", "unit_cost_amount", "currency_code")
ELASTICITIES = pl.Schema({"brand": pl.String(), "category": pl.String(), "elasticity": pl.Float64()})

SCHEMA = pl.Schema(
    {
        "product_id": pl.String(),
        "store_id": pl.String(),
        "brand": pl.String(),
        "model_version": pl.String(),
        "week_start_date": pl.Date(),
        "has_display": pl.Boolean(),
        "has_mailer": pl.Boolean(),
        "discount_share": pl.Float64(),
        "price_elasticity": pl.Float64(),
        "forecast_qty": pl.Float64(),
        "forecast_without_qty": pl.Float64(),
        "uplift_qty": pl.Float64(),
        "uplift_share": pl.Float64(),
        "margin_amount": pl.Decimal(18, 4),
        "margin_without_amount": pl.Decimal(18, 4),
        "incremental_margin_amount": pl.Decimal(18, 4),
        "currency_code": pl.String(),
    }
)


def weeks(features: pl.DataFrame) -> pl.DataFrame:
    """Each coming week, with the promotion that the features have for it."""
    return features.select(*KEYS, has_display=pl.col("display_count") > 0, has_mailer=pl.col("mailer_count") > 0)


def planned(features: pl.DataFrame) -> pl.DataFrame:
    """The weeks for which the features have a promotion."""
    return weeks(features).filter(pl.col("has_display") | pl.col("has_mailer"))


def what_if(
    features: pl.DataFrame,
    models: Mapping[str, SavedModel],
    plan: pl.DataFrame,
    prices: pl.DataFrame,
    elasticities: pl.DataFrame,
) -> pl.DataFrame:
    """Units and margin of each promotion of the plan, beside the same week without it.

    features: `feat_sku_store__demand` of one origin. models: by brand. plan: PLAN; discount_share is off the usual
    price, usual_discount_share is what promotions of its kind had: the model's uplift is of that price, and 0 is that
    of no promotion. prices: PRICES, the usual price and cost of a unit; where one is not known there is no margin.
    elasticities: ELASTICITIES; where the category has none, price_elasticity is null and a discount moves the margin
    and no units. A promotion of a product that is not forecast, or of a brand whose forecast is a plain mean, has no
    row. Raises FeatureError where a frame does not fit.
    """
    for name, frame, columns in (("plan", plan, PLAN), ("prices", prices, PRICES)):
        if missing := sorted(set(columns) - set(frame.columns)):
            raise FeatureError(f"{name}: columns missing: {', '.join(missing)}")
    for name, frame, keys in (("features", features, KEYS), ("plan", plan, KEYS), ("prices", prices, PRICE_KEYS)):
        if frame.select(keys).is_duplicated().any():
            raise FeatureError(f"{name}: more than one row a key ({', '.join(keys)})")
    if plan.filter(pl.max_horizontal("discount_share", "usual_discount_share") >= 1).height:
        raise FeatureError("plan: a discount is less than the whole price")
    asked = (
        features.join(plan.select(PLAN), on=KEYS)
        .join(prices.select(PRICES), on=PRICE_KEYS, how="left")
        .join(elasticities.select(ELASTICITIES.names()), on=["brand", "category"], how="left")
        .sort("brand", *KEYS)
    )
    parts = [
        _of_brand(rows, models[brand])
        for (brand,), rows in asked.group_by("brand", maintain_order=True)
        if isinstance(brand, str) and brand in models and not models[brand].card.is_fallback
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=SCHEMA)


def _of_brand(rows: pl.DataFrame, model: SavedModel) -> pl.DataFrame:
    # A promotion that is asked about and not planned is one place.
    planned_places = rows.with_columns(
        pl.when(f"has_{kind}").then(pl.max_horizontal(f"{kind}_count", 1)).otherwise(0).alias(f"{kind}_count")
        for kind in PROMOTIONS
    )
    without = rows.with_columns(pl.lit(0).alias(f"{kind}_count") for kind in PROMOTIONS)
    unit_margin = pl.col("unit_price_amount").cast(pl.Float64) - pl.col("unit_cost_amount").cast(pl.Float64)
    discount = pl.col("unit_price_amount").cast(pl.Float64) * pl.col("discount_share")
    price_ratio = (1 - pl.col("discount_share")) / (1 - pl.col("usual_discount_share"))
    times = (pl.col("elasticity") * price_ratio.log()).exp().fill_null(1)
    return (
        rows.with_columns(
            forecast_qty=(_weekly_mean(model, planned_places) * times).round(6),
            forecast_without_qty=_weekly_mean(model, without),
            price_elasticity="elasticity",
        )
        .with_columns(
            model_version=pl.lit(model.version),
            uplift_qty=(pl.col("forecast_qty") - pl.col("forecast_without_qty")).round(6),
            uplift_share=pl.when(pl.col("forecast_without_qty") > 0).then(
                (pl.col("forecast_qty") / pl.col("forecast_without_qty") - 1).round(6)
            ),
            margin_amount=((unit_margin - discount) * pl.col("forecast_qty")).round(4).cast(pl.Decimal(18, 4)),
            margin_without_amount=(unit_margin * pl.col("forecast_without_qty")).round(4).cast(pl.Decimal(18, 4)),
        )
        .with_columns(incremental_margin_amount=pl.col("margin_amount") - pl.col("margin_without_amount"))
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _weekly_mean(model: SavedModel, rows: pl.DataFrame) -> pl.Series:
    booster = boosting.from_text(model.model_texts["mean"], FEATURES)
    return pl.Series(weekly_mean(model, prepared(rows), booster)).round(6)
