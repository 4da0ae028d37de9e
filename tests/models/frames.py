"""Small synthetic feature frames with a known signal, made from the declared tables."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from models.churn.features import TABLE as CHURN
from models.demand.features import TABLE as DEMAND
from models.features import FeatureTable, Kind
from models.returns.features import LINES, RECEIPTS

AS_OF = date(2017, 12, 31)

EMPTY_OF: dict[Kind, pl.DataType] = {
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "flag": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "money": pl.Decimal(18, 4),
}


def typed(table: FeatureTable, columns: dict[str, object], rows: int) -> pl.DataFrame:
    """A frame of the table's columns and types: those given, and zeros, false or null for the others."""
    plain: dict[Kind, object] = {"number": 0.0, "integer": 0, "flag": False}
    kinds = table.columns
    labels = set(table.labels)
    frame = pl.DataFrame(columns)
    missing = [
        pl.lit(None if name in labels else plain.get(kind)).alias(name)
        for name, kind in kinds.items()
        if name not in columns
    ]
    assert frame.height == rows
    return frame.with_columns(missing).select(pl.col(name).cast(EMPTY_OF[kind]) for name, kind in kinds.items())


def churn_frame(brand: str = "grocer", customers: int = 120, snapshots: int = 7, seed: int = 1) -> pl.DataFrame:
    """Customers who each have a rhythm; the later they are by it, the likelier they lapse. Horizon 28 days."""
    rng = np.random.default_rng(seed)
    n = customers * (snapshots + 1)
    gap = rng.integers(3, 30, n).astype(float)
    recency = np.round(gap * rng.exponential(1.2, n)).clip(0, 83).astype(int)
    orders = np.maximum((84 - recency) / gap, 1).astype(int)
    amount = np.round(orders * rng.uniform(20, 60, n), 2)
    step = np.tile(np.arange(snapshots + 1), customers)
    days = [AS_OF - timedelta(days=28 * int(k)) for k in step]
    lapsed = rng.random(n) < 1 / (1 + np.exp(-(1.5 * recency / gap - 3)))
    known = step > 0
    return typed(
        CHURN,
        {
            "customer_id": [f"C{k:04d}" for k in np.repeat(np.arange(customers), snapshots + 1)],
            "brand": [brand] * n,
            "snapshot_date": days,
            "currency_code": ["USD"] * n,
            "country_code": ["US"] * n,
            "recency_days": recency,
            "recency_to_gap_ratio": np.round(recency / gap, 6),
            "order_count_28": np.minimum(orders, (28 / gap).astype(int)),
            "order_count_28_before": np.minimum(orders, (28 / gap).astype(int)),
            "order_count_84": orders,
            "order_count_365": orders * 3,
            "active_days_count": orders * 3,
            "purchase_day_count": orders * 3,
            "gap_mean_days": gap,
            "gap_std_days": gap / 2,
            "gap_max_days": (gap * 2).astype(int),
            "gap_last_days": gap.astype(int),
            "net_amount_28": np.round(amount / 3, 2),
            "net_amount_84": amount,
            "net_amount_365": amount * 3,
            "basket_amount_mean": np.round(amount / orders, 2),
            "tenure_days": rng.integers(100, 360, n),
            "brand_count": np.ones(n, dtype=int),
            "lapsed": pl.Series([bool(x) if k else None for x, k in zip(lapsed, known, strict=True)]),
            "future_net_amount": pl.Series(
                [0.0 if x else 50.0 if k else None for x, k in zip(lapsed, known, strict=True)], dtype=pl.Float64
            ).set(pl.Series(~known), None),
            "future_purchase_day_count": pl.Series(
                [0 if x else max(int(28 / g), 1) if k else None for x, g, k in zip(lapsed, gap, known, strict=True)]
            ).set(pl.Series(~known), None),
            "purchase_day_count_since": pl.Series(np.where(lapsed, 0, (28 * step / gap).astype(int))).set(
                pl.Series(~known), None
            ),
        },
        n,
    )


