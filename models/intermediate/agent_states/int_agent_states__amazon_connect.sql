with

events as (

    select * from {{ ref('stg_amazon_connect__agent_events') }}
    where record_status = 'current'

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

stated as (

    select
        agent_username,
        occurred_at,
        source_file,
        source_row,
        updated_at,
        case
            when event_type = 'LOGOUT' then 'Offline'
            when contacts_count = 0 then status_name
            when contact_states is null then 'on_contact'
            -- What is left when the words of ringing and of after-contact work are struck out is in progress.
            when length({{ regexp_replace_all(
                'contact_states', '(INCOMING|CONNECTING|PENDING|ENDED|MISSED|REJECTED|ERROR|,)', ''
            ) }}) > 0 then 'on_contact'
            when
                contact_states like '%INCOMING%'
                or contact_states like '%CONNECTING%'
                or contact_states like '%PENDING%'
                then 'ringing'
            else 'after_contact_work'
        end as native_state,
        case when event_type <> 'LOGOUT' then contact_id end as contact_id
    from observed

),

compared as (

    select
        *,
        lag(occurred_at) over agent_events as previous_occurred_at,
        lag(native_state) over agent_events as previous_state,
        lag(contact_id) over agent_events as previous_contact_id
    from stated
    window agent_events as (partition by agent_username order by occurred_at nulls last)

),

islands as (

    select
        *,
        sum(
            case
                when
                    previous_occurred_at is not null
                    and native_state is not distinct from previous_state
                    and contact_id is not distinct from previous_contact_id
                    then 0
                else 1
            end
        ) over (
            partition by agent_username
            order by occurred_at nulls last
            rows between unbounded preceding and current row
        ) as island_number
    from compared

),

spans as (

    select
        agent_username,
        island_number,
        min(native_state) as native_state,
        min(contact_id) as contact_id,
        min(occurred_at) as started_at,
        max(updated_at) as updated_at,
        min_by(source_file, occurred_at) as source_file,
        min_by(source_row, occurred_at) as source_row
    from islands
    group by agent_username, island_number

),

bounded as (

    select
        *,
        lead(started_at) over (partition by agent_username order by island_number nulls last) as ended_at
    from spans

),

final as (

    select
        'amazon_connect:' || bounded.agent_username as agent_id,
        'amazon_connect' as platform,
        bounded.native_state,
        bounded.started_at,
        bounded.ended_at,
        'amazon_connect:' || coalesce(records.root_contact_id, bounded.contact_id) as contact_id,
        bounded.updated_at,
        bounded.source_file,
        bounded.source_row
    from bounded
    left join records
        on bounded.contact_id = records.contact_id

)

select * from final
