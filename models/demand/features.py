"""What the demand model sees: the columns of `feat_sku_store__demand`, their meaning, and the sentence of each group.

Belongs here: declaration and wording. Does not belong here: how features are computed (dbt) or learnt from (train).
"""

from datetime import timedelta

import polars as pl

from models.features import Feature, FeatureTable, Kind, NullRule
from models.reasons import counted, percent, short, whole

# A series younger than this starts from its like: the mean series of its category in the store, as so many weeks of
# its own.
YOUNG_WEEKS, LIKE_WEEKS = 13, 2
# Added to the level that a forecast is relative to: a series that rests is not divided by nothing.
LEAST_LEVEL = 0.05
# Kept from the trees, which see some months of the past: a group's code stands for what its few products did in them,
# and a count that goes on with the calendar for the origin itself. A trend of the group and a count up to a cap do not.
GROUP_CODES = ("department", "category", "family")
CAPS = {"weeks_since_first_sale": YOUNG_WEEKS, "weeks_to_christmas": 4}

LAGS = (1, 2, 3, 4, 8, 13, 26, 52)
MEANS = (2, 4, 8, 13, 26, 52)
PROMOTIONS = ("display", "mailer")
_WORDS = {"display": "on display", "mailer": "in the mailer"}

_UNITS = (
    *(
        Feature(f"units_lag_{lag}", "number", "level", f"Units sold {lag} weeks before the target's origin", "learn")
        for lag in LAGS
    ),
    *(Feature(f"units_mean_{weeks}", "number", "level", f"Units a week in stock, {weeks} weeks") for weeks in MEANS),
    Feature("units_level", "number", "level", "Units a week in stock, each week back counting a tenth less"),
    Feature("units_level_fast", "number", "level", "Units a week in stock, each week back counting three tenths less"),
    Feature("units_year_ago", "number", "season", "Units sold in the target week of a year ago", "learn"),
    Feature("units_std_13", "number", "pattern", "Spread of weekly units, 13 weeks"),
    Feature("units_std_52", "number", "pattern", "Spread of weekly units, 52 weeks"),
    Feature("units_max_13", "number", "pattern", "Best week of 13"),
    Feature("units_per_selling_week", "number", "pattern", "Units of a week that sold at all", "learn"),
    *(
        Feature(f"{name}{kind}_units_mean", "number", "promotion", f"Units of a week {said}{_WORDS[kind]}", "learn")
        for kind in PROMOTIONS
        for name, said in (("", ""), ("no_", "not "))
    ),
    Feature(
        "like_units_mean_13", "number", "neighbours", "Units a week of a series of the category in the store", "learn"
    ),
)
_PLACES: tuple[tuple[str, Kind, str], ...] = (
    ("count", "integer", "Places in the target week, as planned,"),
    ("count_lag_1", "integer", "Places in the last week"),
    ("mean_13", "number", "Places a week, mean of 13,"),
    ("mean_52", "number", "Places a week, mean of 52,"),
    ("max_52", "integer", "Most places of 52 weeks"),
)
_PLACES_RELATIVE: tuple[tuple[str, str, NullRule], ...] = (
    ("change", "above the mean of 13 weeks", "refuse"),
    ("of_max", "over the most of 52 weeks", "learn"),
)
_OTHER = (
    Feature("horizon", "integer", "horizon", "Weeks ahead"),
    Feature("department", "category", "assortment", "Department of the product", "learn"),
    Feature("category", "category", "assortment", "Category of the product", "learn"),
    Feature("family", "category", "assortment", "Family of the product", "learn"),
    Feature("holiday_count", "integer", "season", "Public holidays in the target week"),
    Feature("is_thanksgiving_week", "flag", "season", "Thanksgiving is in the target week"),
    Feature("weeks_to_christmas", "integer", "season", "Weeks from the target week to Christmas"),
    *(
        Feature(f"selling_week_share_{weeks}", "number", "pattern", f"Weeks with a sale, share of {weeks}")
        for weeks in (13, 52)
    ),
    Feature("sale_days_4", "integer", "pattern", "Days with a sale in 4 weeks"),
    Feature("weeks_since_sale", "integer", "pattern", "Weeks since the last sale", "learn"),
    Feature("weeks_since_first_sale", "integer", "pattern", "Weeks since the first sale", "learn"),
    Feature("unit_price", "number", "price", "Net price of a unit, 52 weeks", "learn"),
    *(
        Feature(f"price_ratio_{weeks}", "number", "price", f"Price of {weeks} weeks over that of 52", "learn")
        for weeks in (1, 4)
    ),
    *(
        Feature(f"discount_share_{weeks}", "number", "price", f"Discount over list value, {weeks} weeks", "learn")
        for weeks in (1, 4, 52)
    ),
    Feature("category_store_trend_ratio", "number", "neighbours", "Category in the store, 4 over 13 weeks", "learn"),
    *(
        Feature(
            f"{level}_trend_ratio_{weeks}", "number", "neighbours",
            f"{level.capitalize()} in all stores, {weeks} over 13 weeks", "learn",
        )
        for level in ("category", "family")
        for weeks in (1, 4)
    ),
    *(
        Feature(
            f"{level}_{kind}_ratio", "number", "promotion",
            f"{level.capitalize()} {_WORDS[kind]} in the target week over 13 weeks", "learn",
        )
        for level in ("category", "family")
        for kind in PROMOTIONS
    ),
    Feature("stock_out_days_1", "integer", "stock", "Days without stock in the last week", "learn"),
    Feature("stock_out_days_4", "integer", "stock", "Days without stock in 4 weeks", "learn"),
    Feature("on_hand_qty", "number", "stock", "Units on hand at the origin", "learn"),
    *(
        Feature(f"{kind}_{name}", kind_of_number, "promotion", f"{said} {_WORDS[kind]}")
        for kind in PROMOTIONS
        for name, kind_of_number, said in _PLACES
    ),
    Feature("promoted_weeks_13", "integer", "promotion", "Weeks promoted, of 13"),
)  # fmt: skip

