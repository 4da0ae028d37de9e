"""Loyalty schemes: accounts and point events.

Belongs here: the shape of a loyalty provider's files.
"""

from pipelines.sources.contract import Column, Entity, System

ACCOUNTS = Entity(
    name="accounts",
    description="Loyalty accounts, one row a change.",
    files="accounts_*.csv",
    event_time="updated_at",
    key=("loyalty_number",),
    columns=(
        Column("loyalty_number", "VARCHAR", "Number on the card.", required=True),
        Column("first_name", "VARCHAR", "First name.", personal=True),
        Column("last_name", "VARCHAR", "Last name.", personal=True),
        Column("email", "VARCHAR", "E-mail.", personal=True),
        Column("phone", "VARCHAR", "Phone.", personal=True),
        Column("street", "VARCHAR", "Street and number.", personal=True),
        Column("city", "VARCHAR", "City.", personal=True),
        Column("postcode", "VARCHAR", "Postcode.", personal=True),
        Column("country_code", "VARCHAR", "ISO 3166 alpha-2."),
        Column("birth_date", "DATE", "Birth date.", personal=True),
        Column("joined_at", "TIMESTAMPTZ", "When the account was opened.", required=True),
        Column("has_marketing_consent", "BOOLEAN", "Whether marketing is allowed."),
        Column("updated_at", "TIMESTAMPTZ", "Last change.", required=True),
    ),
)

EVENTS = Entity(
    name="events",
    description="Points earned, redeemed and expired.",
    files="events_*.csv",
    event_time="occurred_at",
    is_transactional=True,
    key=("event_id",),
    columns=(
        Column("event_id", "VARCHAR", "Id of the event.", required=True),
        Column("loyalty_number", "VARCHAR", "Account.", required=True),
        Column("occurred_at", "TIMESTAMPTZ", "When it happened.", required=True),
        Column("kind", "VARCHAR", "earn, redeem or expire.", required=True),
        Column("points", "INTEGER", "Points, negative when they leave the account.", required=True),
        Column("receipt_no", "VARCHAR", "Receipt that earned or used them."),
    ),
)

SYSTEM = System("loyalty", "Loyalty schemes.", (ACCOUNTS, EVENTS))
