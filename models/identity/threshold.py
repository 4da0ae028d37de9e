"""How much must speak for one customer: nothing more than against it, until enough people have answered.

Belongs here: the threshold that answers to questions ask for. Does not belong here: which questions are asked (review).
Answers set this threshold and nothing else: no figure of quality is ever taken from them.

A model's even odds may not be people's. Of pairs that the model finds about as likely one customer as two, the share
that people call one customer rises with the model's probability (isotonic regression); where that share passes one
half, two become one. The threshold moves in half bits, so that a few answers more do not group everything anew.
"""

import numpy as np
import polars as pl
from sklearn.isotonic import IsotonicRegression

ANSWERS_NEEDED = 50
STEPS_PER_BIT = 2
# Questions are asked from -2 to 2 bits: beyond, answers say nothing.
LIMIT_BITS = 2.0


def threshold_bits(answers: pl.DataFrame) -> float:
    """Bits that must speak for one customer. `answers`: (match_probability, is_same) of pairs asked about as even."""
    if answers.height < ANSWERS_NEEDED:
        return 0.0
    ordered = answers.sort("match_probability", "is_same")
    probability = ordered["match_probability"].to_numpy()
    share = IsotonicRegression().fit_transform(probability, ordered["is_same"].cast(pl.Float64()).to_numpy())
    below, above = probability[share < 0.5], probability[share >= 0.5]
    highest_below = below.max() if below.size else above.min()
    lowest_above = above.min() if above.size else below.max()
    odds = (highest_below + lowest_above) / (2 - highest_below - lowest_above)
    bits = np.clip(np.log2(odds), -LIMIT_BITS, LIMIT_BITS)
    # Adding zero makes one of the two zeros: the number stands in the rules that tell one release's store from another.
    return float(np.round(bits * STEPS_PER_BIT) / STEPS_PER_BIT + 0.0)
