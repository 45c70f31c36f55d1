{#-
How do the seven readings of service level differ, on our own contacts?

How to read it: seven rows per client × channel, ours (is_ours) first. A platform or a contract that states another figure than the scorecard most likely means one of the others:
find the row whose service_level is theirs, and met_count and base_count say which contacts it counts. difference_points is to ours.

What to change: weeks (default 4) back from the last finished day.
-#}
with

variants as (

    select * from {{ ref('kpi_service_level_variants') }}
    where is_final

),

asked as (

    select
        {{ add_days('max(day)', 1 - 7 * var('weeks', 4) | int) }} as first_day,
        max(day) as last_day
    from variants

),

summed as (

    select
        variants.client,
        variants.channel,
        variants.variant,
        variants.variant = 'short_abandons_excluded' as is_ours,
        sum(variants.numerator) as met_count,
        sum(variants.denominator) as base_count
    from variants
    cross join asked
    where variants.day between asked.first_day and asked.last_day
    group by variants.client, variants.channel, variants.variant

),

ours as (

    select
        client,
        channel,
        {{ ratio('met_count', 'base_count') }} as service_level
    from summed
    where is_ours

),

answered as (

    select
        summed.client,
        summed.channel,
        summed.variant,
        summed.is_ours,
        cast(summed.met_count as bigint) as met_count,
        cast(summed.base_count as bigint) as base_count,
        {{ ratio('summed.met_count', 'summed.base_count') }} as service_level,
        {{ ratio('summed.met_count', 'summed.base_count') }} - ours.service_level as difference_points
    from summed
    inner join ours
        on
            summed.client = ours.client
            and summed.channel = ours.channel
    where summed.base_count > 0

)

select * from answered
order by
    client asc nulls last,
    channel asc nulls last,
    is_ours desc nulls last,
    service_level desc nulls last,
    variant asc nulls last
