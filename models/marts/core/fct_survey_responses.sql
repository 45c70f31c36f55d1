{{ tracked(
    'response_id',
    by={'int_survey_responses__unioned': 'response_id'},
    also=[
        'select response_id from ' ~ ref('int_survey_responses__unioned') ~ ' where contact_id in (select contact_id from '
        ~ changes('fct_contacts') ~ ') or agent_id in (select agent_id from ' ~ changes('dim_agent') ~ ')',
        'select response_id from ' ~ this ~ ' where exists (select 1 from ' ~ changes('dim_site') ~ ') or '
        ~ as_of_went_back() ~ ' or not is_final and exists (select 1 from ' ~ changes('int_runs__resolved') ~ ')',
    ],
) }}
with

responses as (

    select * from {{ ref('int_survey_responses__unioned') }}
    where {{ only_touched('response_id') }}

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

thresholds as (

    select * from {{ ref('thresholds') }}
    where threshold = 'survey_window_days'

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- an answer belongs where its contact belongs; agents answer about their site
placed as (

    select
        responses.*,
        contacts.contact_id is not null as is_about_contact,
        contacts.client as contact_client,
        contacts.queue as contact_queue,
        contacts.channel as contact_channel,
        contacts.contact_type as contact_contact_type,
        contacts.arrived_date as contact_arrived_date,
        contacts.survey_window_days as contact_survey_window_days,
        coalesce(contacts.is_in_scope, true) as is_in_scope,
        coalesce(contacts.site, agents.site, 'unmapped') as site
    from responses
    left join contacts
        -- one equality makes a hash join: with a condition on the left side DuckDB compares each pair
        on
            case when responses.instrument <> 'esat' then responses.contact_id end = contacts.contact_id
    left join agents
        on responses.agent_id = agents.agent_id

),

dated as (

    select
        placed.*,
        case
            when placed.instrument = 'esat' then cast(null as {{ dbt.type_string() }})
            else coalesce(placed.contact_client, 'unmapped')
        end as client,
        case
            when placed.instrument = 'esat' then cast(null as {{ dbt.type_string() }})
            else coalesce(placed.contact_queue, 'no_queue')
        end as queue,
        case
            when placed.instrument = 'esat' then cast(null as {{ dbt.type_string() }})
            else coalesce(placed.contact_channel, 'unmapped')
        end as channel,
        case
            when placed.instrument = 'esat' then cast(null as {{ dbt.type_string() }})
            else coalesce(placed.contact_contact_type, 'unclassified')
        end as contact_type,
        coalesce(
            placed.contact_arrived_date,
            cast({{ utc_to_local('placed.sent_at', "coalesce(sites.zone, 'UTC')") }} as date)
        ) as reported_date,
        cast({{ utc_to_local('runs.as_of', "coalesce(sites.zone, 'UTC')") }} as date) as as_of_date
    from placed
    cross join runs
    left join sites
        on placed.site = sites.site

),

days as (

    select distinct reported_date
    from dated

),

-- where no contact says which client, queue and channel, only a row for any of them is in force
general_windows as (

    select
        days.reported_date,
        max_by(thresholds.value, thresholds.valid_from) as survey_window_days
    from days
    inner join thresholds
        on
            thresholds.client is null
            and thresholds.queue is null
            and thresholds.channel is null
            and days.reported_date >= thresholds.valid_from
            and (thresholds.valid_to is null or days.reported_date < thresholds.valid_to)
    group by days.reported_date

),

windowed as (

    select
        dated.*,
        {{ ratio('dated.score - dated.scale_min', 'dated.scale_max - dated.scale_min') }} as scale_share,
        cast(coalesce(dated.contact_survey_window_days, general_windows.survey_window_days) as decimal(18, 3))
            as survey_window_days
    from dated
    left join general_windows
        on dated.reported_date = general_windows.reported_date

),

classified as (

    select
        windowed.response_id,
        windowed.platform,
        windowed.contact_id,
        windowed.client,
        windowed.site,
        windowed.queue,
        windowed.channel,
        windowed.contact_type,
        windowed.customer_key,
        windowed.agent_id,
        windowed.instrument,
        windowed.sent_at,
        windowed.responded_at,
        windowed.reported_date,
        windowed.score,
        windowed.scale_min,
        windowed.scale_max,
        cast(100 * windowed.scale_share as decimal(18, 6)) as percent_score,
        cast(1 + 6 * windowed.scale_share as decimal(18, 6)) as seven_point_score,
        windowed.survey_window_days,
        windowed.is_about_contact,
        windowed.is_in_scope,
        windowed.score is not null as is_answered,
        coalesce(
            windowed.instrument in ('csat', 'esat')
            and windowed.score >= windowed.scale_max
            - case when windowed.scale_max - windowed.scale_min > 1 then 1 else 0 end,
            false
        ) as is_top_box,
        coalesce(windowed.instrument = 'nps' and windowed.score >= windowed.scale_max - 1, false)
            as is_promoter,
        coalesce(windowed.instrument = 'nps' and windowed.score <= windowed.scale_max - 4, false)
            as is_detractor,
        windowed.reported_date < windowed.as_of_date
        and (
            windowed.score is not null
            or {{ add_seconds('windowed.sent_at', 'windowed.survey_window_days * 86400') }} <= runs.as_of
        ) as is_final,
        windowed.updated_at,
        windowed.source_file,
        windowed.source_row
    from windowed
    cross join runs

)

select * from classified
