{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed(stock_day(), changed_stock_levels()) }}",
        post_hook="{{ remember_build([source('ops', 'ops_brand'), ref('stg_odoo__stock_level')]) }}",
    )
}}

with level as ({{ marts_union_all(["stg_headoffice__stock_level", "stg_odoo__stock_level"], stock_day()) }})
select store_id, product_id, source_name, brand, stock_date, on_hand_qty, known_at, known_date
from {{ marts_with_known_date("level") }}
