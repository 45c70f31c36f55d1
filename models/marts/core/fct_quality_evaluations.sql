{{ tracked(
    'evaluation_id',
    by={'int_quality_evaluations__unioned': 'evaluation_id'},
    also=[
        'select evaluation_id from ' ~ ref('int_quality_evaluations__unioned') ~ ' where contact_id in (select contact_id from '
        ~ changes('fct_contacts') ~ ') or agent_id in (select agent_id from ' ~ changes('dim_agent') ~ ')',
        'select evaluation_id from ' ~ this ~ ' where exists (select 1 from ' ~ changes('dim_site') ~ ') or '
        ~ as_of_went_back() ~ ' or not is_final and exists (select 1 from ' ~ changes('int_runs__resolved') ~ ')',
    ],
) }}
with

evaluations as (

    select * from {{ ref('int_quality_evaluations__unioned') }}
    where {{ only_touched('evaluation_id') }}

),

contacts as (

    select * from {{ ref('fct_contacts') }}

),

agents as (

    select * from {{ ref('dim_agent') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

placed as (

    select
        evaluations.*,
        coalesce(contacts.client, 'unmapped') as client,
        coalesce(contacts.site, agents.site, 'unmapped') as site,
        coalesce(contacts.queue, 'no_queue') as queue,
        coalesce(contacts.channel, 'unmapped') as channel,
        coalesce(contacts.contact_type, 'unclassified') as contact_type,
        contacts.arrived_date as contact_arrived_date,
        coalesce(contacts.is_in_scope, true) as is_contact_in_scope
    from evaluations
    left join contacts
        on evaluations.contact_id = contacts.contact_id
    left join agents
        on evaluations.agent_id = agents.agent_id

),

dated as (

    select
        placed.*,
        coalesce(
            placed.contact_arrived_date,
            cast({{ utc_to_local('placed.evaluated_at', "coalesce(sites.zone, 'UTC')") }} as date)
        ) as reported_date,
        cast({{ utc_to_local('runs.as_of', "coalesce(sites.zone, 'UTC')") }} as date) as as_of_date
    from placed
    cross join runs
    left join sites
        on placed.site = sites.site

),

failed_forms as (

    select distinct evaluation_id
    from evaluations
    where
        is_automatic_fail
        and not is_not_applicable
        and points_earned = 0

),

classified as (

    select
        dated.evaluation_id,
        dated.platform,
        dated.contact_id,
        dated.client,
        dated.site,
        dated.queue,
        dated.channel,
        dated.contact_type,
        dated.agent_id,
        dated.evaluated_at,
        dated.reported_date,
        dated.category,
        dated.item,
        dated.points_earned,
        dated.points_possible,
        cast(
            case
                when dated.is_not_applicable or failed_forms.evaluation_id is not null then 0
                else dated.points_earned
            end as decimal(9, 3)
        ) as counted_points_earned,
        cast(case when dated.is_not_applicable then 0 else dated.points_possible end as decimal(9, 3))
            as counted_points_possible,
        dated.is_not_applicable,
        dated.is_automatic_fail,
        failed_forms.evaluation_id is not null as is_form_failed,
        lower(trim(dated.category)) = 'script' as is_script,
        not dated.is_not_applicable and dated.points_earned = dated.points_possible as is_met,
        dated.is_contact_in_scope and dated.reported_date is not null as is_in_scope,
        coalesce(dated.reported_date < dated.as_of_date, false) as is_final,
        dated.updated_at,
        dated.source_file,
        dated.source_row
    from dated
    left join failed_forms
        on dated.evaluation_id = failed_forms.evaluation_id

)

select * from classified
