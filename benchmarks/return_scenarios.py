"""An open benchmark of unusual returns: a real stream of sales and returns, planted abuse, and honest look-alikes.

The contract is one table, a row a sale or return line:

    order_line_id, order_id       text, the line and its receipt
    line_kind                     'sale' or 'return'
    source_customer_id            text, null where nobody is known
    store_id, cashier_no          text; a cashier's number holds in one store
    tender                        text, how most of the receipt was paid, or paid back
    ordered_at                    timestamp in UTC
    product_id                    text
    quantity                      number, above 0 for a sale, below for a return
    net_amount                    number, of the same sign
    original_order_id             text, the sale's receipt that a return names, null where it was not shown
    is_planted                    boolean: the return is abuse; nothing that scores may read it
    scenario                      text, the kind of abuse or look-alike; null for the real stream

Belongs here: the stream and what is planted in it, seeded. Does not belong here: how it is scored (`returns`).

The stream is Online Retail II, which is one web shop without tills. So each customer is given one of twelve stores and
a usual tender, each receipt one of five cashiers; a return goes back to the store and tender of its sale but for a
few, and seven of ten show the receipt. Abuse is one customer (or cashier and customer) with five receipts in the last
year, eight kinds, so one receipt in a hundred. Look-alikes do what looks the same for a reason.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from demo.gifts import COUNTED_ONCE, DATA

STORES, CASHIERS = 12, 5
RECEIPTS_A_SCENARIO = 5
YEAR = timedelta(days=365)
LOOKALIKES = "lookalike_"

SCHEMA = {
    "order_line_id": pl.String(),
    "order_id": pl.String(),
    "line_kind": pl.String(),
    "source_customer_id": pl.String(),
    "store_id": pl.String(),
    "cashier_no": pl.String(),
    "tender": pl.String(),
    "ordered_at": pl.Datetime("us"),
    "product_id": pl.String(),
    "quantity": pl.Float64(),
    "net_amount": pl.Float64(),
    "original_order_id": pl.String(),
    "is_planted": pl.Boolean(),
    "scenario": pl.String(),
}

# Days that stand in both sheets count once. draw() is a number between 0 and 1 that a key and the seed decide.
STREAM = f"""
    create macro draw(what, key) as (hash(what || ':' || key || ':{{seed}}') % 1000003) / 1000003.0;
    create table line as
    select
        invoice || ':' || cast(file_row_number as varchar) as order_line_id,
        invoice as order_id,
        if(invoice like 'C%', 'return', 'sale') as line_kind,
        cast(customer_id as varchar) as source_customer_id,
        invoice_date as ordered_at,
        stock_code as product_id,
        cast(quantity as double) as quantity,
        cast(quantity * price as double) as net_amount
    from read_parquet('{DATA}', file_row_number = true)
    where
        {COUNTED_ONCE}
        and regexp_matches(stock_code, '^[0-9]{{{{5}}}}') and price > 0 and quantity <> 0
        and (quantity < 0) = (invoice like 'C%');
    create table sale_order as
    select
        order_id,
        's' || cast(floor(if(draw('away', order_id) < 0.05, draw('store', order_id),
            draw('home', coalesce(source_customer_id, order_id))) * {STORES}) as integer) as store_id,
        if((draw('tender', coalesce(source_customer_id, order_id)) < 0.3) <> (draw('other', order_id) < 0.1),
            'cash', 'card') as tender
    from (select distinct order_id, source_customer_id from line where line_kind = 'sale');
    create table origin as
    select back.order_line_id, sale.order_id as sale_order_id
    from (from line where line_kind = 'return' and source_customer_id is not null) as back
    asof join (from line where line_kind = 'sale' and source_customer_id is not null) as sale
        on back.source_customer_id = sale.source_customer_id and back.product_id = sale.product_id
        and back.ordered_at >= sale.ordered_at;
    create table return_order as
    select
        line.order_id,
        if(draw('elsewhere', line.order_id) < 0.03 or max(sale_order.store_id) is null,
            's' || cast(floor(draw('store', line.order_id) * {STORES}) as integer), max(sale_order.store_id))
            as store_id,
        if((coalesce(max(sale_order.tender), 'card') = 'cash') <> (draw('swap', line.order_id) < 0.02), 'cash', 'card')
            as tender,
        draw('shown', line.order_id) < 0.7 as is_shown
    from line
    left join origin using (order_line_id)
    left join sale_order on origin.sale_order_id = sale_order.order_id
    where line_kind = 'return'
    group by line.order_id;
