"""What the churn model sees: the columns of `feat_customer__churn`, their meaning, and the sentence of each group.

Belongs here: declaration and wording. Does not belong here: how features are computed (dbt) or learnt from (train).
"""

import polars as pl

from models.features import Feature, FeatureTable
from models.reasons import counted, percent, whole

TABLE = FeatureTable(
    keys={"customer_id": "text", "brand": "text", "snapshot_date": "date"},
    # The calendar is the same for all customers of a snapshot: with about a year of snapshots a model would learn
    # which snapshot a row is from, not a season.
    context={"currency_code": "text", "country_code": "text", "month": "integer", "week_of_year": "integer"},
    features=(
        Feature("recency_days", "integer", "recency", "Days since the last purchase", "leave_out", monotone=1),
        Feature(
            "recency_to_gap_ratio",
            "number",
            "recency",
            "Days since the last purchase over the usual gap between purchases",
            "learn",
            monotone=1,
        ),
        Feature(
            "recency_to_longest_gap_ratio",
            "number",
            "recency",
            "Days since the last purchase over the longest gap between purchases",
            "learn",
            monotone=1,
        ),
        Feature("order_count_28", "integer", "frequency", "Orders in the last 28 days", monotone=-1),
        Feature("order_count_28_before", "integer", "frequency", "Orders in the 28 days before those"),
        Feature("order_count_84", "integer", "frequency", "Orders in the last 84 days", monotone=-1),
        Feature("order_count_365", "integer", "frequency", "Orders in the last 365 days", monotone=-1),
        Feature("active_days_count", "integer", "frequency", "Days with a purchase in the last 365 days", monotone=-1),
        Feature("purchase_day_count", "integer", "frequency", "Days with a purchase, all that are known", monotone=-1),
        Feature(
            "purchase_week_count_84", "integer", "frequency", "Of the last 12 weeks those with a purchase", monotone=-1
        ),
        Feature(
            "recent_purchase_weight",
            "number",
            "frequency",
            "Days with a purchase, each worth half as much 28 days later",
            monotone=-1,
        ),
        Feature("gap_mean_days", "number", "rhythm", "Usual (mean) days between purchase days", "learn", monotone=1),
        Feature("gap_std_days", "number", "rhythm", "Spread of the days between purchase days", "learn", monotone=1),
        Feature("gap_max_days", "integer", "rhythm", "Longest gap between purchase days", "learn", monotone=1),
        Feature("gap_last_days", "integer", "rhythm", "Gap between the last two purchase days", "learn"),
        Feature("gap_last_to_mean_ratio", "number", "rhythm", "Last gap over the usual gap", "learn"),
        Feature("gap_mean_days_84", "number", "rhythm", "Mean gap that ended in the last 84 days", "learn", monotone=1),
        Feature("gap_trend_ratio", "number", "rhythm", "Mean gap of the last 84 days over the usual gap", "learn"),
        Feature("long_gap_count", "integer", "rhythm", "Gaps longer than the brand's horizon", monotone=1),
        Feature(
            "idle_day_share",
            "number",
            "rhythm",
            "Share of the days known after which nothing was bought for the brand's horizon",
            "learn",
            monotone=1,
        ),
        Feature("net_amount_28", "number", "value", "Net purchases of the last 28 days", monotone=-1),
        Feature("net_amount_84", "number", "value", "Net purchases of the last 84 days", monotone=-1),
        Feature("net_amount_365", "number", "value", "Net purchases of the last 365 days", monotone=-1),
        Feature(
            "net_amount_trend_ratio",
            "number",
            "value",
            "Last 28 days' purchases over a third of 84 days'",
            "learn",
            null_where_zero="order_count_84",
        ),
        Feature("basket_amount_mean", "number", "basket", "Net amount of an order, mean of 365 days", "learn"),
        Feature(
            "basket_quantity_mean_84",
            "number",
            "basket",
            "Units of an order, mean of 84 days",
            "learn",
            null_where_zero="order_count_84",
        ),
        Feature("category_count_84", "integer", "breadth", "Categories bought from in the last 84 days", monotone=-1),
        Feature(
            "department_count_84", "integer", "breadth", "Departments bought from in the last 84 days", monotone=-1
        ),
        Feature(
            "discount_share_84",
            "number",
            "discount",
            "Discount over list value, last 84 days",
            "learn",
            null_where_zero="order_count_84",
        ),
        Feature(
            "web_share_84",
            "number",
            "channel",
            "Share of orders on line, last 84 days",
            "learn",
            null_where_zero="order_count_84",
        ),
        Feature("return_share_365", "number", "returns", "Returned over bought amount, last 365 days", "learn"),
        Feature("service_case_count_365", "integer", "service", "Service cases of the last 365 days"),
        Feature("loyalty_points_balance", "integer", "loyalty", "Loyalty points on the account", "learn"),
        Feature("loyalty_points_redeemed_84", "integer", "loyalty", "Loyalty points used in the last 84 days", "learn"),
        Feature("campaign_contact_count_84", "integer", "campaign", "Campaign sends of the last 84 days"),
        Feature(
            "campaign_redemption_count_84", "integer", "campaign", "Coupons redeemed in the last 84 days", monotone=-1
        ),
        Feature("campaign_response_share_365", "number", "campaign", "Coupons redeemed over sends, 365 days", "learn"),
        Feature(
            "purchase_day_count_year_ago",
            "integer",
            "season",
            "Days with a purchase in the horizon that began a year ago",
            "learn",
        ),
        Feature("tenure_days", "integer", "relation", "Days since the first purchase"),
        Feature("brand_count", "integer", "relation", "Brands of the retailer bought from"),
        Feature("household_customer_count", "integer", "household", "Customers of the household"),
        Feature(
            "household_order_count_84", "integer", "household", "Orders of others of the household in the last 84 days"
        ),
    ),
    labels={
        "lapsed": "flag",
        "future_purchase_day_count": "integer",
        "future_net_amount": "number",
        "purchase_day_count_since": "integer",
    },
)
FEATURES = TABLE.features
GROUPS = tuple(dict.fromkeys(feature.group for feature in FEATURES))

