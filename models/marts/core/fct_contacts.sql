{#- What is as of a moment changes when that moment moves on, and all of it when it goes back. -#}
{{ tracked(
    'contact_id',
    by={'int_contacts__localised': 'contact_id', 'int_contacts__matched': 'contact_id'},
    also=[
        'select held.contact_id from ' ~ this ~ ' as held inner join ' ~ ref('int_contacts__localised')
        ~ ' as contacts on held.contact_id = contacts.contact_id cross join ' ~ ref('int_runs__resolved') ~ ' as runs'
        ~ ' where not (held.is_final and held.is_resolution_final and held.is_containment_final) and ('
        ~ 'contacts.arrived_date < cast(' ~ utc_to_local('runs.as_of', 'contacts.zone') ~ ' as date) and not held.is_final'
        ~ ' or not held.is_resolution_final and '
        ~ add_seconds('contacts.arrived_at', 'contacts.repeat_window_days * 86400') ~ ' <= runs.as_of'
        ~ ' or not held.is_containment_final and '
        ~ add_seconds('contacts.arrived_at', 'contacts.containment_window_hours * 3600') ~ ' <= runs.as_of)',
        'select contact_id from ' ~ this ~ ' where ' ~ as_of_went_back(),
    ],
) }}
with

contacts as (

    select * from {{ ref('int_contacts__localised') }}
    where {{ only_touched('contact_id') }}

),

matched as (

    select * from {{ ref('int_contacts__matched') }}
    where {{ only_touched('contact_id') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

classified as (

    select
        contact_id,
        platform,
        client,
        site,
        queue_or_none as queue,
        channel,
        direction,
        contact_type,
        customer_key,
        language,
        first_agent_id,
        arrived_at,
        queued_at,
        answered_at,
        ended_at,
        wrapped_up_at,
        arrived_local_at,
        interval_start_at,
        zone,
        arrived_date,
        outcome,
        ivr_seconds,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        cast(talk_seconds + coalesce(hold_seconds, 0) + coalesce(acw_seconds, 0) as decimal(18, 3))
            as handle_seconds,
        agents_count,
        queues_count,
        transfers_count,
        holds_count,
        cast(service_level_seconds as decimal(18, 3)) as service_level_seconds,
        cast(short_abandon_seconds as decimal(18, 3)) as short_abandon_seconds,
        cast(repeat_window_days as decimal(18, 3)) as repeat_window_days,
        cast(containment_window_hours as decimal(18, 3)) as containment_window_hours,
        cast(survey_window_days as decimal(18, 3)) as survey_window_days,
        cast(open_window_hours as decimal(18, 3)) as open_window_hours,
        sentiment,
        is_test,
        is_resolved,
        is_in_scope,
        outcome in ('answered', 'abandoned', 'callback_requested', 'diverted')
        or (outcome = 'open' and queue_or_none <> 'no_queue') as is_offered,
        answered_at is not null as is_handled,
        outcome = 'answered' as is_answered,
        outcome = 'abandoned' as is_abandoned,
        coalesce(wait_seconds <= service_level_seconds, false)
        and outcome in ('answered', 'abandoned', 'callback_requested') as is_left_in_target,
        coalesce(outcome = 'abandoned' and wait_seconds <= short_abandon_seconds, false) as is_short_abandon,
        updated_at,
        source_file,
        source_row
    from contacts

),

completed as (

    select
        classified.contact_id,
        classified.platform,
        classified.client,
        classified.site,
        classified.queue,
        classified.channel,
        classified.direction,
        classified.contact_type,
        classified.customer_key,
        classified.language,
        classified.first_agent_id,
        classified.arrived_at,
        classified.queued_at,
        classified.answered_at,
        classified.ended_at,
        classified.wrapped_up_at,
        classified.arrived_local_at,
        classified.interval_start_at,
        classified.arrived_date,
        classified.outcome,
        classified.ivr_seconds,
        classified.wait_seconds,
        classified.talk_seconds,
        classified.hold_seconds,
        classified.acw_seconds,
        classified.handle_seconds,
        classified.agents_count,
        classified.queues_count,
        classified.transfers_count,
        classified.holds_count,
        classified.service_level_seconds,
        classified.short_abandon_seconds,
        classified.repeat_window_days,
        classified.containment_window_hours,
        classified.survey_window_days,
        classified.open_window_hours,
        matched.previous_on_matter_at,
        matched.next_on_matter_at,
        classified.sentiment,
        classified.is_test,
        classified.is_resolved,
        classified.is_in_scope,
        classified.is_offered,
        classified.is_handled,
        classified.is_answered,
        classified.is_abandoned,
        classified.is_left_in_target,
        classified.is_short_abandon,
        coalesce(matched.is_in_coverage, false) as is_repeat_known,
        coalesce(matched.is_in_coverage and matched.is_repeat, false) as is_repeat,
        coalesce(matched.is_in_coverage and not matched.is_repeat, false) as is_issue_opener,
        coalesce(
            matched.is_in_coverage
            and not matched.is_repeat
            and not matched.is_followed
            and (classified.is_handled or classified.outcome = 'self_served')
            and classified.is_resolved is distinct from false,
            false
        ) as is_resolved_first_contact,
        matched.contact_id is not null and classified.outcome = 'self_served' as is_containment_known,
        coalesce(classified.outcome = 'self_served' and not matched.is_followed_by_offered, false)
            as is_contained,
        classified.arrived_date < cast({{ utc_to_local('runs.as_of', 'classified.zone') }} as date)
            as is_final,
        coalesce(matched.repeat_window_ends_at <= runs.as_of, true) as is_resolution_final,
        coalesce(matched.containment_window_ends_at <= runs.as_of, true) as is_containment_final,
        classified.updated_at,
        classified.source_file,
        classified.source_row
    from classified
    cross join runs
    left join matched
        on classified.contact_id = matched.contact_id

)

select * from completed
