"""What the demand model sees: the columns of `feat_sku_store__demand`, their meaning, and the sentence of each group.

Belongs here: declaration and wording. Does not belong here: how features are computed (dbt) or learnt from (train).
"""

import polars as pl

from models.features import Feature, FeatureTable
from models.reasons import counted, percent, short, whole

HORIZON_WEEKS = 4

TABLE = FeatureTable(
    keys={"product_id": "text", "store_id": "text", "origin_date": "date", "horizon": "integer"},
    # Origins span some months: month and week of the year would name the origin, not the season.
    context={"brand": "text", "week_start_date": "date", "month": "integer", "week_of_year": "integer"},
    features=(
        Feature("horizon", "integer", "horizon", "Weeks ahead"),
        Feature("department", "category", "assortment", "Department of the product", "learn"),
        Feature("category", "category", "assortment", "Category of the product", "learn"),
        *(
            Feature(
                f"units_lag_{lag}", "number", "level", f"Units sold {lag} weeks before the target's origin", "learn"
            )
            for lag in (1, 2, 3, 4, 8, 13, 26)
        ),
        *(
            Feature(f"units_mean_{weeks}", "number", "level", f"Units a week, mean of {weeks} weeks", "learn")
            for weeks in (4, 13, 26, 52)
        ),
        Feature("units_lag_52", "number", "season", "Units sold 52 weeks before", "learn"),
        Feature("units_year_ago", "number", "season", "Units sold in the target week of a year ago", "learn"),
        Feature("holiday_count", "integer", "season", "Public holidays in the target week"),
        Feature("is_thanksgiving_week", "flag", "season", "Thanksgiving is in the target week"),
        Feature("weeks_to_christmas", "integer", "season", "Weeks from the target week to Christmas"),
        Feature("units_std_13", "number", "pattern", "Spread of weekly units, 13 weeks"),
        Feature("units_max_13", "number", "pattern", "Best week of 13"),
        Feature("selling_weeks_13", "integer", "pattern", "Weeks with a sale, of 13"),
        Feature("sale_days_4", "integer", "pattern", "Days with a sale in 4 weeks"),
        Feature("weeks_since_sale", "integer", "pattern", "Weeks since the last sale", "learn"),
        Feature("weeks_since_first_sale", "integer", "pattern", "Weeks since the first sale", "learn"),
        Feature("unit_price_last", "number", "price", "Net price of a unit when last sold", "learn"),
        Feature("price_ratio_4", "number", "price", "Price of 4 weeks over that of 52", "learn"),
        Feature("discount_share_4", "number", "price", "Discount over list value, 4 weeks", "learn"),
        Feature("product_units_mean_4", "number", "neighbours", "Units a week in all stores, 4 weeks", "learn"),
        Feature("product_units_mean_13", "number", "neighbours", "Units a week in all stores, 13 weeks", "learn"),
        Feature(
            "category_store_units_mean_13", "number", "neighbours", "Category's units a week in the store", "learn"
        ),
        Feature(
            "category_store_trend_ratio", "number", "neighbours", "Category in the store, 4 over 13 weeks", "learn"
        ),
        Feature("category_trend_ratio", "number", "neighbours", "Category in all stores, 4 over 13 weeks", "learn"),
        Feature("stock_out_days_1", "integer", "stock", "Days without stock in the last week", "learn"),
        Feature("stock_out_days_4", "integer", "stock", "Days without stock in 4 weeks", "learn"),
        Feature("on_hand_qty", "number", "stock", "Units on hand at the origin", "learn"),
        Feature("has_display", "flag", "promotion", "On display in the target week, as planned"),
        Feature("has_mailer", "flag", "promotion", "In the mailer of the target week, as planned"),
        Feature("is_promoted_lag_1", "flag", "promotion", "Promoted in the last week"),
        Feature("promoted_weeks_13", "integer", "promotion", "Weeks promoted, of 13"),
    ),
    labels={"units": "number"},
)
FEATURES = TABLE.features
GROUPS = tuple(dict.fromkeys(feature.group for feature in FEATURES))

# Features of the four target weeks together, for the range of their sum; all others are the same in each week.
PERIOD_FACTS: dict[str, pl.Expr] = {
    "year_ago_units": pl.when(pl.col("units_year_ago").is_null().any())
    .then(None)
    .otherwise(pl.col("units_year_ago").sum()),
    "holidays": pl.col("holiday_count").sum().cast(pl.Int64),
    "planned_weeks": (pl.col("has_display") | pl.col("has_mailer")).sum().cast(pl.Int64),
}
_OF_ONE_WEEK = ("horizon", "units_year_ago", "holiday_count", "is_thanksgiving_week", "has_display", "has_mailer")
PERIOD_FEATURES = (
    *(feature for feature in FEATURES if feature.name not in _OF_ONE_WEEK),
    Feature("year_ago_units", "number", "season", "Units sold in the same four weeks of a year ago", "learn"),
    Feature("holidays", "integer", "season", "Public holidays in the four weeks"),
    Feature("planned_weeks", "integer", "promotion", "Weeks of the four on display or in the mailer, as planned"),
)

SENTENCES: dict[str, pl.Expr] = {
    "level": pl.when(pl.col("units_lag_1").is_not_null() & pl.col("units_mean_4").is_not_null())
    .then(
        pl.format(
            "Sold {} last week, {} a week over 4 weeks, {} over 13",
            short("units_lag_1"),
            short("units_mean_4"),
            short("units_mean_13"),
        )
    )
    .otherwise(pl.format("Sold {} a week over the last 13 that have data", short("units_mean_13"))),
    "season": pl.when(pl.col("year_ago_units").is_not_null())
    .then(pl.format("{} sold in the same 4 weeks a year ago", short("year_ago_units")))
    .when(pl.col("holidays") > 0)
    .then(pl.format("{} in the coming 4 weeks", counted("holidays", "public holiday", "public holidays"))),
    "pattern": pl.format(
        "Sold in {} of the last 13 weeks, {} in the best one", whole("selling_weeks_13"), short("units_max_13")
    ),
    "price": pl.when(pl.col("discount_share_4") >= 0.005)
    .then(pl.format("{} % discount in the last 4 weeks", percent("discount_share_4")))
    .when((pl.col("price_ratio_4") - 1).abs() >= 0.01)
    .then(pl.format("Price of the last 4 weeks was {} % of the year's", percent("price_ratio_4"))),
    "neighbours": pl.format(
        "All stores sold {} a week over 4 weeks, {} over 13",
        short("product_units_mean_4"),
        short("product_units_mean_13"),
    ),
    "stock": pl.when(pl.col("stock_out_days_4") > 0).then(
        pl.format("{} without stock in the last 4 weeks", counted("stock_out_days_4", "day", "days"))
    ),
    "promotion": pl.when((pl.col("planned_weeks") > 0) | (pl.col("promoted_weeks_13") > 0)).then(
        pl.format(
            "Promoted in {} of the coming 4 weeks, in {} of the last 13",
            whole("planned_weeks"),
            whole("promoted_weeks_13"),
        )
    ),
    # What the product is and how far ahead a week lies tell a person nothing new.
    "assortment": pl.lit(None, dtype=pl.String),
    "horizon": pl.lit(None, dtype=pl.String),
}
