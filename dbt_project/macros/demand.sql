{#- The Sundays that demand is forecast from, each the end of a full week: the last one before `as_of` ends and those
    before it. The newest have all weeks ahead, origins that serve training alone one a series. -#}
{% macro demand_origins() -%}
    (
        select
            cast(last_date - cast(7 * step as integer) as date) as origin_date,
            {{ var("demand_has_every_week") }} = 1
            or (
                step % {{ var("demand_weeks_ahead") }} = 0 and step <= 3 * {{ var("demand_weeks_ahead") }}
            ) as has_all_weeks
        from
            (select cast(date_trunc('week', {{ marts_as_of() }} + 1) as date) - 1 as last_date),
            range(0, {{ var("demand_origins") }} + 1) as steps(step)
    )
{%- endmacro %}

{#- The Sunday on which a daily run would first have known a row. -#}
{% macro demand_known_sunday(known_date) -%}
    cast(date_trunc('week', {{ known_date }}) as date) + 6
{%- endmacro %}

{#- How many weeks a week lies back from an origin: the origin's own is 1. -#}
{% macro demand_weeks_back(origin_date, week_start_date) -%}
    cast(divide({{ origin_date }} - 6 - {{ week_start_date }}, 7) + 1 as integer)
{%- endmacro %}

{#- Whether a row of `int_demand_week` is what an origin knows of one of its last 53 weeks. -#}
{% macro demand_is_known(week, origin_date) -%}
    {{ week }}.known_from_date <= {{ origin_date }}
    and coalesce({{ week }}.known_until_date > {{ origin_date }}, true)
    and {{ week }}.week_start_date <= {{ origin_date }}
    and {{ week }}.week_start_date > {{ origin_date }} - 7 * 53
{%- endmacro %}

{#- Weeks back that a forecast looks at alone, and numbers of last weeks that it looks at together. -#}
{% macro demand_lags() -%} {{ return([1, 2, 3, 4, 8, 13, 26, 52]) }} {%- endmacro %}

{% macro demand_windows() -%} {{ return([2, 4, 8, 13, 26, 52]) }} {%- endmacro %}
