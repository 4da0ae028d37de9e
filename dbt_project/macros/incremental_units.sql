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
                changed_whole(["stg_carrier__order_line", "stg_odoo__order_line"], "order_id"),
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
                changed_whole(["stg_odoo__payment"], "order_id"),
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
                changed_whole(["stg_odoo__pos_order", "stg_odoo__sale_order"], "order_id"),
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

{#- What the lines and days of an order name, for the tables that are built by it. -#}
{% macro named_by_order_line() -%}
    {{-
        return(
            {
                "order_date": "order_date",
                "customer": customer_key(),
                "original_order_id": "original_order_id",
            }
        )
    -}}
{%- endmacro %}

{% macro named_by_order_day() -%}
    {{- return({"order_date": "order_date", "customer": customer_key()}) -}}
{%- endmacro %}

{#- When a customer first bought from a brand. -#}
{% macro first_sales() -%}
    {{- return({"first_sale": "customer_id || brand || first_sale_date"}) -}}
{%- endmacro %}

{#- Customers of a source that now have, or no longer have, what identity says of them. -#}
{% macro changed_xref() -%}
    {%- set columns = "source_name, source_customer_id, customer_id, valid_from, valid_to" -%}
    select {{ customer_key("source_name") }} as unit
    from {{ changed_rows(source("identity", "identity_xref"), columns, before=this) }}
{%- endmacro %}

{#- Customers as they are and were, of whom a source tells something new, or something old begins or ceases to count. -#}
{% macro changed_customers() -%}
    {%- set window_days = var("segment_window_days") -%}
    {%- set of_changed_sources -%}
        select customer_id as unit
        from {{ ref("int_customer_xref") }}
        where
            {{ customer_key("source_name") }} in (
                {{ changed_upstream("int_order_day", "customer") }}
                union all
                {{ changed_upstream("fct_loyalty_event", "customer") }}
                union all
                {{ changed_upstream("fct_campaign_contact", "customer") }}
                union all
                select {{ customer_key() }}
                from {{ ref("int_order_day") }}
                where ({{ passed_dates("order_date") }}) or ({{ passed_dates("order_date", window_days) }})
                union all
                select {{ customer_key() }}
                from {{ ref("fct_loyalty_event") }}
                where {{ passed_dates("occurred_date") }}
                union all
                select {{ customer_key() }}
                from {{ ref("fct_campaign_contact") }}
                where ({{ passed_dates("sent_date") }}) or ({{ passed_dates("redeemed_date") }})
            )
    {%- endset -%}
    {{-
        return(
            [
                changed_upstream("int_customer_xref", "customer_id"),
                of_changed_sources,
            ]
        )
    -}}
{%- endmacro %}

{% macro customers_by_hash() -%}
    select distinct customer_id as unit, hash(customer_id) % 8 as part from {{ ref("int_customer_xref") }}
{%- endmacro %}

{#- Days with other orders, with other customers, or on which others were new. -#}
{% macro changed_kpi_days() -%}
    {%- set of_changed_customers -%}
        select order_date as unit
        from {{ ref("int_order_day") }}
        where {{ customer_key() }} in ({{ changed_upstream("int_customer_xref") }})
    {%- endset -%}
    {%- set of_first_sales -%}
        select cast(right(unit, 10) as date) as unit
        from ({{ changed_upstream("int_customer_activity", "first_sale") }})
    {%- endset -%}
    {{-
        return(
            [
                changed_upstream("int_order_day", "order_date", "date"),
                of_changed_customers,
                of_first_sales,
            ]
        )
    -}}
{%- endmacro %}

{% macro days_by_quarter() -%}
    select distinct order_date as unit, date_trunc('quarter', order_date) as part
    from {{ ref("int_order_line") }}
{%- endmacro %}

{#- Days with other lines, and those with products that moved to another category. -#}
{% macro changed_sales_days() -%}
    {%- set recategorised -%}
        select order_date as unit
        from {{ ref("fct_order_line") }}
        where
            product_id in (
                select product_id
                from {{ changed_rows(ref("dim_product"), "product_id, department, category") }}
            )
    {%- endset -%}
    {{- return([changed_upstream("int_order_line", "order_date", "date"), recategorised]) -}}
{%- endmacro %}

{% macro reconciled_odoo_models() -%}
    {{-
        return(
            [
                ref("stg_odoo__order_line"),
                ref("stg_odoo__payment"),
                ref("stg_odoo__pos_order"),
                ref("stg_odoo__sale_order"),
            ]
        )
    -}}
{%- endmacro %}

{#- Days of rows that were loaded, staged or made facts anew, and those of Odoo's rows that never become any. -#}
{% macro changed_reconciled_days() -%}
    {%- set queries = [
        changed_upstream("int_order_line", "order_date", "date"),
        changed_upstream("stg_shopify__order", "order_date", "date"),
        changed_upstream("fct_order", "order_date", "date"),
        changed_upstream("stg_pos__payment", "paid_date", "date"),
        changed_upstream("stg_shopify__payment", "paid_date", "date"),
        changed_upstream("fct_payment", "paid_date", "date"),
        changed_whole(
            ["stg_odoo__order_line", "stg_odoo__pos_order", "stg_odoo__sale_order"], "order_date"
        ),
        changed_whole(["stg_odoo__payment"], "paid_date"),
    ] -%}
    {%- set of_unstaged -%}
        select business_date as unit from {{ this }} where unattached_row_count + section_row_count > 0
        {%- for entity in ["pos_order", "sale_order", "pos_order_line", "sale_order_line", "pos_payment"] %}
            {%- set raw = source("raw_odoo", entity) %}
            union all
            select cast(write_date as date) as unit
            from {{ raw }}
            where _loaded_at > make_timestamp({{ seen_until(raw.render()) }})
        {%- endfor %}
    {%- endset -%}
    {{- return(queries + [of_unstaged]) -}}
{%- endmacro %}

{#- Orders that returns name, of which the lines or the returns changed. -#}
{% macro changed_named_orders() -%}
    {{-
        return(
            [changed_upstream("int_order_line"), changed_upstream("int_order_line", "original_order_id")]
        )
    -}}
{%- endmacro %}

{% macro named_by_return_link_named() -%}
    {{-
        return(
            {
                "return_order_id": "return_order_id",
                "return_customer": "return_customer_key",
                "sale_customer": "sale_customer_key",
            }
        )
    -}}
{%- endmacro %}

{#- Customers with other lines, with others of their lines linked by name, or of whom identity says something new. -#}
{% macro changed_return_customers() -%}
    {%- set of_changed_sources -%}
        select coalesce(xref.customer_id, source.unit) as unit
        from
            (
                {{ changed_upstream("int_order_line", "customer") }}
                union
                {{ changed_upstream("int_return_link_named", "return_customer") }}
                union
                {{ changed_upstream("int_return_link_named", "sale_customer") }}
            ) as source
        left join
            {{ ref("int_customer_xref") }} as xref
            on source.unit = {{ customer_key("xref.source_name") }}
            and xref.valid_to is null
    {%- endset -%}
    {{-
        return(
            [
                of_changed_sources,
                changed_upstream("int_customer_xref"),
                changed_upstream("int_customer_xref", "customer_id"),
            ]
        )
    -}}
{%- endmacro %}

{#- Orders with returns that changed, or that are linked to other sales, or to sales that changed. -#}
{% macro changed_returns() -%}
    {{-
        return(
            [
                changed_upstream("int_order_line"),
                changed_upstream("int_return_link_named", "return_order_id"),
                changed_upstream("int_return_link_customer", "return_order_id"),
            ]
        )
    -}}
{%- endmacro %}

{% macro changed_loyalty_events() -%}
    {{-
        return(
            [
                changed_upstream("stg_loyalty__event"),
                changed_whole(["stg_odoo__loyalty_history"], "loyalty_event_id"),
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
                changed_whole(["stg_odoo__stock_level"], stock_day()),
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
