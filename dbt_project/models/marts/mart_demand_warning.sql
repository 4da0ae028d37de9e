-- Demand of a brand's category or region that fell short of its forecast: the latest forecast whose
-- weeks are over, against what was sold since by the same products and stores. A cause has a share of
-- the shortfall where the data can say one, else null: days without stock beyond the usual ones
-- directly; a dearer price and fewer promotions by the products that had them against those that had
-- not; fewer baskets against the weeks before and the same weeks of a year ago.
{% set as_of = marts_as_of() %}
-- Days before the forecast's first week that "before" means, and a year of whole weeks
{% set before_days = 91 %}
{% set year_days = 364 %}
-- The least that is told apart: of a shortfall, of a price, of a share of weeks promoted, of a cause's share
{% set shortfall_share = 0.1 %}
{% set price_ratio = 1.03 %}
{% set promoted_share = 0.25 %}
{% set explained_share = 0.5 %}

with
    forecast as (
        select
            *,
            cast(date_trunc('week', as_of_date + 1) as date) as start_date,
            cast(date_trunc('week', as_of_date + 1) as date) - 1 + 7 * horizon_weeks as end_date
        from {{ source("scores", "score_demand") }}
    ),
    period as (
        select
            brand,
            max(as_of_date) as forecast_date,
            max(start_date) as start_date,
            max(end_date) as end_date,
            max(horizon_weeks) as weeks
        from forecast
        -- An older one would warn of what is long past
        where end_date <= {{ as_of }} and end_date > {{ as_of }} - 28
        group by brand
    ),
    series_forecast as (
        select
            forecast.brand,
            forecast.product_id,
            forecast.store_id,
            cast(forecast.forecast_qty as decimal(18, 3)) as forecast_qty,
            cast(pow(forecast.forecast_qty - forecast.forecast_low_qty, 2) as decimal(18, 6)) as squared_width
        from forecast
        inner join period on forecast.brand = period.brand and forecast.as_of_date = period.forecast_date
    ),

    -- What was sold in the weeks, before them, and both a year ago
    sale as (
        select
            line.brand,
            line.product_id,
            line.store_id,
            line.order_id,
            line.quantity,
            line.net_amount,
            case
                when line.order_date >= period.start_date
                then 'now'
                when line.order_date >= period.start_date - {{ before_days }}
                then 'before'
                when line.order_date >= period.start_date - {{ year_days }}
                then 'year_ago'
                else 'before_year_ago'
            end as sold_when,
            cast(date_trunc('week', line.order_date) as date) as week_start_date
        from {{ ref("fct_order_line") }} as line
        inner join period on line.brand = period.brand
        where
            line.line_kind = 'sale'
            and line.item_kind = 'product'
            and line.unit_of_measure = 'piece'
            and line.quantity > 0
            and line.quantity <= 50
            and (
                line.order_date between period.start_date - {{ before_days }} and period.end_date
                or line.order_date
                between period.start_date
                - {{ year_days + before_days }} and period.end_date
                - {{ year_days }}
            )
    ),
    -- A week in which a brand sold nothing at all is a gap in its data:
    -- nothing softened, and no season is known
    brand_week as (
        select
            period.brand,
            count(distinct sale.week_start_date) filter (where sale.sold_when = 'now')
            = max(period.weeks) as is_whole,
            count(distinct sale.week_start_date) filter (
                where sale.sold_when in ('year_ago', 'before_year_ago')
            )
            = {{ before_days // 7 }} + max(period.weeks) as has_year_ago
        from sale
        inner join period using (brand)
        group by period.brand
    ),
    brand_year_ago as (select brand from brand_week where has_year_ago),
    series_sale as (
        select
            product_id,
            store_id,
            sum(quantity) filter (where sold_when = 'now') as sold_qty,
            sum(net_amount) filter (where sold_when = 'now')
            / nullif(sum(quantity) filter (where sold_when = 'now'), 0) as unit_price,
            sum(net_amount) filter (where sold_when = 'before')
            / nullif(sum(quantity) filter (where sold_when = 'before'), 0) as unit_price_before
        from sale
        where sold_when in ('now', 'before')
        group by product_id, store_id
    ),
    series_stock as (
        select
            stock.product_id,
            stock.store_id,
            count(*) filter (where stock.on_hand_qty <= 0 and stock.stock_date >= period.start_date)
            / nullif(count(*) filter (where stock.stock_date >= period.start_date), 0) as stock_out_share,
            count(*) filter (where stock.on_hand_qty <= 0 and stock.stock_date < period.start_date) / nullif(
                count(*) filter (where stock.stock_date < period.start_date), 0
            ) as stock_out_share_before
        from {{ ref("fct_stock_level") }} as stock
        inner join
            period
            on stock.brand = period.brand
            and stock.stock_date between period.start_date - {{ before_days }} and period.end_date
        group by stock.product_id, stock.store_id
    ),
    series_promotion as (
        select
            promotion.brand,
            promotion.product_id,
            promotion.store_id,
            count(*) filter (where promotion.week_start_date >= period.start_date)
            / any_value(period.weeks) as promoted_share,
            count(*) filter (where promotion.week_start_date < period.start_date)
            / {{ before_days // 7 }} as promoted_share_before
        from {{ ref("int_promotion_store_week") }} as promotion
        inner join
            period
            on promotion.brand = period.brand
            and promotion.week_start_date between period.start_date - {{ before_days }} and period.end_date
        group by promotion.brand, promotion.product_id, promotion.store_id
    ),
    series as (
        select
            series_forecast.*,
            coalesce(series_sale.sold_qty, 0) as sold_qty,
            -- Where it is known before and now: greatest() would take a null for 0
            case
                when series_stock.stock_out_share > series_stock.stock_out_share_before
                then
                    series_forecast.forecast_qty * cast(
                        series_stock.stock_out_share - series_stock.stock_out_share_before as decimal(9, 6)
                    )
                when series_stock.stock_out_share <= series_stock.stock_out_share_before
                then 0
            end as lost_without_stock_qty,
            series_sale.unit_price >= {{ price_ratio }} * series_sale.unit_price_before as is_dearer,
            case
                when series_forecast.brand in (select brand from series_promotion)
                then
                    coalesce(series_promotion.promoted_share_before - series_promotion.promoted_share, 0)
                    >= {{ promoted_share }}
            end as is_promoted_less
        from series_forecast
        left join series_sale using (product_id, store_id)
        left join series_stock using (product_id, store_id)
        left join series_promotion using (product_id, store_id)
    ),

    -- Categories and regions
    product_group as (
        select product_id, 'category' as dimension, category as dimension_value
        from {{ ref("dim_product") }}
        where category is not null
    ),
    store_group as (
        select store_id, 'region' as dimension, region as dimension_value
        from {{ ref("dim_store") }}
        where region is not null
    ),
    grouped_series as (
        select product_group.dimension, product_group.dimension_value, series.*
        from series
        inner join product_group using (product_id)
        union all
        select store_group.dimension, store_group.dimension_value, series.*
        from series
        inner join store_group using (store_id)
    ),
    forecast_group as (
        select
            brand,
            dimension,
            dimension_value,
            count(*) as series_count,
            sum(forecast_qty) as forecast_qty,
            sum(squared_width) as squared_width,
            sum(sold_qty) as sold_qty,
            sum(lost_without_stock_qty) as lost_without_stock_qty,
            {%- for cause in ["is_dearer", "is_promoted_less"] %}
                -- What those with the cause would have sold beyond, had they done as well as the others
                case
                    when count({{ cause }}) > 0
                    then
                        coalesce(sum(forecast_qty) filter (where {{ cause }}), 0)
                        * sum(sold_qty) filter (where not {{ cause }})
                        / nullif(sum(forecast_qty) filter (where not {{ cause }}), 0)
                        - coalesce(sum(sold_qty) filter (where {{ cause }}), 0)
                end as {{ cause }}_qty
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from grouped_series
        group by brand, dimension, dimension_value
    ),

    -- All products of the group, and the baskets of its stores; of a category, those of the brand
    group_sale as (
        select brand, dimension, dimension_value, sold_when, sum(quantity) as sold_qty
        from
            (
                select product_group.dimension, product_group.dimension_value, sale.*
                from sale
                inner join product_group using (product_id)
                union all
                select store_group.dimension, store_group.dimension_value, sale.*
                from sale
                inner join store_group using (store_id)
            )
        where sold_when in ('now', 'year_ago')
        group by brand, dimension, dimension_value, sold_when
    ),
    group_year as (
        select
            brand,
            dimension,
            dimension_value,
            sum(sold_qty) filter (where sold_when = 'now')
            / nullif(sum(sold_qty) filter (where sold_when = 'year_ago'), 0) as year_ago_ratio
        from group_sale
        semi join brand_year_ago using (brand)
        group by brand, dimension, dimension_value
    ),
    basket_count as (
        select
            sale.brand,
            store_group.dimension_value,
            grouping(store_group.dimension_value) = 1 as is_whole_brand,
            {%- for sold_when in ["now", "before", "year_ago", "before_year_ago"] %}
                count(distinct order_id) filter (where sold_when = '{{ sold_when }}') as {{ sold_when }}_count
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from sale
        semi join brand_year_ago using (brand)
        left join store_group using (store_id)
        group by grouping sets ((sale.brand), (sale.brand, store_group.dimension_value))
    ),
    basket as (
        select
            brand,
            dimension_value,
            is_whole_brand,
            (now_count / nullif(before_count, 0))
            / nullif(year_ago_count / nullif(before_year_ago_count, 0), 0) as basket_ratio
        from basket_count
    ),
    holiday as (
        select
            period.brand,
            count(*) filter (where holiday.holiday_date >= period.start_date)
            - count(*) filter (where holiday.holiday_date < period.start_date) as holiday_count_difference
        from period
        inner join {{ source("ops", "ops_brand") }} as brand using (brand)
        inner join
            {{ ref("int_holiday") }} as holiday
            on brand.country_code = holiday.country_code
            and (
                holiday.holiday_date between period.start_date and period.end_date
                or holiday.holiday_date
                between period.start_date - {{ year_days }} and period.end_date - {{ year_days }}
            )
        group by period.brand
    ),
    measured as (
        select
            forecast_group.*,
            period.forecast_date,
            period.start_date,
            period.end_date,
            -- Errors of products are independent at best, and sums of the size were as far off as they were.
            cast(
                greatest(
                    cast(forecast_group.forecast_qty as double) - sqrt(
                        greatest(
                            cast(forecast_group.squared_width as double),
                            coalesce(
                                pow({{ demand_upper_in_deviations() }}, 2)
                                * ({{ demand_sum_variance("error", "forecast_group.forecast_qty") }}),
                                0
                            )
                        )
                    ),
                    0
                ) as decimal(18, 3)
            ) as forecast_low_qty,
            forecast_group.forecast_qty - forecast_group.sold_qty as shortfall_qty,
            group_year.year_ago_ratio - 1 as year_ago_change_share,
            forecast_group.forecast_qty * (1 - basket.basket_ratio) as fewer_baskets_qty,
            coalesce(holiday.holiday_count_difference, 0) as holiday_count_difference
        from forecast_group
        inner join period using (brand)
        semi join (from brand_week where is_whole) as whole using (brand)
        left join group_year using (brand, dimension, dimension_value)
        left join {{ ref("int_demand_error") }} as error on forecast_group.brand = error.brand
        left join
            basket
            on forecast_group.brand = basket.brand
            and (
                forecast_group.dimension = 'region'
                and forecast_group.dimension_value = basket.dimension_value
                and not basket.is_whole_brand
                or forecast_group.dimension = 'category'
                and basket.is_whole_brand
            )
        left join holiday on forecast_group.brand = holiday.brand
    ),
    explained as (
        select
            *,
            sold_qty < forecast_low_qty
            and shortfall_qty >= {{ shortfall_share }} * forecast_qty
            and coalesce(year_ago_change_share < 0, true) as is_warning,
            {%- for cause, quantity in [
                ("stock", "lost_without_stock_qty"),
                ("promotion", "is_promoted_less_qty"),
                ("price", "is_dearer_qty"),
                ("traffic", "fewer_baskets_qty"),
            ] %}
                case
                    when shortfall_qty > 0 and {{ quantity }} is not null
                    then
                        round(
                            least(
                                greatest(cast({{ quantity }} as double) / cast(shortfall_qty as double), 0), 1
                            ),
                            6
                        )
                end as {{ cause }}_explained_share
                {%- if not loop.last %}, {% endif %}
            {%- endfor %}
        from measured
    )
select
    brand,
    dimension,
    dimension_value,
    {{ as_of }} as as_of_date,
    forecast_date,
    start_date,
    end_date,
    series_count,
    cast(forecast_qty as decimal(18, 3)) as forecast_qty,
    cast(forecast_low_qty as decimal(18, 3)) as forecast_low_qty,
    cast(sold_qty as decimal(18, 3)) as sold_qty,
    {{ marts_ratio("shortfall_qty", "forecast_qty") }} as shortfall_share,
    {{ marts_double("year_ago_change_share") }} as year_ago_change_share,
    is_warning,
    stock_explained_share,
    promotion_explained_share,
    price_explained_share,
    traffic_explained_share,
    holiday_count_difference,
    case
        when not is_warning
        then null
        when
            greatest(
                stock_explained_share,
                promotion_explained_share,
                price_explained_share,
                traffic_explained_share
            )
            >= {{ explained_share }}
        then
            case
                greatest(
                    stock_explained_share,
                    promotion_explained_share,
                    price_explained_share,
                    traffic_explained_share
                )
                when stock_explained_share
                then 'stock'
                when promotion_explained_share
                then 'promotion'
                when price_explained_share
                then 'price'
                else 'traffic'
            end
        when holiday_count_difference <> 0 and year_ago_change_share < 0
        then 'calendar'
    end as likely_cause
from explained
