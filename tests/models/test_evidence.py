"""Evidence by trait: tails by hand, stores compared with themselves, sentences with the customer's own numbers."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.returns.evidence import with_evidence
from models.returns.usual import usual_shares
from tests.models.frames import AS_OF, receipt_frame


def stream(customer: str, count: int, first: int = 0, days: int = 10, **changes: object) -> list[dict[str, object]]:
    """Receipts of one customer, some days apart."""
    return [
        {
            "return_order_id": f"{customer}-{k}", "customer_id": customer, "store_id": "s1", "cashier_no": None,
            "return_date": AS_OF - timedelta(days=first + days * k), "returned_line_count": 1, **changes,
        }
        for k in range(count)
    ]  # fmt: skip


def frame(receipts: list[dict[str, object]]) -> pl.DataFrame:
    plain = {
        "linked_line_count": 1, "beyond_sale_line_count": 0, "has_other_tender": False, "whole_order_count": 0,
        "days_to_return_mean": 3.0,
    }  # fmt: skip
    return receipt_frame([{**plain, **receipt} for receipt in receipts]).with_columns(
        pl.col("cashier_no", "store_id").cast(pl.String)
    )


def honest(count: int = 96) -> list[dict[str, object]]:
    return [receipt for k in range(count) for receipt in stream(f"H{k:03d}", 1, first=k)]


def evidence(receipts: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    found = with_evidence(frame(receipts), reach_days=180, seed=7)
    total = found["evidence_by_trait"].to_numpy().sum(axis=1)
    return {row["return_order_id"]: row for row in found.with_columns(evidence=total).iter_rows(named=True)}


def test_tail_by_hand():
    # 100 receipts, 4 of them the customer's, all 4 by another tender; of the 96 others none. Usual is (4 + 1) / 102,
    # which makes 4.7059 of the 96 others. In the store it is then .04902 · (0 + 1) / (4.7059 + 1) = .008591. Beside
    # each of the 4 the 3 others have it: the chance is its third power; of the 3, 3 · .008591 are usual.
    rows = evidence([*honest(), *stream("X", 4, has_other_tender=True)])
    assert rows["X-0"]["evidence"] == pytest.approx(3 * 2.065965 * (1 - 0.008591), abs=1e-4)
    assert rows["X-0"]["evidence_facts"] == ["4 of 4 returns of this customer: paid back by another tender"]
    assert rows["H000-0"]["evidence"] == 0
    assert rows["H000-0"]["evidence_facts"] == []


def test_one_receipt_alone_is_nothing():
    rows = evidence([*honest(), *stream("X", 1, has_other_tender=True), *stream("Y", 3)])
    assert rows["X-0"]["evidence"] == 0


def test_of_what_is_usual_anyway_only_the_rest_counts():
    # Half of all receipts come without a receipt; a cashier took 12, 9 of them so: 6 or so would have been.
    half = [receipt | {"no_receipt_share": float(k % 2)} for k, receipt in enumerate(honest(200))]
    mine = [
        receipt | {"cashier_no": "c1", "no_receipt_share": float(k < 9), "return_order_id": f"M{k}"}
        for k, receipt in enumerate(honest(12))
    ]
    rows = evidence([*half, *[m | {"customer_id": f"M{k}"} for k, m in enumerate(mine)]])
    # Usual is (109 + 1) / (212 + 2); of the 200 others 100 have it, where 102.8 would be usual. Beside the receipt 8 of
    # the cashier's 11 others have it.
    usual = 110 / 214
    share = usual * (100 + 1) / (200 * usual + 1)
    tail = stats.binom.sf(7, 11, share)
    assert rows["M0"]["evidence"] == pytest.approx(-np.log10(tail) * (1 - 11 * share / 8), abs=1e-3)
    assert rows["M0"]["evidence"] < -np.log10(tail) / 2


def test_what_is_usual_in_a_store_is_no_evidence_there():
    generous = [receipt | {"store_id": "s2"} for receipt in honest(60)]
    generous = [r | {"return_order_id": f"G{k}", "linked_line_count": 0} for k, r in enumerate(generous)]
    rows = evidence([*honest(), *generous, *stream("X", 3, linked_line_count=0)])
    # Where all come without a sale it is nothing; in the other store three of three are.
    assert rows["G0"]["evidence"] < 0.2
    assert rows["X-0"]["evidence"] > 1.5


def test_receipts_out_of_reach_do_not_count():
    near = evidence([*honest(), *stream("X", 2, days=100, has_other_tender=True)])
    far = evidence([*honest(), *stream("X", 2, days=200, has_other_tender=True)])
    assert near["X-0"]["evidence_facts"] == ["2 of 2 returns of this customer: paid back by another tender"]
    assert far["X-0"]["evidence_facts"] == []


def test_one_cashier_for_one_customer():
    many = [receipt | {"cashier_no": f"c{k % 5}"} for k, receipt in enumerate(honest(100))]
    rows = evidence([*many, *stream("X", 5, cashier_no="c1"), *stream("Y", 1, cashier_no="c1")])
    # c1 took 20 + 5 + 1 of 106; without the pair's 5 and with one more, 22 of 103. Four more of four.
    expected = -np.log10(stats.binom.sf(3, 4, 22 / 103)) * (1 - 22 / 103)
    assert rows["X-0"]["evidence"] == pytest.approx(expected, abs=1e-4)
    assert rows["X-0"]["evidence_facts"] == ["5 of 5 returns of this customer in the store: taken by one cashier"]
    assert rows["Y-0"]["evidence"] == 0


def test_three_stores_in_a_week():
    trip = [receipt | {"store_id": f"s{k}"} for k, receipt in enumerate(stream("X", 3, days=1))]
    slow = [receipt | {"store_id": f"s{k}"} for k, receipt in enumerate(stream("Y", 3, days=9))]
    # Four returns in a week, two of them in the same store, are no tour.
    busy = [receipt | {"store_id": f"s{max(k, 1)}"} for k, receipt in enumerate(stream("Z", 4, days=1))]
    rows = evidence([*honest(), *trip, *slow, *busy])
    assert {name: rows[name]["evidence"] > 2 for name in ("X-0", "X-1", "X-2", "Y-0", "Y-1", "Z-0", "Z-3")} == {
        "X-0": True, "X-1": True, "X-2": True, "Y-0": False, "Y-1": False, "Z-0": False, "Z-3": False,
    }  # fmt: skip


def test_a_whole_order_undone_counts_once_the_goods_can_have_been_used():
    whole = {"whole_order_count": 1}
    used = stream("X", 3, days_to_return_mean=7.0, **whole)
    corrected = stream("Y", 3, days_to_return_mean=6.9, **whole)
    rows = evidence([*honest(), *used, *corrected])
    assert rows["X-0"]["evidence_facts"] == [
        "3 of 3 returns of this customer: a whole order undone after 7 days and more"
    ]
    assert rows["Y-0"]["evidence"] == 0


def test_nobody_known_and_no_receipts_at_all():
    unknown = [receipt | {"customer_id": None, "linked_line_count": 0} for receipt in honest(3)]
    rows = evidence([*honest(5), *[r | {"return_order_id": f"N{k}"} for k, r in enumerate(unknown)]])
    assert rows["N0"]["evidence"] == 0
    assert with_evidence(frame(honest(1)).clear(), 180, seed=7).height == 0


def receipts_of_a_brand(flipped: str | None = None) -> pl.DataFrame:
    """900 receipts of 300 customers: of the large ones a half has the trait, of the small ones one in fifty."""
    rng = np.random.default_rng(3)
    large = rng.random(900) < 0.3
    has = rng.random(900) < np.where(large, 0.5, 0.02)
    customer = [f"C{k // 3:03d}" for k in range(900)]
    return frame(
        [
            {
                "return_order_id": f"R{k:03d}", "customer_id": customer[k],
                "returned_line_count": 20 if large[k] else 1,
                "return_date": AS_OF - timedelta(days=int(rng.integers(400))), "channel": "store",
                "returned_at": datetime(2017, 1, 1), "customer_tenure_days": 100 if k else None,
            }
            for k in range(900)
        ]
    ).with_columns(is_odd=pl.Series(has) ^ (pl.col("customer_id") == (flipped or "")))  # fmt: skip


def test_what_is_usual_is_learnt_from_the_receipts_of_others():
    rows = receipts_of_a_brand()
    share = usual_shares(rows, ["is_odd"], seed=7)["is_odd"]
    large = (rows["returned_line_count"] == 20).to_numpy()
    assert share[large].mean() == pytest.approx(0.5, abs=0.05)
    assert share[~large].mean() == pytest.approx(0.02, abs=0.02)
    flipped = usual_shares(receipts_of_a_brand("C077"), ["is_odd"], seed=7)["is_odd"]
    own = (rows["customer_id"] == "C077").to_numpy()
    assert flipped[own].tolist() == share[own].tolist()
    assert not np.array_equal(flipped[~own], share[~own])


def test_few_receipts_are_all_as_usual():
    share = usual_shares(receipts_of_a_brand().head(400), ["is_odd"], seed=7)["is_odd"]
    assert len(set(share.tolist())) == 1
