{{ tracked(
    'contact_id',
    by={'stg_asterisk__queue_log': "'asterisk:' || call_id", 'int_calls__asterisk': 'contact_id'},
) }}
with

events as (

    select * from {{ ref('stg_asterisk__queue_log') }}
    where
        record_status = 'current'
        and is_call_event
        and {{ only_touched("'asterisk:' || call_id") }}

),

entries as (

    select
        *,
        row_number() over (
            partition by call_id, queue_name order by logged_at nulls last, record_id nulls last
        ) as visit_number
    from events
    where event_type = 'ENTERQUEUE'

),

-- What an agent's talk begins and ends with; of one second the beginning comes first.
ranked as (

    select
        *,
        case when event_type = 'CONNECT' then 0 else 1 end as event_rank
    from events
    where
        event_type in (
            'CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER'
        )

),

talk_events as (

    select
        *,
        lag(event_type) over (
            partition by call_id, queue_name
            order by logged_at nulls last, event_rank nulls last, record_id nulls last
        ) as previous_event_type,
        lead(record_id) over (
            partition by call_id, queue_name
            order by logged_at nulls last, event_rank nulls last, record_id nulls last
        ) as next_record_id
    from ranked

),

connects as (

    select * from talk_events
    where event_type = 'CONNECT'

),

finishes as (

    select * from talk_events
    where event_type <> 'CONNECT'

),

connected as (

    select
        connects.record_id,
        connects.call_id,
        connects.queue_name,
        coalesce(connects.agent_name, finishes.agent_name) as agent_name,
        connects.logged_at as left_at,
        connects.logged_at as answered_at,
        finishes.logged_at as ended_at,
        finishes.event_type as last_event_type,
        coalesce(connects.wait_seconds, finishes.wait_seconds) as wait_seconds,
        coalesce(
            finishes.talk_seconds, {{ seconds_between('connects.logged_at', 'finishes.logged_at') }}
        ) as talk_seconds,
        coalesce(finishes.updated_at, connects.updated_at) as updated_at,
        connects.source_file,
        connects.source_row
    from connects
    left join finishes
        on connects.next_record_id = finishes.record_id

),

-- A talk that ended and whose beginning is not in the log: its own figures say when it began.
rebuilt as (

    select
        record_id,
        call_id,
        queue_name,
        agent_name,
        {{ add_seconds('logged_at', '-coalesce(talk_seconds, 0)') }} as left_at,
        {{ add_seconds('logged_at', '-coalesce(talk_seconds, 0)') }} as answered_at,
        logged_at as ended_at,
        event_type as last_event_type,
        wait_seconds,
        talk_seconds,
        updated_at,
        source_file,
        source_row
    from finishes
    where previous_event_type is null or previous_event_type <> 'CONNECT'

),

unanswered as (

    select
        record_id,
        call_id,
        queue_name,
        cast(null as {{ dbt.type_string() }}) as agent_name,
        logged_at as left_at,
        cast(null as timestamp) as answered_at,
        logged_at as ended_at,
        event_type as last_event_type,
        wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        updated_at,
        source_file,
        source_row
    from events
    where event_type in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITWITHKEY', 'EXITEMPTY')

),

departures as (

    select * from connected
    union all
    select * from rebuilt
    union all
    select * from unanswered

),

numbered_departures as (

    select
        *,
        row_number() over (
            partition by call_id, queue_name order by left_at nulls last, record_id nulls last
        ) as visit_number
    from departures

),

-- Times in the log are not in order, so a visit is known by its number: k-th entry, k-th departure.
paired as (

    select
        coalesce(entries.record_id, numbered_departures.record_id) as record_id,
        coalesce(entries.call_id, numbered_departures.call_id) as call_id,
        coalesce(entries.queue_name, numbered_departures.queue_name) as queue_name,
        numbered_departures.agent_name,
        entries.logged_at as entered_at,
        numbered_departures.left_at,
        numbered_departures.answered_at,
        numbered_departures.ended_at,
        numbered_departures.wait_seconds,
        numbered_departures.talk_seconds,
        numbered_departures.last_event_type,
        greatest(
            coalesce(entries.updated_at, numbered_departures.updated_at),
            coalesce(numbered_departures.updated_at, entries.updated_at)
        ) as updated_at,
        coalesce(entries.source_file, numbered_departures.source_file) as source_file,
        coalesce(entries.source_row, numbered_departures.source_row) as source_row
    from entries
    full outer join numbered_departures
        on
            entries.call_id = numbered_departures.call_id
            and entries.queue_name = numbered_departures.queue_name
            and entries.visit_number = numbered_departures.visit_number

),

