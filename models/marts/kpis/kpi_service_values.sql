with

kpis as (

    select * from {{ ref('dim_kpi') }}

),

queues as (

    select * from {{ ref('dim_queue') }}

),

channels as (

    select * from {{ ref('dim_channel') }}

),

-- agents' time and mixes have no queue, and nobody can promise them to one client; a reported week or month
-- is no day of a contract
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
    where
        queue is not null
        {%- if kpi in kpis_of_totals() %}
        and day is not null
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- minutes on the phone and hours in a mailbox have no common mean: as on the scorecard
served as (

    select
        measured.kpi_id,
        measured.day,
        measured.client,
        queues.service_type,
        cast(sum(measured.numerator) as decimal(28, 6)) as numerator,
        cast(sum(measured.denominator) as decimal(28, 6)) as denominator,
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
        or channels.is_synchronous
    group by measured.kpi_id, measured.day, measured.client, queues.service_type

),

divided as (

    select
        kpi_id,
        day,
        client,
        service_type,
        numerator,
        denominator,
        {{ ratio('numerator', 'denominator') }} as value,
        is_final
    from served

)

select * from divided
