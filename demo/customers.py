"""Who stands behind which customer number: cards, web accounts and guests of both brands get persons.

Belongs here: the assignment of persons to the data's households and customer numbers, and the truth about it.
Does not belong here: how people are made (`persons.py`) or how a source writes them (`loyalty.py`, `grocer.py`,
`gifts.py`).

Households of the grocer have one or two persons, each with a card, some with a second card after losing the first;
some forget their card. Some people buy at both brands, some have two accounts in one shop, some order as guests.
"""

from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from demo.files import random_stream
from demo.persons import Quality, make_population, make_records

LOYALTY = Quality(no_email=0.22, no_phone=0.15)
WEB_SHOP = Quality(no_email=0.02, no_phone=0.35, no_address=0.0, former_email=0.08)
TWO_PERSON_SHARE, LOST_CARD_SHARE = 0.42, 0.04
FORGETFUL_HOUSEHOLD_SHARE, FORGOTTEN_CARD_SHARE = 0.40, 0.08
GUEST_BASKET_SHARE = 0.10
GIFT_SECOND_ACCOUNT_SHARE, GIFT_ALSO_GROCER_SHARE, GIFT_COUPLE_SHARE = 0.05, 0.04, 0.04
GIFT_GUEST_WITH_EMAIL_SHARE, GUEST_IS_CUSTOMER_SHARE, GUEST_IS_GROCER_SHARE = 0.45, 0.15, 0.03


