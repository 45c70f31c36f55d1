{{ tracked(
    'contact_id',
    by={'int_calls__five9': "'five9:' || call_id"},
    also=[
        'select contact_id from ' ~ this
        ~ ' where exists (select 1 from ' ~ changes('int_value_maps__unioned') ~ " where platform = 'five9')",
    ],
) }}
with

calls as (

    select * from {{ ref('int_calls__five9') }}
    where {{ only_touched("'five9:' || call_id") }}

),

described as (

    select
        *,
        disposition as native_outcome,
        coalesce(skill, campaign) as native_queue,
        agent_name is not null
        and not is_abandoned
        and coalesce(talk_seconds, 0) + coalesce(hold_seconds, 0) + coalesce(acw_seconds, 0) > 0
            as is_answered,
        {{ add_seconds('part_started_at', 'coalesce(ivr_seconds, 0)') }} as entered_at,
        coalesce(queue_seconds, 0) + coalesce(ring_seconds, 0) as waited_seconds
    from calls
    -- Who hung up in the IVR, or was served there, met neither queue nor agent.
    where skill is not null or agent_name is not null or queue_seconds > 0 or is_abandoned

),

met as (

    select
        *,
        {{ add_seconds('entered_at', 'waited_seconds') }} as met_at
    from described

),

numbered as (

    select
        met.*,
        outcome_map.slug as said_outcome,
        row_number() over (
            partition by met.call_id
            order by met.part_started_at nulls last, met.agent_name nulls last, met.skill nulls last
        ) as leg_number,
        -- Whatever follows a call-back belongs to it: the customer waited for none of it in a queue.
        max(case when met.is_callback then 1 else 0 end) over (
            partition by met.call_id
            order by met.part_started_at nulls last, met.agent_name nulls last, met.skill nulls last
            rows between unbounded preceding and current row
        ) = 1 as is_after_callback,
        lead(met.is_callback) over (
            partition by met.call_id
            order by met.part_started_at nulls last, met.agent_name nulls last, met.skill nulls last
        ) as is_callback_next
    from met
    {{ join_value_map('met', 'outcome') }}

),

final as (

    select
        'five9:' || call_id || '-' || cast(leg_number as {{ dbt.type_string() }}) as leg_id,
        'five9:' || call_id as contact_id,
        platform,
        cast(leg_number as bigint) as leg_number,
        case when not is_outbound and not is_internal then native_queue end as native_queue,
        'five9:' || agent_name as agent_id,
        case when not is_outbound and not is_internal then entered_at end as queued_at,
        case when is_answered then met_at end as answered_at,
        case
            when is_answered
                then {{ add_seconds('met_at', 'coalesce(talk_seconds, 0) + coalesce(hold_seconds, 0)') }}
            else met_at
        end as ended_at,
        case
            when not is_outbound and not is_internal then cast(waited_seconds as decimal(18, 3))
        end as wait_seconds,
        case when is_answered then talk_seconds end as talk_seconds,
        case when is_answered then hold_seconds end as hold_seconds,
        case when is_answered then acw_seconds end as acw_seconds,
        case
            when is_answered and transfers_count > 0 then 'transferred'
            when is_answered then 'completed'
            when is_abandoned then 'abandoned'
            when said_outcome = 'callback_requested' or coalesce(is_callback_next, false)
                then 'callback_requested'
            when is_after_callback then 'abandoned'
            else 'diverted'
        end as exit,
        is_after_callback as is_callback,
        updated_at,
        source_file,
        source_row
    from numbered

)

select * from final
