-- the channel mix holds every contact once: told one by one, or in a sum that is counted and overlaps none
with

told as (

    select contacts_count from {{ ref('agg_contacts_daily') }}
    union all
    select contacts_count from {{ ref('fct_reported_totals') }}
    where is_counted

),

mixed as (

    select numerator from {{ ref('kpi_values') }}
    where kpi_id = 'channel_mix'
    union all
    select numerator from {{ ref('kpi_period_values') }}
    where kpi_id = 'channel_mix'

),

sums as (

    select
        (select coalesce(sum(contacts_count), 0) from told) as told_count,
        (select coalesce(sum(numerator), 0) from mixed) as mixed_count

)

select
    'all' as total_id,
    cast(told_count as decimal(28, 6)) as told_count,
    cast(mixed_count as decimal(28, 6)) as mixed_count
from sums
where told_count <> mixed_count
union all
select
    totals.total_id,
    cast(totals.contacts_count as decimal(28, 6)) as told_count,
    cast(sum(contacts.contacts_count) as decimal(28, 6)) as mixed_count
from {{ ref('fct_reported_totals') }} as totals
inner join {{ ref('agg_contacts_daily') }} as contacts
    on
        totals.client = contacts.client
        and totals.site = contacts.site
        and totals.channel = contacts.channel
        and contacts.day between totals.period_start_date and totals.period_end_date
where totals.is_counted
group by totals.total_id, totals.contacts_count
