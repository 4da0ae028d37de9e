"""What published tables and their columns mean: unit, owner, and whether they tell who a person is.

Belongs here: how that is read from dbt's manifest, where it stands beside each model and column; and the same for the
tables of the pipeline itself, which dbt does not describe. Does not belong here: which file they go to
(`publishing.py`).

Personal or not is said beside a column (`config: {meta: {personal: true}}`, or false). A column needs not say it where
no column of its model is personal and none of its name is, anywhere. A column that ought to say it and does not is
unclassified: it is not published, and a test names it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What a column's name says of its unit; the first that fits.
_UNIT_PATTERNS = (
    (r"_at$", "UTC"),
    (r"^date_day$", "calendar date"),
    (r"_date$|^valid_(from|to)$|_until$", "local date"),
    (r"amount_reporting$", "money in reporting_currency_code"),
    (r"amount(_difference)?$", "money in currency_code"),
    (r"^amount_(read|loaded|quarantined)$", "money in the source's currency"),
    (r"exchange_rate$", "reporting_currency_code for one currency_code"),
    (r"_qty$|quantity$", "product's unit of measure"),
    (r"_share$|^service_level$", "share from 0 to 1"),
    (r"_probability$", "probability from 0 to 1"),
    (r"^[pq]_value$", "probability from 0 to 1"),
    (r"^improbability$", "-log10 of a probability"),
    (r"(^|_)auc$", "share from 0 to 1"),
    (r"^loss_difference", "mean of loss_name"),
    (r"lift$", "ratio"),
    (r"rmsse$|^wape$|^bias$|^scaled_pinball_loss$", "ratio"),
    (r"^points", "points"),
    (r"_days$|^days_", "days"),
    (r"_weeks$", "weeks"),
    (r"_hours$", "hours"),
    (r"_hour$", "hour of the day"),
    (r"_count(_difference)?$|^rows_", "count"),
    (r"(year|quarter|month|week|weekday)$|^day_of_month$", "calendar number"),
    (r"_line$", "line number"),
)


@dataclass(frozen=True)
class ColumnMeaning:
    """unit: None where the column has none. is_personal: None where nobody has said it and somebody must."""

    description: str
    unit: str | None
    is_personal: bool | None


@dataclass(frozen=True)
class TableMeaning:
    """business_date: the column that dates a row, if one does."""

    description: str
    owner: str
    business_date: str | None
    columns: Mapping[str, ColumnMeaning]

    @property
    def unclassified(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.is_personal is None]


def dbt_tables(manifest_path: Path) -> dict[str, TableMeaning]:
    """Every model as the yml beside it describes it."""
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    personal_names = {
        name
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        for name, is_personal in _said_personal(node)
        if is_personal
    }
    return {
        node["name"]: _model_meaning(node, personal_names)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def _said_personal(node: dict[str, Any]) -> Iterator[tuple[str, bool | None]]:
    for column in node.get("columns", {}).values():
        yield column["name"], column["config"].get("meta", {}).get("personal")


def _model_meaning(node: dict[str, Any], personal_names: set[str]) -> TableMeaning:
    said = dict(_said_personal(node))
    must_say_all = node["name"].startswith("dim_customer") or any(said.values())
    meta = node["config"]["meta"]
    return TableMeaning(
        description=node["description"],
        owner=meta["owner"],
        business_date=meta.get("business_date"),
        columns={
            column["name"]: ColumnMeaning(
                description=column["description"],
                unit=unit_of(column["name"]),
                is_personal=(
                    None
                    if said[column["name"]] is None and (must_say_all or column["name"] in personal_names)
                    else bool(said[column["name"]])
                ),
            )
            for column in node["columns"].values()
        },
    )


def unit_of(column: str) -> str | None:
    """The unit that a column's name tells."""
    return next((unit for pattern, unit in _UNIT_PATTERNS if re.search(pattern, column)), None)


