"""Cases about products: what comes back more than was to be expected, so that somebody looks at the goods.

Belongs here: set-based SQL on the warehouse. Does not belong here: what an excess is (`models/returns/excess.py`), and
how a case is kept up to date, which is the same for every case (`cases.py`). No product case names a customer.
"""

from pipelines.odoo.cases import CLOSED, OURS, RETURNED
from pipelines.odoo.excess import EXCESS_BY_PRODUCT
from pipelines.odoo.language import join_translated, said
from pipelines.odoo.shown import html, items, plain

_NAME = said(
    "language.language",
    "More returns than expected at {0}: {1}",
    plain("ops_brand.brand_name"),
    plain("coalesce(product.product_name, odd.product_id)"),
)
_OVER = said("language.language", "The matter is over: no more of it comes back than is to be expected.")

DESIRED_PRODUCT_CASES = f"""
    insert into sync_desired by name
    with odd as (from ({EXCESS_BY_PRODUCT}) order by q_value, brand, product_id limit $max_cases)
    select
        'case' as target_kind,
        'case:product:' || odd.brand || ':' || odd.product_id as key,
        odd.product_id as entity_id,
        odd.brand,
        to_json({{
            'name': {_NAME},
            'description': '<p>' || {html("coalesce(said_action.text[1], odd.suggested_action)")} || '</p>'
                || {items("coalesce(said_reasons.text, odd.reasons)")} || '<p>' || {RETURNED} || '</p>'
        }}) as values_json,
        odd.reasons,
        odd.suggested_action,
        odd.returned_amount as value_at_risk_amount,
        odd.currency_code,
        odd.model_version,
        odd.as_of_date
    from odd
    inner join ops_brand using (brand)
    left join dim_product as product using (product_id)
    left join _brand_language as language using (brand)
    {join_translated("language.language", "odd.reasons", "odd.suggested_action")}
"""

# A continuation of `with wanted, state`. A run without any row is a stage that did not run, and closes nothing.
CLOSE_PRODUCT_CASES = f"""
    {OURS},
    over as (
        select
            ours.*,
            {_OVER} as note
        from ours
        left join _brand_language as language on language.brand = split_part(ours.key, ':', 3)
        where ours.key like 'case:product:%'
            and ours.key not in (
                select 'case:product:' || brand || ':' || product_id from score_return_excess_current where is_excess
            )
            and exists (from score_return_excess_current)
    )
    {CLOSED}
"""
