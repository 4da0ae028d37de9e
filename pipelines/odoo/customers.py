"""What a customer's tab says: the score, what the customer is worth and where they buy, points, consent.

Belongs here: set-based SQL from scores and marts. Does not belong here: on which partner it stands (`plan.py`).
"""

from pipelines.odoo.language import join_translated, said
from pipelines.odoo.shown import lines, money, plain, share

# The best part of a brand's customers counts as of high value.
HIGH_VALUE_SHARE = 0.2
_LANGUAGE = "language.language"
_CHANNELS = {"store": "Store", "online": "Web shop", "order_desk": "Order desk", "other": "Other channels"}
_CHANNEL = " ".join(f"when '{kind}' then {said(_LANGUAGE, name)}" for kind, name in _CHANNELS.items())
_NO_CONTACT = said(_LANGUAGE, "No contact: the customer refuses marketing.")

DESIRED_CUSTOMERS = f"""
    insert into sync_desired by name
    with customer as (
        select
            score.*,
            profile.* exclude (customer_id, brand, currency_code),
            coalesce(profile.net_sales_amount, 0) + score.expected_value_amount as lifetime_value_amount,
            -- As tasks are made: one refusal is a refusal.
            golden.has_marketing_consent is false or profile.marketing_consent = 'refused' as is_refusing
        from score_churn_current as score
        left join mart_customer_brand as profile using (customer_id, brand)
        left join identity_golden as golden using (customer_id)
    ),
    -- Two digits, so that it stays where it is while single customers come and go.
    cut as (
        select
            brand,
            quantile_disc(lifetime_value_amount, {1 - HIGH_VALUE_SHARE}) as value_amount,
            10 ** (floor(log10(greatest(value_amount, 1))) - 1) as digit,
            floor(value_amount / digit) * digit as high_value_amount
        from customer
        group by brand
    )
    select
        'customer_score' as target_kind,
        'customer_score:' || customer.brand || ':' || customer.customer_id as key,
        customer.customer_id as entity_id,
        customer.customer_id,
        customer.brand,
        to_json({{
            'x_active': true,
            'x_name': brand.brand_name,
            'x_brand': brand.brand_name,
            'x_churn_probability': {share("customer.churn_probability")},
            'x_churn_level': customer.churn_level,
            'x_value_at_risk': {money("customer.value_at_risk_amount")},
            'x_expected_value': {money("customer.expected_value_amount")},
            'x_lifetime_value': {money("customer.lifetime_value_amount")},
            'x_is_high_value': customer.lifetime_value_amount >= cut.high_value_amount,
            'x_currency': customer.currency_code,
            'x_segment': customer.segment,
            'x_channels': array_to_string(
                list_transform(customer.channel_kinds, lambda kind: case kind {_CHANNEL} end), ', '
            ),
            'x_has_points': coalesce(customer.has_points, false),
            'x_points_balance': coalesce(customer.points_balance, 0),
            'x_consent': coalesce(customer.marketing_consent, 'not_stated'),
            'x_reasons': {lines("coalesce(said_reasons.text, customer.reasons)")},
            'x_suggested_action': if(
                customer.is_refusing and customer.churn_level <> 'low',
                {_NO_CONTACT},
                {plain("coalesce(said_action.text[1], customer.suggested_action)")}
            ),
            'x_as_of': customer.as_of_date,
            'x_model_version': customer.model_version
        }}) as values_json,
        customer.reasons,
        customer.suggested_action,
        customer.value_at_risk_amount,
        customer.currency_code,
        customer.model_version,
        customer.as_of_date
    from customer
    inner join ops_brand as brand using (brand)
    inner join cut using (brand)
    left join _brand_language as language using (brand)
    {join_translated(_LANGUAGE, "customer.reasons", "customer.suggested_action")}
"""
