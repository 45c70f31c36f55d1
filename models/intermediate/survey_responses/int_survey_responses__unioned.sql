{{ tracked_union('survey_responses', 'response_id') }}
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

)

select * from unioned
