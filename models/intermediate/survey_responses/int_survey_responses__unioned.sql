{{ tracked_union('survey_responses', 'response_id', also=[
    'select response_id from ' ~ this ~ ' where identifier_key in (select identifier_key from '
    ~ changes('int_identifiers__resolved') ~ ')',
]) }}
with

unioned as (
    {{ unioned('survey_responses', [
        'response_id',
        'platform',
        'contact_id',
        'customer_key',
        'agent_id',
        'instrument',
        'score',
        'scale_min',
        'scale_max',
        'sent_at',
        'responded_at',
        'updated_at',
        'source_file',
        'source_row',
    ], 'response_id') }}

),

resolved as (

    select * from {{ ref('int_identifiers__resolved') }}

),

identified as (

    select
        unioned.response_id,
        unioned.platform,
        unioned.contact_id,
        case
            when resolved.identifier_key is null then unioned.customer_key
            else resolved.customer_key
        end as customer_key,
        unioned.customer_key as identifier_key,
        unioned.agent_id,
        unioned.instrument,
        unioned.score,
        unioned.scale_min,
        unioned.scale_max,
        unioned.sent_at,
        unioned.responded_at,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row
    from unioned
    left join resolved
        on unioned.customer_key = resolved.identifier_key

)

select * from identified
