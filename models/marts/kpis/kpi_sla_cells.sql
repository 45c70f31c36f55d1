with

contracts as (

    select * from {{ ref('contract_targets') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

served as (

    select * from {{ ref('kpi_service_values') }}

),

-- a promise without a service type is one about the sum of all of them
promised as (

    select
        served.day,
        contracts.client,
        coalesce(contracts.service_type, 'all') as service_type,
        contracts.kpi_id,
        kpis.better,
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
    inner join kpis
        on contracts.kpi_id = kpis.kpi_id
    group by
        served.day,
        contracts.client,
        contracts.service_type,
        contracts.kpi_id,
        kpis.better,
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
