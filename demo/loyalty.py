"""The grocer's loyalty scheme and campaigns.

Belongs here: accounts, point events (made up from the receipts with a card), and The Complete Journey's campaigns,
coupons, redemptions, displays and mailers.
"""

from pathlib import Path

import duckdb

from demo.files import Written, write_csv_files, write_parquet_files
from demo.grocer import COPY_HOUSEHOLD, PROVENANCE, data_folder
from demo.manifest import Manifest

POINTS_A_REWARD = 500
EXPIRE_AFTER_DAYS = 180


def load(con: duckdb.DuckDBPyConnection, multiply: int, share: float) -> None:
    """campaign_household: to whom each campaign went, copies of households included."""
    folder = data_folder()
    con.execute(f"""
        CREATE TABLE campaign_household AS
        SELECT campaign_id, household_id + copy * {COPY_HOUSEHOLD} AS household_no, CAST(start_date AS DATE)
            AS start_date
        FROM '{folder}/campaigns.parquet' JOIN '{folder}/campaign_descriptions.parquet' USING (campaign_id),
             range({multiply}) AS copies(copy)
        WHERE {share} >= 1 OR draw('share', household_id) < {share}
    """)


def write_accounts(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """A row when the account was opened, and one when its owner told of a move."""
    written = write_csv_files(
        con,
        """
        WITH change AS (
            SELECT loyalty_record.*, joined_at_utc, joined_at_utc AS updated_at_utc
            FROM loyalty_record JOIN card ON card.loyalty_number = source_customer_id
            UNION ALL
            SELECT loyalty_record.* REPLACE (coalesce(next_street, street) AS street, next_city AS city, next_postcode
                AS postcode),
                   joined_at_utc, CAST(loyalty_record.moved_on AS TIMESTAMP) + INTERVAL 15 HOUR
                       + to_days(CAST(1 + floor(draw('told', source_customer_id) * 20) AS INTEGER))
            FROM loyalty_record JOIN card ON card.loyalty_number = source_customer_id
            WHERE loyalty_record.moved_on IS NOT NULL
        )
        SELECT 'accounts_' || if(updated_at_utc < TIMESTAMP '2017-01-01', '2016-12', strftime(updated_at_utc,
            '%Y-%m')) || '.csv'
                   AS _file,
               source_customer_id AS loyalty_number, first_name, last_name, email, phone, street, city, postcode,
               country_code, birth_date, strftime(joined_at_utc, '%Y-%m-%dT%H:%M:%SZ') AS joined_at,
               draw('marketing', source_customer_id) < 0.7 AS has_marketing_consent,
               strftime(updated_at_utc, '%Y-%m-%dT%H:%M:%SZ') AS updated_at
        FROM change ORDER BY _file, updated_at, loyalty_number
        """,
        landing / "loyalty_grocer",
    )
    manifest.add(
        "loyalty_grocer", "accounts", files=written.files, rows=written.rows, synthetic=True,
        provenance="made-up persons for the households of The Complete Journey",
    )  # fmt: skip


def write_events(con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest) -> None:
    """A point a dollar; now and then a reward of 500 points; points of cards that rest for half a year expire."""
    written = write_csv_files(
        con,
        f"""
        WITH earned AS (
            SELECT loyalty_number, CAST(basket_no AS VARCHAR) AS receipt_no, sold_at_utc AS occurred_at_utc,
                   CAST(floor(net_amount) AS INTEGER) AS points
            FROM grocer_basket JOIN basket_card USING (basket_no)
            WHERE NOT is_web AND loyalty_number IS NOT NULL AND net_amount >= 1
        ), summed AS (
            SELECT *, sum(points) OVER (PARTITION BY loyalty_number ORDER BY occurred_at_utc, receipt_no) AS total
            FROM earned
        ), redeemed AS (
            -- At most one reward for each 500 points earned, so that no balance falls below zero.
            SELECT loyalty_number, receipt_no, occurred_at_utc
            FROM summed
            WHERE floor(total / {POINTS_A_REWARD}) > floor((total - points) / {POINTS_A_REWARD})
              AND draw('reward', receipt_no) < 0.6
        ), rested AS (
            SELECT loyalty_number, max(occurred_at_utc) + INTERVAL {EXPIRE_AFTER_DAYS} DAY AS occurred_at_utc,
                   CAST(sum(points) - {POINTS_A_REWARD} * (
                       SELECT count(*) FROM redeemed WHERE redeemed.loyalty_number = earned.loyalty_number
                   ) AS INTEGER) AS points
            FROM earned GROUP BY loyalty_number
            HAVING max(occurred_at_utc) + INTERVAL {EXPIRE_AFTER_DAYS} DAY < TIMESTAMP '2018-01-01 05:00:00'
        ), event AS (
            SELECT 'E' || receipt_no AS event_id, loyalty_number, occurred_at_utc, 'earn' AS kind, points, receipt_no
                FROM earned
            UNION ALL
            SELECT 'R' || receipt_no, loyalty_number, occurred_at_utc, 'redeem', -{POINTS_A_REWARD}, receipt_no
                FROM redeemed
            UNION ALL
            SELECT 'X' || loyalty_number, loyalty_number, occurred_at_utc, 'expire', -points, NULL
            FROM rested WHERE points > 0
        )
        SELECT 'events_' || strftime(occurred_at_utc, '%Y-%m') || '.csv' AS _file, event_id, loyalty_number,
               strftime(occurred_at_utc, '%Y-%m-%dT%H:%M:%SZ') AS occurred_at, kind, points, receipt_no
        FROM event ORDER BY _file, occurred_at, event_id
        """,
        landing / "loyalty_grocer",
    )
    manifest.add(
        "loyalty_grocer", "events", files=written.files, rows=written.rows, synthetic=True,
        provenance="points made up from the receipts of The Complete Journey",
    )  # fmt: skip


def write_campaigns(
    con: duckdb.DuckDBPyConnection, landing: Path, manifest: Manifest, multiply: int, share: float
) -> None:
    """Campaigns, contacts, coupons, redemptions and promotions."""
    folder, target = data_folder(), landing / "campaigns_grocer"
    _add(
        manifest, "campaigns", PROVENANCE,
        write_csv_files(con, f"""
            SELECT 'campaigns_2017.csv' AS _file, campaign_id AS campaign_no, campaign_type,
                   CAST(start_date AS DATE) AS start_date, CAST(end_date AS DATE) AS end_date
            FROM '{folder}/campaign_descriptions.parquet' ORDER BY campaign_id
        """, target),
    )  # fmt: skip
    _add(
        manifest, "contacts", f"{PROVENANCE}; to each card of the household, at a made-up hour",
        write_csv_files(con, """
            WITH sent AS (
                SELECT campaign_id, loyalty_number, joined_at_utc, valid_to, start_date,
                       CAST(start_date - 1 AS TIMESTAMP) + INTERVAL 13 HOUR
                           + to_seconds(CAST(floor(draw('sent', campaign_id || ':' || loyalty_number) * 20000)
                               AS INTEGER)) AS sent_utc
                FROM campaign_household JOIN card USING (household_no)
            )
            SELECT 'contacts_' || strftime(sent_utc, '%Y-%m') || '.csv' AS _file, campaign_id
                AS campaign_no, loyalty_number,
                   strftime(sent_utc, '%Y-%m-%dT%H:%M:%SZ') AS sent_at
            FROM sent WHERE joined_at_utc < sent_utc
                AND start_date < valid_to ORDER BY _file, sent_at, campaign_id, loyalty_number
        """, target),
    )  # fmt: skip
    _add(
        manifest, "coupons", PROVENANCE,
        write_csv_files(con, f"""
            SELECT 'coupons_2017.csv' AS _file, campaign_id AS campaign_no, coupon_upc AS coupon_no, product_id AS sku
            FROM '{folder}/coupons.parquet' ORDER BY campaign_id, coupon_upc, product_id
        """, target),
    )  # fmt: skip
    _add(
        manifest, "redemptions", f"{PROVENANCE}; by the card that the household used that day",
        write_csv_files(con, f"""
            WITH redeemed AS (
                SELECT campaign_id, coupon_upc, household_id + copy * {COPY_HOUSEHOLD} AS household_no,
                       CAST(redemption_date AS DATE) AS redeemed_date,
                       CAST(row_number() OVER (ORDER BY redemption_date, household_id, campaign_id, coupon_upc, copy)
                           AS INTEGER)
                           AS redemption_no
                FROM '{folder}/coupon_redemptions.parquet', range({multiply}) AS copies(copy)
                WHERE {share} >= 1 OR draw('share', household_id) < {share}
            ), shown AS (
                SELECT household_no, sold_date, min(loyalty_number) AS loyalty_number
                FROM grocer_basket JOIN basket_card USING (basket_no)
                WHERE loyalty_number IS NOT NULL AND NOT is_web GROUP BY household_no, sold_date
            ), own AS (
                SELECT household_no, valid_from, valid_to, min(loyalty_number) AS loyalty_number
                FROM card WHERE member_no = 0 GROUP BY household_no, valid_from, valid_to
            )
            SELECT 'redemptions_' || strftime(redeemed_date, '%Y-%m') || '.csv' AS _file, redemption_no,
                   campaign_id AS campaign_no, coupon_upc AS coupon_no,
                   coalesce(shown.loyalty_number, own.loyalty_number) AS loyalty_number, redeemed_date
            FROM redeemed
            LEFT JOIN shown ON shown.household_no = redeemed.household_no AND sold_date = redeemed_date
            JOIN own ON own.household_no = redeemed.household_no AND redeemed_date >= valid_from
                AND redeemed_date < valid_to
            ORDER BY _file, redemption_no
        """, target),
    )  # fmt: skip
    # The data's weeks begin on Mondays; its first is the one Sunday 2017-01-01. Where two rows speak of one
    # product, store and week, the place that is none gives way.
    _add(
        manifest, "promotions", f"{PROVENANCE}; products that the store sold in the year",
        write_parquet_files(con, f"""
            WITH stocked AS (
                SELECT DISTINCT CAST(store_no AS BIGINT) AS store_id, CAST(sku AS BIGINT) AS product_id FROM cj_line
            ), placed AS (
                SELECT store_id, product_id,
                       if(week = 1, DATE '2017-01-01', DATE '2017-01-02' + CAST((week - 2) * 7 AS INTEGER))
                           AS week_start_date,
                       max(display_location) AS display_location, max(mailer_location) AS mailer_location
                FROM '{folder}/promotions.parquet' SEMI JOIN stocked USING (store_id, product_id)
                GROUP BY week, store_id, product_id
            )
            SELECT 'promotions_' || strftime(week_start_date, '%Y-%m') || '.parquet' AS _file,
                   CAST(store_id AS VARCHAR) AS store_no, CAST(product_id AS VARCHAR) AS sku, week_start_date,
                   display_location, mailer_location
            FROM placed ORDER BY _file, week_start_date, store_id, product_id
        """, target),
    )  # fmt: skip


def _add(manifest: Manifest, entity: str, provenance: str, written: Written) -> None:
    manifest.add("campaigns_grocer", entity, files=written.files, rows=written.rows, provenance=provenance)
