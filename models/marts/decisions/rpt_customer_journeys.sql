{{ tracked(
    'issue_id',
    by={'fct_issue_contacts': 'issue_id'},
    also=[
        'select issue_id from ' ~ ref('fct_issue_contacts') ~ ' where contact_id in ('
        ~ changed('contact_id', [
            'fct_contacts', 'int_contacts__matched', 'fct_contact_legs', 'fct_contact_costs', 'fct_survey_responses'
        ]) ~ ')',
    ],
) }}
with

issue_contacts as (

    select * from {{ ref('fct_issue_contacts') }}
    where {{ only_touched('issue_id') }}

),

contacts as (

    select * from {{ ref('fct_contacts') }}
    where {{ only_touched('contact_id', among='select contact_id from issue_contacts') }}

),

matched as (

    select
        contact_id,
        is_followed
    from {{ ref('int_contacts__matched') }}
    where {{ only_touched('contact_id', among='select contact_id from issue_contacts') }}

),

legs as (

    select
        contact_id,
        agent_id
    from {{ ref('fct_contact_legs') }}
    where
        answered_at is not null
        and {{ only_touched('contact_id', among='select contact_id from issue_contacts') }}

),

costs as (

    select
        contact_id,
        reporting_amount
    from {{ ref('fct_contact_costs') }}
    where {{ only_touched('contact_id', among='select contact_id from issue_contacts') }}

),

answers as (

    select
        contact_id,
        count(*) filter (where is_top_box) as csat_numerator,
        count(*) as csat_denominator
    from {{ ref('fct_survey_responses') }}
    where
        is_about_contact
        and is_in_scope
        and is_answered
        and instrument = 'csat'
        and {{ only_touched('contact_id', among='select contact_id from issue_contacts') }}
    group by contact_id

),

agents as (

    select
        issue_contacts.issue_id,
        count(distinct legs.agent_id) as agents_count
    from issue_contacts
    inner join legs
        on issue_contacts.contact_id = legs.contact_id
    group by issue_contacts.issue_id

),

steps as (

    select
        issue_contacts.issue_id,
        issue_contacts.contact_number,
        issue_contacts.contact_number = issue_contacts.contacts_count as is_last,
        contacts.channel,
        contacts.ended_at,
        contacts.transfers_count,
        contacts.is_resolution_final,
        (contacts.is_handled or contacts.outcome = 'self_served')
        and coalesce(contacts.is_resolved, true)
        and not matched.is_followed as is_settled,
        costs.reporting_amount,
        answers.csat_numerator,
        answers.csat_denominator
    from issue_contacts
    inner join contacts
        on issue_contacts.contact_id = contacts.contact_id
    inner join matched
        on issue_contacts.contact_id = matched.contact_id
    left join costs
        on issue_contacts.contact_id = costs.contact_id
    left join answers
        on issue_contacts.contact_id = answers.contact_id

),

folded as (

    select
        issue_id,
        {{ joined_in_order('channel', ' › ', 'contact_number') }} as channel_path,
        count(*) as contacts_count,
        count(distinct channel) as channels_count,
        cast(coalesce(sum(transfers_count), 0) as bigint) as transfers_count,
        max(case when is_last then ended_at end) as last_ended_at,
        bool_or(is_last and is_settled) as is_resolved,
        bool_and(is_resolution_final or not is_last) as is_final,
        cast(coalesce(sum(reporting_amount), 0) as decimal(18, 6)) as reporting_amount,
        cast(coalesce(sum(csat_numerator), 0) as bigint) as csat_numerator,
        cast(coalesce(sum(csat_denominator), 0) as bigint) as csat_denominator
    from steps
    group by issue_id

),

-- a chain that began before coverage is no issue: it has no opener here
journeys as (

    select
        folded.issue_id,
        openers.client,
        openers.site,
        openers.customer_key,
        openers.contact_type,
        openers.arrived_date as day,
        openers.arrived_at as opened_at,
        folded.channel_path,
        folded.contacts_count,
        folded.channels_count,
        coalesce(agents.agents_count, 0) as agents_count,
        folded.transfers_count,
        case
            when folded.is_resolved
                then {{ ratio(seconds_between('openers.arrived_at', 'folded.last_ended_at'), 86400) }}
        end as days_to_resolution,
        folded.is_resolved,
        openers.is_resolved_first_contact,
        folded.reporting_amount,
        folded.csat_numerator,
        folded.csat_denominator,
        folded.is_final
    from folded
    inner join contacts as openers
        on folded.issue_id = openers.contact_id
    left join agents
        on folded.issue_id = agents.issue_id

)

select * from journeys