"""
LINES = f"""
    select
        line.order_line_id, line.order_id, line_kind, source_customer_id,
        coalesce(sale_order.store_id, return_order.store_id) as store_id,
        'c' || cast(floor(draw('cashier', line.order_id) * {CASHIERS}) as integer) as cashier_no,
        coalesce(sale_order.tender, return_order.tender) as tender, ordered_at, product_id, quantity, net_amount,
        if(return_order.is_shown, origin.sale_order_id, null) as original_order_id,
        false as is_planted, cast(null as varchar) as scenario
    from line
    left join sale_order using (order_id)
    left join return_order using (order_id)
    left join origin using (order_line_id)
    order by line.order_line_id
"""


def stream(seed: int) -> pl.DataFrame:
    """The real sales and returns with made-up stores, cashiers and tenders."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(STREAM.format(seed=seed))
        return connection.sql(LINES).pl().select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


class Planter:
    """Takes real customers and sales at random and writes the returns of a scenario upon them."""

    def __init__(self, lines: pl.DataFrame, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.until: datetime = lines.select(pl.col("ordered_at").max()).item()
        since = self.until - YEAR + timedelta(days=30)
        self.sales = lines.filter(
            pl.col("line_kind") == "sale", pl.col("source_customer_id").is_not_null(),
            pl.col("ordered_at").is_between(since, self.until - timedelta(days=45)),
            pl.col("quantity") <= 24, pl.col("net_amount") >= 8,
        )  # fmt: skip
        returned = lines.filter(pl.col("line_kind") == "return")["original_order_id"].drop_nulls().unique()
        self.sales = self.sales.filter(~pl.col("order_id").is_in(returned.implode()))
        orders = self.sales.group_by("source_customer_id").agg(orders=pl.col("order_id").n_unique())
        able = orders.filter(pl.col("orders") >= RECEIPTS_A_SCENARIO + 1)["source_customer_id"].sort().to_list()
        self.customers: list[str] = [able[k] for k in self.rng.permutation(len(able))]
        self.rows: list[dict[str, object]] = []
        self.receipts = 0

    def customer(self) -> str:
        """A customer whom no other scenario has."""
        return self.customers.pop()

    def orders(self, customer: str, count: int = RECEIPTS_A_SCENARIO) -> list[list[dict[str, object]]]:
        """Sales of a customer, each as its lines."""
        own = self.sales.filter(pl.col("source_customer_id") == customer).sort("order_line_id")
        names = own["order_id"].unique().sort().to_list()
        chosen = [names[k] for k in self.rng.permutation(len(names))[:count]]
        return [own.filter(pl.col("order_id") == name).to_dicts() for name in chosen]

    def product(self) -> dict[str, object]:
        """Some line that somebody bought."""
        return self.sales.row(int(self.rng.integers(self.sales.height)), named=True)

    def moment(self, day: datetime | None = None, days: tuple[int, int] = (1, 30)) -> datetime:
        """Some days after a day, else some day of the last year but its end."""
        if day is None:
            day, days = self.until - YEAR, (40, 330)
        return day + timedelta(days=int(self.rng.integers(*days)), minutes=int(self.rng.integers(300)))

    def write(
        self, lines: list[dict[str, object]], scenario: str | None, at: datetime, kind: str = "return",
        price: float = 1.0, more: float = 0.0, **changes: object,
    ) -> str:  # fmt: skip
        """A receipt of the lines: back if it is a return, at a multiple of their price, with more of each."""
        self.receipts += 1
        order_id = f"P{self.receipts:06d}"
        sign = -1 if kind == "return" else 1
        cashier = f"c{int(self.rng.integers(CASHIERS))}"
        for number, line in enumerate(lines):
            quantity = float(line["quantity"]) + more  # type: ignore[arg-type]
            unit = float(line["net_amount"]) / float(line["quantity"])  # type: ignore[arg-type]
            planted = kind == "return" and scenario is not None and not scenario.startswith(LOOKALIKES)
            self.rows.append(
                {
                    **line, "order_line_id": f"{order_id}:{number}", "order_id": order_id, "line_kind": kind,
                    "cashier_no": cashier, "ordered_at": at, "quantity": sign * quantity,
                    "net_amount": sign * round(unit * quantity * price, 2),
                    "original_order_id": line["order_id"] if kind == "return" else None,
                    "is_planted": planted, "scenario": scenario if kind == "return" else None, **changes,
                }
            )  # fmt: skip
        return order_id


def _lines(order: list[dict[str, object]], count: int = 1) -> list[dict[str, object]]:
    return order[:count]


def _at(order: list[dict[str, object]]) -> datetime:
    moment = order[0]["ordered_at"]
    assert isinstance(moment, datetime)
    return moment


def wear_and_return(plant: Planter) -> None:
    """Buys little and dear, and brings the whole of it back within a month, with the receipt."""
    customer = plant.customer()
    home = plant.orders(customer, 1)[0][0]
    for _ in range(RECEIPTS_A_SCENARIO):
        at = plant.moment()
        dear = {**plant.product(), "source_customer_id": customer, "store_id": home["store_id"], "tender": "card"}
        sale = plant.write([dear], "wear_and_return", at, kind="sale", price=3)
        bought = {**dear, "order_id": sale}
        plant.write([bought], "wear_and_return", plant.moment(at, (10, 28)), price=3)


def receipt_reuse(plant: Planter) -> None:
    """What was brought back once with a receipt is brought back with it again."""
    for order in plant.orders(plant.customer()):
        plant.write(_lines(order), None, plant.moment(_at(order), (2, 9)))
        plant.write(_lines(order), "receipt_reuse", plant.moment(_at(order), (10, 30)))


def price_switch(plant: Planter) -> None:
    """Bought cheap, paid back dear."""
    for order in plant.orders(plant.customer()):
        price = float(plant.rng.uniform(1.5, 2.5))
        plant.write(_lines(order), "price_switch", plant.moment(_at(order)), price=price)


def refund_without_sale(plant: Planter) -> None:
    """Goods that this customer never bought, without a receipt."""
    customer = plant.customer()
    home = plant.orders(customer, 1)[0][0]
    for _ in range(RECEIPTS_A_SCENARIO):
        plant.write(
            [plant.product()], "refund_without_sale", plant.moment(), original_order_id=None,
            source_customer_id=customer, store_id=home["store_id"],
        )  # fmt: skip


def cashier_and_customer(plant: Planter) -> None:
    """One cashier pays one customer back, in cash, for goods that were never bought."""
    customer, cashier = plant.customer(), f"c{int(plant.rng.integers(CASHIERS))}"
    home = plant.orders(customer, 1)[0][0]
    begin = plant.moment()
    for _ in range(RECEIPTS_A_SCENARIO):
        plant.write(
            [plant.product()], "cashier_and_customer", plant.moment(begin, (0, 60)), original_order_id=None,
            source_customer_id=customer, store_id=home["store_id"], cashier_no=cashier, tender="cash",
        )  # fmt: skip


def other_tender(plant: Planter) -> None:
    """Paid by card, paid back in cash, or the other way round."""
    for order in plant.orders(plant.customer()):
        tender = "cash" if order[0]["tender"] == "card" else "card"
        plant.write(_lines(order), "other_tender", plant.moment(_at(order)), tender=tender)


def many_stores(plant: Planter) -> None:
    """Five stores in three days, without a receipt."""
    orders = plant.orders(plant.customer())
    last = max(_at(order) for order in orders)
    for store, order in zip(plant.rng.permutation(STORES), orders, strict=False):
        at = plant.moment(last, (1, 4))
        plant.write(_lines(order), "many_stores", at, store_id=f"s{store}", original_order_id=None)


def beyond_sale(plant: Planter) -> None:
    """More pieces than the receipt sold."""
    for order in plant.orders(plant.customer()):
        plant.write(_lines(order), "beyond_sale", plant.moment(_at(order)), more=float(plant.rng.integers(2, 6)))


def size_bracketing(plant: Planter) -> None:
    """Three to choose from, two come back."""
    for _ in range(10):
        customer = plant.customer()
        for order in plant.orders(customer, 2):
            plant.write(order[1:3] or order[:1], "lookalike_size_bracketing", plant.moment(_at(order), (3, 12)))


def faulty_batch(plant: Planter) -> None:
    """One product comes back from whoever bought it."""
    sold = plant.sales.group_by("product_id").len().sort("len", "product_id").row(-1, named=True)["product_id"]
    bought = plant.sales.filter(pl.col("product_id") == sold).unique("source_customer_id", keep="last").sort("order_id")
    for line in bought.head(30).to_dicts():
        plant.write([line], "lookalike_faulty_batch", plant.moment(_at([line]), (2, 20)))


def gift_without_receipt(plant: Planter) -> None:
    """Nobody known, no receipt, one thing."""
    for _ in range(20):
        line = {**plant.product(), "quantity": 1.0, "net_amount": float(plant.rng.uniform(5, 30))}
        plant.write(
            [line], "lookalike_gift_without_receipt", plant.moment(), original_order_id=None, source_customer_id=None,
        )  # fmt: skip


def generous_store(plant: Planter) -> None:
    """A store that takes back what others sold, receipt or not."""
    for _ in range(25):
        line = plant.product()
        plant.write(
            [plant.product()], "lookalike_generous_store", plant.moment(), original_order_id=None, store_id="s99",
            source_customer_id=line["source_customer_id"],
        )  # fmt: skip


ABUSE: dict[str, Callable[[Planter], None]] = {
    plant.__name__: plant
    for plant in (
        wear_and_return, receipt_reuse, price_switch, refund_without_sale, cashier_and_customer, other_tender,
        many_stores, beyond_sale,
    )
}  # fmt: skip
HONEST = (size_bracketing, faulty_batch, gift_without_receipt, generous_store)
HEAVY_SHOPPERS = 5


def planted(seed: int) -> pl.DataFrame:
    """The contract's table."""
    lines = stream(seed)
    plant = Planter(lines, seed)
    for scenario in (*ABUSE.values(), *HONEST):
        scenario(plant)
    # Heavy shoppers with normal rates are in the stream already.
    shoppers = lines.filter(pl.col("line_kind") == "sale", pl.col("source_customer_id").is_not_null())
    heavy = shoppers.group_by("source_customer_id").len().sort("len", "source_customer_id").tail(HEAVY_SHOPPERS)
    is_heavy = (pl.col("line_kind") == "return") & pl.col("source_customer_id").is_in(
        heavy["source_customer_id"].implode()
    )
    lines = lines.with_columns(
        scenario=pl.when(is_heavy.fill_null(False)).then(pl.lit("lookalike_heavy_shopper")).otherwise("scenario")
    )
    rows = pl.DataFrame(plant.rows, schema=SCHEMA, infer_schema_length=None)
    return pl.concat([lines, rows]).sort("order_line_id")
