"""BG/NBD and Gamma-Gamma against what was published, against a simulation, and at their limits."""

import numpy as np
import pytest
from scipy.special import hyp2f1

from models.churn.purchases import AmountModel, PurchaseHistory, PurchaseModel, fit_amounts, fit_purchases

CDNOW = PurchaseModel(r=0.243, alpha=4.414, a=0.793, b=2.426)


def simulated(customers: int, model: PurchaseModel, seed: int) -> PurchaseHistory:
    """Customers of the model's own story, each seen for 40 to 60 weeks."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    leaves = rng.beta(model.a, model.b, customers)
    age = np.floor(rng.uniform(40, 60, customers))
    repeats, last = np.zeros(customers), np.zeros(customers)
    is_alive, moment = np.ones(customers, dtype=bool), np.zeros(customers)
    while is_alive.any():
        moment = np.where(is_alive, moment + rng.exponential(1 / np.maximum(rate, 1e-9)), moment)
        is_alive &= moment <= age
        repeats, last = repeats + is_alive, np.where(is_alive, moment, last)
        is_alive &= rng.random(customers) >= leaves
    return PurchaseHistory(repeats, last, age)


def test_published_example():
    # The authors' note on BG/NBD with a spreadsheet: a customer of CDNOW's with 2 repeat purchases, the last in week
    # 30.43 of 38.86, is expected to make 1.226 in the next 39.
    customer = PurchaseHistory(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert CDNOW.expected_purchases(customer, 39)[0] == pytest.approx(1.226, abs=0.001)


def test_transformed_form_is_the_published_one():
    of = PurchaseHistory(np.array([0.0, 1, 7, 20]), np.array([0.0, 3, 20, 38]), np.array([39.0, 39, 30, 38.5]))
    m, x, age, t = CDNOW, of.repeats, of.age_weeks, 39.0
    plain = (m.a + m.b + x - 1) / (m.a - 1) * (
        1 - ((m.alpha + age) / (m.alpha + age + t)) ** (m.r + x)
        * hyp2f1(m.r + x, m.b + x, m.a + m.b + x - 1, t / (m.alpha + age + t))
    )  # fmt: skip
    assert m.expected_purchases(of, t) == pytest.approx(plain * m.probability_alive(of), rel=1e-9)


def test_likelihood_finds_what_the_customers_were_made_with():
    found = fit_purchases(simulated(20_000, PurchaseModel(r=0.8, alpha=6.0, a=0.9, b=3.0), seed=3))
    assert found.r == pytest.approx(0.8, rel=0.08)
    assert found.alpha == pytest.approx(6.0, rel=0.1)
    # The mean share that leaves after a purchase is better known than a and b are.
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.9, rel=0.1)


def test_hundreds_of_purchases_and_nobody_leaving_stay_finite():
    regular = PurchaseHistory(np.full(50, 300.0), np.full(50, 51.5), np.full(50, 52.0))
    found = fit_purchases(regular).expected_purchases(regular, 52)
    # 300 in 52 weeks go on.
    assert found == pytest.approx(np.full(50, 300.0), rel=0.05)


def test_who_is_late_is_less_likely_alive():
    of = PurchaseHistory(np.array([5.0, 5.0, 5.0]), np.array([38.0, 25, 10]), np.full(3, 39.0))
    alive = CDNOW.probability_alive(of)
    assert (np.diff(alive) < 0).all()


def test_amount_is_drawn_to_the_mean_of_all_by_how_little_is_known():
    # p = 6, q = 4, v = 15: the mean of all is p v / (q - 1) = 30. One purchase of 60: 6 (15 + 60) / (6 + 3) = 50.
    model = AmountModel(p=6.0, q=4.0, v=15.0)
    assert model.expected_amount(np.array([0.0, 1, 100]), np.array([0.0, 60, 60])) == pytest.approx(
        [30, 50, 6 * 6015 / 603]
    )


def test_amounts_are_found_again():
    rng = np.random.default_rng(5)
    purchases = rng.integers(1, 20, 20_000).astype(float)
    rate = rng.gamma(4.0, 1 / 15.0, 20_000)
    mean = rng.gamma(6.0 * purchases, 1 / (rate * purchases))
    found = fit_amounts(purchases, mean)
    assert found.p * found.v / (found.q - 1) == pytest.approx(30, rel=0.05)
    assert (found.p, found.q) == (pytest.approx(6, rel=0.1), pytest.approx(4, rel=0.1))
