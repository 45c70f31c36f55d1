{{ tracked(
    'native_id',
    by={
        'int_survey_answers__qualtrics': 'native_response_id',
        'stg_qualtrics__distribution_contacts': 'coalesce(response_id, invitation_id)',
    },
    also=[
        'select coalesce(response_id, invitation_id) from ' ~ ref('stg_qualtrics__distribution_contacts')
        ~ ' where exists (select 1 from ' ~ changes('int_value_maps__unioned') ~ " where platform = 'qualtrics')",
    ],
) }}
with

answers as (

    select * from {{ ref('int_survey_answers__qualtrics') }}
    where
        instrument is not null
        and {{ only_touched('native_response_id') }}

),

delivered as (

    select
        *,
        coalesce(response_id, invitation_id) as native_id
    from {{ ref('stg_qualtrics__distribution_contacts') }}
    where
        record_status = 'current'
        and is_delivered
        and {{ only_touched('coalesce(response_id, invitation_id)') }}

),

-- a person may be invited to one survey more than once: the answer is to the last invitation before it
sent as (

    select
        answers.native_response_id,
        max(delivered.sent_at) as sent_at
    from (
        select distinct
            native_response_id,
            ended_at
        from answers
    ) as answers
    inner join delivered
        on
            answers.native_response_id = delivered.response_id
            and answers.ended_at >= delivered.sent_at
    group by answers.native_response_id

),

-- which questions a survey asks, as far as its map says
asked as (

    select
        split_part(maps.native_value, ':', 1) as survey,
        maps.native_value as native_question,
        scales.instrument,
        scales.scale_min,
        scales.scale_max
    from {{ ref('int_value_maps__unioned') }} as maps
    inner join {{ ref('survey_scales') }} as scales
        on maps.slug = scales.scale
    where
        maps.platform = 'qualtrics'
        and maps.field = 'question'
        and maps.native_value like '%:%'
        and scales.instrument is not null

),

answered as (

    select
        'qualtrics:' || answers.native_response_id || ':' || answers.question_name as response_id,
        answers.native_response_id as native_id,
        answers.contact_id,
        answers.customer_key,
        answers.agent_id,
        answers.instrument,
        answers.score,
        answers.scale_min,
        answers.scale_max,
        coalesce(sent.sent_at, answers.started_at) as sent_at,
        case when answers.score is not null then answers.ended_at end as responded_at,
        answers.updated_at,
        answers.source_file,
        answers.source_row
    from answers
    left join sent
        on answers.native_response_id = sent.native_response_id
    -- an answer that cannot be read is neither a score nor none: it waits for its word in the map
    where answers.answer <> 'unmapped'

),

unanswered as (

    select
        'qualtrics:' || delivered.invitation_id || ':' || asked.native_question as response_id,
        delivered.native_id,
        cast(null as {{ dbt.type_string() }}) as contact_id,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as {{ dbt.type_string() }}) as agent_id,
        asked.instrument,
        cast(null as decimal(9, 3)) as score,
        cast(asked.scale_min as decimal(9, 3)) as scale_min,
        cast(asked.scale_max as decimal(9, 3)) as scale_max,
        delivered.sent_at,
        cast(null as timestamp) as responded_at,
        delivered.updated_at,
        delivered.source_file,
        delivered.source_row
    from delivered
    inner join asked
        on lower(delivered.survey) = asked.survey
    left join answers
        on
            delivered.response_id = answers.native_response_id
            and asked.instrument = answers.instrument
    where answers.native_response_id is null

),

final as (

    select
        response_id,
        native_id,
        'qualtrics' as platform,
        contact_id,
        customer_key,
        agent_id,
        instrument,
        score,
        scale_min,
        scale_max,
        sent_at,
        responded_at,
        updated_at,
        source_file,
        source_row
    from answered
    union all
    select
        response_id,
        native_id,
        'qualtrics' as platform,
        contact_id,
        customer_key,
        agent_id,
        instrument,
        score,
        scale_min,
        scale_max,
        sent_at,
        responded_at,
        updated_at,
        source_file,
        source_row
    from unanswered

)

select * from final
