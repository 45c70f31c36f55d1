{{ config(meta={'live': 'later'}) }}
-- by month: contacts in journeys + contacts outside any + what no contact can bear = what was allocated
with

contacts as (

    select
        cast({{ dbt.date_trunc('month', 'costs.arrived_date') }} as date) as month,
        sum(case when chains.issue_id is null then costs.reporting_amount else 0 end) as outside_amount,
        sum(case when chains.issue_id is not null then costs.reporting_amount else 0 end)
            as in_journeys_amount
    from {{ ref('fct_contact_costs') }} as costs
    left join {{ ref('fct_issue_contacts') }} as chains
        on costs.contact_id = chains.contact_id
    group by cast({{ dbt.date_trunc('month', 'costs.arrived_date') }} as date)

),

cells as (

    select
        cast({{ dbt.date_trunc('month', 'costs.day') }} as date) as month,
        sum(costs.reporting_amount) as allocated_amount,
        sum(
            case when coalesce(contacts.handled_count, 0) = 0 then costs.reporting_amount else 0 end
        ) as unborne_amount
    from {{ ref('agg_costs_daily') }} as costs
    left join {{ ref('agg_contacts_daily') }} as contacts
        on
            costs.day = contacts.day
            and costs.client = contacts.client
            and costs.site = contacts.site
            and costs.queue = contacts.queue
            and costs.channel = contacts.channel
            and costs.contact_type = contacts.contact_type
    group by cast({{ dbt.date_trunc('month', 'costs.day') }} as date)

),

journeys as (

    select sum(reporting_amount) as reporting_amount
    from {{ ref('rpt_customer_journeys') }}

),

totals as (

    select sum(in_journeys_amount) as in_journeys_amount
    from contacts

)

select
    cells.month,
    cells.allocated_amount,
    cells.unborne_amount,
    contacts.in_journeys_amount,
    contacts.outside_amount,
    journeys.reporting_amount as journeys_amount
from cells
left join contacts
    on cells.month = contacts.month
cross join journeys
cross join totals
where
    cells.allocated_amount <> cells.unborne_amount
    + coalesce(contacts.in_journeys_amount, 0)
    + coalesce(contacts.outside_amount, 0)
    or coalesce(journeys.reporting_amount, 0) <> coalesce(totals.in_journeys_amount, 0)
