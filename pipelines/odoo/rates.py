"""What money in other currencies is worth to whoever compares amounts.

Belongs here: the newest rate of each currency, as SQL. Does not belong here: amounts of facts, which carry their own.
"""

# A part of a `with`: `rate` (currency_code, exchange_rate), units of the reporting currency for one of the currency.
RATE = """rate as (
        select currency_code, arg_max(exchange_rate, order_date) as exchange_rate
        from fct_order_line
        group by currency_code
    )"""
