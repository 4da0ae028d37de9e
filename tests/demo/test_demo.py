"""The demo retailer keeps the public data's lines and amounts, and its files fit the sources' contracts."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from demo import gifts, grocer
from demo.files import open_workspace
from demo.make import make_landing
from demo.manifest import Manifest
from demo.persons import make_persons
from pipelines.sources import SYSTEMS
from pipelines.sources.contract import Entity, FileFormat

SYSTEM_OF_SOURCE = {
    "till_east": "pos",
    "till_west": "pos",
    "shop_grocer": "shopify",
    "shop_gifts": "shopify",
    "returns_gifts": "carrier",
    "loyalty_grocer": "loyalty",
    "campaigns_grocer": "campaign",
    "headoffice_grocer": "headoffice",
    "headoffice_gifts": "headoffice",
}
NOT_SENT = {
    ("headoffice_grocer", "stock_adjustments"),
    ("headoffice_grocer", "finance_entries"),
    ("headoffice_gifts", "currency_rates"),
    ("shop_gifts", "abandoned_checkouts"),
}
SHARE = 0.02


class Build:
    """A small build and what to ask of it."""

    def __init__(self, folder: Path, multiply: int = 1) -> None:
        self.landing, self.truth = folder / "landing", folder / "truth"
        self.odoo = folder / "odoo_seed"
        self.messages: list[str] = []
        self.multiply = multiply
        self.manifest = self.make()
        self.con = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": False})
        self.con.execute("SET TimeZone = 'UTC'")

    def make(self) -> Manifest:
        return make_landing(
            self.landing, self.truth, multiply=self.multiply, progress=self.messages.append, share=SHARE
        )

    def ask(self, query: str) -> list[tuple]:
        return self.con.sql(query.format(landing=self.landing, truth=self.truth)).fetchall()

    def lines(self, files: str) -> str:
        return f"read_csv('{self.landing}/{files}', all_varchar = true)"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return Build(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """All of the public data, read and not written."""
    con = open_workspace(tmp_path_factory.mktemp("full") / "work.duckdb", 20171231)
    grocer.load(con, 1, 1.0)
    gifts.load(con, 1, 1.0)
    return con


def test_the_grocer_keeps_every_line_and_cent(full: duckdb.DuckDBPyConnection) -> None:
    assert full.sql("SELECT count(*), sum(net_amount) FROM grocer_line").fetchall() == [
        (1_469_307, Decimal("4596039.58"))
    ]
    assert full.sql("SELECT count(*), sum(net_amount) FROM grocer_basket").fetchall() == [
        (155_848, Decimal("4596039.58"))
    ]


def test_no_business_date_lies_in_two_of_the_datas_weeks(full: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT sold_date FROM grocer_basket GROUP BY sold_date HAVING count(DISTINCT week) > 1"
    assert full.sql(query).fetchall() == []
    assert full.sql("SELECT count(DISTINCT week), max(sold_date)::VARCHAR FROM grocer_basket").fetchall() == [
        (53, "2017-12-31")
    ]


def test_every_line_of_the_gift_shop_goes_to_one_place(full: duckdb.DuckDBPyConnection) -> None:
    counts = dict(full.sql("SELECT place, count(*) FROM gift_line GROUP BY place").fetchall())
    assert sum(counts.values()) == 1_044_847
    credits = full.sql("SELECT count(*) FROM gift_line WHERE invoice LIKE 'C%'").fetchall()[0][0]
    assert credits == 19_165
    assert counts["returns"] == 18_916
    total = full.sql("SELECT sum(amount) FROM gift_line").fetchall()[0][0]
    direct = full.sql(f"""
        SELECT sum(quantity * CAST(price AS DECIMAL(18,4))) FROM '{gifts.DATA}'
        WHERE sheet = 'Year 2010-2011' OR invoice_date < TIMESTAMP '2010-12-01'
    """).fetchall()[0][0]
    assert total == direct == Decimal("18909744.1180")


def test_the_gift_shop_moves_by_whole_weeks(full: duckdb.DuckDBPyConnection) -> None:
    first, last = full.sql("SELECT min(invoiced_at)::VARCHAR, max(invoiced_at)::VARCHAR FROM gift_line").fetchall()[0]
    assert (first, last) == ("2015-11-24 07:45:00", "2017-12-01 12:50:00")


def _entities() -> list[tuple[str, Entity]]:
    return [
        (source, entity)
        for source, system in SYSTEM_OF_SOURCE.items()
        for entity in SYSTEMS[system].entities
        if (source, entity.name) not in NOT_SENT
    ]


@pytest.mark.parametrize(("source", "entity"), _entities(), ids=lambda part: getattr(part, "name", part))
def test_files_keep_the_contract(build: Build, source: str, entity: Entity) -> None:
    files = f"{build.landing}/{source}/{entity.files}"
    # Shopify's own name of a field may differ from the column's.
    fields = {getattr(column, "field", None) or column.name: column for column in entity.columns}
    if entity.format is FileFormat.JSONL:
        shape = {field: "JSON" if c.type == "JSON" else "VARCHAR" for field, c in fields.items()}
        first = json.loads(sorted((build.landing / source).glob(str(entity.files)))[0].read_text().splitlines()[0])
        sent = [field for field in fields if field in first]
        read = f"read_json('{files}', format = 'newline_delimited', columns = {shape})"
    else:
        read = (
            f"read_csv('{files}', all_varchar = true)"
            if entity.format is FileFormat.CSV
            else f"read_parquet('{files}')"
        )
        sent = build.con.sql(f"FROM {read}").columns
        assert sent == [field for field in fields if field in sent]
    # What no source has to send may be missing as a whole.
    assert [field for field, column in fields.items() if column.required and field not in sent] == []
    typed = ", ".join(f'CAST("{field}" AS {fields[field].type}) AS "{fields[field].name}"' for field in sent)
    build.con.execute(f"CREATE OR REPLACE TEMP TABLE typed AS SELECT {typed} FROM {read}")
    required = " OR ".join(f'"{column.name}" IS NULL' for column in entity.columns if column.required)
    assert build.ask(f"SELECT count(*) FROM typed WHERE {required}") == [(0,)]
    assert build.ask("SELECT count(*) FROM typed") == [(build.manifest.rows(source, entity.name),)]
    # Changes of an account or a product are further rows of its key; the data itself repeats some coupons.
    if entity.name not in ("accounts", "products", "coupons"):
        assert build.ask(f"SELECT count(DISTINCT ({', '.join(entity.key)})) - count(*) FROM typed") == [(0,)]


def test_tills_and_web_shop_together_are_the_data(build: Build) -> None:
    receipts = build.lines("till_*/receipts_*.csv")
    sold = build.ask(f"SELECT count(*), sum(net_amount::DECIMAL(18,2)) FROM {receipts} WHERE line_type = 'sale'")[0]
    web = build.ask("""
        SELECT count(*), sum((item->>'quantity')::INTEGER * (item->>'price')::DECIMAL(18,2)
                             - (item->>'total_discount')::DECIMAL(18,2))
        FROM (SELECT unnest(line_items::JSON[]) AS item
              FROM read_json('{landing}/shop_grocer/orders_*.jsonl', columns = {{'line_items': 'JSON'}}))
    """)[0]
    con = open_workspace(build.landing.parent / "again.duckdb", 20171231)
    grocer.load(con, 1, SHARE)
    assert con.sql("SELECT count(*), sum(net_amount) FROM cj_line").fetchall() == [(sold[0] + web[0], sold[1] + web[1])]
    con.close()
    assert web[0] > 0


def test_an_abandoned_checkout_is_a_basket_that_was_bought_later_that_day(build: Build) -> None:
    shape = "columns = {{'id': 'BIGINT', 'created_at': 'VARCHAR', 'subtotal_price': 'VARCHAR', 'customer': 'JSON'}}"
    assert build.ask(f"""
        SELECT count(*) > 0, bool_and(checkout.created_at[1:10] = sale.created_at[1:10]
            AND checkout.created_at < sale.created_at AND checkout.subtotal_price = sale.subtotal_price
            AND checkout.customer IS NOT DISTINCT FROM sale.customer)
        FROM read_json('{{landing}}/shop_grocer/abandoned_checkouts_*.jsonl', {shape}) AS checkout
        LEFT JOIN read_json('{{landing}}/shop_grocer/orders_*.jsonl', {shape}) AS sale ON sale.id = checkout.id // 10
    """) == [(True, True)]


def test_net_is_gross_less_discounts_on_every_line(build: Build) -> None:
    assert build.ask(f"""
        SELECT count(*) FROM {build.lines("till_*/receipts_*.csv")}
        WHERE gross_amount::DECIMAL(18,2) - retail_discount_amount::DECIMAL(18,2)
              - coupon_match_discount_amount::DECIMAL(18,2) <> net_amount::DECIMAL(18,2)
    """) == [(0,)]


def test_payments_make_up_each_receipt(build: Build) -> None:
    assert build.ask(f"""
        SELECT count(*) FROM (
            SELECT receipt_no, sum(net_amount::DECIMAL(18,2)) AS amount
            FROM {build.lines("till_*/receipts_*.csv")} GROUP BY 1
        ) FULL JOIN (
            SELECT receipt_no, sum(amount::DECIMAL(18,2)) AS paid FROM {build.lines("till_*/payments_*.csv")} GROUP BY 1
        ) USING (receipt_no) WHERE amount IS DISTINCT FROM paid
    """) == [(0,)]


def test_the_last_two_weeks_come_a_file_a_store_and_day(build: Build) -> None:
    names = [path.name for path in (build.landing / "till_east").glob("receipts_*.csv")]
    assert {name.count("_") for name in names if name[9:19] < "2017-12-18"} == {1}
    assert {name.count("_") for name in names if name[9:19] >= "2017-12-18"} == {2}


def test_gift_orders_add_up(build: Build) -> None:
    assert build.ask("""
        SELECT count(*) FROM read_json('{landing}/shop_gifts/*.jsonl', columns = {{'total_price': 'VARCHAR',
            'line_items': 'STRUCT(quantity BIGINT, price VARCHAR)[]', 'shipping_lines': 'STRUCT(price VARCHAR)[]'}})
        WHERE total_price::DECIMAL(18,3)
              <> coalesce(list_sum([item.quantity * item.price::DECIMAL(18,3) for item in line_items]), 0)
                 + coalesce(list_sum([part.price::DECIMAL(18,3) for part in shipping_lines]), 0)
    """) == [(0,)]
    places = {place["place"]: Decimal(str(place["amount"])) for place in build.manifest.gift_places}
    amounts = {entry.source: Decimal(entry.amount) for entry in build.manifest.entries if entry.amount}
    assert amounts["shop_gifts"] == places["shop"]
    assert amounts["returns_gifts"] == -places["returns"]


def test_orders_carry_the_offset_of_their_season(build: Build) -> None:
    offsets = build.ask("""
        SELECT DISTINCT shop, month IN (7, 8), right(created_at, 6) FROM (
            SELECT 'gb' AS shop, created_at, created_at[6:7]::INTEGER AS month
            FROM read_json('{landing}/shop_gifts/*.jsonl', columns = {{'created_at': 'VARCHAR'}})
            UNION ALL SELECT 'us', created_at, created_at[6:7]::INTEGER
            FROM read_json('{landing}/shop_grocer/orders_*.jsonl', columns = {{'created_at': 'VARCHAR'}})
        ) WHERE month IN (1, 2, 7, 8) ORDER BY ALL
    """)
    assert offsets == [("gb", False, "+00:00"), ("gb", True, "+01:00"), ("us", False, "-05:00"), ("us", True, "-04:00")]


def test_stock_never_falls_below_zero_and_stock_outs_have_no_sale(build: Build) -> None:
    assert build.ask("SELECT min(on_hand_qty) FROM '{landing}/headoffice_*/stock_levels_*.parquet'") == [(0,)]
    # Stock that was 0 the evening before, and no delivery since: nothing can have been sold.
    impossible = f"""
        WITH level AS (
            SELECT *, lag(on_hand_qty) OVER (PARTITION BY store_no, sku ORDER BY stock_date) AS before
            FROM '{{landing}}/headoffice_grocer/stock_levels_*.parquet'
        ), delivered AS (
            SELECT DISTINCT store_no, sku, received_date::DATE AS day
            FROM {build.lines("headoffice_grocer/purchase_receipts_*.csv")}
        ), sold AS (
            SELECT DISTINCT store_no, sku, sold_at::TIMESTAMP::DATE AS day FROM {build.lines("till_*/receipts_*.csv")}
            WHERE line_type = 'sale' AND quantity::INTEGER > 0
        )
        SELECT count(*) FILTER (day IS NOT NULL), count(*) > 0
        FROM level LEFT JOIN sold ON sold.store_no = level.store_no AND sold.sku = level.sku AND day = stock_date
        ANTI JOIN delivered ON delivered.store_no = level.store_no AND delivered.sku = level.sku
            AND delivered.day = stock_date
        WHERE before = 0
    """
    assert build.ask(impossible) == [(0, True)]


def test_planted_returns_undo_real_sales(build: Build) -> None:
    receipts = build.lines("till_*/receipts_*.csv")
    assert build.ask(f"""
        SELECT count(*) FROM '{{truth}}/returns.parquet' AS planted
        LEFT JOIN {receipts} AS sale ON sale.receipt_no = planted.original_receipt_no
            AND sale.line_no::INTEGER = planted.original_line_no AND sale.sku = planted.sku AND sale.line_type = 'sale'
        LEFT JOIN {receipts} AS back ON back.receipt_no = planted.receipt_no AND back.line_no::INTEGER = planted.line_no
            AND back.line_type = 'return'
        WHERE sale.sku IS NULL OR back.sku IS NULL OR back.sold_at::TIMESTAMP <= sale.sold_at::TIMESTAMP
           OR (planted.quantity > planted.sold_quantity AND planted.pattern IS DISTINCT FROM 'over_return')
           OR back.net_amount::DECIMAL(18,2) * planted.sold_quantity
              <> -sale.net_amount::DECIMAL(18,2) * planted.quantity
    """) == [(0,)]


def test_truth_names_a_person_for_every_customer_and_stays_apart(build: Build) -> None:
    assert build.ask(
        f"""
        SELECT count(*) FROM (
            SELECT 'loyalty_grocer' AS source_name, loyalty_number AS id
            FROM {build.lines("loyalty_grocer/accounts_*.csv")}
            UNION SELECT 'loyalty_grocer', loyalty_number FROM {build.lines("till_*/receipts_*.csv")}
            WHERE loyalty_number IS NOT NULL
            UNION SELECT 'shop_gifts', coalesce(customer->>'id', 'guest:' || id)
            FROM read_json('{{landing}}/shop_gifts/*.jsonl',
                           columns = {{{{'id': 'VARCHAR', 'customer': 'JSON', 'billing_address': 'JSON'}}}})
            WHERE billing_address IS NOT NULL AND CAST(billing_address AS VARCHAR) <> 'null'
        ) ANTI JOIN '{{truth}}/identity.parquet' AS known
            ON known.source_name = customers.source_name AND known.source_customer_id = customers.id
    """.replace(") ANTI JOIN", ") AS customers ANTI JOIN")
    ) == [(0,)]
    secrets = set(pl.read_parquet(build.truth / "identity.parquet")["person_id"])
    for path in build.landing.rglob("*.csv"):
        header = path.read_text(encoding="utf-8").partition("\n")[0]
        assert "person_id" not in header
        assert "household_id" not in header
        assert "pattern" not in header
    sample = next((build.landing / "shop_gifts").glob("*.jsonl")).read_text()
    assert not any(secret in sample for secret in secrets)


def test_odoo_seed_fits_together(build: Build) -> None:
    frames = {path.stem: pl.read_parquet(path) for path in build.odoo.glob("*.parquet")}
    partners, products = frames["partners"], frames["products"]
    assert partners["external_id"].is_unique().all()
    assert set(partners["parent_external_id"].drop_nulls()) <= set(partners.filter(pl.col("is_company"))["external_id"])
    assert products["default_code"].str.contains("^(grocer|gifts):").all()
    shelves = frames["shelves"]
    assert 0 < shelves["store_no"].n_unique() <= 3
    assert shelves.select("store_no", "product_external_id").is_unique().all()
    assert set(shelves["product_external_id"]) <= set(products["external_id"])
    for name in ("pos_orders", "sale_orders"):
        assert set(frames[name]["partner_external_id"].drop_nulls()) <= set(partners["external_id"])
        assert set(frames[name]["product_external_id"]) <= set(products["external_id"])
        assert frames[name]["external_id"].n_unique() == 60
    returns, sold = frames["pos_returns"], frames["pos_orders"]
    whole = returns.drop_nulls("returned_external_id")
    assert set(whole["returned_external_id"]) <= set(sold["external_id"])
    assert (returns["external_id"].n_unique(), whole["external_id"].n_unique()) == (8, 3)
    unknown = set(returns.filter(pl.col("returned_external_id").is_null())["partner_external_id"])
    assert len(unknown) == 1
    assert not unknown & set(sold["partner_external_id"])


def test_barcodes_have_their_check_digit(build: Build) -> None:
    # 20 0001095275: 2 + 3*0 + 0 + 3*0 + 0 + 3*1 + 0 + 3*9 + 5 + 3*2 + 7 + 3*5 = 65, and 65 + 5 is a whole ten.
    assert build.ask(f"""
        SELECT barcode FROM {build.lines("headoffice_grocer/products_2016-12-30.csv")} WHERE sku = '1095275'
    """) == [("2000010952755",)]


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_a_finished_build_is_kept(build: Build, tmp_path: Path) -> None:
    # What a killed build left behind is no build.
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "half.csv").touch()
    (tmp_path / ".landing.building").mkdir()
    other = Build(tmp_path)
    assert not list(tmp_path.glob(".*"))
    for folder in ("landing", "truth", "odoo_seed"):
        assert _digest(build.landing.parent / folder) == _digest(tmp_path / folder)
    assert (build.landing.parent / "manifest.json").read_bytes() == (tmp_path / "manifest.json").read_bytes()
    witness = tmp_path / "landing" / "witness"
    witness.touch()
    assert other.make().entries == other.manifest.entries
    assert witness.exists()
    assert other.messages[-1] == "demo data: already made"


def test_multiplied_customers_are_new_and_do_the_same(build: Build, tmp_path: Path) -> None:
    double = Build(tmp_path, multiply=2)
    query = (
        "SELECT count(*), count(DISTINCT receipt_no), sum(net_amount::DECIMAL(18,2)) FROM {} WHERE line_type = 'sale'"
    )
    web = "SELECT count(*) FROM read_json('{landing}/shop_grocer/orders_*.jsonl', columns = {{'id': 'VARCHAR'}})"
    once, twice = (
        (one.ask(query.format(one.lines("till_*/receipts_*.csv")))[0], one.ask(web)[0][0]) for one in (build, double)
    )
    assert twice[0][1] + twice[1] == 2 * (once[0][1] + once[1])
    gift = {place["place"]: place["lines"] for place in build.manifest.gift_places}
    assert {place["place"]: place["lines"] for place in double.manifest.gift_places} == {
        place: 2 * int(lines) for place, lines in gift.items()
    }
    households = []
    for one in (build, double):
        people = pl.read_parquet(one.truth / "identity.parquet")
        cards = people.filter(pl.col("source_name") == "loyalty_grocer")
        assert cards["source_customer_id"].is_unique().all()
        households.append(cards["household_id"].n_unique())
    assert households[1] == 2 * households[0]


def test_people_are_fictional_and_repeatable() -> None:
    people, records = make_persons(20_000, seed=7)
    again, _ = make_persons(20_000, seed=7)
    assert people.equals(again)
    assert people.height == 20_000
    assert people["email"].str.contains(r"^[a-z0-9._]+@example\.(com|net|org)$").all()
    assert people["phone"].str.contains(r"^(\d{3}55501\d\d|077009\d{5})$").all()
    by_name = people.group_by("household_id", "first_name", "last_name").agg(
        born=pl.col("birth_date").n_unique(), people=pl.len()
    )
    assert by_name.filter((pl.col("people") > 1) & (pl.col("born") > 1)).height > 10  # father and son
    twins = people.group_by("household_id", "last_name", "birth_date").agg(names=pl.col("first_name").n_unique())
    assert twins.filter(pl.col("names") > 1).height > 10
    truly = records.join(people.select("person_id", true_name="last_name"), on="person_id")
    wrong = (truly["last_name"].str.to_lowercase() != truly["true_name"].str.to_lowercase()).mean()
    assert wrong == pytest.approx(0.06, abs=0.02)


@pytest.mark.long
def test_a_whole_build_keeps_the_totals_in_its_files(tmp_path: Path) -> None:
    manifest = make_landing(tmp_path / "landing", tmp_path / "truth", progress=lambda _: None)
    amount = {(entry.source, entry.entity): Decimal(entry.amount) for entry in manifest.entries if entry.amount}
    sold = amount["till_east", "receipt_lines"] + amount["till_west", "receipt_lines"] + amount["shop_grocer", "orders"]
    returned = amount["till_east", "planted_returns"] + amount["till_west", "planted_returns"]
    assert sold - returned == Decimal("4596039.58")
    assert sum(int(place["lines"]) for place in manifest.gift_places) == 1_044_847
