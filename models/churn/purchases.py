"""Purchases to come, from how often and how lately a customer bought: BG/NBD and Gamma-Gamma.

Fader, Hardie and Lee (2005): while a customer is alive, purchases come at a rate of their own, gamma distributed over
customers; after each purchase the customer may leave, with a probability that is beta distributed. What a purchase is
worth varies about a mean of the customer's own. Times are in weeks.

Belongs here: the two models, by maximum likelihood. Does not belong here: which customers, columns or horizon.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

# Logarithms of parameters: where the data show nobody leaving, the likelihood has no top, only a plateau.
BOUNDS = (-8.0, 8.0)


@dataclass(frozen=True)
class PurchaseHistory:
    """Of each customer: repeat purchase days, weeks from the first to the last of them, weeks since the first."""

    repeats: np.ndarray
    last_week: np.ndarray
    age_weeks: np.ndarray


@dataclass(frozen=True)
class PurchaseModel:
    """BG/NBD: rates are gamma(r, alpha) distributed, the probability to leave after a purchase beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def probability_alive(self, of: PurchaseHistory) -> np.ndarray:
        odds_of_leaving = (
            np.log(self.a)
            - np.log(self.b + np.maximum(of.repeats, 1) - 1)
            + (self.r + of.repeats) * (np.log(self.alpha + of.age_weeks) - np.log(self.alpha + of.last_week))
        )
        return np.where(of.repeats > 0, 1 / (1 + np.exp(np.minimum(odds_of_leaving, 500))), 1.0)

    def expected_purchases(self, of: PurchaseHistory, weeks: float | np.ndarray) -> np.ndarray:
        """Purchase days expected in the next `weeks`.

        The closed form with Euler's transformation of 2F1, which stays finite for hundreds of purchases.
        """
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        share = weeks / (self.alpha + of.age_weeks + weeks)
        total = a + self.b + of.repeats - 1
        stays = (1 - share) ** (a - 1) * hyp2f1(a + self.b - 1 - self.r, a - 1, total, share)
        return np.maximum(total / (a - 1) * (1 - stays) * self.probability_alive(of), 1e-9)


@dataclass(frozen=True)
class AmountModel:
    """Gamma-Gamma: a purchase's amount is gamma(p, rate), and the rates are gamma(q, v) distributed."""

    p: float
    q: float
    v: float

    def expected_amount(self, purchases: np.ndarray, mean_amount: np.ndarray) -> np.ndarray:
        """Amount of a purchase: the customer's own mean, drawn to that of all by how few purchases it is from."""
        return self.p * (self.v + purchases * mean_amount) / (self.p * purchases + self.q - 1)


def fit_purchases(of: PurchaseHistory) -> PurchaseModel:
    """Maximum likelihood over customers; equal histories are counted, not repeated."""
    rows, weight = np.unique(np.column_stack([of.repeats, of.last_week, of.age_weeks]), axis=0, return_counts=True)
    repeats, last_week, age_weeks = rows.T

    def loss(logarithms: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logarithms)
        bought = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
        stayed = gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
        alive = -(r + repeats) * np.log(alpha + age_weeks)
        left = np.where(
            repeats > 0,
            np.log(a) - np.log(b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + last_week),
            -np.inf,
        )
        return float(-np.average(bought + stayed + np.logaddexp(alive, left), weights=weight))

    return PurchaseModel(*(round(float(x), 9) for x in _minimum(loss, 4)))


def fit_amounts(purchases: np.ndarray, mean_amount: np.ndarray) -> AmountModel:
    """Maximum likelihood over customers with at least one purchase and an amount above 0."""
    is_usable = (purchases > 0) & (mean_amount > 0)
    # In units of the mean, so that the start is near the top in any currency.
    scale = float(mean_amount[is_usable].mean())
    x, m = purchases[is_usable], mean_amount[is_usable] / scale

    def loss(logarithms: np.ndarray) -> float:
        p, q, v = np.exp(logarithms)
        return float(
            -np.mean(
                gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
                + q * np.log(v) + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(v + x * m)
            )
        )  # fmt: skip

    p, q, v = _minimum(loss, 3)
    # With q at 1 or below there is no mean to draw to.
    return AmountModel(round(float(p), 9), round(max(float(q), 1.01), 9), round(float(v) * scale, 9))


def _minimum(loss, parameters: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    found = minimize(loss, np.zeros(parameters), method="L-BFGS-B", bounds=[BOUNDS] * parameters)
    return np.exp(found.x)
