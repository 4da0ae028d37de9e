-- Points, in the shape of stg_loyalty__event. Only loyalty programs: a gift card's points are money.
select
    history.source_name || ':' || history.id as loyalty_event_id,
    history.source_name,
    source.brand,
    cast(history.id as varchar) as source_event_id,
    history.source_name as customer_source_name,
    card.source_customer_id,
    history.create_date as occurred_at,
    {{ local_date("history.create_date", "source.time_zone") }} as occurred_date,
    if(coalesce(history.issued, 0) >= coalesce(history.used, 0), 'earn', 'redeem') as event_kind,
    cast(round(coalesce(history.issued, 0) - coalesce(history.used, 0)) as integer) as points,
    cast(null as varchar) as source_receipt_no,
    {{ known_at("history.create_date", version="history") }} as known_at
from {{ source("raw_odoo", "loyalty_history") }} as history
inner join {{ ref("stg_ops__source") }} as source using (source_name)
inner join
    {{ ref("stg_odoo__loyalty_card") }} as card
    on card.source_name = history.source_name
    and card.source_card_id = cast(history.card_id as varchar)
where card.program_kind = 'loyalty' and card.source_customer_id is not null
