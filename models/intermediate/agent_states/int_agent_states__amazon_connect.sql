{#- As many contacts at once as the staged events tell. -#}
{%- set most_contacts = 10 -%}
{#- Of each agent what changed first: an event, or a state on a contact whose record did. -#}
{%- set changed -%}
    select agent_id, min(changed_at) as changed_at
    from (
        select 'amazon_connect:' || agent_username as agent_id, occurred_at as changed_at
        from {{ changes('stg_amazon_connect__agent_events') }}
        where record_status = 'current'
        union all
        select agent_id, started_at from {{ this }}
        where contact_id in (
            select 'amazon_connect:' || contact_id from {{ changes('stg_amazon_connect__contact_records') }}
            union all
            select 'amazon_connect:' || root_contact_id from {{ changes('stg_amazon_connect__contact_records') }}
        )
    ) as moments
    group by agent_id
{%- endset -%}
{#- An agent without a contact is in one state: when the last such one began, all others had ended. -#}
{%- set since -%}
    select changed.agent_id, coalesce(max(states.started_at), timestamp '1970-01-01 00:00:00') as since
    from ({{ changed }}) as changed
    left join {{ this }} as states
        on
            changed.agent_id = states.agent_id
            and states.started_at < changed.changed_at
            and states.contact_id is null
            and states.native_state not in ('ringing', 'on_contact', 'after_contact_work')
    group by changed.agent_id
{%- endset -%}
{{ tracked(
    ['agent_id', 'started_at'],
    also=[
        since,
        'select states.agent_id, states.started_at from ' ~ this ~ ' as states inner join (' ~ since ~ ') as cuts'
        ~ ' on states.agent_id = cuts.agent_id and states.started_at >= cuts.since',
    ],
) }}
with

events as (

    select * from {{ ref('stg_amazon_connect__agent_events') }}
    where
        record_status = 'current'
        and {{ only_touched_since("'amazon_connect:' || agent_username", 'occurred_at') }}

),

records as (

    select * from {{ ref('stg_amazon_connect__contact_records') }}
    where record_status = 'current'

),

-- A heart-beat only repeats, so it ranks below what it coincides with; of one instant the last event stands.
ranked as (

    select
        *,
        case event_type
            when 'HEART_BEAT' then 0
            when 'LOGIN' then 1
            when 'STATE_CHANGE' then 2
            when 'LOGOUT' then 3
        end as event_rank
    from events

),

instants as (

    select
        *,
        row_number() over (
            partition by agent_username, occurred_at
            order by event_rank desc nulls last, event_id desc nulls last
        ) as place
    from ranked

),

-- Each heart-beat belongs to the event before it that was none.
grouped as (

    select
        *,
        sum(case when event_type = 'HEART_BEAT' then 0 else 1 end) over (
            partition by agent_username
            order by occurred_at nulls last
            rows between unbounded preceding and current row
        ) as session_number
    from instants
    where place = 1

),

sessions as (

    select
        *,
        max(case when event_type <> 'HEART_BEAT' then event_type end) over (
            partition by agent_username, session_number
        ) as session_event_type
    from grouped

),

-- Heart-beats go on for up to an hour after a log-off: they reopen nothing.
observed as (

    select *
    from sessions
    where event_type <> 'HEART_BEAT' or session_event_type is null or session_event_type <> 'LOGOUT'

),

-- what stands from one instant to the next; after a log-off there are no contacts
segments as (

    select
        agent_username,
        occurred_at,
        lead(occurred_at) over agent_events as next_occurred_at,
        row_number() over agent_events as segment_number,
        case when event_type = 'LOGOUT' then 'Offline' else status_name end as status_name,
        case when event_type = 'LOGOUT' then 0 else contacts_count end as contacts_count,
        contact_ids,
        contact_states,
        source_file,
        source_row,
        updated_at
    from observed
    window agent_events as (partition by agent_username order by occurred_at nulls last)

),

positions as (
    {%- for position in range(1, most_contacts + 1) %}
    select {{ position }} as position
    {{- ' union all' if not loop.last }}
    {%- endfor %}

),

-- a row for each contact that the agent is on, or one without a contact
pieces as (

    select
        segments.*,
        nullif(split_part(segments.contact_ids, ',', positions.position), '') as leg_contact_id,
        split_part(segments.contact_states, ',', positions.position) as contact_state
    from segments
    inner join positions
        on
            segments.contacts_count >= positions.position
            or positions.position = 1

),

named as (

    select
        pieces.agent_username,
        pieces.segment_number,
        pieces.occurred_at,
        pieces.next_occurred_at,
        pieces.source_file,
        pieces.source_row,
        pieces.updated_at,
        case
            when pieces.contacts_count = 0 then pieces.status_name
            when pieces.contact_state in ('INCOMING', 'CONNECTING', 'PENDING') then 'ringing'
            when pieces.contact_state in ('ENDED', 'MISSED', 'REJECTED', 'ERROR') then 'after_contact_work'
            else 'on_contact'
        end as native_state,
        case
            when pieces.contacts_count > 0 then coalesce(records.root_contact_id, pieces.leg_contact_id)
        end as contact_id
    from pieces
    left join records
        on pieces.leg_contact_id = records.contact_id

),

-- contacts that the snapshot does not name cannot be told apart
stated as (

    select distinct
        agent_username,
        segment_number,
        native_state,
        contact_id,
        occurred_at,
        next_occurred_at,
        source_file,
        source_row,
        updated_at
    from named

),

numbered as (

    select
        *,
        segment_number - row_number() over (
            partition by agent_username, native_state, contact_id
            order by segment_number nulls last
        ) as island_number
    from stated

),

spans as (

    select
        agent_username,
        native_state,
        contact_id,
        min(occurred_at) as started_at,
        case when not bool_or(next_occurred_at is null) then max(next_occurred_at) end as ended_at,
        max(updated_at) as updated_at,
        min_by(source_file, segment_number) as source_file,
        min_by(source_row, segment_number) as source_row
    from numbered
    group by agent_username, native_state, contact_id, island_number

),

final as (

    select
        'amazon_connect:' || agent_username as agent_id,
        'amazon_connect' as platform,
        native_state,
        started_at,
        ended_at,
        'amazon_connect:' || contact_id as contact_id,
        updated_at,
        source_file,
        source_row
    from spans

)

select * from final
