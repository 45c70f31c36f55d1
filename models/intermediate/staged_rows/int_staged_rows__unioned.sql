{%- set streams = [] -%}
{%- for platform, names in var('streams').items() -%}
{%- for name in names -%}
{%- do streams.append((platform, name)) -%}
{%- endfor -%}
{%- endfor -%}
with

unioned as (
    {% for platform, stream in streams %}
    select
        '{{ platform }}' as platform,
        '{{ stream }}' as stream,
        source_file,
        source_row,
        file_hash,
        updated_at,
        landed_at,
        quarantine_reason,
        record_status,
        is_corrected
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
