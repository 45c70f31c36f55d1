{%- for platform, stream in staged_streams() %}
select
    '{{ platform }}' as platform,
    '{{ stream }}' as stream,
    broken.file_hash,
    broken.source_row
from {{ ref('stg_' ~ platform ~ '__' ~ stream) }} as broken
where
    broken.record_status = 'quarantined'
    -- the engine looks up the few keys that have a row in quarantine among all rows
    and exists (
        select sound.record_key
        from {{ ref('stg_' ~ platform ~ '__' ~ stream) }} as sound
        where
            sound.record_key = broken.record_key
            and sound.record_status <> 'quarantined'
            and sound.landed_at > broken.landed_at
    )
{{ 'union all' if not loop.last }}
{%- endfor %}
