"""What a customer is worth: expected net amount of the next 12 months, were the customer to go on as before.

A rate, not a model: what was bought and not returned in the last year over the days that the customer is known (at
most 365), drawn towards the brand's mean rate as if every customer had been seen for `PRIOR_DAYS` more days at it. So a
first basket of yesterday is not taken for a daily habit.
"""

import polars as pl

PRIOR_DAYS = 84
YEAR_DAYS = 365


def expected_value(rows: pl.DataFrame, brand_rows: pl.DataFrame) -> pl.Series:
    """Expected amount of 12 months for each of `rows`, at least 0; the mean rate is that of `brand_rows`."""
    known_days = pl.min_horizontal(pl.col("tenure_days") + 1, pl.lit(YEAR_DAYS)).cast(pl.Float64)
    if not brand_rows.height:
        return pl.Series("expected_value", [], dtype=pl.Float64)
    kept = pl.col("net_amount_365") * (1 - pl.col("return_share_365").fill_null(0).clip(0, 1))
    mean_rate = brand_rows.select(kept.sum() / known_days.sum()).item()
    rate = (kept + mean_rate * PRIOR_DAYS) / (known_days + PRIOR_DAYS)
    return rows.select(expected_value=(rate * YEAR_DAYS).clip(lower_bound=0).round(4)).to_series()
