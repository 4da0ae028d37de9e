"""Typed settings: what `retail.yaml` says, and the secrets and places that the environment gives.

Belongs here: reading and checking settings. Does not belong here: any decision made from them.
"""

import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from models.identity.gate import GateLimits
from models.identity.settings import GOLDEN_RULES, Engine, GoldenRule
from models.ordering.settings import SERVICE_LEVELS, OrderingBrand, OrderingTerms, SalesClass, ServiceRule

CONFIG_VARIABLE = "REKNIT_CONFIG"
STATE_VARIABLE = "REKNIT_STATE"
PROJECT_DIR = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """The settings cannot be used; the message names the setting and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contact(_Section):
    """How customers reach a company. An address is a street and a postcode."""

    email: str | None = None
    phone: str | None = None
    street: str | None = None
    postcode: str | None = None


class Company(_Section):
    """contacts: its e-mails, phones and addresses, wherever they stand in a customer's record, say nothing of them.

    language: in which its people read reasons and tasks.
    """

    name: str
    country_code: str
    currency_code: str
    language: Literal["en", "de", "fr", "es"] = "en"
    contacts: tuple[Contact, ...] = ()


class ChurnRule(_Section):
    """A customer has lapsed who does not buy for `horizon_days`; only those who bought in `active_days` are scored."""

    horizon_days: int = Field(gt=0)
    active_days: int = Field(gt=0)


class ReturnRule(_Section):
    """How many days after a sale its goods may come back."""

    window_days: int = Field(gt=0)


Share = Annotated[float, Field(ge=0, lt=1)]


class OrderingTermRules(_Section):
    """What holds for one product, supplier or category in place of what Odoo says and of the brand's own."""

    service_level: Share | None = None
    lead_time_days: float | None = Field(default=None, ge=0)
    lead_time_std_days: float | None = Field(default=None, ge=0)
    pack_qty: int | None = Field(default=None, gt=0)
    minimum_order_qty: int | None = Field(default=None, gt=0)
    shelf_life_days: int | None = Field(default=None, gt=0)


class OrderingRules(_Section):
    """When a brand orders, how sure it wants to be, and what an order must keep to.

    review_days: from one chance to order to the next. lead_time_days, lead_time_std_days: where fewer than
    min_deliveries of the supplier, and of the category, tell it, and Odoo names none. service: class (service_levels
    by class of sales: a makes the first 80 % of net sales, b the next 15 %, c the rest) or margin (what a missed sale
    costs against holding a unit). holding_cost_share: of a unit's cost, a year. budget_amount: for one day's orders, in
    the brand's currency. surplus_cover_days: what sells in so many days a store keeps before it sends to another.
    slow_cover_days: stock that lasts longer is slow. stock_max_age_days: an older level of a source that counts daily
    is not known stock.
    products, suppliers, categories: terms by product_id, supplier_id and category, in this order.
    """

    review_days: int = Field(default=OrderingBrand.review_days, gt=0)
    lead_time_days: float = Field(default=OrderingBrand.lead_time_days, ge=0)
    lead_time_std_days: float = Field(default=OrderingBrand.lead_time_std_days, ge=0)
    min_deliveries: int = Field(default=OrderingBrand.min_deliveries, ge=2)
    service: ServiceRule = OrderingBrand.service
    service_levels: dict[SalesClass, Share] = {}
    holding_cost_share: float = Field(default=OrderingBrand.holding_cost_share, ge=0)
    pack_qty: int = Field(default=OrderingBrand.pack_qty, gt=0)
    minimum_order_qty: int = Field(default=OrderingBrand.minimum_order_qty, gt=0)
    shelf_life_days: int | None = Field(default=None, gt=0)
    budget_amount: float | None = Field(default=None, ge=0)
    surplus_cover_days: int = Field(default=OrderingBrand.surplus_cover_days, gt=0)
    slow_cover_days: int = Field(default=OrderingBrand.slow_cover_days, gt=0)
    markdown_steps: tuple[Share, ...] = OrderingBrand.markdown_steps
    stock_max_age_days: int = Field(default=OrderingBrand.stock_max_age_days, ge=0)
    products: dict[str, OrderingTermRules] = {}
    suppliers: dict[str, OrderingTermRules] = {}
    categories: dict[str, OrderingTermRules] = {}

    @property
    def brand(self) -> OrderingBrand:
        return OrderingBrand(
            **self.model_dump(exclude={"service_levels", "products", "suppliers", "categories"}),
            service_levels={**SERVICE_LEVELS, **self.service_levels},
            products=_terms(self.products),
            suppliers=_terms(self.suppliers),
            categories=_terms(self.categories),
        )


def _terms(named: dict[str, OrderingTermRules]) -> dict[str, OrderingTerms]:
    return {name: OrderingTerms(**terms.model_dump()) for name, terms in named.items()}


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be the name of an IANA time zone, such as Europe/London")
    return name


