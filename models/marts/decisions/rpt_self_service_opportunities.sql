with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_handled

),

chains as (

    select
        contact_id,
        contacts_count
    from {{ ref('fct_issue_contacts') }}

),

costs as (

    select
        contact_id,
        reporting_amount
    from {{ ref('fct_contact_costs') }}

),

containment as (

    select * from {{ ref('kpi_self_service_containment') }}

),

clients as (

    select client from {{ ref('dim_client') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}
    where
        queue is null
        and channel is null

),

dates as (

    select * from {{ ref('dim_date') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- each site's last whole day is its own
sites as (

    select
        sites.site,
        cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as as_of_date
    from {{ ref('dim_site') }} as sites
    cross join runs

),

-- of the rows in force as of the run, the client's own
in_force as (

    select
        clients.client,
        thresholds.threshold,
        coalesce(
            max_by(thresholds.value, thresholds.valid_from) filter (where thresholds.client is not null),
            max_by(thresholds.value, thresholds.valid_from)
        ) as value
    from clients
    cross join runs
    inner join thresholds
        on
            (thresholds.client is null or clients.client = thresholds.client)
            and cast(runs.as_of as date) >= thresholds.valid_from
            and (thresholds.valid_to is null or cast(runs.as_of as date) < thresholds.valid_to)
    group by clients.client, thresholds.threshold

),

settings as (

    select
        client,
        max(case when threshold = 'self_service_period_days' then value end) as period_days,
        max(case when threshold = 'self_service_simple_seconds' then value end) as simple_seconds,
        max(case when threshold = 'self_service_shift_share' then value end) as shift_share,
        max(case when threshold = 'self_service_assumed_containment' then value end) as assumed_containment,
        max(case when threshold = 'self_service_contact_cost' then value end) as self_service_cost
    from in_force
    group by client

),

-- what nobody knows, of an anonymous customer or an unmeasured contact, is not promised to be simple
judged as (

    select
        contacts.client,
        contacts.contact_type,
        contacts.handle_seconds,
        coalesce(costs.reporting_amount, 0) as reporting_amount,
        chains.contacts_count = 1
        and contacts.agents_count = 1
        and contacts.transfers_count = 0
        and coalesce(contacts.hold_seconds, 0) = 0
        and contacts.handle_seconds <= settings.simple_seconds as is_simple,
        contacts.is_resolution_final and coalesce(dates.is_month_over, false) as is_final
    from contacts
    inner join sites
        on contacts.site = sites.site
    inner join settings
        on contacts.client = settings.client
    left join chains
        on contacts.contact_id = chains.contact_id
    left join costs
        on contacts.contact_id = costs.contact_id
    left join dates
        on contacts.arrived_date = dates.day
    where {{ days_between('contacts.arrived_date', 'sites.as_of_date') }} between 1 and settings.period_days

),

by_type as (

    select
        client,
        contact_type,
        count(*) as handled_count,
        cast(sum(reporting_amount) as decimal(18, 6)) as reporting_amount,
        count(handle_seconds) as handle_measured_count,
        cast(coalesce(sum(handle_seconds), 0) as decimal(18, 3)) as handle_seconds,
        count(*) filter (where is_simple) as simple_count,
        bool_and(is_final) as is_final
    from judged
    group by client, contact_type

),

contained as (

    select
        containment.client,
        sum(containment.numerator) as numerator,
        sum(containment.denominator) as denominator,
        bool_and(containment.is_final) as is_final
    from containment
    inner join sites
        on containment.site = sites.site
    inner join settings
        on containment.client = settings.client
    where {{ days_between('containment.day', 'sites.as_of_date') }} between 1 and settings.period_days
    group by containment.client

),

overall as (

    select
        sum(numerator) as numerator,
        coalesce(sum(denominator), 0) as denominator,
        bool_and(is_final) as is_final
    from contained

),

-- the client's own containment, else everybody's, else what the thresholds assume
assumed as (

    select
        by_type.client,
        by_type.contact_type,
        by_type.handled_count,
        by_type.reporting_amount,
        {{ ratio('by_type.reporting_amount', 'by_type.handled_count') }} as cost_per_contact,
        by_type.handle_measured_count,
        by_type.handle_seconds,
        {{ ratio('by_type.handle_seconds', 'by_type.handle_measured_count') }} as handle_time,
        by_type.simple_count,
        {{ ratio('by_type.simple_count', 'by_type.handled_count') }} as simplicity,
        settings.shift_share,
        -- nobody can build self-service for a matter that nobody knows
        cast(
            case when by_type.contact_type = 'unclassified' then 0 else by_type.simple_count end
            * settings.shift_share as decimal(18, 3)
        ) as movable_count,
        case
            when contained.denominator > 0 then 'client'
            when overall.denominator > 0 then 'overall'
            else 'assumed'
        end as containment_source,
        coalesce(
            {{ ratio('contained.numerator', 'contained.denominator') }},
            {{ ratio('overall.numerator', 'overall.denominator') }},
            cast(settings.assumed_containment as double)
        ) as containment,
        cast(
            case when contained.denominator > 0 then contained.denominator else overall.denominator end
            as bigint
        ) as containment_base_count,
        settings.self_service_cost as self_service_cost_per_contact,
        by_type.is_final
        and case
            when contained.denominator > 0 then contained.is_final
            when overall.denominator > 0 then overall.is_final
            else true
        end as is_final
    from by_type
    inner join settings
        on by_type.client = settings.client
    cross join overall
    left join contained
        on by_type.client = contained.client

),

saved as (

    select
        *,
        greatest(
            cast(movable_count as double)
            * containment
            * (cost_per_contact - cast(self_service_cost_per_contact as double)),
            cast(0 as double)
        ) as saving_amount
    from assumed

),

ranked as (

    select
        row_number() over (
            order by
                saving_amount desc nulls last,
                handled_count desc nulls last,
                client asc nulls last,
                contact_type asc nulls last
        ) as saving_rank,
        client,
        contact_type,
        handled_count,
        reporting_amount,
        cost_per_contact,
        handle_measured_count,
        handle_seconds,
        handle_time,
        simple_count,
        simplicity,
        shift_share,
        movable_count,
        containment,
        containment_source,
        containment_base_count,
        self_service_cost_per_contact,
        saving_amount,
        is_final
    from saved

)

select * from ranked
