{{ tracked_whole(['platform', 'field', 'native_value']) }}
with

mapped as (
    {% for platform in var('streams') %}
    select
        '{{ platform }}' as platform,
        field,
        lower(trim(native_value)) as native_value,
        slug
    from {{ ref('map_' ~ platform) }}
    where slug is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

slugs as (

    select
        'queue' as field,
        queue as slug
    from {{ ref('queues') }}
    union all
    select
        'channel' as field,
        channel as slug
    from {{ ref('channels') }}
    union all
    select
        'contact_type' as field,
        contact_type as slug
    from {{ ref('contact_types') }}
    union all
    select
        'client' as field,
        client as slug
    from {{ ref('clients') }}
    union all
    select
        'site' as field,
        site as slug
    from {{ ref('sites') }}
    union all
    select
        'state' as field,
        state as slug
    from {{ ref('agent_states') }}
    union all
    select
        'activity' as field,
        activity as slug
    from {{ ref('activities') }}
    union all
    select
        'question' as field,
        scale as slug
    from {{ ref('survey_scales') }}

),

platforms as (
    {% for platform in var('streams') %}
    select '{{ platform }}' as platform
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- a platform that already uses one of our slugs needs no row in its map
own_slugs as (

    select
        platforms.platform,
        slugs.field,
        slugs.slug as native_value,
        slugs.slug
    from platforms
    cross join slugs
    left join mapped
        on
            platforms.platform = mapped.platform
            and slugs.field = mapped.field
            and slugs.slug = mapped.native_value
    where mapped.slug is null

),

unioned as (

    select * from mapped
    union all
    select * from own_slugs

)

select * from unioned