def assign(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Tables person, card, loyalty_record, basket_card, web_basket, gift_buyer and shop_buyer."""
    grocer_people = _grocer_people(con, seed)
    _cards(con, seed, grocer_people)
    _web_baskets(con)
    gift_people, gift_keys = _gift_people(con, seed, grocer_people)
    people = pl.concat([grocer_people, gift_people])
    con.register("people", people)
    con.execute("CREATE TABLE person AS SELECT * FROM people")
    con.unregister("people")
    web_keys = con.sql("""
        SELECT 'shop_grocer' AS source_name, buyer_key AS source_customer_id, any_value(person_id) AS person_id,
               min(sold_date) AS recorded_on
        FROM web_basket GROUP BY buyer_key ORDER BY buyer_key
    """).pl()
    columns = ["source_name", "source_customer_id", "person_id", "recorded_on"]
    keys = pl.concat([web_keys.select(columns), gift_keys.select(columns)])
    _buyers(con, make_records(keys, people, seed, "shop records", WEB_SHOP))


def _grocer_people(con: duckdb.DuckDBPyConnection, seed: int) -> pl.DataFrame:
    households = con.sql("SELECT DISTINCT household_no AS n FROM grocer_basket ORDER BY n").pl()["n"]
    rng = random_stream(seed, "grocer household sizes")
    sizes = 1 + (rng.random(len(households)) < TWO_PERSON_SHARE)
    people = make_population(sizes, np.full(len(households), "US"), seed, "grocer people")
    members = people.select("person_id", "member_no").with_columns(
        household_no=households.gather(people["household_no"]), members=pl.Series(np.repeat(sizes, sizes))
    )
    con.register("members", members)
    con.execute("CREATE TABLE grocer_member AS SELECT * FROM members ORDER BY household_no, member_no")
    con.unregister("members")
    con.execute("""
        CREATE TABLE basket_member AS
        SELECT basket_no, grocer_member.*
        FROM grocer_basket JOIN grocer_member USING (household_no)
        WHERE member_no = if(members = 2 AND draw('holder', basket_no) > 0.5 + 0.4 * draw('lead', household_no), 1, 0)
    """)
    return people


def _cards(con: duckdb.DuckDBPyConnection, seed: int, people: pl.DataFrame) -> None:
    con.execute(f"""
        CREATE TABLE card AS
        WITH known_by AS (
            -- Whoever buys or is written to already has a card.
            SELECT household_no, least(min(sold_date), (
                SELECT min(start_date) FROM campaign_household AS sent
                    WHERE sent.household_no = grocer_basket.household_no
            )) AS first_date
            FROM grocer_basket GROUP BY household_no
        ), holder AS (
            SELECT grocer_member.*, first_date, draw('lost card', person_id) < {LOST_CARD_SHARE} AS has_lost,
                   DATE '2017-02-01' + CAST(floor(draw('lost on', person_id) * 270) AS INTEGER) AS lost_on
            FROM grocer_member JOIN known_by USING (household_no)
        ), numbered AS (
            SELECT person_id, household_no, member_no, 0 AS card_no, DATE '1900-01-01' AS valid_from,
                   if(has_lost, lost_on, DATE '9999-12-31') AS valid_to,
                   if(draw('joined late', person_id) < 0.5 AND first_date > DATE '2017-01-15',
                      first_date - CAST(1 + floor(draw('joined', person_id) * 12) AS INTEGER),
                      DATE '2013-01-02' + CAST(floor(draw('joined', person_id) * 1380) AS INTEGER)) AS joined_on
            FROM holder
            UNION ALL
            SELECT person_id, household_no, member_no, 1, lost_on, DATE '9999-12-31', lost_on FROM holder WHERE has_lost
        )
        SELECT CAST(600000000000 + 37 * row_number() OVER (ORDER BY draw('card', person_id || card_no)) AS VARCHAR)
                   AS loyalty_number, numbered.*,
               CAST(joined_on AS TIMESTAMP) + INTERVAL 13 HOUR
                   + to_seconds(CAST(floor(draw('joined at', person_id || card_no) * 28000) AS INTEGER))
                       AS joined_at_utc
        FROM numbered
    """)
    con.execute(f"""
        CREATE TABLE basket_card AS
        SELECT basket_no, person_id,
               if(draw('forgetful', household_no) < {FORGETFUL_HOUSEHOLD_SHARE}
                  AND draw('no card', basket_no) < {FORGOTTEN_CARD_SHARE}, NULL, card.loyalty_number) AS loyalty_number
        FROM basket_member JOIN grocer_basket USING (basket_no, household_no)
        JOIN card USING (person_id, household_no, member_no)
        WHERE sold_date >= valid_from AND sold_date < valid_to
    """)
    keys = con.sql("""
        SELECT 'loyalty_grocer' AS source_name, loyalty_number AS source_customer_id, person_id, joined_on
            AS recorded_on
        FROM card ORDER BY loyalty_number
    """).pl()
    records = make_records(keys, people, seed, "loyalty records", LOYALTY)
    con.register("records", records)
    con.execute("CREATE TABLE loyalty_record AS SELECT * FROM records ORDER BY source_customer_id")
    con.unregister("records")


def _web_baskets(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        CREATE TABLE web_basket AS
        WITH account AS (
            SELECT person_id, 7000000000000 + 41 * row_number() OVER (ORDER BY draw('web account', person_id))
                AS account_id
            FROM (SELECT DISTINCT person_id FROM basket_member SEMI JOIN (FROM grocer_basket
                WHERE is_web) USING (basket_no))
        ), numbered AS (
            SELECT basket_no, person_id, account_id, sold_date,
                   4900000000000 + 53 * row_number() OVER (ORDER BY sold_at_utc, basket_no) AS order_id
            FROM grocer_basket JOIN basket_member USING (basket_no) JOIN account USING (person_id) WHERE is_web
        )
        SELECT *, if(draw('web guest', basket_no) < {GUEST_BASKET_SHARE}, 'guest:' || order_id,
                     CAST(account_id AS VARCHAR)) AS buyer_key
        FROM numbered
    """)


