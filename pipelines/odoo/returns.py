"""Unusual returns that an Odoo has itself: what stands on the order at the till, the credit note or the sales order.

Belongs here: set-based SQL on the warehouse. Does not belong here: returns of other systems, which are cases
(`cases.py`), and sending (`sink.py`).

What is said of a return stays when it is too old to be scored; it goes when the return is not unusual any more.
"""

from pipelines.odoo.language import join_translated
from pipelines.odoo.schema import RETURN_SCORE
from pipelines.odoo.shown import lines, plain

# Sales that a return names at most; those with the larger amounts come first.
MAX_SALES = 3

# A part of a `with`: the orders that an Odoo has, with the ids of their records.
IN_ODOO = """in_odoo as (
        select
            order_id, source_name, order_name, source_order_id::bigint as pos_order_id,
            source_invoice_id::bigint as move_id
        from stg_odoo__pos_order
        union all by name
        select order_id, source_name, order_name, source_order_id::bigint as sale_order_id
        from stg_odoo__sale_order
        union all by name
        select order_id, source_name, refund_name as order_name, source_refund_id::bigint as move_id
        from stg_odoo__refund
    )"""
_SOLD = """sold as (
        select return_order_id, sale_order_id, min(sale_date) as sale_date, sum(net_amount) as amount
        from fct_return
        semi join score_return_anomaly_current using (return_order_id)
        where sale_order_id is not null
        group by return_order_id, sale_order_id
    )"""

DESIRED_RETURNS = f"""
    insert into sync_desired by name
    with {IN_ODOO},
    {_SOLD},
    sale as (
        select
            sold.return_order_id,
            array_to_string(list_slice(list(
                coalesce(in_odoo.order_name, orders.source_order_id) || ' (' || sold.sale_date || ')'
                order by sold.amount desc, sold.sale_order_id
            ), 1, {MAX_SALES}), ', ') as sales
        from sold
        inner join fct_order as orders on orders.order_id = sold.sale_order_id
        left join in_odoo on in_odoo.order_id = sold.sale_order_id
        group by sold.return_order_id
    )
    select
        'return_score' as target_kind,
        'return_score:' || odd.return_order_id as key,
        odd.return_order_id as entity_id,
        odd.customer_id,
        odd.brand,
        to_json({{
            'x_active': true,
            'x_name': in_odoo.order_name,
            'x_anomaly_level': odd.anomaly_level,
            'x_reasons': {lines("coalesce(said_reasons.text, odd.reasons)")},
            'x_suggested_action': {plain("coalesce(said_action.text[1], odd.suggested_action)")},
            'x_sale': {plain("sale.sales")},
            'x_as_of': odd.as_of_date,
            'x_model_version': odd.model_version
        }}) as values_json,
        odd.reasons,
        odd.suggested_action,
        odd.returned_amount as value_at_risk_amount,
        odd.currency_code,
        odd.model_version,
        odd.as_of_date
    from score_return_anomaly_current as odd
    inner join in_odoo on in_odoo.order_id = odd.return_order_id
    left join sale using (return_order_id)
    left join _brand_language as language on language.brand = odd.brand
    {join_translated("language.language", "odd.reasons", "odd.suggested_action")}
    where odd.anomaly_level <> 'low'
"""

RETURN_TARGETS = f"""
    insert into sync_target by name
    with {IN_ODOO},
    {_SOLD},
    sale as (
        select return_order_id, arg_max(sale_order_id, (amount, sale_order_id)) as order_id
        from sold group by return_order_id
    )
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        desired.key,
        '{RETURN_SCORE}' as model,
        coalesce(returned.pos_order_id, returned.sale_order_id, returned.move_id) as res_id,
        to_json({{
            'x_key': desired.key,
            'x_pos_order_id': returned.pos_order_id,
            'x_move_id': returned.move_id,
            'x_order_id': returned.sale_order_id,
            'x_sale_pos_order_id': sold_in_odoo.pos_order_id,
            'x_sale_order_id': sold_in_odoo.sale_order_id
        }}) as link_json
    from sync_desired as desired
    inner join in_odoo as returned on returned.order_id = desired.entity_id
    left join sale on sale.return_order_id = desired.entity_id
    left join in_odoo as sold_in_odoo
        on sold_in_odoo.order_id = sale.order_id and sold_in_odoo.source_name = $odoo_name
    where desired.target_kind = 'return_score' and returned.source_name = $odoo_name
"""

# A continuation of `with wanted, state`.
ARCHIVE_RETURNS = """
    usual as (
        select state.*
        from state
        inner join score_return_anomaly_current as score on state.key = 'return_score:' || score.return_order_id
        where score.anomaly_level = 'low'
            and json_extract(state.values_json, '$.x_active')::varchar = 'true'
            and state.key not in (select key from sync_touch where odoo_name = $odoo_name and field = 'x_active')
    )
    select
        $odoo_name as odoo_name, key, target_kind, 'archive' as operation, model, res_id,
        '{"x_active":true}' as old_values_json, '{"x_active":false}' as new_values_json,
        json_merge_patch(values_json, '{"x_active":false}') as values_json, 'not unusual any more' as reason
    from usual
"""
