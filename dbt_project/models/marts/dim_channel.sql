-- The channels that facts name.
with channel as (select distinct channel from {{ ref("fct_order_line") }} where channel is not null)
select
    channel,
    case
        channel
        when 'store'
        then 'Store'
        when 'odoo_pos'
        then 'Odoo point of sale'
        when 'web'
        then 'Web shop'
        when 'odoo_sale'
        then 'Odoo sales order'
        when 'carrier'
        then 'Return by carrier'
        else channel
    end as channel_name,
    {{ channel_kind("channel") }} as channel_kind
from channel
