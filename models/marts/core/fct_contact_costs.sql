{{ tracked('arrived_date', by={'agg_costs_daily': 'day', 'fct_contacts': 'arrived_date'}) }}
with

costs as (

    select * from {{ ref('agg_costs_daily') }}
    where {{ only_touched('day') }}

),

contacts as (

    select
        contact_id,
        arrived_date,
        client,
        site,
        queue,
        channel,
        contact_type,
        customer_key,
        cast(handle_seconds as double) as handle_seconds
    from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_handled
        and {{ only_touched('arrived_date') }}

),

celled as (

    select
        *,
        {{ surrogate_key(['arrived_date', 'client', 'site', 'queue', 'channel', 'contact_type']) }} as cell_id
    from contacts

),

measured as (

    select
        *,
        cast(avg(handle_seconds) over (partition by cell_id) as double) as mean_handle_seconds,
        row_number() over (partition by cell_id order by contact_id nulls last) as contact_number,
        count(*) over (partition by cell_id) as contacts_count
    from celled

),

-- as in the cells themselves: an unmeasured contact weighs as much as the mean of those that are
weighted as (

    select
        *,
        case
            when coalesce(mean_handle_seconds, 0) = 0 then cast(1 as double)
            else coalesce(handle_seconds, mean_handle_seconds)
        end as weight
    from measured

),

accumulated as (

    select
        *,
        sum(weight) over (partition by cell_id) as weight_in_all,
        sum(weight) over (
            partition by cell_id
            order by contact_number nulls last
            rows between unbounded preceding and current row
        ) as weight_so_far
    from weighted

),

-- rounding the running total, not each share, so that the shares add up to their cell
running as (

    select
        accumulated.contact_id,
        accumulated.arrived_date,
        accumulated.client,
        accumulated.site,
        accumulated.queue,
        accumulated.channel,
        accumulated.contact_type,
        accumulated.customer_key,
        accumulated.cell_id,
        accumulated.contact_number,
        case
            when accumulated.contact_number = accumulated.contacts_count then costs.reporting_amount
            else cast({{ ratio(
                'cast(costs.reporting_amount as double) * accumulated.weight_so_far', 'accumulated.weight_in_all'
            ) }} as decimal(18, 6))
        end as amount_so_far
    from accumulated
    inner join costs
        on
            accumulated.arrived_date = costs.day
            and accumulated.client = costs.client
            and accumulated.site = costs.site
            and accumulated.queue = costs.queue
            and accumulated.channel = costs.channel
            and accumulated.contact_type = costs.contact_type

),

shared as (

    select
        contact_id,
        arrived_date,
        client,
        site,
        queue,
        channel,
        contact_type,
        customer_key,
        cast(
            amount_so_far
            - coalesce(lag(amount_so_far) over (partition by cell_id order by contact_number nulls last), 0)
            as decimal(18, 6)
        ) as reporting_amount
    from running

)

select * from shared
