"""Products that come back too often: a planted faulty batch, and all that must not look like one."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.features import FeatureError
from models.registry import SavedModel
from models.returns import ReturnsBrand, fit_and_score
from models.returns.excess import _false_discovery_rates, excess
from models.returns.features import DELAYS, SOLD, TESTED
from models.returns.train import rule_card
from tests.models.frames import AS_OF, line_frame, receipt_frame, typed

BRAND, RATE, DAYS = "gifts", 0.05, 90


def rule() -> SavedModel:
    """The brand's own rate, so that every chance can be worked out by hand."""
    card = rule_card(line_frame(customers=1, lines=2), BRAND, AS_OF, 1, RATE)
    return SavedModel(
        task="returns", brand=BRAND, model_texts={}, encoding=None, calibration={}, parameters={"rate": RATE}, card=card
    )


def sold(lines: list[dict[str, object]]) -> pl.DataFrame:
    plain = {
        "brand": BRAND, "store_id": "s1", "customer_id": None, "currency_code": "GBP", "lot_no": None,
        "came_back": False, "return_reason": None, "returned_amount": 0.0, "age": 60, "quantity": 1.0, "channel": "web",
        "product_past_return_share": 0.02,
    }  # fmt: skip
    rows = [{**plain, "order_line_id": f"L{k:05d}", "order_id": f"O{k:05d}", **line} for k, line in enumerate(lines)]
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        order_date=pl.lit(AS_OF) - pl.duration(days=pl.col("age"))
    )
    return typed(SOLD, {name: frame[name] for name in frame.columns if name in SOLD.columns}, frame.height)


def returned(reason: str | None = None, **line: object) -> dict[str, object]:
    return {"came_back": True, "return_reason": reason, "returned_amount": 10.0, **line}


def looked_at(**groups: int) -> pl.DataFrame:
    return typed(
        TESTED,
        {"brand": [BRAND] * len(groups), "dimension": [*groups], "group_count": [*groups.values()]},
        len(groups),
    )


def delays(*rows: tuple[int, str, int]) -> pl.DataFrame:
    days, reasons, counts = zip(*rows, strict=True)
    columns = {"brand": [BRAND] * len(rows), "days_to_return": days, "return_reason": reasons, "line_count": counts}
    return typed(DELAYS, columns, len(rows))


ALL_TESTED = {"product": 200, "store": 400, "lot": 50, "reason": 600}
USUAL_DELAYS = ((5, "size", 60), (20, "broken", 40))


def test_planted_faulty_batch_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(11)
    lines: list[dict[str, object]] = []
    for product in range(200):
        for buyer in range(40):
            line: dict[str, object] = {
                "product_id": f"P{product:03d}", "customer_id": f"C{rng.integers(3000):04d}",
                "store_id": f"s{buyer % 2}", "lot_no": f"lot-{product}-{buyer % 4}" if product < 10 else None,
            }  # fmt: skip
            is_faulty = product == 7 and buyer % 4 == 1 and rng.random() < 0.8
            if is_faulty:
                line |= returned("broken")
            elif rng.random() < RATE:
                line |= returned("size")
            lines.append(line)
    rows = excess(sold(lines), looked_at(**ALL_TESTED), delays(*USUAL_DELAYS), {BRAND: rule()}, AS_OF, DAYS)
    found = rows.filter("is_excess").sort("q_value")
    assert found["product_id"].unique().to_list() == ["P007"]
    # The lot of it, its reason and the store that sold it; of the other lots none.
    named = found.select("lot_no", "store_id", "return_reason").rows()
    assert ("lot-7-1", None, None) in named
    assert (None, None, "broken") in named
    assert not {lot for lot, _, _ in named} - {"lot-7-1", None}
    [lot] = found.filter(pl.col("dimension") == "lot").iter_rows(named=True)
    assert (
        lot["finding"]
        == f"Lot lot-7-1: {lot['returning_buyer_count']} of 10 buyers brought it back; 0.5 to be expected"
    )
    assert "no customer is suspected" in lot["suggested_action"]


