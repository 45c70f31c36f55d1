{{ config(meta={'live': 'later'}) }}
-- covered contacts of identified customers are in a journey, or in a chain that begins before coverage
with

contacts as (

    select
        client,
        count(*) filter (where is_repeat_known) as covered_count,
        count(*) filter (where is_issue_opener) as openers_count
    from {{ ref('fct_contacts') }}
    group by client

),

chained as (

    select
        issue_contacts.client,
        count(*) filter (
            where issue_contacts.issue_id is not null and not contacts.is_repeat_known
        ) as uncovered_in_issues_count,
        count(*) filter (
            where issue_contacts.issue_id is null and contacts.is_repeat_known
        ) as begun_before_coverage_count
    from {{ ref('fct_issue_contacts') }} as issue_contacts
    inner join {{ ref('fct_contacts') }} as contacts
        on issue_contacts.contact_id = contacts.contact_id
    group by issue_contacts.client

),

journeys as (

    select
        client,
        count(*) as issues_count,
        sum(contacts_count) as contacts_count
    from {{ ref('rpt_customer_journeys') }}
    group by client

),

-- a chain that begins before coverage begins with a contact that is not covered
misplaced as (

    select chains.client
    from {{ ref('fct_issue_contacts') }} as chains
    inner join {{ ref('fct_contacts') }} as openers
        on chains.opener_id = openers.contact_id
    where
        chains.issue_id is null
        and openers.is_repeat_known

)

select
    contacts.client,
    contacts.covered_count,
    contacts.openers_count,
    chained.begun_before_coverage_count,
    chained.uncovered_in_issues_count,
    journeys.contacts_count as in_journeys_count,
    journeys.issues_count
from contacts
left join chained
    on contacts.client = chained.client
left join journeys
    on contacts.client = journeys.client
where
    contacts.covered_count <> coalesce(journeys.contacts_count, 0)
    + coalesce(chained.begun_before_coverage_count, 0) - coalesce(chained.uncovered_in_issues_count, 0)
    or contacts.openers_count <> coalesce(journeys.issues_count, 0)
    or contacts.client in (select misplaced.client from misplaced)
