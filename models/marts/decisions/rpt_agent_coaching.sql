{%- set cell = ['kpi_id', 'queue', 'channel', 'contact_type', 'hour_band'] -%}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where is_in_scope

),

legs as (

    select * from {{ ref('fct_contact_legs') }}
    where is_in_scope

),

responses as (

    select * from {{ ref('fct_survey_responses') }}
    where
        is_in_scope
        and is_answered
        and instrument = 'csat'

),

agents as (

    select * from {{ ref('dim_agent') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- agents are compared across clients and queues, so only a row for any of them is a setting
thresholds_in_force as (

    select
        thresholds.threshold,
        max_by(thresholds.value, thresholds.valid_from) as value
    from thresholds
    cross join runs
    where
        thresholds.client is null
        and thresholds.queue is null
        and thresholds.channel is null
        and thresholds.valid_from <= cast(runs.as_of as date)
        and (thresholds.valid_to is null or cast(runs.as_of as date) < thresholds.valid_to)
    group by thresholds.threshold

),

settings as (

    select
        max(case when threshold = 'coaching_window_days' then value end) as coaching_window_days,
        max(case when threshold = 'coaching_band_hours' then value end) as coaching_band_hours,
        max(case when threshold = 'coaching_minimum_others' then value end) as coaching_minimum_others,
        max(case when threshold = 'coaching_minimum_n' then value end) as coaching_minimum_n,
        max(case when threshold = 'coaching_z' then value end) as coaching_z
    from thresholds_in_force

),

windows as (

    select
        sites.site,
        {{ add_days(
            'cast(' ~ utc_to_local('runs.as_of', 'sites.zone') ~ ' as date)',
            '-settings.coaching_window_days'
        ) }} as window_start_date,
        {{ add_days('cast(' ~ utc_to_local('runs.as_of', 'sites.zone') ~ ' as date)', '-1') }}
            as window_end_date
    from sites
    cross join runs
    cross join settings

),

placed as (

    select
        contacts.*,
        contacts.agents_count >= 2 as is_shared,
        cast(
            floor(
                extract(hour from contacts.arrived_local_at) / nullif(settings.coaching_band_hours, 0)
            ) as integer
        ) as hour_band
    from contacts
    cross join settings
    inner join windows
        on contacts.site = windows.site
    where
        contacts.arrived_date >= windows.window_start_date
        and contacts.arrived_date <= windows.window_end_date

),

-- passing a contact on is its first agent's; anything else is nobody's own once several had a part in it
measured as (

    select
        'handle_time' as kpi_id,
        contact_id,
        first_agent_id,
        queue,
        channel,
        contact_type,
        hour_band,
        is_shared,
        handle_seconds as value
    from placed
    where
        is_answered
        and handle_seconds is not null
    union all
    select
        'transfer_rate' as kpi_id,
        contact_id,
        first_agent_id,
        queue,
        channel,
        contact_type,
        hour_band,
        false as is_shared,
        cast(case when transfers_count >= 1 then 1 else 0 end as decimal(18, 3)) as value
    from placed
    where is_answered
    union all
    select
        'first_contact_resolution' as kpi_id,
        contact_id,
        first_agent_id,
        queue,
        channel,
        contact_type,
        hour_band,
        is_shared,
        cast(case when is_resolved_first_contact then 1 else 0 end as decimal(18, 3)) as value
    from placed
    where
        is_issue_opener
        and is_resolution_final
    union all
    select
        'csat' as kpi_id,
        placed.contact_id,
        placed.first_agent_id,
        placed.queue,
        placed.channel,
        placed.contact_type,
        placed.hour_band,
        placed.is_shared,
        cast(case when responses.is_top_box then 1 else 0 end as decimal(18, 3)) as value
    from placed
    inner join responses
        on placed.contact_id = responses.contact_id

),

owned as (

    select
        kpi_id,
        queue,
        channel,
        contact_type,
        hour_band,
        first_agent_id as agent_id,
        value
    from measured
    where
        not is_shared
        and first_agent_id is not null

),

answering as (

    select distinct
        contact_id,
        agent_id
    from legs
    where answered_at is not null

),

shared as (

    select
        measured.kpi_id,
        answering.agent_id,
        count(*) as shared_count
    from measured
    inner join answering
        on measured.contact_id = answering.contact_id
    where measured.is_shared
    group by measured.kpi_id, answering.agent_id

),

own_cells as (

    select
        {{ cell | join(',\n        ') }},
        agent_id,
        count(*) as own_count,
        sum(value) as own_sum
    from owned
    group by {{ cell | join(', ') }}, agent_id

),

cells as (

    select
        {{ cell | join(',\n        ') }},
        count(*) as cell_count,
        sum(value) as cell_sum,
        sum(cast(value as decimal(12, 3)) * cast(value as decimal(12, 3))) as cell_sum_of_squares
    from owned
    group by {{ cell | join(', ') }}

),

-- of each cell what the others made of it, and how much single contacts in it differ
compared as (

    select
        own_cells.kpi_id,
        own_cells.queue,
        own_cells.channel,
        own_cells.contact_type,
        own_cells.hour_band,
        own_cells.agent_id,
        own_cells.own_count,
        own_cells.own_sum,
        cells.cell_count - own_cells.own_count as others_count,
        cells.cell_count - own_cells.own_count >= greatest(settings.coaching_minimum_others, 1)
            as is_comparable,
        cells.cell_sum - own_cells.own_sum as others_sum,
        -- of equal contacts the last digit may fall below zero, of which there is no root
        greatest(
            {{ ratio(
                'cells.cell_sum_of_squares - '
                ~ ratio('cells.cell_sum * cells.cell_sum', 'cells.cell_count'),
                'cells.cell_count - 1'
            ) }},
            0
        ) as contact_variance
    from own_cells
    cross join settings
    inner join cells
        on
            own_cells.kpi_id = cells.kpi_id
            and own_cells.queue = cells.queue
            and own_cells.channel = cells.channel
            and own_cells.contact_type = cells.contact_type
            and own_cells.hour_band = cells.hour_band

),

-- decimals, so that the order of adding up changes nothing
weighed as (

    select
        kpi_id,
        agent_id,
        own_count,
        own_sum,
        is_comparable,
        cast(own_count * {{ ratio('others_sum', 'others_count') }} as decimal(28, 9)) as expected_sum,
        cast(contact_variance * own_count as decimal(28, 9)) as own_variance,
        cast(
            contact_variance * {{ ratio('own_count * own_count', 'others_count') }} as decimal(28, 9)
        ) as others_variance
    from compared

),

summed as (

    select
        kpi_id,
        agent_id,
        sum(case when is_comparable then own_count end) as contacts_count,
        sum(case when not is_comparable then own_count end) as uncomparable_count,
        -- narrower than a sum is, so that their difference keeps its digits on Spark, too
        cast(sum(case when is_comparable then own_sum end) as decimal(28, 9)) as observed_sum,
        cast(sum(case when is_comparable then expected_sum end) as decimal(28, 9)) as expected_sum,
        sum(case when is_comparable then own_variance end) as own_variance,
        sum(case when is_comparable then others_variance end) as others_variance
    from weighed
    group by kpi_id, agent_id

),

-- how far each colleague pulls what is expected of an agent away from what all colleagues together make it
pulls as (

    select
        compared.kpi_id,
        compared.agent_id,
        colleagues.agent_id as colleague_id,
        sum(cast(
            {{ ratio('compared.own_count', 'compared.others_count') }}
            * (
                colleagues.own_sum
                - colleagues.own_count * {{ ratio('compared.others_sum', 'compared.others_count') }}
            )
            as decimal(28, 9)
        )) as pull
    from compared
    inner join own_cells as colleagues
        on
            compared.kpi_id = colleagues.kpi_id
            and compared.queue = colleagues.queue
            and compared.channel = colleagues.channel
            and compared.contact_type = colleagues.contact_type
            and compared.hour_band = colleagues.hour_band
            and compared.agent_id <> colleagues.agent_id
    where compared.is_comparable
    group by compared.kpi_id, compared.agent_id, colleagues.agent_id

),

clustered as (

    select
        kpi_id,
        agent_id,
        count(*) as colleagues_count,
        sum(cast(cast(pull as double) * cast(pull as double) as decimal(28, 9))) as pull_squares
    from pulls
    group by kpi_id, agent_id

),

-- the others' mean is as sure as their contacts are many, or as they agree, whichever is less;
-- a single colleague is taken to agree
doubted as (

    select
        summed.kpi_id,
        summed.agent_id,
        clustered.colleagues_count,
        summed.contacts_count,
        summed.uncomparable_count,
        summed.observed_sum,
        summed.expected_sum,
        cast(summed.own_variance as double)
        + greatest(
            cast(summed.others_variance as double),
            clustered.pull_squares
            * {{ ratio('clustered.colleagues_count', 'clustered.colleagues_count - 1') }}
        ) as difference_variance
    from summed
    left join clustered
        on
            summed.kpi_id = clustered.kpi_id
            and summed.agent_id = clustered.agent_id

),

met as (

    select
        kpi_id,
        agent_id
    from doubted
    union
    select
        kpi_id,
        agent_id
    from shared

),

divided as (

    select
        met.agent_id,
        met.kpi_id,
        cast(coalesce(doubted.contacts_count, 0) as bigint) as contacts_count,
        cast(coalesce(doubted.colleagues_count, 0) as bigint) as colleagues_count,
        cast(coalesce(shared.shared_count, 0) as bigint) as shared_contacts_count,
        cast(coalesce(doubted.uncomparable_count, 0) as bigint) as uncomparable_contacts_count,
        cast(doubted.observed_sum as decimal(28, 6)) as observed_sum,
        cast(doubted.expected_sum as decimal(28, 6)) as expected_sum,
        {{ ratio('doubted.observed_sum', 'doubted.contacts_count') }} as observed_value,
        {{ ratio('doubted.expected_sum', 'doubted.contacts_count') }} as expected_value,
        {{ ratio('doubted.observed_sum - doubted.expected_sum', 'doubted.contacts_count') }} as difference,
        settings.coaching_z
        * {{ ratio('sqrt(doubted.difference_variance)', 'doubted.contacts_count') }}
            as margin,
        settings.coaching_minimum_n
    from met
    cross join settings
    left join doubted
        on
            met.kpi_id = doubted.kpi_id
            and met.agent_id = doubted.agent_id
    left join shared
        on
            met.kpi_id = shared.kpi_id
            and met.agent_id = shared.agent_id

),

judged as (

    select
        divided.agent_id,
        coalesce(agents.team, 'no_team') as team,
        agents.site,
        divided.kpi_id,
        kpis.unit,
        windows.window_start_date,
        windows.window_end_date,
        divided.contacts_count,
        divided.colleagues_count,
        divided.shared_contacts_count,
        divided.uncomparable_contacts_count,
        divided.observed_sum,
        divided.expected_sum,
        divided.observed_value,
        divided.expected_value,
        divided.difference,
        divided.difference - divided.margin as difference_low,
        divided.difference + divided.margin as difference_high,
        -- less time is better here, whatever target the centre has for it
        case
            when divided.contacts_count < greatest(divided.coaching_minimum_n, 1) then 'too_few'
            when abs(divided.difference) <= divided.margin then 'as_expected'
            when (divided.difference > 0) = (kpis.better = 'up') then 'better'
            else 'worse'
        end as verdict
    from divided
    inner join agents
        on divided.agent_id = agents.agent_id
    inner join kpis
        on divided.kpi_id = kpis.kpi_id
    inner join windows
        on agents.site = windows.site

)

select * from judged
