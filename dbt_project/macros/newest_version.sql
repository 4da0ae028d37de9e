{#- One row a key: its newest version, with the bookkeeping of when any version was first known.

    Raw tables are append-only, so a key may stand in them more than once. The newest is the one changed last, where the
    source says when it changed, then loaded last, then the last in its file. Most keys stand there once; only the others
    are sorted, and they are looked for by their hashes, which take less memory than keys. Where only changed rows are
    built, they are read once. -#}
{% macro newest_version(relation, key, changed_at=none) -%}
    (
        with
            loaded as {{ "materialized" if is_incremental() else "not materialized" }} (
                select * from {{ relation }}
            ),
            repeated as (
                select source_name, {{ key | join(", ") }}
                from loaded
                where
                    hash(source_name, {{ key | join(", ") }}) in (
                        select hash(source_name, {{ key | join(", ") }})
                        from loaded
                        group by all
                        having count(*) > 1
                    )
                group by all
                having count(*) > 1
            )
        select *
        from loaded
        anti join repeated using (source_name, {{ key | join(", ") }})
        union all by name
        select
            * replace (
                min(_loaded_at) over versions as _loaded_at, bool_or(_is_history) over versions as _is_history
            )
        from loaded
        semi join repeated using (source_name, {{ key | join(", ") }})
        window versions as (partition by source_name, {{ key | join(", ") }})
        qualify row_number() over (versions order by {{ newest_first(changed_at) }}) = 1
    )
{%- endmacro %}

{% macro newest_first(changed_at=none) -%}
    {%- if changed_at %} {{ changed_at }} desc nulls last, {% endif %} _loaded_at desc,
    _file desc,
    _file_line desc
{%- endmacro %}
