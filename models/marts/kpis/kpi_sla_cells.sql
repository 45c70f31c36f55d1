with

contracts as (

    select * from {{ ref('contract_targets') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

queues as (

    select * from {{ ref('dim_queue') }}

),

channels as (

    select * from {{ ref('dim_channel') }}

),

-- agents' time and mixes have no queue, and nobody can promise them to one client
measured as (
    {% for kpi in measured_kpis() %}
    select
        kpi_id,
        day,
        client,
        queue,
        channel,
        numerator,
        denominator,
        is_final
    from {{ ref('kpi_' ~ kpi) }}
    where queue is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- minutes on the phone and hours in a mailbox have no common mean, in a contract no more than on the scorecard
served as (

    select
        measured.kpi_id,
        measured.day,
        measured.client,
        queues.service_type,
        kpis.better,
        sum(measured.numerator) as numerator,
        sum(measured.denominator) as denominator,
        bool_and(measured.is_final) as is_final
    from measured
    inner join kpis
        on measured.kpi_id = kpis.kpi_id
    left join queues
        on measured.queue = queues.queue
    left join channels
        on measured.channel = channels.channel
    where
        kpis.scorecard_channels = 'all'
        or coalesce(channels.is_synchronous, false)
    group by measured.kpi_id, measured.day, measured.client, queues.service_type, kpis.better

),

-- a promise without a service type is one about the sum of all of them
promised as (

    select
        served.day,
        contracts.client,
        coalesce(contracts.service_type, 'all') as service_type,
        contracts.kpi_id,
        served.better,
        contracts.target,
        sum(served.numerator) as numerator,
        sum(served.denominator) as denominator,
        bool_and(served.is_final) as is_final
    from contracts
    inner join served
        on
            contracts.kpi_id = served.kpi_id
            and contracts.client = served.client
            and (contracts.service_type is null or contracts.service_type = served.service_type)
            and contracts.valid_from <= served.day
            and (contracts.valid_to is null or contracts.valid_to > served.day)
    group by
        served.day,
        contracts.client,
        coalesce(contracts.service_type, 'all'),
        contracts.kpi_id,
        served.better,
        contracts.target

),

judged as (

    select
        day,
        client,
        service_type,
        kpi_id,
        better,
        target,
        cast(numerator as decimal(28, 6)) as numerator,
        cast(denominator as decimal(28, 6)) as denominator,
        {{ ratio('numerator', 'denominator') }} as value,
        {{ is_promise_kept('better', 'numerator', 'denominator', 'target') }} as is_met,
        is_final
    from promised

)

select * from judged
