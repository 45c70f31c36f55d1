with

broken as (
    {% for platform, stream in staged_streams() %}
    select
        '{{ platform }}' as platform,
        '{{ stream }}' as stream,
        record_key,
        file_hash,
        source_row,
        landed_at
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }}
    where record_status = 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

broken_keys as (

    select distinct
        platform,
        stream,
        record_key
    from broken

),

-- only the few keys that have a row in quarantine are looked up among all rows
sound as (
    {% for platform, stream in staged_streams() %}
    select
        broken_keys.platform,
        broken_keys.stream,
        broken_keys.record_key,
        staged.landed_at
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }} as staged
    inner join broken_keys
        on
            staged.record_key = broken_keys.record_key
            and broken_keys.platform = '{{ platform }}'
            and broken_keys.stream = '{{ stream }}'
    where staged.record_status <> 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

last_sound as (

    select
        platform,
        stream,
        record_key,
        max(landed_at) as landed_at
    from sound
    group by platform, stream, record_key

),

corrected as (

    select
        broken.platform,
        broken.stream,
        broken.file_hash,
        broken.source_row
    from broken
    inner join last_sound
        on
            broken.platform = last_sound.platform
            and broken.stream = last_sound.stream
            and broken.record_key = last_sound.record_key
            and broken.landed_at < last_sound.landed_at

)

select * from corrected
