"""What reviewers answered: too few answers change nothing, enough of them fade what they find harmless."""

from datetime import date, timedelta

import polars as pl
import pytest

from models.returns import ReturnsBrand, fit_and_score
from models.returns.evidence import EVIDENCE
from models.returns.reviews import EVIDENCE_TYPE, learnt_weights
from models.returns.score import KINDS
from tests.models.frames import AS_OF, line_frame, receipt_frame


def answers(confirmed: dict[str, int], fine: dict[str, int], days_ago: int = 10) -> pl.DataFrame:
    """Cases by the kind of evidence that they were made of, all as improbable."""
    rows = [
        (is_confirmed, kind) for is_confirmed, kinds in ((True, confirmed), (False, fine))
        for kind, count in kinds.items() for _ in range(count)
    ]  # fmt: skip
    return pl.DataFrame(
        {
            "return_order_id": [f"D{k:03d}" for k in range(len(rows))],
            "brand": ["gifts"] * len(rows),
            "decided_date": [AS_OF - timedelta(days=days_ago)] * len(rows),
            "is_confirmed": pl.Series([is_confirmed for is_confirmed, _ in rows], dtype=pl.Boolean),
            "evidence": pl.Series(
                [[{"kind": kind, "improbability": 5.0, "weight": 1.0}] for _, kind in rows], dtype=EVIDENCE_TYPE
            ),
        }
    )


def test_kinds_that_reviewers_call_fine_fade() -> None:
    weights, told = learnt_weights(
        answers(confirmed={"other_tender": 25, "no_sale": 10}, fine={"one_cashier": 25, "no_sale": 10}), KINDS
    )
    assert weights["one_cashier"] < 0.5 < weights["no_sale"] < weights["other_tender"]
    # Nothing is known of these.
    assert weights["over_price"] == pytest.approx(1, abs=0.01)
    assert weights["how_much"] == pytest.approx(1, abs=0.01)
    assert told == "Reviewers' answers known: 35 confirmed, 35 fine. Kinds of evidence are weighted by them."
    assert set(weights) == set(KINDS) == {"how_much", *EVIDENCE}


def test_answers_in_any_order_give_the_same_weights() -> None:
    known = answers(confirmed={"other_tender": 20, "no_sale": 5}, fine={"one_cashier": 20, "no_sale": 5})
    assert learnt_weights(known, KINDS) == learnt_weights(known.sample(fraction=1, shuffle=True, seed=5), KINDS)


@pytest.mark.parametrize(
    ("confirmed", "fine"), [({"no_sale": 10}, {"one_cashier": 10}), ({"no_sale": 60}, {"one_cashier": 7}), ({}, {})]
)
def test_too_few_answers_change_nothing_and_the_card_says_so(confirmed: dict[str, int], fine: dict[str, int]) -> None:
    weights, told = learnt_weights(answers(confirmed, fine), KINDS)
    assert weights == {}
    assert f"{sum(confirmed.values())} confirmed, {sum(fine.values())} fine. Too few to learn from" in told


def test_the_next_scores_follow_the_answers() -> None:
    lines = line_frame(customers=20)
    honest = [
        {"return_order_id": f"H{k:02d}", "customer_id": f"H{k}", "return_date": AS_OF - timedelta(days=k % 80),
         "returned_line_count": 1, "has_other_tender": False}
        for k in range(60)
    ]  # fmt: skip
    odd = [
        {"return_order_id": f"X{k}", "customer_id": "C0001", "return_date": AS_OF - timedelta(days=10 * k),
         "returned_line_count": 1, "has_other_tender": True}
        for k in range(5)
    ]  # fmt: skip
    receipts = receipt_frame([*honest, *odd])
    brands = {"gifts": ReturnsBrand(window_days=30)}

    def scored(known: pl.DataFrame | None) -> tuple[dict[str, object], tuple[str, ...]]:
        scores, [model] = fit_and_score(lines, receipts, brands, AS_OF, 7, answers=known)
        [row] = scores.filter(pl.col("return_order_id") == "X0").iter_rows(named=True)
        return row, model.card.limits

    before, said = scored(None)
    assert before["evidence"][0]["kind"] == "other_tender"
    assert before["improbability"] == pytest.approx(sum(e["improbability"] for e in before["evidence"]), abs=1e-5)
    assert any("0 confirmed, 0 fine. Too few" in line for line in said)
    harmless = answers(confirmed={"no_sale": 30}, fine={"other_tender": 30})
    after, said = scored(harmless)
    assert after["improbability"] < before["improbability"] * 0.6
    assert [(e["kind"], e["improbability"]) for e in after["evidence"]] == [
        (e["kind"], e["improbability"]) for e in before["evidence"]
    ]
    assert {e["kind"]: e["weight"] for e in after["evidence"]}["other_tender"] < 0.5
    assert any("30 confirmed, 30 fine. Kinds of evidence are weighted" in line for line in said)
    # What was answered after the day is not known on it.
    future, _ = scored(harmless.with_columns(decided_date=pl.lit(date(2018, 1, 1))))
    assert future["improbability"] == before["improbability"]
