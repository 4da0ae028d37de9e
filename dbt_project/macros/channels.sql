{#- How a channel sells: what stores and channels are grouped by. -#}
{% macro channel_kind(channel) -%}
    case
        {{ channel }}
        when 'store'
        then 'store'
        when 'odoo_pos'
        then 'store'
        when 'web'
        then 'online'
        when 'odoo_sale'
        then 'order_desk'
        when 'carrier'
        then 'returns'
        else 'other'
    end
{%- endmacro %}
