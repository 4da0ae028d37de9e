-- What is bought together, by store cluster?
--
-- Assumes: the ten pairs of each brand and cluster that stand furthest from chance, among those frequent enough to be
-- in the mart. A pair is listed once; its mirror image differs in confidence alone.
select
    affinity.brand,
    affinity.store_cluster,
    affinity.product_id,
    one.product_name,
    affinity.other_product_id,
    other.product_name as other_product_name,
    affinity.pair_basket_count,
    affinity.support_share,
    affinity.confidence_share,
    affinity.lift
from mart_product_affinity as affinity
left join dim_product as one on affinity.product_id = one.product_id
left join dim_product as other on affinity.other_product_id = other.product_id
where affinity.product_id < affinity.other_product_id
qualify
    row_number() over (
        partition by affinity.brand, affinity.store_cluster
        order by affinity.lift desc, affinity.product_id, affinity.other_product_id
    )
    <= 10
order by
    affinity.brand, affinity.store_cluster, affinity.lift desc, affinity.product_id, affinity.other_product_id;
