select
    kpi_id,
    day,
    client,
    site,
    sum(numerator) as numerator,
    max(denominator) as denominator
from {{ ref('kpi_values') }}
where kpi_id in ('channel_mix', 'contact_type_mix')
group by kpi_id, day, client, site
having sum(numerator) <> max(denominator)