def test_chance_and_rate_by_hand() -> None:
    # 20 buyers, 5 of whom brought it back; after 10 days a half of what comes back has come: .05 · .5 each.
    lines = [
        {"product_id": "P1", "customer_id": f"C{k}", "age": 10, **(returned() if k < 5 else {})} for k in range(20)
    ]
    known = delays((5, "size", 10), (15, "size", 10))
    [row] = excess(
        sold(lines), looked_at(product=30, store=30), known, {BRAND: rule()}, AS_OF, DAYS
    ).filter(pl.col("dimension") == "product").iter_rows(named=True)  # fmt: skip
    chance = stats.binom.sf(4, 20, 0.025)
    assert row["p_value"] == pytest.approx(chance, rel=1e-6)
    assert row["expected_returning_buyer_count"] == pytest.approx(0.5)
    # The only product that came back of 30 that were looked at.
    assert row["q_value"] == pytest.approx(30 * chance, rel=1e-6)
    assert row["is_excess"] == (30 * chance <= 0.05)
    assert float(row["returned_amount"]) == 50
    assert row["finding"] == "Sold in 90 days: 5 of 20 buyers brought it back; 0.5 to be expected"


def test_benjamini_and_hochberg_by_hand() -> None:
    # Of 50: .0001 · 50 / 1, .0004 · 50 / 2; the third, .03 · 50 / 3, is not below the fourth, .031 · 50 / 4.
    rates = _false_discovery_rates(np.array([0.03, 0.0004, 0.031, 0.0001]), 50)
    assert rates.tolist() == pytest.approx([0.3875, 0.01, 0.3875, 0.005])


def test_one_customer_is_one_voice() -> None:
    one = [{"product_id": "P1", "customer_id": "C1", **returned()} for _ in range(12)]
    two = [{"product_id": "P1", "customer_id": f"D{k}", **returned()} for k in range(1)]
    others = [{"product_id": "P1", "customer_id": f"E{k}"} for k in range(20)]
    rows = excess(
        sold([*one, *two, *others]), looked_at(**ALL_TESTED), delays(*USUAL_DELAYS), {BRAND: rule()}, AS_OF, DAYS
    )
    assert rows.height == 0


def test_a_fault_does_not_excuse_itself() -> None:
    settings = {BRAND: ReturnsBrand(window_days=30)}
    history = line_frame()
    _, [model] = fit_and_score(history, receipt_frame([_receipt()]).clear(), settings, AS_OF, 7)

    def expected(later: float) -> float:
        lines = [
            {
                "product_id": "P1", "customer_id": f"C{k}", "age": 80 - k, "country_code": "GB",
                "product_past_return_share": 0.02 if k == 0 else later,
                "product_past_return_line_share": 0.02 if k == 0 else later, "unit_of_measure": "piece",
                "has_customer": True, **(returned() if k > 20 else {}),
            }
            for k in range(40)
        ]  # fmt: skip
        rows = excess(sold(lines), looked_at(**ALL_TESTED), delays(*USUAL_DELAYS), {BRAND: model}, AS_OF, DAYS)
        return float(rows.filter(pl.col("dimension") == "product")["expected_returning_buyer_count"].item())

    assert expected(later=0.3) == pytest.approx(expected(later=0.02))
    assert 0 < expected(later=0.3) < 4


def test_no_model_no_lines_and_wrong_input() -> None:
    lines = sold([{"product_id": "P1", **returned()} for _ in range(4)])
    known = looked_at(**ALL_TESTED), delays(*USUAL_DELAYS)
    assert excess(lines, *known, {}, AS_OF, DAYS).height == 0
    assert excess(lines.clear(), *known, {BRAND: rule()}, AS_OF, DAYS).height == 0
    quiet = sold([{"product_id": "P1", "lot_no": "x"} for _ in range(4)])
    assert excess(quiet, *known, {BRAND: rule()}, AS_OF, DAYS).height == 0
    # Nothing known of how long returns take: all of them could have come.
    early = excess(lines, known[0], known[1].clear(), {BRAND: rule()}, AS_OF, DAYS)
    assert early["expected_returning_buyer_count"][0] == pytest.approx(4 * RATE)
    with pytest.raises(FeatureError, match="no number of groups for: product"):
        excess(lines, looked_at(store=4), known[1], {BRAND: rule()}, AS_OF, DAYS)
    with pytest.raises(FeatureError, match="missing: lot_no"):
        excess(lines.drop("lot_no"), *known, {BRAND: rule()}, AS_OF, DAYS)


def _receipt() -> dict[str, object]:
    return {"return_order_id": "R1", "customer_id": "C1", "return_date": AS_OF - timedelta(1), "returned_line_count": 1}
