"""Suggested orders: which of them an Odoo shows, on which reordering rule, and how long a need lasts.

Belongs here: set-based SQL on the warehouse. Does not belong here: how much to order (`models/ordering`), what waits
for approval (`approvals.py`) and sending (`sink.py`).

Nothing here orders anything: a suggestion becomes an order when a person takes it over. Where the goods of its store
stand in a warehouse of the Odoo that has a rule for the product, it stands on that rule; on the product it always does.

A need begins on the day on which something is first to be ordered, and ends when nothing is: then it was ordered, came
from elsewhere or is not wanted any more. What a reviewer said of one need does not hold for the next.
"""

from pipelines.odoo.language import join_translated, said
from pipelines.odoo.schema import ORDER
from pipelines.odoo.shown import lines, money, plain, quantity

_QUANTITY = quantity("score.suggested_order_qty")
_WRITTEN_QUANTITY = rf"regexp_replace(({_QUANTITY})::varchar, '\.0$', '')"
_STORE = "coalesce(store.store_name, score.store_id)"
_NAME = said(
    "language.language",
    "Order {0} × {1} for {2}",
    f"if(language.language is null, {_WRITTEN_QUANTITY}, replace({_WRITTEN_QUANTITY}, '.', ','))",
    plain("coalesce(product.product_name, score.product_id)"),
    plain(_STORE),
)

DESIRED_ORDERS = f"""
    insert into sync_desired by name
    select
        'order' as target_kind,
        'order:' || score.store_id || ':' || score.product_id as key,
        score.product_id as entity_id,
        score.store_id,
        score.brand,
        to_json({{
            'x_active': true,
            'x_name': {_NAME},
            'x_store': {_STORE},
            'x_suggested_qty': {_QUANTITY},
            'x_amount': {money("score.order_amount")},
            'x_currency': score.currency_code,
            'x_is_stock_known': score.on_hand_qty is not null,
            'x_on_hand_qty': {quantity("score.on_hand_qty")},
            'x_is_on_order_known': score.on_order_qty is not null,
            'x_on_order_qty': {quantity("score.on_order_qty")},
            'x_reorder_point_qty': {quantity("score.reorder_point_qty")},
            'x_order_up_to_qty': {quantity("score.order_up_to_qty")},
            'x_reasons': {lines("coalesce(said_reasons.text, score.reasons)")},
            'x_as_of': score.as_of_date,
            'x_model_version': score.model_version
        }}) as values_json,
        score.reasons,
        score.order_amount as value_at_risk_amount,
        score.currency_code,
        score.model_version,
        score.as_of_date
    from score_order_current as score
    left join dim_store as store using (store_id)
    left join dim_product as product using (product_id)
    left join _brand_language as language on language.brand = score.brand
    {join_translated("language.language", "score.reasons")}
    where score.suggested_order_qty > 0 and isfinite(score.suggested_order_qty)
"""

_NEEDED = """
    select brand, store_id || ':' || entity_id as entity_id, as_of_date from sync_desired where target_kind = 'order'
"""

# A run without any suggestion, not even of nothing, is a stage that did not run.
CLOSE_NEEDS = f"""
    delete from sync_matter
    where target_kind = 'order'
        and (brand, entity_id) not in (select (brand, entity_id) from ({_NEEDED}))
        and exists (from score_order_current)
"""

OPEN_NEEDS = f"""
    insert into sync_matter by name
    select 'order' as target_kind, brand, entity_id, as_of_date as opened_date
    from ({_NEEDED})
    anti join (from sync_matter where target_kind = 'order') using (brand, entity_id)
"""

# In `target` and its `matter`: what names a need for good.
NEED_KEY = "target.key || ':' || matter.opened_date"

# A warehouse may have rules at several of its locations: that of its stock goes first.
ORDER_TARGETS = f"""
    insert into sync_target by name
    with rule as (
        select
            coalesce(place.stock_store_id, orderpoint.store_id) as store_id,
            source_product_id,
            source_orderpoint_id::bigint as orderpoint_id
        from stg_odoo__orderpoint as orderpoint
        left join int_stock_store as place using (store_id)
        where source_name = $odoo_name and is_active
        qualify row_number() over (
            partition by coalesce(place.stock_store_id, orderpoint.store_id), source_product_id
            order by is_at_stock_location desc, orderpoint_id
        ) = 1
    )
    select
        $odoo_name as odoo_name,
        desired.target_kind,
        desired.key as desired_key,
        'order:' || desired.store_id || ':' || product.source_product_id as key,
        '{ORDER}' as model,
        product.source_product_id::bigint as res_id,
        json_merge_patch(
            to_json({{
                'x_key': 'order:' || desired.store_id || ':' || product.source_product_id,
                'x_product_tmpl_id': product.source_template_id::bigint,
                'x_product_id': product.source_product_id::bigint
            }}),
            -- Without the app Inventory there is no warehouse, and no such field.
            if(
                exists (from stg_odoo__warehouse where source_name = $odoo_name),
                json_object('x_orderpoint_id', coalesce(to_json(rule.orderpoint_id), 'false'::json)),
                '{{}}'::json
            )
        ) as link_json
    from sync_desired as desired
    inner join stg_odoo__product_product as product on product.product_id = desired.entity_id
    left join rule on rule.store_id = desired.store_id and rule.source_product_id = product.source_product_id
    where desired.target_kind = 'order' and product.source_name = $odoo_name and product.is_active
"""

# Of the suggestions that have a product in an Odoo, how many have a reordering rule there.
ORDERS_ON_RULES = """
    select
        'order on a rule',
        count(distinct desired_key) filter (coalesce(link_json ->> '$.x_orderpoint_id', 'false') <> 'false'),
        count(distinct desired_key)
    from sync_target where odoo_name = $odoo_name and target_kind = 'order'
    having count(*) > 0
"""