# The pipeline's own tables: one meaning a column name, the same in every table that has it.
_COLUMN_DESCRIPTIONS = {
    "age_days": "Days from newest_date to the run's as_of_date; null where there is no date.",
    "amount_loaded": "Sum of the entity's amount over loaded rows, in the source's currency.",
    "amount_quarantined": "Sum of the entity's amount over rows in quarantine, where it could be read.",
    "amount_read": "Sum of the entity's amount over rows read, in the source's currency.",
    "anomaly_level": "How odd the returns are: high, medium or low.",
    "as_of_date": "Business date that the run computed, inclusive.",
    "assignee_login": "Odoo login of the person who gets the task.",
    "auc": "How well the model told apart on its test period (0.5 to 1); null where that is not its measure.",
    "baseline_auc": "The same of the best simple rule on the same rows.",
    "bias": "Sum of forecasts over sum of units sold, less 1.",
    "brand": "Brand, as in retail.yaml.",
    "churn_level": "high, medium or low, by the brand's cuts.",
    "churn_probability": "Calibrated probability (0 to 1) that the customer lapses within the brand's horizon.",
    "closing_hour": "What is sold before this local hour belongs to the day before.",
    "code_space": "Sources with the same one share store numbers and SKUs.",
    "column_name": "Name of a column.",
    "company": "Company, as in retail.yaml.",
    "compared_row_count": "Test rows that both models were judged on; null where none was to be judged against.",
    "compared_version": "The champion that the model was judged against.",
    "content_hash": "Hash of the file's content; null for a pull from a server.",
    "country_code": "Country, ISO 3166 alpha-2.",
    "buyer_count": "Customers, or receipts of nobody known, who bought it in the 90 days.",
    "cover_days": "Days that the stock on hand lasts at the forecast rate; null where stock is unknown.",
    "coverage_share": "Share of weeks (0 to 1) whose units lay within the 80 % range, ends included.",
    "currency_code": "Currency of the row's amounts, ISO 4217.",
    "customer_count": "Customers of the household.",
    "customer_id": "Customer, as in dim_customer.",
    "customer_source_name": "Source whose customer ids this source carries.",
    "data_type": "DuckDB type.",
    "decided_at": "When it was decided, UTC.",
    "description": "Meaning of the column or table.",
    "dimension": "What is looked at of the product: product, lot, store or reason.",
    "discount_share": "Share off the usual price, 0 to 1; what the product's past promotions gave.",
    "entity": "Entity of the source's system.",
    "entity_id": "Our id of what the record is about: customer, product, return or question.",
    "evidence": "What the return is unusual by: kind, -log10 of a chance, and weight by reviewers' answers.",
    "expected_return_qty": "Units that were to be expected back.",
    "expected_returning_buyer_count": "Buyers who were to bring it back by now, by the return model's chances.",
    "expected_value_amount": "Net amount expected of the customer in the next 12 months.",
    "field": "name, email, phone, address, birth_date or has_marketing_consent.",
    "file": "File, or window of a pull.",
    "file_line": "Line in the file, 1 is the first; null where the whole file is in quarantine.",
    "finding": "What came back and what was to be expected, in plain words.",
    "finished_at": "When the run ended, UTC.",
    "forecast_high_qty": "Upper end of the range in which demand lies 8 times in 10, units.",
    "forecast_low_qty": "Lower end of the range in which demand lies 8 times in 10, units.",
    "forecast_qty": "Units expected over the horizon; of a promotion, in its week.",
    "forecast_std_qty": "Standard deviation that orders and the chance of a stock-out reckon with, units.",
    "forecast_without_qty": "Units expected in the same week without the promotion.",
    "group_kind": "What the series have in common: all, department, category, store or activity.",
    "group_name": "Which department, category or store; of activity new, ending, intermittent or regular.",
    "has_display": "Whether the product stands on a display.",
    "has_mailer": "Whether the product stands in the mailer.",
    "history_until": "Rows that happened up to that day are history loaded in bulk.",
    "horizon_weeks": "Weeks that the forecast covers.",
    "household_id": "Household; follows the lowest customer_id in it, so that it may change with its members.",
    "improbability": "How improbable the return is, as -log10 of a chance: how much came back and of what kind.",
    "incremental_margin_amount": "margin_amount less margin_without_amount.",
    "is_enabled": "Whether the source is read.",
    "is_excess": "Whether more came back than chance explains: q_value is 0.05 or less.",
    "is_fallback": "True where a simple rule scored because history does not bear a model.",
    "is_personal": "Whether its values tell who a person is; such a column is only in retail_personal.duckdb.",
    "is_stale": "True where rows ought to come with every day of trade and none came for more than stale_after_days.",
    "is_transactional": "Whether rows ought to come with every day of trade, unlike master data.",
    "key": "Names the record for good, from what it is about.",
    "known_after_hours": "Hours after which a row of the bulk history counts as known.",
    "lead_time_days": "Days from order to receipt, mean.",
    "lead_time_std_days": "Spread of the days from order to receipt, standard deviation.",
    "loaded_at": "When it was loaded, UTC.",
    "loss_difference": "Mean loss of the model less that of compared_version: above 0 it is worse.",
    "loss_difference_high": "Upper end of its 95 % interval.",
    "loss_difference_low": "Lower end of its 95 % interval.",
    "loss_name": "What the two were judged by: log loss, or absolute error in units.",
    "lot_no": "Lot; null in rows of another dimension.",
    "margin_amount": "Margin expected with the promotion; null where price or cost is unknown.",
    "margin_without_amount": "Margin expected in the same week without it, at the usual price.",
    "markdown_share": "Price reduction suggested for slow stock; null where none is.",
    "match_probability": "Probability (0 to 1) that the record belongs to the customer; null for a record alone.",
    "mean13_rmsse": "rmsse of the mean of the last 13 weeks.",
    "message": "What to know before reading, in one line.",
    "model_version": "Hash of the model's content; its card lies under that name.",
    "naive_rmsse": "rmsse of the last week again.",
    "newest_date": "Newest business date in it, on or before the run's as_of_date; null where rows have none.",
    "on_hand_qty": "Units on hand at the latest count; null where unknown.",
    "on_order_qty": "Units ordered or on their way and not received; null where unknown.",
    "order_amount": "suggested_order_qty at unit_cost_amount; null where the cost is unknown.",
    "order_up_to_qty": "Position (on hand, on order, less reserved) that an order fills up to.",
    "origin_date": "Last day known to the forecast that was tested.",
    "owner": "Who answers questions about it.",
    "p_value": "Chance that as many buyers or more bring it back.",
    "product_id": "Product, as in dim_product.",
    "promoted_by": "Who made it champion by hand; null where the run decided.",
    "q_value": "p_value, allowing for how many groups of the dimension were looked at (Benjamini and Hochberg).",
    "quarantined_at": "When it was put into quarantine, UTC.",
    "reason": "Why the row cannot load, or why the model has its role.",
    "reasons": "Why, in plain words with the facts.",
    "reorder_point_qty": "Position at or below which stock may end before an order placed now arrives.",
    "reserved_qty": "Units on hand that are promised to orders; null where unknown.",
    "return_order_id": "Order of the return, as order_id in fct_order_line.",
    "return_probability": "Probability (0 to 1) that the goods were to come back.",
    "return_reason": "Reason of the return; null in rows of another dimension.",
    "returned_amount": "Amount that came back.",
    "returning_buyer_count": "Buyers of them who brought it back within the brand's window.",
    "returned_qty": "Units that came back.",
    "revenue_weighted_rmsse": "rmsse with series weighed by their revenue of the last 4 weeks.",
    "review_days": "Days from one order to the next chance to order.",
    "rmsse": "Mean over series: root mean squared error of a week over root of twice the variance of 52 weeks.",
    "role": "champion, which scores, or challenger, which is kept.",
    "row_count": "Number of rows.",
    "row_json": "The row as it was read.",
    "rows_loaded": "Rows that were loaded.",
    "rows_quarantined": "Rows that wait in quarantine.",
    "rows_read": "Rows that were read: loaded + quarantined.",
    "rule": "Rule of retail.yaml that decided; only_value where the records know no other, strictest for consent.",
    "run_id": "Dagster's id of the run.",
    "scaled_pinball_loss": "Mean loss of the nine deciles, over the root of twice the variance of 52 weeks.",
    "series_count": "Products and stores in the group.",
    "service_level": "Share of order cycles that are to pass without a stock-out.",
    "skill_over_naive_share": "1 less rmsse over naive_rmsse; at 0 or less the last week again is as good.",
    "sold_qty": "Units sold in the weeks after the origin.",
    "source_customer_id": "The source's own customer id.",
    "source_name": "Source, as in retail.yaml.",
    "stale_after_days": "Days without news after which the source counts as stale.",
    "stale_source_count": "Number of stale sources.",
    "started_at": "When the run began, UTC.",
    "status": "started or succeeded.",
    "stock_out_probability": "Probability (0 to 1) that stock ends within the horizon; null where it is unknown.",
    "store_id": "Store, as in dim_store.",
    "suggested_action": "What a person might do.",
    "suggested_order_qty": "Units to order now; 0 where none, null where stock is unknown.",
    "supplier_id": "Supplier of the last receipts; null where unknown.",
    "system": "Kind of system.",
    "table_name": "Name of a table.",
    "target_kind": "customer_score, product_score, order, return_score, activity, case, review or partner.",
    "task": "churn, demand or returns.",
    "time_zone": "IANA name of the time zone.",
    "transfer_from_store_id": "Store that has too much of the product and could send transfer_qty.",
    "transfer_qty": "Units to move from transfer_from_store_id before anything is ordered.",
    "unit": "Unit of a number, or the zone of a time; null where a column has none.",
    "unit_cost_amount": "Cost of a unit; null where unknown.",
    "uplift_qty": "forecast_qty less forecast_without_qty.",
    "uplift_share": "uplift_qty over forecast_without_qty; null where nothing is expected without.",
    "valid_from": "First day on which the record belongs to the customer.",
    "valid_to": "Day on which it stopped; null while it does.",
    "value_at_risk_amount": "churn_probability times expected_value_amount.",
    "values_json": "Values by Odoo's field names.",
    "wape": "Sum of absolute errors of weeks over the sum of units sold.",
    "week_start_date": "Monday of the week.",
}

