{{ config(meta={'live': 'later'}) }}
-- month × client: customers, contacts and what they cost, straight from the contacts
with

contacts as (

    select
        cast({{ dbt.date_trunc('month', 'contacts.arrived_date') }} as date) as month,
        contacts.client,
        count(distinct contacts.customer_key) as customers_count,
        count(*) as contacts_count,
        coalesce(sum(costs.reporting_amount), 0) as reporting_amount
    from {{ ref('fct_contacts') }} as contacts
    left join {{ ref('fct_contact_costs') }} as costs
        on contacts.contact_id = costs.contact_id
    where
        contacts.is_in_scope
        and contacts.customer_key is not null
    group by cast({{ dbt.date_trunc('month', 'contacts.arrived_date') }} as date), contacts.client

),

segments as (

    select
        month,
        client,
        sum(customers_count) as customers_count,
        sum(contacts_count) as contacts_count,
        sum(reporting_amount) as reporting_amount
    from {{ ref('rpt_customer_segments') }}
    group by month, client

)

select
    contacts.month,
    contacts.client,
    contacts.customers_count,
    segments.customers_count as segmented_customers_count,
    contacts.contacts_count,
    segments.contacts_count as segmented_contacts_count,
    contacts.reporting_amount,
    segments.reporting_amount as segmented_reporting_amount
from contacts
full outer join segments
    on
        contacts.month = segments.month
        and contacts.client = segments.client
where
    contacts.customers_count is distinct from segments.customers_count
    or contacts.contacts_count is distinct from segments.contacts_count
    or contacts.reporting_amount is distinct from segments.reporting_amount
