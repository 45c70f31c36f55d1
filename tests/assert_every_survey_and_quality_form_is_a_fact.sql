{{ config(meta={'live': 'later'}) }}
-- an answer about an unknown contact still counts somewhere
select
    'survey' as kind,
    surveys.response_id as missing_id
from {{ ref('int_survey_responses__unioned') }} as surveys
left join {{ ref('fct_survey_responses') }} as facts
    on surveys.response_id = facts.response_id
where facts.response_id is null
union all
select
    'quality form' as kind,
    forms.evaluation_id as missing_id
from {{ ref('int_quality_evaluations__unioned') }} as forms
left join {{ ref('fct_quality_evaluations') }} as facts
    on
        forms.evaluation_id = facts.evaluation_id
        and forms.category = facts.category
        and forms.item = facts.item
where facts.evaluation_id is null
