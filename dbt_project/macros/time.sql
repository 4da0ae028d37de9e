{#- Three times of a row: the instant in UTC, the store's business date, and when it was known.
    Every conversion names its zone, so that no result depends on the session's TimeZone or the process's TZ. -#}
{#- The warehouse has a function of the name that other engines have, so that dimensions and facts can be said in their
    SQL: a timestamp without a zone, told by the clocks of another place. -#}
{% macro create_time_functions() -%}
    create or replace macro main.convert_timezone(from_zone, to_zone, clock_time) as
        timezone(to_zone, timezone(from_zone, clock_time))
{%- endmacro %}

{#- A timestamp with offset as a UTC timestamp. -#}
{% macro utc(timestamp_with_offset) -%} timezone('UTC', {{ timestamp_with_offset }}) {%- endmacro %}

{#- A local timestamp of a time zone as a UTC timestamp. -#}
{% macro local_to_utc(local_timestamp, time_zone) -%}
    convert_timezone({{ time_zone }}, 'UTC', {{ local_timestamp }})
{%- endmacro %}

{#- The business date, in a time zone, of a UTC timestamp. -#}
{% macro local_date(utc_timestamp, time_zone) -%}
    cast(convert_timezone('UTC', {{ time_zone }}, {{ utc_timestamp }}) as date)
{%- endmacro %}

{#- The business date of a local timestamp: up to the hour at which the brand closes its day, the day before. The hour is
    the wall clock's, so a day of 23 or 25 hours is one day. -#}
{% macro business_date(local_timestamp, closing_hour) -%}
    cast({{ local_timestamp }} - to_hours(coalesce({{ closing_hour }}, 0)) as date)
{%- endmacro %}

{% macro utc_business_date(utc_timestamp, time_zone, closing_hour) -%}
    {{ business_date("convert_timezone('UTC', " ~ time_zone ~ ", " ~ utc_timestamp ~ ")", closing_hour) }}
{%- endmacro %}

{#- The last instant, in UTC, of a local day: when what is only dated is taken to have happened. -#}
{% macro end_of_day(local_date, time_zone) -%}
    ({{ local_to_utc("(" ~ local_date ~ " + interval 1 day)", time_zone) }} - interval 1 microsecond)
{%- endmacro %}

{#- When a daily run would have had the row: for bulk history its event plus the source's delay, else its load.
    `version` comes from newest_version, `source` from stg_ops__source. -#}
{% macro known_at(event_at, version="version", source="source") -%}
    case
        when {{ version }}._is_history
        then {{ event_at }} + to_hours({{ source }}.known_after_hours)
        else {{ version }}._loaded_at
    end
{%- endmacro %}
