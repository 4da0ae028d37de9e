-- A level is one of closing time.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed(stock_day(), changed_entity('headoffice', 'stock_levels', ['store_no', 'sku', 'stock_date'], stock_day(), stock_day())) }}",
        post_hook="{{ remember_build([ref('stg_ops__source')]) }}",
    )
}}

select
    {{ office_store_id("version.store_no") }} as store_id,
    {{ product_id("source.code_space", "version.sku") }} as product_id,
    version.source_name,
    source.brand,
    version.stock_date,
    version.on_hand_qty,
    {{ known_at(end_of_day("version.stock_date", "source.time_zone")) }} as known_at
from
    {{
        newest_version(
            only_changed(source("raw_headoffice", "stock_levels"), stock_day()),
            ["store_no", "sku", "stock_date"],
        )
    }} as version
inner join {{ ref("stg_ops__source") }} as source using (source_name)
