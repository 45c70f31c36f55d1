{{ config(materialized='view') }}
with

unioned as (
    {% for platform, stream in staged_streams() %}
    select
        '{{ platform }}' as platform,
        '{{ stream }}' as stream,
        source_file,
        source_row,
        file_hash,
        updated_at,
        landed_at,
        quarantine_reason,
        record_status
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
