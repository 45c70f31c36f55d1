{#- The next record of a contact tells how its own leg ended. -#}
{{ tracked(
    'contact_id',
    by={'stg_amazon_connect__contact_records': "'amazon_connect:' || root_contact_id"},
    also=[
        "select 'amazon_connect:' || root_contact_id from " ~ ref('stg_amazon_connect__contact_records')
        ~ " where contact_id in (select previous_contact_id from " ~ changes('stg_amazon_connect__contact_records') ~ ")",
    ],
) }}
with

records as (

    select * from {{ ref('stg_amazon_connect__contact_records') }}
    where
        record_status = 'current'
        and {{ only_touched("'amazon_connect:' || root_contact_id") }}

),

successors as (

    select
        previous_contact_id as contact_id,
        bool_or(initiation_method in ('TRANSFER', 'QUEUE_TRANSFER')) as is_passed_on,
        bool_or(initiation_method = 'CALLBACK') as is_called_back
    from {{ ref('stg_amazon_connect__contact_records') }}
    where
        record_status = 'current'
        and previous_contact_id is not null
        and {{ only_touched('previous_contact_id', among='select contact_id from records') }}
    group by previous_contact_id

),

chained as (

    select
        records.*,
        -- A next record that has not landed yet is taken at its word: the contact went on elsewhere.
        coalesce(successors.is_passed_on, records.next_contact_id is not null) as is_passed_on,
        coalesce(successors.is_called_back, false) as is_called_back
    from records
    left join successors
        on records.contact_id = successors.contact_id

),

legs as (

    select
        *,
        row_number() over (
            partition by root_contact_id
            order by
                case when contact_id = root_contact_id then 0 else 1 end nulls last,
                initiated_at nulls last,
                contact_id nulls last
        ) as leg_number,
        -- Whatever follows a call-back belongs to it: the customer waited for none of it in a queue.
        max(case when initiation_method = 'CALLBACK' then 1 else 0 end) over (
            partition by root_contact_id
            order by
                case when contact_id = root_contact_id then 0 else 1 end nulls last,
                initiated_at nulls last,
                contact_id nulls last
            rows between unbounded preceding and current row
        ) = 1 as is_callback
    from chained
    where
        queue_name is not null
        or enqueued_at is not null
        or connected_to_agent_at is not null

),

concluded as (

    select
        *,
        case
            when connected_to_agent_at is not null and (is_passed_on or transfer_completed_at is not null)
                then 'transferred'
            when disconnected_at is null then 'open'
            when connected_to_agent_at is not null then 'completed'
            when coalesce(is_callback_requested, false) or is_called_back then 'callback_requested'
            when diverted_to is not null or is_passed_on or transfer_completed_at is not null then 'diverted'
            else 'abandoned'
        end as exit
    from legs

),

final as (

    select
        'amazon_connect:' || contact_id as leg_id,
        'amazon_connect:' || root_contact_id as contact_id,
        platform,
        cast(leg_number as bigint) as leg_number,
        queue_name as native_queue,
        case when connected_to_agent_at is not null then 'amazon_connect:' || agent_username end as agent_id,
        enqueued_at as queued_at,
        connected_to_agent_at as answered_at,
        disconnected_at as ended_at,
        coalesce(
            queue_seconds,
            {{ seconds_between(
                'enqueued_at',
                'coalesce(dequeued_at, connected_to_agent_at, disconnected_at)'
            ) }}
        ) as wait_seconds,
        case when connected_to_agent_at is not null then talk_seconds end as talk_seconds,
        case when connected_to_agent_at is not null then hold_seconds end as hold_seconds,
        case when connected_to_agent_at is not null then acw_seconds end as acw_seconds,
        exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from concluded

)

select * from final
