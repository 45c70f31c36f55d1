{{ tracked_whole('day') }}
with

costs as (

    select * from {{ ref('fct_operating_costs') }}

),

worked as (

    select
        *,
        {{ month_of('day') }} as month
    from {{ ref('agg_contacts_daily') }}
    where handled_count > 0

),

-- what is booked for the same contacts is shared out in one go
pools as (

    select
        month,
        coalesce(site, 'unmapped') as site,
        client,
        channel,
        {{ surrogate_key(['month', 'site', 'client', 'channel']) }} as pool_id,
        sum(reporting_amount) as amount
    from costs
    group by month, site, client, channel

),

shared as (

    select
        pools.pool_id,
        pools.amount,
        worked.day,
        worked.client,
        worked.site,
        worked.queue,
        worked.channel,
        worked.contact_type,
        worked.handled_count,
        worked.worked_measured_count,
        cast(worked.worked_seconds as double) as worked_seconds,
        cast(sum(worked.worked_seconds) over (partition by pools.pool_id) as double)
        / nullif(sum(worked.worked_measured_count) over (partition by pools.pool_id), 0)
            as mean_worked_seconds
    from pools
    inner join worked
        on
            pools.month = worked.month
            and pools.site = worked.site
            and (pools.client is null or pools.client = worked.client)
            and (pools.channel is null or pools.channel = worked.channel)

),

-- a contact whose handle time nobody measures weighs as much as the mean of those that are
weighted as (

    select
        *,
        case
            when coalesce(mean_worked_seconds, 0) = 0 then cast(handled_count as double)
            else worked_seconds + (handled_count - worked_measured_count) * mean_worked_seconds
        end as weight,
        row_number() over (
            partition by pool_id
            order by
                day nulls last,
                client nulls last,
                queue nulls last,
                channel nulls last,
                contact_type nulls last
        ) as cell_number,
        count(*) over (partition by pool_id) as cells_count
    from shared

),

accumulated as (

    select
        *,
        sum(weight) over (partition by pool_id) as weight_in_all,
        sum(weight) over (
            partition by pool_id
            order by cell_number nulls last
            rows between unbounded preceding and current row
        ) as weight_so_far
    from weighted

),

-- rounding the running total, not each share, so that the shares add up to the last cent
running as (

    select
        *,
        case
            when cell_number = cells_count then amount
            else cast(cast(amount as double) * weight_so_far / nullif(weight_in_all, 0) as decimal(18, 6))
        end as amount_so_far
    from accumulated

),

allocated as (

    select
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        amount_so_far
        - coalesce(lag(amount_so_far) over (partition by pool_id order by cell_number nulls last), 0)
            as amount
    from running

),

-- costs of a site, client or channel that handled nothing that month stay visible, on the month's first day
unallocated as (

    select
        pools.month as day,
        coalesce(pools.client, 'unmapped') as client,
        pools.site,
        'no_queue' as queue,
        coalesce(pools.channel, 'unmapped') as channel,
        'unclassified' as contact_type,
        pools.amount
    from pools
    left join shared
        on pools.pool_id = shared.pool_id
    where shared.pool_id is null

),

unioned as (

    select * from allocated
    union all
    select * from unallocated

),

summed as (

    select
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        cast(sum(amount) as decimal(18, 6)) as reporting_amount
    from unioned
    group by day, client, site, queue, channel, contact_type

)

select * from summed