class Brand(_Section):
    """closing_hour: what is sold before this local hour belongs to the day before."""

    name: str
    company: str
    time_zone: Annotated[str, AfterValidator(_known_time_zone)]
    closing_hour: int = Field(default=0, ge=0, lt=24)
    churn: ChurnRule
    returns: ReturnRule
    ordering: OrderingRules = OrderingRules()


class Source(_Section):
    """One instance of a system.

    code_space: sources with the same one share store numbers and SKUs (default: the source's own name).
    customer_source: the source whose customer ids this one carries, such as the loyalty scheme of a till.
    known_after_hours: delay after which a row of the bulk history counts as known.
    history_until: rows loaded for files before this date are bulk history.
    stale_after_days: without news for longer than that, the published file calls the source stale.
    """

    system: Literal["pos", "shopify", "carrier", "loyalty", "campaign", "headoffice", "odoo"]
    brand: str
    code_space: str | None = None
    customer_source: str | None = None
    known_after_hours: int = Field(default=6, ge=0)
    history_until: date
    stale_after_days: int = Field(default=3, ge=0)
    encoding: str = "utf-8"
    enabled: bool = True


class ReviewRules(_Section):
    """How many pairs of records people are asked about: new ones a day, and open at a time.

    Partners of one Odoo that they are asked to merge are counted by themselves.
    """

    max_new: int = Field(default=5, ge=0)
    max_open: int = Field(default=20, ge=0)


class GoldenRecordRules(_Section):
    """By field, the rules that choose its value in order: a tie by one falls to the next."""

    name: tuple[GoldenRule, ...] = GOLDEN_RULES["name"]
    email: tuple[GoldenRule, ...] = GOLDEN_RULES["email"]
    phone: tuple[GoldenRule, ...] = GOLDEN_RULES["phone"]
    address: tuple[GoldenRule, ...] = GOLDEN_RULES["address"]
    birth_date: tuple[GoldenRule, ...] = GOLDEN_RULES["birth_date"]


class IdentityGate(_Section):
    """What holds a resolution back: the run then keeps the customers as they were and publishes nothing.

    min_precision: of the links, as the model's probabilities have it. max_records_per_customer: the largest customer.
    max_changed_share: of the records known before, those with another customer_id now. min_changed_records: fewer of
    them are no surprise.
    """

    min_precision: float = Field(default=GateLimits.min_precision, ge=0, le=1)
    max_records_per_customer: int = Field(default=GateLimits.max_records_per_customer, gt=0)
    max_changed_share: float = Field(default=GateLimits.max_changed_share, ge=0, le=1)
    min_changed_records: int = Field(default=GateLimits.min_changed_records, ge=0)

    @property
    def limits(self) -> GateLimits:
        return GateLimits(**self.model_dump())


class IdentityRules(_Section):
    """How customers are resolved. trusted_sources: most trusted first, for the rule most_trusted. engine: where all
    records are compared, when they are; spark needs the extra `spark` and Java.
    """

    engine: Engine = "duckdb"
    trusted_sources: tuple[str, ...] = ()
    golden: GoldenRecordRules = GoldenRecordRules()
    gate: IdentityGate = IdentityGate()
    review: ReviewRules = ReviewRules()


class TaskRoute(_Section):
    """Who gets the tasks of which customers: all that is named has to fit.

    language: what the partner's language in Odoo begins with, such as de. min_value_amount: value at risk, in the
    reporting currency. login: an Odoo login.
    """

    brand: str | None = None
    country_code: str | None = None
    postcode_prefix: str | None = None
    language: str | None = None
    min_value_amount: float | None = None
    login: str


class TaskLimits(_Section):
    """How many tasks a day may make, and who gets them: the first route that fits, else `assignee_login`.

    max_activities_per_assignee: new ones a person and day. max_open_per_person: not done yet. holdout_share: of the
    customers who could get a task, how many get none and show no score, so that the effect of acting is known.
    """

    max_activities_per_assignee: int = Field(default=20, ge=0)
    max_open_per_person: int = Field(default=60, ge=0)
    max_cases: int = Field(default=20, ge=0)
    holdout_share: float = Field(default=0, ge=0, le=0.5)
    routes: tuple[TaskRoute, ...] = ()
    assignee_login: str = "admin"


ApprovalKind = Literal["activity", "case", "order"]


class NewPartners(_Section):
    """Which customers that an Odoo does not know get a partner there, provided that they agreed to marketing.

    min_expected_value_amount: what they are expected to bring over 12 months, in the reporting currency. max_new: of a
    run.
    """

    min_expected_value_amount: float = Field(ge=0)
    max_new: int = Field(default=50, ge=0)


