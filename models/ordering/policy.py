"""The arithmetic of an order: demand until the order after next arrives, the level for a service, whole packs.

Periodic review: an order placed now arrives after the lead time, and the next one can only be placed a review period
later. So stock on hand and on order has to last for lead time + review; the order-up-to level is the quantile of the
demand of that time which the service level names. The reorder point is the same for the lead time alone: at or below
it, stock may end before even an order placed now arrives.

Belongs here: numbers in, numbers out. Does not belong here: where they come from, or what is said about them.
"""

import numpy as np
from scipy import stats

LEAST_SERVICE, MOST_SERVICE = 0.5, 0.995


def demand_until(
    days: np.ndarray, mean: np.ndarray, deviation: np.ndarray, horizon_days: np.ndarray, days_deviation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the demand of some days, from those of a forecast's horizon.

    Days are taken as independent of each other, and of how many they turn out to be (days_deviation).
    """
    share = days / horizon_days
    daily = mean / horizon_days
    return mean * share, np.sqrt(deviation**2 * share + (daily * days_deviation) ** 2)


def demand_quantile(mean: np.ndarray, deviation: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Whole quantity that demand stays within with the chance `level`: a normal distribution's, rounded up.

    The spread is no narrower than a Poisson count's. Distributions with heavier tails asked for more stock at the same
    service (`benchmarks.demand_inventory`).
    """
    quantity = mean + stats.norm.ppf(level) * np.maximum(deviation, np.sqrt(mean))
    return np.ceil(np.maximum(np.round(quantity, 9), 0))


def critical_ratio(
    price: np.ndarray, cost: np.ndarray, holding_share: float, review_days: int, shelf_life_days: np.ndarray
) -> np.ndarray:
    """Service level at which the margin of one more unit sold just pays for holding it until the next chance to order.

    Where goods have a shelf life (else NaN), a unit too many may also spoil: the share of it that a review takes.
    """
    missed = np.maximum(price - cost, 0)
    spoiled = np.where(np.isnan(shelf_life_days), 0, review_days / np.maximum(shelf_life_days, review_days))
    left_over = cost * (holding_share * review_days / 365 + spoiled)
    ratio = missed / np.maximum(missed + left_over, 1e-12)
    return np.clip(ratio, LEAST_SERVICE, MOST_SERVICE)


def order_quantity(missing: np.ndarray, room: np.ndarray, pack: np.ndarray, minimum: np.ndarray) -> np.ndarray:
    """Whole packs that cover what is missing, at least the minimum; fewer where more would not sell in time (`room`).

    Where even the minimum has no room, nothing: a supplier does not take less.
    """
    least = np.ceil(minimum / pack) * pack
    wanted = np.where(missing > 0, np.maximum(np.ceil(missing / pack) * pack, least), 0)
    fits = np.floor(np.maximum(room, 0) / pack) * pack
    cut = np.minimum(wanted, fits)
    return np.where(cut >= least, cut, 0)
