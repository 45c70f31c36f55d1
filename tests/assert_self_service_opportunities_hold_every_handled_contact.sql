-- handled contacts of each client in the period, and what they cost, straight from the contacts
with

runs as (

    select as_of from {{ ref('int_runs__resolved') }}

),

periods as (

    select max(value) as period_days
    from {{ ref('thresholds') }}
    where
        threshold = 'self_service_period_days'
        and client is null
    having count(*) = 1

),

today as (

    select
        sites.site,
        cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as day
    from {{ ref('dim_site') }} as sites
    cross join runs

),

handled as (

    select
        contacts.contact_id,
        contacts.client
    from {{ ref('fct_contacts') }} as contacts
    inner join today
        on contacts.site = today.site
    cross join periods
    where
        contacts.is_in_scope
        and contacts.answered_at is not null
        and contacts.arrived_date < today.day
        and {{ days_between('contacts.arrived_date', 'today.day') }} <= periods.period_days

),

contacts as (

    select
        handled.client,
        count(*) as handled_count,
        sum(coalesce(costs.reporting_amount, 0)) as reporting_amount
    from handled
    left join {{ ref('fct_contact_costs') }} as costs
        on handled.contact_id = costs.contact_id
    group by handled.client

),

opportunities as (

    select
        client,
        sum(handled_count) as handled_count,
        sum(reporting_amount) as reporting_amount,
        max(simplicity) as highest_simplicity
    from {{ ref('rpt_self_service_opportunities') }}
    group by client

)

select
    contacts.client,
    contacts.handled_count,
    opportunities.handled_count as opportunities_handled_count,
    contacts.reporting_amount,
    opportunities.reporting_amount as opportunities_reporting_amount
from contacts
full outer join opportunities
    on contacts.client = opportunities.client
where
    contacts.handled_count is distinct from opportunities.handled_count
    or contacts.reporting_amount is distinct from opportunities.reporting_amount
    or opportunities.highest_simplicity > 1
