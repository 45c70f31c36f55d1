with

source as (

    select * from {{ landed_rows('qualtrics', 'question_responses') }}

),

typed as (

    select
        {{ clean_text('response_id') }} as response_id,
        {{ clean_text('question_id') }} as question_id,
        {{ clean_text('loop_id') }} as loop_id,
        {{ clean_text('sub_question_key') }} as sub_question,
        {{ clean_text('question_option_key') }} as option_key,
        coalesce({{ clean_text('value') }}, {{ clean_text('text') }}) as answer,
        {{ iso_to_utc('fivetran_synced') }} as updated_at,
        fivetran_synced as raw_fivetran_synced,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('response_id is null', 'response_id is missing'),
            ('question_id is null', 'question_id is missing'),
        ] + typing_rules('time', [('fivetran_synced', 'updated_at')])) }} as quarantine_reason
    from typed

),

final as (

    select
        response_id,
        question_id,
        loop_id,
        sub_question,
        option_key,
        answer,
        'qualtrics' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        {{ surrogate_key(['response_id', 'question_id', 'loop_id', 'sub_question', 'option_key']) }}
            as record_key
    from checked

)

{{ staged('final', 'qualtrics', 'question_responses') }}
