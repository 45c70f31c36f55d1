{{ tracked(
    'response_id',
    by={'stg_zendesk__satisfaction_ratings': "'zendesk:' || rating_id"},
    also=[
        "select 'zendesk:' || rating_id from " ~ ref('stg_zendesk__satisfaction_ratings')
        ~ ' where ticket_id in (select ticket_id from ' ~ changes('stg_zendesk__talk_calls')
        ~ ") or 'zendesk:ticket-' || ticket_id in (select contact_id from " ~ changes('int_contacts__zendesk') ~ ')',
    ],
) }}
with

ratings as (

    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
    -- unoffered: no survey was sent
    where
        record_status = 'current'
        and score <> 'unoffered'
        and {{ only_touched("'zendesk:' || rating_id") }}

),

calls as (

    select * from {{ ref('stg_zendesk__talk_calls') }}
    where record_status = 'current'

),

tickets as (

    select contact_id from {{ ref('int_contacts__zendesk') }}
    where contact_id like 'zendesk:ticket-%'

),

-- of several calls on one ticket the last before the survey is meant
rated_calls as (

    select
        ratings.rating_id,
        calls.call_id,
        row_number() over (
            partition by ratings.rating_id
            order by calls.created_at desc nulls last, calls.call_id asc nulls last
        ) as recency
    from ratings
    inner join calls
        on
            ratings.ticket_id = calls.ticket_id
            and ratings.created_at >= calls.created_at

),

contracted as (

    select
        'zendesk:' || ratings.rating_id as response_id,
        'zendesk' as platform,
        case
            when tickets.contact_id is null and rated_calls.call_id is not null
                then 'zendesk:call-' || rated_calls.call_id
            else 'zendesk:ticket-' || ratings.ticket_id
        end as contact_id,
        ratings.customer_key,
        'zendesk:' || ratings.assignee_id as agent_id,
        'csat' as instrument,
        case
            when ratings.score in ('good', 'goodwithcomment') then cast(1 as decimal(9, 3))
            when ratings.score in ('bad', 'badwithcomment') then cast(0 as decimal(9, 3))
        end as score,
        cast(0 as decimal(9, 3)) as scale_min,
        cast(1 as decimal(9, 3)) as scale_max,
        ratings.created_at as sent_at,
        case when ratings.score <> 'offered' then ratings.updated_at end as responded_at,
        ratings.updated_at,
        ratings.source_file,
        ratings.source_row
    from ratings
    left join tickets
        on 'zendesk:ticket-' || ratings.ticket_id = tickets.contact_id
    left join rated_calls
        on
            ratings.rating_id = rated_calls.rating_id
            and rated_calls.recency = 1

)

select * from contracted
