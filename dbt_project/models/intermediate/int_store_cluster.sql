-- Stores by size: a third of a brand's stores each, by net sales.
with
    store as (
        select brand, store_id, {{ measure_net_sales(is_reporting=true) }} as net_sales_amount_reporting
        from {{ ref("fct_order_line") }}
        where store_id is not null
        group by brand, store_id
    )
select
    brand,
    store_id,
    case
        ntile(3) over (partition by brand order by net_sales_amount_reporting desc nulls last, store_id)
        when 1
        then 'large'
        when 2
        then 'medium'
        else 'small'
    end as store_cluster
from store
