{{ tracked(
    'native_response_id',
    by={
        'stg_qualtrics__responses': 'response_id',
        'stg_qualtrics__survey_responses': 'response_id',
        'stg_qualtrics__question_responses': 'response_id',
        'stg_qualtrics__embedded_data': 'response_id',
    },
    also=[
        'select response_id from ' ~ ref('stg_qualtrics__responses') ~ ' where exists (select 1 from '
        ~ changes('int_value_maps__unioned') ~ " where platform = 'qualtrics')",
        'select response_id from ' ~ ref('stg_qualtrics__survey_responses') ~ ' where exists (select 1 from '
        ~ changes('int_value_maps__unioned') ~ " where platform = 'qualtrics')",
    ],
) }}
with

exported as (

    select * from {{ ref('stg_qualtrics__responses') }}
    where
        record_status = 'current'
        and {{ only_touched('response_id') }}

),

connected as (

    select * from {{ ref('stg_qualtrics__survey_responses') }}
    where
        record_status = 'current'
        and response_kind = 'response'
        -- what the product exported as well counts once
        and response_id not in (select exported.response_id from exported)
        and {{ only_touched('response_id') }}

),

embedded as (

    select
        response_id,
        max(value) filter (where field = 'contactid') as contact_id,
        max(value) filter (where field = 'agentid') as agent_id,
        max(value) filter (where field = 'customer') as customer_key
    from {{ ref('stg_qualtrics__embedded_data') }}
    where
        record_status = 'current'
        and {{ only_touched('response_id') }}
    group by response_id

),

numbered as (

    select
        *,
        row_number() over (
            partition by response_id, loop_id, question_id, sub_question
            order by
                updated_at desc nulls last,
                option_key asc nulls last,
                source_file desc nulls last,
                source_row desc nulls last
        ) as recency
    from {{ ref('stg_qualtrics__question_responses') }}
    where
        record_status = 'current'
        and {{ only_touched('response_id') }}

),

members as (

    select
        response_id,
        platform,
        survey,
        contact_id,
        agent_id,
        customer_key,
        started_at,
        ended_at,
        updated_at,
        import_ids,
        source_file,
        source_row,
        {{ json_members_to_rows('answers') }} as member
    from exported
    where response_kind = 'response'

),

named as (

    select
        members.*,
        members.member.key as question,
        trim(members.member.value) as answer,
        {{ json_text(json_document(json_member('members.import_ids', 'members.member.key')), 'ImportId') }}
            as import_id
    from members

),

told as (

    select
        response_id,
        platform,
        survey,
        contact_id,
        agent_id,
        customer_key,
        question,
        answer,
        started_at,
        ended_at,
        updated_at,
        source_file,
        source_row
    from named
    -- no embedded data, and of a question neither texts, groups, order nor time on the page
    where {{ matches('import_id', '^([0-9]+_)?QID[0-9]+([_#][0-9]+)*$') }}
    union all
    select
        connected.response_id,
        connected.platform,
        connected.survey,
        {{ prefixed_id('embedded.contact_id', 'qualtrics') }} as contact_id,
        {{ prefixed_id('embedded.agent_id', 'qualtrics') }} as agent_id,
        coalesce(embedded.customer_key, connected.customer_key) as customer_key,
        lower(
            coalesce(numbered.loop_id || '_', '') || numbered.question_id
            || coalesce('_' || numbered.sub_question, '')
        ) as question,
        numbered.answer,
        connected.started_at,
        connected.ended_at,
        greatest(connected.updated_at, numbered.updated_at) as updated_at,
        connected.source_file,
        connected.source_row
    from connected
    inner join numbered
        on connected.response_id = numbered.response_id
    left join embedded
        on connected.response_id = embedded.response_id
    where
        numbered.answer is not null
        and numbered.recency = 1

),

mapped as (

    select
        told.*,
        lower(told.survey) || ':' || told.question as native_question,
        coalesce(of_survey.slug, of_any.slug, 'unmapped') as scale
    from told
    left join {{ ref('int_value_maps__unioned') }} as of_survey
        on
            told.platform = of_survey.platform
            and of_survey.field = 'question'
            and lower(told.survey) || ':' || told.question = of_survey.native_value
    left join {{ ref('int_value_maps__unioned') }} as of_any
        on
            told.platform = of_any.platform
            and of_any.field = 'question'
            and told.question = of_any.native_value

),

scaled as (

    select
        mapped.*,
        scales.instrument,
        cast(scales.scale_min as decimal(9, 3)) as scale_min,
        cast(scales.scale_max as decimal(9, 3)) as scale_max,
        scales.is_reversed,
        -- who saw the question and passed it over
        mapped.answer = '-99' as is_passed_over,
        try_cast(coalesce(answer_map.slug, mapped.answer) as decimal(9, 3)) as given_score
    from mapped
    left join {{ ref('survey_scales') }} as scales
        on mapped.scale = scales.scale
    left join {{ ref('int_value_maps__unioned') }} as answer_map
        on
            mapped.platform = answer_map.platform
            and answer_map.field = 'answer'
            and mapped.scale || ':' || lower(mapped.answer) = answer_map.native_value
    where mapped.scale <> 'none'

),

final as (

    select
        response_id as native_response_id,
        platform,
        survey,
        native_question,
        case when instrument is null then 'unmapped' else scale end as question,
        question as question_name,
        -- the words of questions that nobody mapped stay in the raw data
        case when instrument is not null then scale || ':' || substr(answer, 1, 60) end as native_answer,
        case
            when instrument is null then null
            when is_passed_over then 'passed_over'
            when given_score between scale_min and scale_max then 'score'
            else 'unmapped'
        end as answer,
        instrument,
        case
            when is_passed_over or coalesce(not given_score between scale_min and scale_max, true) then null
            when is_reversed then cast(scale_min + scale_max - given_score as decimal(9, 3))
            else given_score
        end as score,
        scale_min,
        scale_max,
        contact_id,
        agent_id,
        customer_key,
        started_at,
        ended_at,
        updated_at,
        source_file,
        source_row
    from scaled

)

select * from final
