{#- Which sale each return takes back, decided key by key, return after return in order of time: the first sale, in the
    given order, that has the whole quantity open, else several sales that have it together, else none.

    returned: key, order_line_id, order_id, happened_at, quantity. sold: the same, quantity being what is still open.
    The n-th return of every key is decided in one step, so the steps are as many as one key's most returns. -#}
{% macro return_matching(returned, sold, sale_order, is_open) -%}
    (
        with recursive
            key_returned as (
                select
                    key,
                    list(
                        {
                            order_line_id:order_line_id,
                            order_id:order_id,
                            happened_at:happened_at,
                            quantity:quantity
                        }
                        order by happened_at, order_line_id
                    ) as returns
                from {{ returned }}
                group by key
            ),
            key_sold as (
                select
                    key,
                    list(
                        {order_line_id:order_line_id, order_id:order_id, happened_at:happened_at}
                        order by {{ sale_order }}
                    ) as sales,
                    list(quantity order by {{ sale_order }}) as open_quantities
                from {{ sold }}
                semi join key_returned using (key)
                group by key
            ),
            step as (
                select
                    key,
                    returns,
                    sales,
                    open_quantities,
                    cast(0 as bigint) as step_no,
                    cast([] as decimal(18, 3)[]) as taken
                from key_returned
                inner join key_sold using (key)
                union all
                select
                    key,
                    returns,
                    sales,
                    list_transform(
                        open_quantities, lambda open, place:cast(open - taken[place] as decimal(18, 3))
                    ) as open_quantities,
                    step_no,
                    taken
                from
                    (
                        select
                            * exclude (offered, needed),
                            case
                                when list_max(offered) >= needed
                                then
                                    list_transform(
                                        offered,
                                        lambda open,
                                        place:cast(
                                            if(
                                                place = list_position(
                                                    list_transform(offered, lambda whole:whole >= needed),
                                                    true
                                                ),
                                                needed,
                                                0
                                            ) as decimal(18, 3)
                                        )
                                    )
                                when list_sum(offered) >= needed
                                then
                                    list_transform(
                                        offered,
                                        lambda open,
                                        place:cast(
                                            greatest(
                                                0,
                                                least(
                                                    open, needed - coalesce(list_sum(offered[1:place - 1]), 0)
                                                )
                                            ) as decimal(18, 3)
                                        )
                                    )
                                else list_transform(offered, lambda open:cast(0 as decimal(18, 3)))
                            end as taken
                        from
                            (
                                select
                                    key,
                                    returns,
                                    sales,
                                    open_quantities,
                                    step_no + 1 as step_no,
                                    returns[step_no + 1].quantity as needed,
                                    list_transform(
                                        open_quantities,
                                        lambda open,
                                        place:cast(
                                            if(
                                                {{ is_open("sales[place]", "returns[step_no + 1]") }}, open, 0
                                            ) as decimal(18, 3)
                                        )
                                    ) as offered
                                from step
                                where step_no < len(returns)
                            )
                    )
            ),
            pair as (
                select
                    returns[step_no].order_line_id as return_order_line_id,
                    unnest(list_transform(sales, lambda sale:sale.order_line_id)) as sale_order_line_id,
                    unnest(taken) as quantity
                from step
                where step_no > 0
            )
        select *
        from pair
        where quantity > 0
    )
{%- endmacro %}

{#- A return names its own sale: nothing else is asked. -#}
{% macro any_sale(sale, returned) -%} true {%- endmacro %}

{% macro earlier_sale_of_another_order(sale, returned) -%}
    {{ sale }}.happened_at <= {{ returned }}.happened_at and {{ sale }}.order_id <> {{ returned }}.order_id
{%- endmacro %}

{#- Lines of goods that can come back, of one kind. -#}
{% macro returnable_line(relation, line_kind) -%}
    select
        order_line_id,
        order_id,
        product_id,
        ordered_at as happened_at,
        order_date,
        cast(abs(quantity) as decimal(18, 3)) as quantity,
        original_order_id,
        customer_source_name,
        source_customer_id
    from {{ relation }}
    where
        line_kind = '{{ line_kind }}'
        and item_kind = 'product'
        and product_id is not null
        and quantity <> 0
        and excluded_reason is null
{%- endmacro %}
