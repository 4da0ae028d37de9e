-- Units of the last 1, 4 and 13 weeks, as known on each origin, of groups of series: a product, category and
-- family over a brand's stores, and a category in one store. Groups that sold nothing in 13 weeks have no
-- row.
{% set groups = [
    ("product", "brand, product_id"),
    ("category", "brand, category"),
    ("family", "brand, family"),
    ("store_category", "store_id, category"),
] %}

with
    origin as (from {{ demand_origins() }}),
    -- Each week with the origins that count it: from the first one that knows it on, for 13 weeks
    counted_week as (
        select
            week.product_id,
            week.store_id,
            week.brand,
            product.category,
            product.family,
            week.week_start_date,
            week.units,
            greatest(week.known_from_date, week.week_start_date) as counted_from_date,
            least(
                coalesce(week.known_until_date, week.week_start_date + 91), week.week_start_date + 91
            ) as counted_until_date
        from {{ ref("int_demand_week") }} as week
        left join {{ ref("dim_product") }} as product using (product_id)
        where week.units > 0 and week.week_start_date > (select min(origin_date) from origin) - 91
    ),
    {%- for kind, keys in groups %}
        {{ kind }}_week as (
            select {{ keys }}, week_start_date, counted_from_date, counted_until_date, sum(units) as units
            from counted_week
            where {{ keys.split(", ")[1] }} is not null
            group by all
        ),
        {{ kind }} as (
            select
                {{ keys }},
                origin.origin_date,
                sum(units) filter (where week_start_date > origin.origin_date - 7) as units_1,
                sum(units) filter (where week_start_date > origin.origin_date - 28) as units_4,
                sum(units) as units_13
            from {{ kind }}_week
            inner join
                origin on counted_from_date <= origin.origin_date and counted_until_date > origin.origin_date
            group by all
        ),
    {%- endfor %}
    -- A series counts once an origin: each of its weeks on the origins that none before it reaches
    first_week as (
        select
            store_id,
            category,
            greatest(
                counted_from_date,
                coalesce(
                    max(counted_until_date) over (
                        partition by product_id, store_id, brand
                        order by counted_from_date, counted_until_date
                        rows between unbounded preceding and 1 preceding
                    ),
                    counted_from_date
                )
            ) as counted_from_date,
            counted_until_date
        from counted_week
        where category is not null
    ),
    store_category_series as (
        select store_id, category, origin.origin_date, count(*) as series_13
        from first_week
        inner join
            origin
            on first_week.counted_from_date <= origin.origin_date
            and first_week.counted_until_date > origin.origin_date
        group by all
    )

{%- for kind, keys in groups %}
        {% set key, name = keys.split(", ") %}
    select
        '{{ kind }}' as group_kind,
        {{ name }} as group_name,
        {{ "brand" if key == "brand" else "cast(null as varchar) as brand" }},
        {{ "store_id" if key == "store_id" else "cast(null as varchar) as store_id" }},
        origin_date,
        cast(coalesce(units_1, 0) as decimal(18, 3)) as units_1,
        cast(coalesce(units_4, 0) as decimal(18, 3)) as units_4,
        cast(units_13 as decimal(18, 3)) as units_13,
        {{ "series_13" if kind == "store_category" else "cast(null as bigint) as series_13" }}
    from {{ kind }}
    {%- if kind == "store_category" %}
        inner join store_category_series using (store_id, category, origin_date)
    {%- else %}
        union all
    {%- endif %}
{%- endfor %}
