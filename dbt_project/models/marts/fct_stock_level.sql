with level as ({{ marts_union_all(["stg_headoffice__stock_level", "stg_odoo__stock_level"]) }})
select store_id, product_id, source_name, brand, stock_date, on_hand_qty, known_at, known_date
from {{ marts_with_known_date("level") }}
