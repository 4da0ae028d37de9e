"""What reviewers decided about past cases, and what the next scores make of it.

Each kind of evidence counts with a weight. Without answers all weights are 1. Where there are enough, both "confirmed"
and "fine", a logistic regression of the answers on the evidence that the cases had learns which kinds reviewers confirm
and which they find harmless; few answers move a weight little. A kind that reviewers keep calling fine fades, and no
weight can make evidence of nothing: reviewers see only what was scored high, so their answers rank kinds of evidence
against each other and say nothing about returns that nobody looked at.

Belongs here: the weights. Does not belong here: the evidence (`evidence`, `score`), how answers come back.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import optimize, special

MIN_ANSWERS = 30
MIN_ANSWERS_OF_EACH = 8
# What moving a weight from 1 to 0 costs, in units of log loss: as much as some three answers in doubt.
PENALTY = 2.0
MAX_WEIGHT = 2.0
# Of the log odds, a unit of improbability: steeper, and small differences of weights would explain all answers.
MAX_SLOPE = 0.5
# Beyond it more improbability makes nobody surer.
MAX_IMPROBABILITY = 10.0
# What a receipt is unusual by, and with which weight it counted.
EVIDENCE_TYPE = pl.List(pl.Struct({"kind": pl.String, "improbability": pl.Float64, "weight": pl.Float64}))


def no_answers() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "return_order_id": pl.String(), "brand": pl.String(), "decided_date": pl.Date(),
            "is_confirmed": pl.Boolean(), "evidence": EVIDENCE_TYPE,
        }
    )  # fmt: skip


def learnt_weights(answers: pl.DataFrame, kinds: Sequence[str]) -> tuple[dict[str, float], str]:
    """Weights by kind, none where there are too few answers, and what the card says about it.

    answers: one brand's, with `is_confirmed` and `evidence` as the case showed it.
    """
    confirmed = int(answers["is_confirmed"].sum())
    fine = answers.height - confirmed
    told = f"Reviewers' answers known: {confirmed} confirmed, {fine} fine."
    if answers.height < MIN_ANSWERS or min(confirmed, fine) < MIN_ANSWERS_OF_EACH:
        needed = f"{MIN_ANSWERS} answers, {MIN_ANSWERS_OF_EACH} of each"
        return {}, f"{told} Too few to learn from ({needed}): every kind of evidence counts alike."
    answers = answers.sort("return_order_id")
    shown = [{item["kind"]: item["improbability"] for item in row} for row in answers["evidence"].to_list()]
    values = np.array([[min(row.get(kind, 0.0), MAX_IMPROBABILITY) for kind in kinds] for row in shown])
    weights = _fit(values, answers["is_confirmed"].to_numpy().astype(float))
    return (
        {kind: round(float(weight), 3) for kind, weight in zip(kinds, weights, strict=True)},
        f"{told} Kinds of evidence are weighted by them.",
    )


def _fit(values: np.ndarray, confirmed: np.ndarray) -> np.ndarray:
    """Weights around 1, of a regression whose one slope they share."""

    def loss(parameters: np.ndarray) -> float:
        intercept, slope, change = parameters[0], np.exp(parameters[1]), parameters[2:]
        score = intercept + slope * (values @ (1 + change))
        return float(np.logaddexp(0, score).sum() - confirmed @ score + PENALTY * change @ change)

    start = np.zeros(values.shape[1] + 2)
    start[0], start[1] = special.logit(confirmed.mean()), np.log(0.1)
    bounds = [(-20, 20), (-10, np.log(MAX_SLOPE)), *[(-1.0, MAX_WEIGHT - 1)] * values.shape[1]]
    return 1 + optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds).x[2:]
