select * exclude (updated_date)
from {{ ref("stg_headoffice__product_version") }}
qualify row_number() over (partition by source_name, sku order by updated_at desc nulls last) = 1
