"""What a brand decides about ordering: when it orders, how sure it wants to be, and what an order must keep to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ServiceRule = Literal["class", "margin"]
SalesClass = Literal["a", "b", "c"]
SERVICE_LEVELS: Mapping[SalesClass, float] = {"a": 0.95, "b": 0.975, "c": 0.99}


@dataclass(frozen=True)
class OrderingTerms:
    """What holds for one product, supplier or category in place of what Odoo says and of the brand's own.

    None: that of the next. A lead time that is named here goes before the one that deliveries tell.
    """

    service_level: float | None = None
    lead_time_days: float | None = None
    lead_time_std_days: float | None = None
    pack_qty: int | None = None
    minimum_order_qty: int | None = None
    shelf_life_days: int | None = None


@dataclass(frozen=True)
class OrderingBrand:
    """review_days: from one chance to order to the next.

    lead_time_days, lead_time_std_days: where neither the supplier nor the category has min_deliveries to tell it from,
    and Odoo names none.
    service: `class` takes service_levels by class of sales (a: the products that make the first 80 % of net sales, b:
    the next 15 %, c: the rest); `margin` weighs the margin lost by a missed sale against the cost of holding a unit
    until the next chance to order, where price and cost are known. holding_cost_share: of a unit's cost, a year.
    pack_qty, minimum_order_qty: units. shelf_life_days: None where goods keep. budget_amount: what the orders of one
    day may cost, in the brand's currency; None: no limit.
    surplus_cover_days: what a store sells in so many days it keeps, before it sends anything to another.
    slow_cover_days: stock that lasts longer is slow. markdown_steps: price reductions that are weighed for it.
    stock_max_age_days: an older count of a source that counts daily is no longer known stock.
    products, suppliers, categories: terms by product_id, supplier_id and category; the first that has one holds.
    """

    review_days: int = 7
    lead_time_days: float = 7
    lead_time_std_days: float = 2
    min_deliveries: int = 5
    service: ServiceRule = "class"
    service_levels: Mapping[SalesClass, float] = field(default_factory=lambda: SERVICE_LEVELS)
    holding_cost_share: float = 0.25
    pack_qty: int = 1
    minimum_order_qty: int = 1
    shelf_life_days: int | None = None
    budget_amount: float | None = None
    surplus_cover_days: int = 56
    slow_cover_days: int = 180
    markdown_steps: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    stock_max_age_days: int = 14
    products: Mapping[str, OrderingTerms] = field(default_factory=dict)
    suppliers: Mapping[str, OrderingTerms] = field(default_factory=dict)
    categories: Mapping[str, OrderingTerms] = field(default_factory=dict)
