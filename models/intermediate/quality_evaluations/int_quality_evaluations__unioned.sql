{{ tracked_union('quality_evaluations', 'evaluation_id') }}
with

unioned as (
    {{ unioned('quality_evaluations', [
        'evaluation_id',
        'platform',
        'contact_id',
        'agent_id',
        'evaluated_at',
        'category',
        'item',
        'points_earned',
        'points_possible',
        'is_not_applicable',
        'is_automatic_fail',
        'updated_at',
        'source_file',
        'source_row',
    ], 'evaluation_id') }}

)

select * from unioned
