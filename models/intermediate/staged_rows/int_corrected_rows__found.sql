with

-- only the few keys that have a row in quarantine are looked up among all rows
unioned as (
    {% for platform, stream in staged_streams() %}
    {%- set staged = ref('stg_' ~ platform ~ '__' ~ stream) %}
    select
        '{{ platform }}' as platform,
        '{{ stream }}' as stream,
        broken.file_hash,
        broken.source_row
    from {{ staged }} as broken
    inner join (
        select
            record_key,
            max(landed_at) as last_landed_at
        from {{ staged }}
        where
            record_status <> 'quarantined'
            and record_key in (select record_key from {{ staged }} where record_status = 'quarantined')
        group by record_key
    ) as sound
        on broken.record_key = sound.record_key
    where
        broken.record_status = 'quarantined'
        and broken.landed_at < sound.last_landed_at
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