-- A departure dated before its entry came when the wait was over: the entry's time stands.
visits as (

    select
        record_id,
        call_id,
        queue_name,
        agent_name,
        coalesce(entered_at, {{ add_seconds('left_at', '-coalesce(wait_seconds, 0)') }}) as queued_at,
        case
            when answered_at < entered_at then {{ add_seconds('entered_at', 'coalesce(wait_seconds, 0)') }}
            else answered_at
        end as answered_at,
        case
            when ended_at < entered_at
                then {{ add_seconds('entered_at', 'coalesce(wait_seconds, 0) + coalesce(talk_seconds, 0)') }}
            else ended_at
        end as ended_at,
        case
            when wait_seconds is not null then wait_seconds
            when entered_at <= left_at then {{ seconds_between('entered_at', 'left_at') }}
        end as wait_seconds,
        talk_seconds,
        last_event_type,
        updated_at,
        source_file,
        source_row
    from paired

),

-- A closed, full or empty queue lets nobody in: the caller asked for it and waited for nothing.
refused as (

    select
        record_id,
        call_id,
        queue_name,
        cast(null as {{ dbt.type_string() }}) as agent_name,
        logged_at as queued_at,
        cast(null as timestamp) as answered_at,
        logged_at as ended_at,
        cast(0 as decimal(18, 3)) as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        event_type as last_event_type,
        updated_at,
        source_file,
        source_row
    from events
    where event_type in ('JOINEMPTY', 'FULL', 'CLOSED')

),

-- A ringing that nobody picked up happens inside a visit: it is no entry of its own, so it has no queued_at.
unheard as (

    select
        record_id,
        call_id,
        queue_name,
        agent_name,
        cast(null as timestamp) as queued_at,
        cast(null as timestamp) as answered_at,
        logged_at as ended_at,
        cast(null as decimal(18, 3)) as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        event_type as last_event_type,
        updated_at,
        source_file,
        source_row
    from events
    where event_type = 'RINGNOANSWER'

),

records as (

    select * from {{ ref('int_calls__asterisk') }}
    where
        rung is not null
        and contact_id is not null
        and {{ only_touched('contact_id') }}

),

-- Of telephones that rang at once or one after the other, the last one tells how an unanswered call ended.
rung as (

    select
        *,
        not is_in_queue_log
        and not bool_or(answered_at is not null) over (partition by contact_id)
        and row_number() over (
            partition by contact_id order by ended_at desc nulls last, record_number desc nulls last
        ) = 1 as is_end
    from records

),

-- What the records tell beside the queues: who was rung directly, and to whom a call was passed on.
direct as (

    select
        record_id,
        substr(contact_id, length('asterisk:') + 1) as call_id,
        cast(null as {{ dbt.type_string() }}) as queue_name,
        agent_name,
        case
            when call_direction = 'inbound' and not is_in_queue_log and (answered_at is not null or is_end)
                then started_at
        end as queued_at,
        answered_at,
        ended_at,
        case
            when call_direction <> 'inbound' or is_in_queue_log then null
            when answered_at is not null then {{ seconds_between('started_at', 'answered_at') }}
            when is_end then {{ seconds_between('started_at', 'ended_at') }}
        end as wait_seconds,
        case when answered_at is not null then billed_seconds end as talk_seconds,
        case
            when answered_at is not null then 'ANSWER'
            when not is_end then 'RINGNOANSWER'
            when disposition = 'NO ANSWER' then 'ABANDON'
            else 'BUSY'
        end as last_event_type,
        updated_at,
        source_file,
        source_row
    from rung

),

legs as (

    select * from visits
    union all
    select * from refused
    union all
    select * from unheard
    union all
    select * from direct

),

-- In the order in which agents were met: a ringing comes before the answer of the visit that it belongs to.
numbered_legs as (

    select
        *,
        row_number() over (
            partition by call_id
            order by
                coalesce(answered_at, ended_at, queued_at) nulls last,
                case when last_event_type = 'RINGNOANSWER' then 0 else 1 end nulls last,
                queued_at nulls last,
                record_id nulls last
        ) as leg_number
    from legs

),

followed as (

    select
        *,
        lead(leg_number) over (
            partition by call_id, last_event_type = 'RINGNOANSWER' order by leg_number nulls last
        ) is not null as is_followed
    from numbered_legs

),

final as (

    select
        'asterisk:' || record_id as leg_id,
        'asterisk:' || call_id as contact_id,
        'asterisk' as platform,
        cast(leg_number as bigint) as leg_number,
        queue_name as native_queue,
        'asterisk:' || agent_name as agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        case
            when last_event_type in ('COMPLETEAGENT', 'COMPLETECALLER') then 'completed'
            when last_event_type = 'ANSWER' and is_followed then 'transferred'
            when last_event_type = 'ANSWER' then 'completed'
            when last_event_type in ('BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER') then 'transferred'
            when last_event_type = 'ABANDON' then 'abandoned'
            when last_event_type = 'EXITWITHTIMEOUT' then 'timed_out'
            when last_event_type = 'RINGNOANSWER' then 'no_answer'
            when last_event_type is not null then 'diverted'
            else 'open'
        end as exit,
        false as is_callback,
        updated_at,
        source_file,
        source_row
    from followed

)

select * from final
