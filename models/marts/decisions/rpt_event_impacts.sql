with

events as (

    select * from {{ ref('business_events') }}

),

holidays as (

    select
        country,
        date as day
    from {{ ref('holidays') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}
    where
        threshold = 'event_baseline_weeks'
        and queue is null
        and channel is null

),

contacts as (

    select * from {{ ref('agg_contacts_daily') }}

),

service_levels as (

    select * from {{ ref('kpi_service_level') }}

),

csat as (

    select * from {{ ref('kpi_csat') }}

),

costs as (

    select * from {{ ref('fct_contact_costs') }}

),

queues as (

    select * from {{ ref('dim_queue') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

covered as (

    select
        client,
        min(day) as covered_from_date
    from contacts
    group by client

),

-- an event of all clients is measured for each
scoped as (

    select
        events.event_id,
        events.name,
        events.kind,
        covered.client,
        events.queue,
        events.contact_type,
        events.first_day,
        events.last_day,
        covered.covered_from_date
    from events
    inner join covered
        on
            events.client = covered.client
            or (events.client is null and covered.client <> 'unmapped')

),

-- a day is over when it is over at every site of the client that the event is about
placed as (

    select
        scoped.event_id,
        scoped.client,
        min(cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date)) as as_of_date
    from scoped
    cross join runs
    inner join queues
        on
            scoped.client = queues.client
            and (scoped.queue is null or scoped.queue = queues.queue)
    inner join sites
        on queues.site = sites.site
    group by scoped.event_id, scoped.client

),

weeks as (

    select
        scoped.event_id,
        scoped.client,
        coalesce(
            max_by(thresholds.value, thresholds.valid_from) filter (where thresholds.client is not null),
            max_by(thresholds.value, thresholds.valid_from)
        ) as baseline_weeks
    from scoped
    inner join thresholds
        on
            (thresholds.client is null or scoped.client = thresholds.client)
            and scoped.first_day >= thresholds.valid_from
            and (thresholds.valid_to is null or scoped.first_day < thresholds.valid_to)
    group by scoped.event_id, scoped.client

),

bounded as (

    select
        scoped.event_id,
        scoped.name,
        scoped.kind,
        scoped.client,
        scoped.queue,
        scoped.contact_type,
        scoped.first_day,
        scoped.last_day,
        scoped.covered_from_date,
        coalesce(placed.as_of_date, cast(runs.as_of as date)) as as_of_date,
        weeks.baseline_weeks
    from scoped
    cross join runs
    inner join weeks
        on
            scoped.event_id = weeks.event_id
            and scoped.client = weeks.client
    left join placed
        on
            scoped.event_id = placed.event_id
            and scoped.client = placed.client

),

holidays_of_events as (

    select distinct
        scoped.event_id,
        scoped.client,
        holidays.day
    from scoped
    inner join queues
        on
            scoped.client = queues.client
            and (scoped.queue is null or scoped.queue = queues.queue)
    inner join sites
        on queues.site = sites.site
    inner join holidays
        on sites.country = holidays.country

),

eventful_days as (

    select distinct
        scoped.client,
        dates.day
    from scoped
    inner join dates
        on dates.day between scoped.first_day and scoped.last_day

),

-- days that are over and that the data covers, of the event and of the weeks before it
days as (

    select
        bounded.event_id,
        bounded.client,
        bounded.queue,
        dates.day,
        dates.iso_weekday,
        dates.day >= bounded.first_day as is_event_day
    from bounded
    inner join dates
        on
            bounded.last_day >= dates.day
            and bounded.as_of_date > dates.day
            and bounded.covered_from_date <= dates.day
            and {{ days_between('dates.day', 'bounded.first_day') }} <= 7 * bounded.baseline_weeks
    left join eventful_days
        on
            bounded.client = eventful_days.client
            and dates.day = eventful_days.day
    left join holidays_of_events
        on
            bounded.event_id = holidays_of_events.event_id
            and bounded.client = holidays_of_events.client
            and dates.day = holidays_of_events.day
    where
        dates.day >= bounded.first_day
        or (eventful_days.day is null and holidays_of_events.day is null)

),

by_weekday as (

    select
        event_id,
        client,
        iso_weekday,
        count(*) filter (where is_event_day) as event_days_count,
        count(*) filter (where not is_event_day) as baseline_days_count
    from days
    group by event_id, client, iso_weekday
    having count(*) filter (where is_event_day) > 0

),

-- each day of the event against the mean of its own weekday; a day that has none counts on neither side
matched as (

    select
        *,
        baseline_days_count > 0
        or max(baseline_days_count) over (partition by event_id, client) = 0 as is_counted
    from by_weekday

),

counted as (

    select
        event_id,
        client,
        bool_or(baseline_days_count > 0) as has_baseline,
        cast(sum(case when is_counted then event_days_count end) as bigint) as days_count,
        cast(sum(baseline_days_count) as bigint) as baseline_days_count
    from matched
    group by event_id, client

),

-- one row per figure that a day adds to: what it counts, and what that is divided by where it is not the days
daily as (

    select
        day,
        client,
        queue,
        'contacts_per_day' as measure,
        'all' as member,
        contacts_count as numerator,
        null as denominator,
        true as is_final
    from contacts
    union all
    select
        day,
        client,
        queue,
        'contacts_per_day' as measure,
        contact_type as member,
        contacts_count as numerator,
        null as denominator,
        true as is_final
    from contacts
    union all
    select
        day,
        client,
        queue,
        'service_level' as measure,
        'all' as member,
        numerator,
        denominator,
        is_final
    from service_levels
    union all
    select
        day,
        client,
        queue,
        'csat' as measure,
        'all' as member,
        numerator,
        denominator,
        is_final
    from csat
    union all
    select
        costs.arrived_date as day,
        costs.client,
        costs.queue,
        'cost_per_contact' as measure,
        'all' as member,
        costs.reporting_amount as numerator,
        1 as denominator,
        dates.is_month_over as is_final
    from costs
    inner join dates
        on costs.arrived_date = dates.day
    union all
    select
        costs.arrived_date as day,
        costs.client,
        costs.queue,
        'cost_per_day' as measure,
        'all' as member,
        costs.reporting_amount as numerator,
        null as denominator,
        dates.is_month_over as is_final
    from costs
    inner join dates
        on costs.arrived_date = dates.day

),

summed as (

    select
        days.event_id,
        days.client,
        daily.measure,
        daily.member,
        days.iso_weekday,
        sum(daily.numerator) filter (where days.is_event_day) as numerator,
        sum(daily.denominator) filter (where days.is_event_day) as denominator,
        sum(daily.numerator) filter (where not days.is_event_day) as baseline_numerator,
        sum(daily.denominator) filter (where not days.is_event_day) as baseline_denominator,
        bool_and(daily.is_final) as is_final
    from days
    inner join daily
        on
            days.client = daily.client
            and days.day = daily.day
            and (days.queue is null or days.queue = daily.queue)
    group by days.event_id, days.client, daily.measure, daily.member, days.iso_weekday

),

weighted as (

    select
        summed.event_id,
        summed.client,
        summed.measure,
        summed.member,
        cast(sum(summed.numerator) as decimal(28, 6)) as numerator,
        cast(sum(summed.denominator) as decimal(28, 6)) as denominator,
        -- each weekday is rounded by itself: a sum of doubles depends on the order in which they come
        cast(sum(cast(
            {{ ratio(
                'cast(summed.baseline_numerator as double) * matched.event_days_count',
                'matched.baseline_days_count'
            ) }} as decimal(28, 6)
        )) as decimal(28, 6)) as baseline_numerator,
        cast(sum(cast(
            {{ ratio(
                'cast(summed.baseline_denominator as double) * matched.event_days_count',
                'matched.baseline_days_count'
            ) }} as decimal(28, 6)
        )) as decimal(28, 6)) as baseline_denominator,
        bool_and(summed.is_final) as is_final
    from summed
    inner join matched
        on
            summed.event_id = matched.event_id
            and summed.client = matched.client
            and summed.iso_weekday = matched.iso_weekday
            and matched.is_counted
    group by summed.event_id, summed.client, summed.measure, summed.member

),

measures as (
    {% for measure in ['contacts_per_day', 'service_level', 'csat', 'cost_per_contact', 'cost_per_day'] %}
    select
        event_id,
        client,
        '{{ measure }}' as measure,
        'all' as member
    from bounded
    union all
    {%- endfor %}
    select
        event_id,
        client,
        measure,
        member
    from weighted
    where member <> 'all'

),

-- a figure to which no day adds anything shows 0, or nothing where it is a ratio
completed as (

    select
        measures.event_id,
        measures.client,
        measures.measure,
        measures.member,
        counted.has_baseline,
        coalesce(counted.days_count, 0) as days_count,
        coalesce(counted.baseline_days_count, 0) as baseline_days_count,
        measures.measure in ('contacts_per_day', 'cost_per_day') as is_per_day,
        coalesce(weighted.numerator, 0) as numerator,
        coalesce(weighted.denominator, 0) as denominator,
        coalesce(weighted.baseline_numerator, 0) as baseline_numerator,
        coalesce(weighted.baseline_denominator, 0) as baseline_denominator,
        coalesce(weighted.is_final, true) as is_final
    from measures
    left join counted
        on
            measures.event_id = counted.event_id
            and measures.client = counted.client
    left join weighted
        on
            measures.event_id = weighted.event_id
            and measures.client = weighted.client
            and measures.measure = weighted.measure
            and measures.member = weighted.member

),

based as (

    select
        event_id,
        client,
        measure,
        member,
        has_baseline,
        days_count,
        baseline_days_count,
        numerator,
        cast(case when is_per_day then days_count else denominator end as decimal(28, 6)) as denominator,
        case when has_baseline then baseline_numerator end as baseline_numerator,
        cast(case
            when has_baseline and is_per_day then days_count
            when has_baseline then baseline_denominator
        end as decimal(28, 6)) as baseline_denominator,
        is_final
    from completed

),

-- a type's share in the contacts of its side
shares as (

    select
        types.event_id,
        types.client,
        'contact_type_share' as measure,
        types.member,
        types.has_baseline,
        types.days_count,
        types.baseline_days_count,
        types.numerator,
        wholes.numerator as denominator,
        types.baseline_numerator,
        wholes.baseline_numerator as baseline_denominator,
        types.is_final
    from based as types
    inner join based as wholes
        on
            types.event_id = wholes.event_id
            and types.client = wholes.client
            and types.measure = wholes.measure
            and wholes.member = 'all'
    where types.member <> 'all'

),

unioned as (

    select * from based
    union all
    select * from shares

),

divided as (

    select
        *,
        {{ ratio('numerator', 'denominator') }} as value,
        {{ ratio('baseline_numerator', 'baseline_denominator') }} as baseline_value,
        case when measure = 'contacts_per_day' then numerator - baseline_numerator end as extra_contacts
    from unioned

),

impacts as (

    select
        divided.event_id,
        bounded.name,
        bounded.kind,
        divided.client,
        bounded.queue,
        bounded.contact_type,
        bounded.first_day,
        bounded.last_day,
        divided.measure,
        divided.member,
        divided.numerator,
        divided.denominator,
        divided.value,
        divided.baseline_numerator,
        divided.baseline_denominator,
        divided.baseline_value,
        divided.value - divided.baseline_value as change,
        {{ ratio('divided.value - divided.baseline_value', 'divided.baseline_value') }} as change_share,
        divided.days_count,
        divided.baseline_days_count,
        cast(divided.extra_contacts as decimal(28, 6)) as extra_contacts,
        cast(divided.extra_contacts as double) * unit_costs.value as extra_cost_amount,
        case
            when divided.days_count = 0 then 'no_event_days'
            when divided.has_baseline then 'compared'
            else 'no_baseline_days'
        end as comparison,
        divided.is_final and bounded.last_day < bounded.as_of_date as is_final
    from divided
    inner join bounded
        on
            divided.event_id = bounded.event_id
            and divided.client = bounded.client
    inner join divided as unit_costs
        on
            divided.event_id = unit_costs.event_id
            and divided.client = unit_costs.client
            and unit_costs.measure = 'cost_per_contact'

)

select * from impacts
