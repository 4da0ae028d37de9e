"""Campaign tools: campaigns, who was contacted, coupons, redemptions, displays and mailers.

Belongs here: the shape of a campaign tool's files.
"""

from pipelines.sources.contract import Column, Entity, FileFormat, System

CAMPAIGNS = Entity(
    name="campaigns",
    description="Campaigns with their period.",
    files="campaigns_*.csv",
    event_time="start_date",
    key=("campaign_no",),
    columns=(
        Column("campaign_no", "VARCHAR", "Campaign's number.", required=True),
        Column("campaign_type", "VARCHAR", "Kind of campaign."),
        Column("start_date", "DATE", "First day.", required=True),
        Column("end_date", "DATE", "Last day.", required=True),
    ),
)
CONTACTS = Entity(
    name="contacts",
    description="Loyalty accounts that a campaign was sent to.",
    files="contacts_*.csv",
    event_time="sent_at",
    key=("campaign_no", "loyalty_number"),
    columns=(
        Column("campaign_no", "VARCHAR", "Campaign.", required=True),
        Column("loyalty_number", "VARCHAR", "Account.", required=True),
        Column("sent_at", "TIMESTAMPTZ", "When it was sent.", required=True),
    ),
)
COUPONS = Entity(
    name="coupons",
    description="Products that a campaign's coupon is good for.",
    files="coupons_*.csv",
    key=("campaign_no", "coupon_no", "sku"),
    columns=(
        Column("campaign_no", "VARCHAR", "Campaign.", required=True),
        Column("coupon_no", "VARCHAR", "Coupon's code.", required=True),
        Column("sku", "VARCHAR", "Product.", required=True),
    ),
)
REDEMPTIONS = Entity(
    name="redemptions",
    description="Coupons redeemed.",
    files="redemptions_*.csv",
    event_time="redeemed_date",
    key=("redemption_no",),
    columns=(
        Column("redemption_no", "VARCHAR", "Id of the redemption.", required=True),
        Column("campaign_no", "VARCHAR", "Campaign.", required=True),
        Column("coupon_no", "VARCHAR", "Coupon's code.", required=True),
        Column("loyalty_number", "VARCHAR", "Account.", required=True),
        Column("redeemed_date", "DATE", "Day of the redemption.", required=True),
    ),
)
PROMOTIONS = Entity(
    name="promotions",
    description="Displays and mailers of a product in a store and week, planned ahead.",
    files="promotions_*.parquet",
    format=FileFormat.PARQUET,
    event_time="week_start_date",
    key=("store_no", "sku", "week_start_date"),
    columns=(
        Column("store_no", "VARCHAR", "Store.", required=True),
        Column("sku", "VARCHAR", "Product.", required=True),
        Column("week_start_date", "DATE", "First day of the week.", required=True),
        Column("display_location", "VARCHAR", "Where it was displayed, 0 for nowhere."),
        Column("mailer_location", "VARCHAR", "Where it stood in the mailer, 0 for nowhere."),
    ),
)

SYSTEM = System("campaign", "Campaign tools.", (CAMPAIGNS, CONTACTS, COUPONS, REDEMPTIONS, PROMOTIONS))
