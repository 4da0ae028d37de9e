{#- The units in which large tables are replaced, and what changes them (see incremental.sql). -#}
{% macro loyalty_event_id() -%} source_name || ':' || event_id {%- endmacro %}

{% macro campaign_contact_id(campaign_no="campaign_no", loyalty_number="loyalty_number") -%}
    source_name || ':' || {{ campaign_no }} || ':' || {{ loyalty_number }}
{%- endmacro %}

{#- Levels of a day come and go together. -#}
{% macro stock_day() -%} source_name || ':' || stock_date {%- endmacro %}

{#- Units of an entity that staging reads on its own. `unit` is of the staged row, `raw_unit` the same of the raw one. -#}
{% macro changed_entity(system, entity, key, unit, raw_unit) -%}
    {{-
        return(
            [
                changed_raw(system, entity, key, raw_unit),
                changed_sources(unit, source("raw_" ~ system, entity), raw_unit),
            ]
        )
    -}}
{%- endmacro %}

{#- Receipts, which are dated in their store's time zone, too. -#}
{% macro changed_receipts(entity, key) -%}
    {%- set order_id = pos_order_id("source_name", "store_no", "receipt_no") -%}
    {%- set changed_zones = changed_rows(ref("stg_headoffice__store"), "store_id, time_zone") -%}
    {%- set in_changed_store -%}
        select {{ order_id }} as unit
        from {{ source("raw_pos", entity) }}
        inner join {{ ref("stg_ops__source") }} as source using (source_name)
        where {{ store_id("source.code_space", "store_no") }} in (select store_id from {{ changed_zones }})
    {%- endset -%}
    {{- return(changed_entity("pos", entity, key, "order_id", order_id) + [in_changed_store]) -}}
{%- endmacro %}

{#- Orders of the codes of which the head office says something new: their lines are counted in its unit of measure. -#}
{% macro changed_shop_products() -%}
    select order_id as unit
    from {{ this }}
    where
        source_sku in (
            select sku
            from {{ changed_rows(ref("stg_headoffice__product"), "product_id, sku, unit_of_measure") }}
        )
{%- endmacro %}

{#- Rows whose brand counts its days in another time zone, or its money in another currency. -#}
{% macro changed_brands(unit) -%}
    select {{ unit }} as unit
    from {{ this }}
    where
        brand in (
            select brand
            from {{ changed_rows(source("ops", "ops_brand"), "brand, time_zone, currency_code") }}
        )
{%- endmacro %}

{#- Rows of the days whose rates changed. -#}
{% macro changed_rates(unit, date) -%}
    select {{ unit }} as unit
    from {{ this }}
    where {{ date }} in (select rate_date from {{ changed_rows(ref("int_exchange_rate"), "*") }})
{%- endmacro %}

{% macro changed_order_lines() -%}
    {%- set changed_costs -%}
        select order_line.order_id as unit
        from {{ this }} as order_line
        inner join
            (
                select product_id, min(valid_from_date) as valid_from_date
                from {{ changed_rows(ref("int_unit_cost"), "product_id, valid_from_date, unit_cost_amount, currency_code") }}
                group by product_id
            ) as cost
            on order_line.product_id = cost.product_id
            and order_line.order_date >= cost.valid_from_date
    {%- endset -%}
    {{-
        return(
            [
                changed_upstream("stg_pos__order_line"),
                changed_upstream("stg_shopify__order_line"),
                changed_whole(
                    ["stg_pos__order_line", "stg_shopify__order_line"],
                    ["stg_carrier__order_line", "stg_odoo__order_line"],
                    "order_id",
                ),
                changed_brands("order_id"),
                changed_rates("order_id", "order_date"),
                changed_costs,
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_payments() -%}
    {{-
        return(
            [
                changed_upstream("stg_pos__payment"),
                changed_upstream("stg_shopify__payment"),
                changed_whole(
                    ["stg_pos__payment", "stg_shopify__payment"], ["stg_odoo__payment"], "order_id"
                ),
                changed_rates("order_id", "paid_date"),
            ]
        )
    -}}
{%- endmacro %}

{#- An order's money at another rate is another row of its lines or payments. -#}
{% macro changed_orders() -%}
    {{-
        return(
            [
                changed_upstream("int_order_line"),
                changed_upstream("fct_payment"),
                changed_upstream("stg_shopify__order"),
                changed_whole(
                    ["stg_pos__order_line", "stg_shopify__order"],
                    ["stg_odoo__pos_order", "stg_odoo__sale_order"],
                    "order_id",
                ),
                changed_brands("order_id"),
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_customer_orders() -%}
    {{-
        return(
            [
                changed_upstream("int_order_line"),
                changed_brands("order_id"),
                changed_rates("order_id", "order_date"),
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_loyalty_events() -%}
    {{-
        return(
            [
                changed_upstream("stg_loyalty__event"),
                changed_whole(["stg_loyalty__event"], ["stg_odoo__loyalty_history"], "loyalty_event_id"),
                changed_brands("loyalty_event_id"),
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_stock_levels() -%}
    {{-
        return(
            [
                changed_upstream("stg_headoffice__stock_level"),
                changed_whole(["stg_headoffice__stock_level"], ["stg_odoo__stock_level"], stock_day()),
                changed_brands(stock_day()),
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_campaign_contacts() -%}
    {%- set redeemed -%}
        select {{ campaign_contact_id("source_campaign_id", "source_customer_id") }} as unit
        from {{ changed_rows(ref("stg_campaign__redemption"), "*") }}
    {%- endset -%}
    {%- set of_changed_campaign -%}
        select campaign_contact_id as unit
        from {{ this }}
        where campaign_id in (select campaign_id from {{ changed_rows(ref("stg_campaign__campaign"), "*") }})
    {%- endset -%}
    {{- return([changed_upstream("stg_campaign__contact"), redeemed, of_changed_campaign]) -}}
{%- endmacro %}