class WriteRules(_Section):
    """Whether anything is written to an Odoo, and how much of a surprise a plan may be before it is stopped.

    transport: how the sink talks to Odoo. json2 needs Odoo 19 and an API key in ODOO_PASSWORD.
    is_writing_on: read again at every batch; false stops a run that is under way.
    max_turned_share: of the scores of a kind that stand in an Odoo, how many one plan may turn: give a customer another
    level, a product half or twice the forecast, or archive them. New numbers alone come every day.
    max_source_age_days: a source that is silent for longer stops all writing.
    max_new_tasks: activities and cases that one plan may make.
    min_model_auc: a model that tells apart no better than that on its test period writes nothing.
    human_edit_days: for how long a value that a person put in the place of ours is left.
    approvals: what a reviewer approves in Odoo before it is made, by the amount at stake from which that holds, in the
    reporting currency.
    max_new_approvals: how much one plan may ask reviewers; the rest waits its turn.
    create_partners: left out, a customer whom an Odoo does not know is written nowhere.
    """

    transport: Literal["xmlrpc", "json2"] = "xmlrpc"
    is_writing_on: bool = True
    max_turned_share: float = Field(default=0.3, ge=0, le=1)
    max_source_age_days: int = Field(default=7, ge=0)
    max_new_tasks: int = Field(default=100, ge=0)
    min_model_auc: float = Field(default=0.6, ge=0, le=1)
    human_edit_days: int = Field(default=90, ge=0)
    approvals: dict[ApprovalKind, float] = {}
    max_new_approvals: int = Field(default=20, ge=0)
    create_partners: NewPartners | None = None


class Settings(_Section):
    retailer: str
    reporting_currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    start_date: date
    landing_dir: Path
    companies: dict[str, Company]
    brands: dict[str, Brand]
    sources: dict[str, Source]
    tasks: TaskLimits = TaskLimits()
    odoo: WriteRules = WriteRules()
    identity: IdentityRules = IdentityRules()
    seed: int = 20171231

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for key, brand in self.brands.items():
            if brand.company not in self.companies:
                raise ValueError(f"brands.{key}.company: no company is called '{brand.company}'")
        for key, source in self.sources.items():
            if source.brand not in self.brands:
                raise ValueError(f"sources.{key}.brand: no brand is called '{source.brand}'")
            if source.customer_source is not None and source.customer_source not in self.sources:
                raise ValueError(f"sources.{key}.customer_source: no source is called '{source.customer_source}'")
        for name in self.identity.trusted_sources:
            if name not in self.sources:
                raise ValueError(f"identity.trusted_sources: no source is called '{name}'")
        for position, route in enumerate(self.tasks.routes):
            if route.brand is not None and route.brand not in self.brands:
                raise ValueError(f"tasks.routes.{position}.brand: no brand is called '{route.brand}'")
        return self

    def languages(self) -> dict[str, str]:
        """The company's language by brand."""
        return {key: self.companies[brand.company].language for key, brand in self.brands.items()}

    def sources_of(self, system: str) -> dict[str, Source]:
        """Sources of a system that are switched on; an Odoo only where the environment says how to reach it."""
        return {
            name: source
            for name, source in self.sources.items()
            if source.system == system and source.enabled and (system != "odoo" or odoo_connection() is not None)
        }


class OdooConnection(_Section):
    """How to reach an Odoo; only ever read from the environment."""

    url: str
    database: str
    user: str
    password: SecretStr


ODOO_VARIABLES = {"url": "ODOO_URL", "database": "ODOO_DB", "user": "ODOO_USER", "password": "ODOO_PASSWORD"}


def odoo_connection() -> OdooConnection | None:
    """The Odoo named by ODOO_URL and its companions, or None where ODOO_URL is not set."""
    if not os.environ.get("ODOO_URL"):
        return None
    missing = [variable for variable in ODOO_VARIABLES.values() if not os.environ.get(variable)]
    if missing:
        raise SettingsError(f"ODOO_URL is set but {', '.join(missing)} is not: set it, or unset ODOO_URL.")
    return OdooConnection(
        url=os.environ["ODOO_URL"],
        database=os.environ["ODOO_DB"],
        user=os.environ["ODOO_USER"],
        password=SecretStr(os.environ["ODOO_PASSWORD"]),
    )


def config_path() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE, PROJECT_DIR / "retail.yaml")).resolve()


def state_dir() -> Path:
    """Folder of everything that a run writes: warehouse, published files, models, Dagster's history."""
    return Path(os.environ.get(STATE_VARIABLE, PROJECT_DIR / "var")).resolve()


def read_settings(path: Path) -> Settings:
    """Read and check a settings file. Raises SettingsError that names the setting at fault."""
    if not path.exists():
        raise SettingsError(f"No settings at {path}: write one, or point {CONFIG_VARIABLE} at it.")
    try:
        settings = Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{path.name}: {problems}") from None
    return settings.model_copy(update={"landing_dir": (path.parent / settings.landing_dir).resolve()})


@cache
def load_settings() -> Settings:
    """The settings of this process."""
    return read_settings(config_path())