def _gift_people(
    con: duckdb.DuckDBPyConnection, seed: int, grocer_people: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People of the gift shop who are not the grocer's, and each customer's and guest's person."""
    con.execute(f"""
        CREATE TABLE gift_buyer AS
        SELECT order_id, CASE WHEN customer_no IS NOT NULL THEN CAST(customer_no AS VARCHAR)
                              WHEN draw('gift guest', order_id) < {GIFT_GUEST_WITH_EMAIL_SHARE} AND NOT is_test
                              THEN 'guest:' || order_id END AS buyer_key
        FROM gift_order
    """)
    keys = con.sql("""
        SELECT 'shop_gifts' AS source_name, CAST(customer_no AS VARCHAR) AS source_customer_id, false AS is_guest,
               coalesce(arg_max(country_code, (invoiced_at, row_no)), 'GB') AS country_code,
               CAST(min(invoiced_at) AS DATE) AS recorded_on
        FROM gift_line WHERE customer_no IS NOT NULL AND place = 'shop' GROUP BY customer_no
        UNION ALL
        SELECT 'shop_gifts', buyer_key, true, coalesce(country_code, 'GB'), CAST(ordered_at AS DATE)
        FROM gift_buyer JOIN gift_order USING (order_id) WHERE buyer_key LIKE 'guest:%'
        ORDER BY is_guest, source_customer_id
    """).pl()
    rng = random_stream(seed, "gift people")
    n = keys.height
    is_guest, is_gb = keys["is_guest"].to_numpy(), (keys["country_code"] == "GB").to_numpy()
    fate = rng.random(n)
    as_customer = is_gb & (fate < np.where(is_guest, GUEST_IS_CUSTOMER_SHARE, GIFT_SECOND_ACCOUNT_SHARE))
    as_grocer = is_gb & ~as_customer & (fate > 1 - np.where(is_guest, GUEST_IS_GROCER_SHARE, GIFT_ALSO_GROCER_SHARE))
    is_new = ~as_customer & ~as_grocer

    # New people: Britons first, because the couples among them are made of neighbours in this order.
    new = rng.permutation(np.flatnonzero(is_new))
    new = np.concatenate([new[is_gb[new]], new[~is_gb[new]]])
    couples = int(is_gb[new].sum() * GIFT_COUPLE_SHARE / 2)
    sizes = np.concatenate([np.full(couples, 2), np.ones(len(new) - 2 * couples, dtype=np.int64)])
    first_of_household = np.cumsum(sizes) - sizes
    countries = keys["country_code"].to_numpy()[new][first_of_household]
    first_household = (grocer_people["household_no"].max() or 0) + 1  # type: ignore[operator]
    people = make_population(sizes, countries, seed, "gift shoppers", first_household=int(first_household))

    person_id = np.empty(n, dtype=object)
    person_id[new] = people["person_id"].to_numpy()
    known = new[is_gb[new] & ~is_guest[new]]
    if len(known) == 0:
        known = new
    person_id[as_customer] = person_id[rng.choice(known, as_customer.sum())]
    grocer_ids = grocer_people["person_id"].to_numpy()
    count = int(as_grocer.sum())
    person_id[as_grocer] = rng.choice(grocer_ids, count, replace=count > len(grocer_ids))
    return people, keys.with_columns(person_id=pl.Series(person_id.tolist(), dtype=pl.String))


def _buyers(con: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> None:
    """shop_buyer: a web customer's or guest's JSON parts, one row before and one after a move."""
    con.register("records", records)
    con.execute("""
        CREATE TABLE shop_record AS SELECT * FROM records;
        CREATE TABLE shop_buyer AS
        WITH period AS (
            SELECT *, DATE '1900-01-01' AS valid_from, coalesce(moved_on, DATE '9999-12-31') AS valid_to FROM records
            UNION ALL
            SELECT * REPLACE (next_street AS street, next_city AS city, next_region_code AS region_code,
                              next_postcode AS postcode),
                   moved_on, DATE '9999-12-31'
            FROM records WHERE moved_on IS NOT NULL
        ), addressed AS (
            SELECT *, to_json({
                'first_name': first_name, 'last_name': last_name, 'name': first_name || ' ' || last_name,
                'address1': street, 'address2': CAST(NULL AS VARCHAR), 'city': city, 'province_code': region_code,
                'zip': postcode, 'country_code': country_code, 'phone': phone}) AS address
            FROM period
        )
        SELECT source_name, source_customer_id AS buyer_key, valid_from, valid_to, email, phone, address,
               if(source_customer_id LIKE 'guest:%', NULL, to_json({
                   'id': CAST(source_customer_id AS BIGINT), 'email': email, 'first_name': first_name,
                   'last_name': last_name, 'phone': phone, 'state': 'enabled',
                   'created_at': strftime(recorded_on, '%Y-%m-%dT08:00:00Z'),
                   'email_marketing_consent': {
                       'state': if(draw('consent', source_name || source_customer_id) < 0.55, 'subscribed',
                           'not_subscribed')},
                   'default_address': address})) AS customer
        FROM addressed
    """)
    con.unregister("records")


def write_truth(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """identity.parquet: which person and household each record is of. Kept out of the landing folder."""
    frame = con.sql("""
        SELECT source_name, source_customer_id, person_id, household_id FROM loyalty_record
        UNION ALL
        SELECT source_name, source_customer_id, person_id, household_id FROM shop_record
        ORDER BY source_name, source_customer_id
    """).pl()
    truth.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(truth / "identity.parquet")
