{{ tracked('contact_id', by={'stg_anonymous_bank__calls': "'anonymous_bank:' || call_id"}) }}
with

calls as (

    select * from {{ ref('stg_anonymous_bank__calls') }}
    where
        record_status = 'current'
        and outcome <> 'PHANTOM'
        and {{ only_touched("'anonymous_bank:' || call_id") }}

),

-- answered without queueing means answered at once; a hang-up without queueing never reached the queue
contacts as (

    select
        'anonymous_bank:' || call_id as contact_id,
        platform,
        'bank' as native_client,
        'bank' as native_site,
        case when queued_at is not null or outcome = 'AGENT' then 'calls' end as native_queue,
        'voice' as native_channel,
        'inbound' as direction,
        service_type as native_contact_type,
        customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        arrived_at,
        coalesce(queued_at, case when outcome = 'AGENT' then arrived_at end) as queued_at,
        case when outcome = 'AGENT' then coalesce(served_from_at, arrived_at) end as answered_at,
        case
            when outcome = 'AGENT' then served_to_at
            else {{ add_seconds('coalesce(queued_at, arrived_at)', 'coalesce(queue_seconds, 0)') }}
        end as ended_at,
        case when outcome = 'AGENT' then served_to_at end as wrapped_up_at,
        case
            when outcome = 'AGENT' then 'answered'
            when queued_at is not null then 'abandoned'
            else 'abandoned_before_queue'
        end as outcome,
        -- 33 rows of January have a negative time in the unit: unknown, not less than nothing
        case when vru_seconds >= 0 then vru_seconds end as ivr_seconds,
        case when queued_at is not null or outcome = 'AGENT' then queue_seconds end as wait_seconds,
        case when outcome = 'AGENT' then service_seconds end as talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        case when outcome = 'AGENT' then 'anonymous_bank:' || server end as first_agent_id,
        cast(case when outcome = 'AGENT' then 1 else 0 end as bigint) as agents_count,
        cast(case when queued_at is not null or outcome = 'AGENT' then 1 else 0 end as bigint) as queues_count,
        cast(0 as bigint) as transfers_count,
        cast(null as bigint) as holds_count,
        false as is_test,
        cast(null as boolean) as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        updated_at,
        source_file,
        source_row
    from calls

)

select * from contacts
