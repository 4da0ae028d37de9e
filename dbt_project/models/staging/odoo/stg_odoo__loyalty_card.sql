select
    card.source_name || ':' || card.id as loyalty_card_id,
    card.source_name,
    cast(card.id as varchar) as source_card_id,
    program.name as program_name,
    program.program_type as program_kind,
    cast(card.partner_id as varchar) as source_customer_id,
    card.points,
    card.expiration_date,
    card.write_date as updated_at
from {{ source("raw_odoo", "loyalty_card") }} as card
inner join {{ ref("stg_ops__source") }} as source using (source_name)
left join
    {{ source("raw_odoo", "loyalty_program") }} as program
    on program.source_name = card.source_name
    and program.id = card.program_id
