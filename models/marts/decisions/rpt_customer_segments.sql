{{ tracked(
    'month',
    by={
        'fct_contacts': month_of('arrived_date'),
        'fct_contact_costs': month_of('arrived_date'),
        'fct_survey_responses': month_of('reported_date'),
        'dim_date': 'month_start_date',
    },
) }}
with

contacts as (

    select
        *,
        {{ month_of('arrived_date') }} as month
    from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and customer_key is not null
        and {{ only_touched(month_of('arrived_date')) }}

),

costs as (

    select
        contact_id,
        reporting_amount
    from {{ ref('fct_contact_costs') }}
    where {{ only_touched(month_of('arrived_date')) }}

),

surveys as (

    select
        contact_id,
        count(*) filter (where is_answered) as csat_answers_count,
        count(*) filter (where is_top_box) as csat_top_box_count,
        sum(percent_score) as percent_score,
        bool_and(is_final) as is_final
    from {{ ref('fct_survey_responses') }}
    where
        is_about_contact
        and is_in_scope
        and instrument = 'csat'
        and {{ only_touched(month_of('reported_date')) }}
    group by contact_id

),

segments as (

    select * from {{ ref('customer_segments') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

by_channel as (

    select
        contacts.month,
        contacts.client,
        contacts.customer_key,
        contacts.channel,
        count(*) as contacts_count,
        max(contacts.arrived_at) as last_arrived_at,
        count(*) filter (where contacts.is_repeat) as repeat_count,
        sum(costs.reporting_amount) as reporting_amount,
        sum(surveys.csat_answers_count) as csat_answers_count,
        sum(surveys.csat_top_box_count) as csat_top_box_count,
        sum(surveys.percent_score) as percent_score,
        bool_and(coalesce(surveys.is_final, true)) as is_final
    from contacts
    left join costs
        on contacts.contact_id = costs.contact_id
    left join surveys
        on contacts.contact_id = surveys.contact_id
    group by contacts.month, contacts.client, contacts.customer_key, contacts.channel

),

-- of channels used as often, the one used last
ranked as (

    select
        *,
        row_number() over (
            partition by month, client, customer_key
            order by contacts_count desc nulls last, last_arrived_at desc nulls last, channel asc nulls last
        ) as preference
    from by_channel

),

customers as (

    select
        month,
        client,
        customer_key,
        max(case when preference = 1 then channel end) as preferred_channel,
        sum(contacts_count) as contacts_count,
        sum(repeat_count) as repeat_count,
        coalesce(sum(reporting_amount), 0) as reporting_amount,
        coalesce(sum(csat_answers_count), 0) as csat_answers_count,
        coalesce(sum(csat_top_box_count), 0) as csat_top_box_count,
        {{ ratio('sum(percent_score)', 'sum(csat_answers_count)') }} as mean_percent_score,
        bool_and(is_final) as is_final
    from ranked
    group by month, client, customer_key

),

segmented as (

    select
        customers.month,
        customers.client,
        customers.preferred_channel,
        coalesce(frequencies.segment, 'unknown') as frequency_segment,
        coalesce(satisfactions.segment, 'unknown') as satisfaction_segment,
        customers.contacts_count,
        customers.repeat_count,
        customers.reporting_amount,
        customers.csat_answers_count,
        customers.csat_top_box_count,
        customers.is_final and coalesce(dates.is_month_over, false) as is_final
    from customers
    left join segments as frequencies
        on
            frequencies.kind = 'frequency'
            and customers.contacts_count >= frequencies.value_from
            and (frequencies.value_to is null or customers.contacts_count < frequencies.value_to)
            and customers.month >= frequencies.valid_from
            and (frequencies.valid_to is null or customers.month < frequencies.valid_to)
    left join segments as satisfactions
        on
            satisfactions.kind = 'satisfaction'
            and customers.mean_percent_score >= satisfactions.value_from
            and (satisfactions.value_to is null or customers.mean_percent_score < satisfactions.value_to)
            and customers.month >= satisfactions.valid_from
            and (satisfactions.valid_to is null or customers.month < satisfactions.valid_to)
    left join dates
        on customers.month = dates.day

),

summed as (

    select
        month,
        client,
        frequency_segment,
        preferred_channel,
        satisfaction_segment,
        count(*) as customers_count,
        cast(sum(contacts_count) as bigint) as contacts_count,
        cast(sum(repeat_count) as bigint) as repeat_count,
        cast(sum(reporting_amount) as decimal(18, 6)) as reporting_amount,
        cast(sum(csat_top_box_count) as bigint) as csat_numerator,
        cast(sum(csat_answers_count) as bigint) as csat_denominator,
        bool_and(is_final) as is_final
    from segmented
    group by month, client, frequency_segment, preferred_channel, satisfaction_segment

)

select * from summed