_RECENCY = counted("recency_days", "day", "days")
_USUAL_GAP = counted("gap_mean_days", "day", "days")

# A sentence is null where its fact does not exist for the customer; the group is then no reason.
SENTENCES: dict[str, pl.Expr] = {
    "recency": pl.when(pl.col("gap_mean_days").is_null())
    .then(pl.format("Last purchase {} ago; no second one yet", _RECENCY))
    .when(pl.col("recency_days") > pl.col("gap_mean_days"))
    .then(pl.format("No purchase for {}; usual gap {}", _RECENCY, _USUAL_GAP))
    .otherwise(pl.format("Last purchase {} ago; usual gap {}", _RECENCY, _USUAL_GAP)),
    "frequency": pl.format(
        "{} in the last 28 days, {} in the 28 days before, {} in a year",
        counted("order_count_28", "order", "orders"),
        whole("order_count_28_before"),
        whole("order_count_365"),
    ),
    "rhythm": pl.format(
        "Last gap between purchases {}; usual gap {}", counted("gap_last_days", "day", "days"), _USUAL_GAP
    ),
    "value": pl.format(
        "Bought for {} {} in the last 28 days, {} in the last 84",
        whole("net_amount_28"),
        pl.col("currency_code"),
        whole("net_amount_84"),
    ),
    "basket": pl.format("An order is {} {} on average", whole("basket_amount_mean"), pl.col("currency_code")),
    "breadth": pl.format("Bought from {} in the last 84 days", counted("category_count_84", "category", "categories")),
    "discount": pl.format("{} % of the value of the last 84 days was discount", percent("discount_share_84")),
    "channel": pl.format("{} % of the orders of the last 84 days on line", percent("web_share_84")),
    "returns": pl.when(pl.col("return_share_365") >= 0.005).then(
        pl.format("{} % of the amount bought in a year was returned", percent("return_share_365"))
    ),
    "service": pl.when(pl.col("service_case_count_365") > 0).then(
        pl.format("{} in a year", counted("service_case_count_365", "service case", "service cases"))
    ),
    "loyalty": pl.format("{} on the loyalty account", counted("loyalty_points_balance", "point", "points")),
    "campaign": pl.format(
        "{} in the last 84 days, {} redeemed",
        counted("campaign_contact_count_84", "campaign send", "campaign sends"),
        counted("campaign_redemption_count_84", "coupon", "coupons"),
    ),
    "season": pl.format(
        "Last year {} with a purchase in the weeks now ahead", counted("purchase_day_count_year_ago", "day", "days")
    ),
    "household": pl.when(pl.col("household_customer_count") > 1).then(
        pl.format(
            "{} of others of the household in the last 84 days", counted("household_order_count_84", "order", "orders")
        )
    ),
    "relation": pl.format("First purchase {} ago", counted("tenure_days", "day", "days")),
}
