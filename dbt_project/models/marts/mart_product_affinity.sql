-- Products bought together in the 365 days to `as_of`, by brand and store cluster. Pairs are looked for
-- among the products with the most sale lines of a cluster, and kept from a least support on, so that the
-- work is bounded however many products and baskets there are.
with
    -- Each use reads only the columns that it needs.
    line as not materialized(
        select order_line.brand, cluster.store_cluster, order_line.order_id, order_line.product_id
        from {{ ref("fct_order_line") }} as order_line
        inner join {{ ref("dim_store") }} as cluster using (brand, store_id)
        where
            cluster.store_cluster is not null
            and order_line.line_kind = 'sale'
            and order_line.item_kind = 'product'
            and order_line.product_id is not null
            and order_line.order_date > {{ marts_as_of() }} - 365
            and order_line.order_date <= {{ marts_as_of() }}
    ),
    cluster_basket as (
        select brand, store_cluster, count(distinct order_id) as basket_count
        from line
        group by brand, store_cluster
    ),
    top_product as (
        select brand, store_cluster, product_id
        from line
        group by brand, store_cluster, product_id
        qualify
            row_number() over (partition by brand, store_cluster order by count(*) desc, product_id)
            <= {{ var("affinity_products") }}
    ),
    item as (
        select distinct brand, store_cluster, order_id, product_id
        from line
        semi join top_product using (brand, store_cluster, product_id)
    ),
    product_basket as (
        select brand, store_cluster, product_id, count(*) as basket_count
        from item
        group by brand, store_cluster, product_id
    ),
    pair as (
        select
            one.brand,
            one.store_cluster,
            one.product_id,
            other.product_id as other_product_id,
            count(*) as basket_count
        from item as one
        inner join
            item as other
            on one.order_id = other.order_id
            and one.brand = other.brand
            and one.store_cluster = other.store_cluster
            and one.product_id <> other.product_id
        group by one.brand, one.store_cluster, one.product_id, other.product_id
        having count(*) >= {{ var("affinity_min_basket_count") }}
    )
select
    brand,
    store_cluster,
    pair.product_id,
    pair.other_product_id,
    {{ marts_as_of() }} as as_of_date,
    cluster_basket.basket_count,
    one.basket_count as product_basket_count,
    other.basket_count as other_product_basket_count,
    pair.basket_count as pair_basket_count,
    {{ marts_ratio("pair.basket_count", "cluster_basket.basket_count") }} as support_share,
    {{ marts_ratio("pair.basket_count", "one.basket_count") }} as confidence_share,
    {{
        marts_ratio(
            "pair.basket_count * cluster_basket.basket_count", "one.basket_count * other.basket_count"
        )
    }} as lift
from pair
inner join cluster_basket using (brand, store_cluster)
inner join product_basket as one using (brand, store_cluster, product_id)
inner join
    product_basket as other
    on pair.brand = other.brand
    and pair.store_cluster = other.store_cluster
    and pair.other_product_id = other.product_id
where pair.basket_count >= {{ var("affinity_min_support") }} * cluster_basket.basket_count