def demand_frame(brand: str = "grocer", series: int = 40, origins: int = 16, seed: int = 1) -> pl.DataFrame:
    """Series with a level each, sold as Poisson numbers; the last full week of AS_OF ends on it, a Sunday."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(2, 3, series)
    weeks = origins + 60
    sold = rng.poisson(level[:, None], (series, weeks + 4)).astype(float)
    rows: dict[str, list[object]] = {}
    names = [f"units_lag_{lag}" for lag in (1, 2, 3, 4, 8, 13, 26, 52)]

    def put(name: str, values: object) -> None:
        rows.setdefault(name, []).extend(np.asarray(values).tolist())

    for back in range(origins + 1):
        origin = AS_OF - timedelta(days=7 * back)
        now = weeks - back  # sold[:, now - 1] is the last known week
        for horizon in (1, 2, 3, 4):
            put("product_id", [f"{brand}:{k}" for k in range(series)])
            rows.setdefault("origin_date", []).extend([origin] * series)
            rows.setdefault("week_start_date", []).extend([origin + timedelta(days=1 + 7 * (horizon - 1))] * series)
            put("horizon", [horizon] * series)
            for name in names:
                put(name, sold[:, now - int(name.rsplit("_", 1)[1])])
            for mean in (2, 4, 8, 13, 26, 52):
                put(f"units_mean_{mean}", np.round(sold[:, now - mean : now].mean(axis=1), 6))
            for name, keeps in (("units_level", 0.9), ("units_level_fast", 0.7)):
                weight = keeps ** np.arange(51, -1, -1)
                put(name, np.round(sold[:, now - 52 : now] @ weight / weight.sum(), 6))
            put("units_year_ago", sold[:, now - 53 + horizon])
            for weeks_of_spread in (13, 52):
                spread = sold[:, now - weeks_of_spread : now].std(axis=1)
                put(f"units_std_{weeks_of_spread}", np.round(spread, 6))
            put("units_max_13", sold[:, now - 13 : now].max(axis=1))
            put("selling_week_share_13", np.round((sold[:, now - 13 : now] > 0).mean(axis=1), 6))
            put("weeks_since_first_sale", [now] * series)
            put("promoted_weeks_13", [0] * series)
            known = horizon <= back
            rows.setdefault("units", []).extend(sold[:, now + horizon - 1].tolist() if known else [None] * series)
    n = len(rows["horizon"])
    return typed(DEMAND, {**rows, "brand": [brand] * n, "store_id": [f"{brand}:1"] * n}, n)


def stock_frame(features: pl.DataFrame, on_hand: float = 5) -> pl.DataFrame:
    return (
        features.select("product_id", "store_id")
        .unique(maintain_order=True)
        .with_columns(stock_date=pl.lit(AS_OF), on_hand_qty=pl.lit(on_hand).cast(pl.Decimal(18, 3)))
    )


def line_frame(brand: str = "gifts", customers: int = 60, lines: int = 120, seed: int = 1) -> pl.DataFrame:
    """Sale lines over 420 days; one product in five comes back often. Return window 30 days."""
    rng = np.random.default_rng(seed)
    n = customers * lines
    age = rng.integers(0, 420, n)
    weak = rng.random(n) < 0.2
    returned = rng.random(n) < np.where(weak, 0.3, 0.02)
    known = age >= 30
    quantity = rng.integers(1, 6, n).astype(float)
    return typed(
        LINES,
        {
            "order_line_id": [f"{brand}:L{k:06d}" for k in range(n)],
            "order_id": [f"{brand}:O{k // 4:06d}" for k in range(n)],
            "brand": [brand] * n,
            "order_date": [AS_OF - timedelta(days=int(k)) for k in age],
            "product_id": [f"{brand}:P{int(k)}" for k in weak],
            "store_id": [f"{brand}:1"] * n,
            "customer_id": [f"C{k:04d}" for k in np.repeat(np.arange(customers), lines)],
            "currency_code": ["GBP"] * n,
            "line_weight": [1] * n,
            "channel": ["web"] * n,
            "country_code": ["GB"] * n,
            "unit_of_measure": ["piece"] * n,
            "quantity": quantity,
            "unit_price": np.round(rng.uniform(1, 20, n), 2),
            "has_customer": [True] * n,
            "product_past_return_line_share": np.where(weak, 0.3, 0.02),
            "product_past_return_share": np.where(weak, 0.3, 0.02),
            "returned": pl.Series([bool(x) if k else None for x, k in zip(returned, known, strict=True)]),
            "returned_qty": pl.Series(
                [float(q) if x else 0.0 for x, q in zip(returned, quantity, strict=True)], dtype=pl.Float64
            ).set(pl.Series(~known), None),
        },
        n,
    )


def receipt_frame(receipts: list[dict[str, object]], brand: str = "gifts") -> pl.DataFrame:
    """Return receipts: each names return_order_id, customer_id, return_date and returned_line_count at least."""
    plain = {
        "brand": brand,
        "source_name": "returns",
        "channel": "carrier",
        "store_id": f"{brand}:1",
        "currency_code": "GBP",
        "returned_qty": 1.0,
        "returned_amount": 12.5,
        "linked_line_count": 1,
    }
    rows = [{**plain, **receipt} for receipt in receipts]
    columns: dict[str, object] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["customer_id"] = pl.Series(columns["customer_id"], dtype=pl.String)
    return typed(RECEIPTS, columns, len(rows))