_PERSONAL = {"promoted_by", "row_json"}
_COLUMNS = {
    name: ColumnMeaning(description, unit_of(name), name in _PERSONAL)
    for name, description in _COLUMN_DESCRIPTIONS.items()
}

_ENGINEERING, _SCIENCE = "data engineering", "data science"


def _own(description: str, owner: str, business_date: str | None = None) -> TableMeaning:
    return TableMeaning(description, owner, business_date, _COLUMNS)


PIPELINE_TABLES = {
    "identity_golden_source": _own("Which record each shown value of a customer comes from, and why.", _ENGINEERING),
    "identity_household": _own("Which customers live together, as their records show it.", _ENGINEERING),
    "identity_xref": _own(
        "Which customer each record of a source is, and from when to when; one that Odoo merged goes with the other.",
        _ENGINEERING,
    ),
    "model_registry": _own("Models that were trained, and what each became.", _SCIENCE, "as_of_date"),
    "ops_file_load": _own("Rows and amounts that each file or pull brought.", _ENGINEERING),
    "ops_freshness": _own("How old the data of each source and entity is.", _ENGINEERING, "newest_date"),
    "ops_quarantine": _own("Rows that could not load, with the reason.", _ENGINEERING),
    "ops_run": _own("Runs of the line.", _ENGINEERING, "as_of_date"),
    "ops_source": _own("The sources that retail.yaml names.", _ENGINEERING),
    "score_churn": _own("Customers' probability to lapse, one row a customer, brand and day.", _SCIENCE, "as_of_date"),
    "score_demand": _own("Demand forecast, one row a product, store and day.", _SCIENCE, "as_of_date"),
    "score_demand_backtest": _own(
        "How good the demand forecast of the newest past origin was, one row a brand, group and day.",
        _SCIENCE,
        "as_of_date",
    ),
    "score_order": _own("What to order, move or mark down, one row a product, store and day.", _SCIENCE, "as_of_date"),
    "score_promotion": _own(
        "What a planned promotion is forecast to bring, one row a product, store, week and day.", _SCIENCE, "as_of_date"
    ),
    "score_return_anomaly": _own("How odd a return is, one row a return and day.", _SCIENCE, "as_of_date"),
    "score_return_excess": _own(
        "Products that came back by lot, store and reason, and whether more than expected; one row a group and day.",
        _SCIENCE,
        "as_of_date",
    ),
    "sync_desired": _own("What the run would have an Odoo show.", _ENGINEERING, "as_of_date"),
}
# Those that only a published file has.
FILE_TABLES = {
    "banner": _own("What to know before reading, one row: how far the data goes and what is stale.", _ENGINEERING),
    "catalog": _own("Every column of every table here.", _ENGINEERING),
    "catalog_table": _own("Every table here.", _ENGINEERING, "newest_date"),
}
