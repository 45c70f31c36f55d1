{%- set seconds = [
    ('on_contact', "doing = 'on_contact'"),
    ('on_contact_paid', "doing = 'on_contact' and is_paid"),
    ('available', "doing = 'available'"),
    ('break', "doing = 'break'"),
    ('training', "doing = 'training'"),
    ('meeting', "doing = 'meeting'"),
    ('other_away', "doing = 'other_away'"),
    ('paid', 'is_paid'),
    ('scheduled', 'is_scheduled'),
    ('adherent', 'is_adherent'),
    ('scheduled_productive', 'is_scheduled_productive'),
] -%}
{{ tracked(
    ['agent_id', 'cast(interval_start_at as date)'],
    by={'int_agent_time__swept': ['agent_id', 'utc_date']},
    also=[
        'select agent_id, utc_date from ' ~ ref('int_agent_time__swept')
        ~ ' where agent_id in (select agent_id from ' ~ changes('dim_agent') ~ ')'
        ~ ' or exists (select 1 from ' ~ changes('dim_site') ~ ')',
    ],
) }}
with

stretches as (

    select * from {{ ref('int_agent_time__swept') }}
    where {{ only_touched(['agent_id', 'utc_date']) }}

),

agents as (

    select * from {{ ref('dim_agent') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

sliced as (

    select
        stretches.agent_id,
        buckets.interval_start_at,
        stretches.doing,
        stretches.contacts_count,
        stretches.is_paid,
        stretches.is_scheduled,
        stretches.is_scheduled_productive,
        stretches.is_adherent,
        {{ seconds_between(
            'greatest(stretches.started_at, buckets.interval_start_at)',
            "least(stretches.ended_at, buckets.interval_start_at + interval '15' minute)",
        ) }} as slice_seconds
    from stretches
    {{ lateral_buckets('stretches.started_at', 'stretches.ended_at', 15, 'buckets', 'interval_start_at') }}

),

summed as (

    select
        agent_id,
        interval_start_at,
        {%- for name, condition in seconds %}
        cast(coalesce(sum(slice_seconds) filter (where {{ condition }}), 0) as decimal(18, 3))
            as {{ name }}_seconds,
        {%- endfor %}
        cast(sum(slice_seconds * contacts_count) as decimal(18, 3)) as concurrent_handle_seconds
    from sliced
    group by agent_id, interval_start_at

),

localised as (

    select
        summed.interval_start_at,
        cast({{ utc_to_local('summed.interval_start_at', 'sites.zone') }} as date) as day,
        summed.agent_id,
        agents.site,
        {%- for name, _ in seconds %}
        summed.{{ name }}_seconds,
        {%- endfor %}
        summed.concurrent_handle_seconds,
        cast(summed.on_contact_seconds + summed.available_seconds as decimal(18, 3)) as productive_seconds
    from summed
    inner join agents
        on summed.agent_id = agents.agent_id
    inner join sites
        on agents.site = sites.site

)

select * from localised