TABLE = FeatureTable(
    keys={"product_id": "text", "store_id": "text", "origin_date": "date", "horizon": "integer"},
    # Origins span some months: month and week of the year would name the origin, not the season. What all stores sold
    # is for people.
    context={
        "brand": "text", "week_start_date": "date", "month": "integer", "week_of_year": "integer",
        "product_units_mean_4": "number", "product_units_mean_13": "number",
    },
    features=(*_UNITS, *_OTHER),
    labels={"units": "number"},
)  # fmt: skip

# What the trees see: units relative to the series' level, which the forecast is relative to as well, and promotions
# relative to what is usual.
_LEVEL = Feature("level", "number", "level", "Level that the forecast is relative to, units a week")
FEATURES = (
    _LEVEL,
    *(Feature(f"{f.name}_ratio", f.kind, f.group, f"{f.meaning}, over the level", f.null) for f in _UNITS),
    *(f for f in _OTHER if f.name not in GROUP_CODES and f.name not in CAPS),
    *(
        Feature(f"{f.name}_capped", f.kind, f.group, f"{f.meaning}, {CAPS[f.name]} where there are more", f.null)
        for f in _OTHER
        if f.name in CAPS
    ),
    Feature("month_start_days", "integer", "season", "Days of the target week in the first seven of a month"),
    Feature("month_start_days_lag_1", "integer", "season", "Days of the last week in the first seven of a month"),
    *(
        Feature(f"{kind}_{name}", "number", "promotion", f"Places {_WORDS[kind]} {said}", null)
        for kind in PROMOTIONS
        for name, said, null in _PLACES_RELATIVE
    ),
    *(
        Feature(
            f"units_as_{kind}_ratio", "number", "promotion",
            f"Units of past weeks {_WORDS[kind]} as the target week is, over the level", "learn",
        )
        for kind in PROMOTIONS
    ),
)  # fmt: skip
GROUPS = tuple(dict.fromkeys(feature.group for feature in FEATURES))


def prepared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the table with what the trees see beside it."""
    like = pl.when(pl.col("weeks_since_first_sale") < YOUNG_WEEKS, pl.col("like_units_mean_13").is_not_null())
    like_weeks = like.then(LIKE_WEEKS).otherwise(0)
    own_weeks = pl.col("weeks_since_first_sale").fill_null(YOUNG_WEEKS).clip(1, YOUNG_WEEKS)
    level = (pl.col("units_level") * own_weeks + pl.col("like_units_mean_13").fill_null(0) * like_weeks) / (
        own_weeks + like_weeks
    )
    with_level = rows.with_columns(level=level + LEAST_LEVEL)
    is_strong = {kind: 2 * pl.col(f"{kind}_count") > pl.col(f"{kind}_max_52") for kind in PROMOTIONS}
    return with_level.with_columns(
        *((pl.col(f.name) / pl.col("level")).alias(f"{f.name}_ratio") for f in _UNITS),
        *(pl.col(name).clip(upper_bound=cap).alias(f"{name}_capped") for name, cap in CAPS.items()),
        *((pl.col(f"{kind}_count") - pl.col(f"{kind}_mean_13")).alias(f"{kind}_change") for kind in PROMOTIONS),
        *(
            pl.when(pl.col(f"{kind}_max_52") > 0)
            .then(pl.col(f"{kind}_count") / pl.col(f"{kind}_max_52"))
            .alias(f"{kind}_of_max")
            for kind in PROMOTIONS
        ),
        *(
            (
                pl.when(is_strong[kind]).then(f"{kind}_units_mean").otherwise(f"no_{kind}_units_mean") / pl.col("level")
            ).alias(f"units_as_{kind}_ratio")
            for kind in PROMOTIONS
        ),
        month_start_days=_month_start_days(pl.col("week_start_date")),
        month_start_days_lag_1=_month_start_days(pl.col("origin_date") - timedelta(days=6)),
    )


def _month_start_days(monday: pl.Expr) -> pl.Expr:
    """Days of the week that are among the first seven of a month, when many have just been paid."""
    days = ((monday + timedelta(days=day)).dt.day() <= 7 for day in range(7))
    return pl.sum_horizontal(day.cast(pl.Int64) for day in days)


# Facts of the four target weeks together, for people; all others are the same in each week.
PERIOD_FACTS: dict[str, pl.Expr] = {
    "year_ago_units": pl.when(pl.col("units_year_ago").is_null().any())
    .then(None)
    .otherwise(pl.col("units_year_ago").sum()),
    "holidays": pl.col("holiday_count").sum().cast(pl.Int64),
    "planned_weeks": ((pl.col("display_count") > 0) | (pl.col("mailer_count") > 0)).sum().cast(pl.Int64),
}

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
        "Sold in {} % of the last 13 weeks, {} in the best one", percent("selling_week_share_13"), short("units_max_13")
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
    # How far ahead a week lies tells a person nothing new.
    "horizon": pl.lit(None, dtype=pl.String),
}
