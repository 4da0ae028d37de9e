"""Products that came back more than expected, as people are told of them: one row a product.

Belongs here: the query, for the cases (`product_cases.py`) and for saying it in other languages (`language.py`).
"""

EXCESS_BY_PRODUCT = """
    select
        excess.brand,
        excess.product_id,
        list(excess.finding order by excess.dimension <> 'product', excess.q_value, excess.finding) as reasons,
        min(excess.q_value) as q_value,
        any_value(excess.suggested_action) as suggested_action,
        any_value(product.returned_amount) as returned_amount,
        any_value(product.currency_code) as currency_code,
        any_value(excess.model_version) as model_version,
        any_value(excess.as_of_date) as as_of_date
    from score_return_excess_current as excess
    inner join score_return_excess_current as product
        on product.brand = excess.brand and product.product_id = excess.product_id and product.dimension = 'product'
    where excess.is_excess
    group by excess.brand, excess.product_id
"""
