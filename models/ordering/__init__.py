"""Ordering: from the forecast and what is known of stock, suppliers and cost to what to order, move or mark down.

`suggest` is the whole of it: frames in, frame out. No files, no clock, no network.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from models.features import FeatureError
from models.ordering import markdown, score
from models.ordering.positions import FORECAST_COLUMNS, POSITIONS
from models.ordering.settings import OrderingBrand, OrderingTerms

__all__ = ["OrderingBrand", "OrderingTerms", "suggest"]


def suggest(
    forecasts: pl.DataFrame,
    positions: pl.DataFrame,
    responses: pl.DataFrame,
    brands: Mapping[str, OrderingBrand],
    as_of: date,
) -> pl.DataFrame:
    """One row a product and store that has a forecast or stock.

    forecasts: rows of `score_demand` of the day. positions: `feat_sku_store__order`. responses:
    `feat_category__price_response`. brands: those to order for. What is not known is null and the reasons say so: no
    stock and no forecast give no quantity, no cost gives no amount. Raises FeatureError where a frame does not fit.
    """
    POSITIONS.check(positions)
    for name, frame, columns in (
        ("forecasts", forecasts, FORECAST_COLUMNS),
        ("responses", responses, markdown.RESPONSE_COLUMNS),
    ):
        missing = sorted(set(columns) - set(frame.columns))
        if missing:
            raise FeatureError(f"{name}: columns missing: {', '.join(missing)}")
    keys = ["product_id", "store_id", "brand"]
    rows = positions.join(forecasts.select(FORECAST_COLUMNS), on=keys, how="full", coalesce=True).sort(keys)
    elasticities = markdown.elasticities(responses)
    return pl.concat(
        [
            pl.DataFrame(schema=score.SCHEMA),
            *(
                score.order_rows(
                    rows.filter(pl.col("brand") == brand),
                    elasticities.filter(pl.col("brand") == brand).drop("brand"),
                    rule,
                    as_of,
                )
                for brand, rule in sorted(brands.items())
            ),
        ]
    )
