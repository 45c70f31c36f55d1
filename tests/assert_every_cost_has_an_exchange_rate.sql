-- add the missing rate to seeds/reference/exchange_rates.csv
select
    cost_id,
    month,
    currency,
    reporting_currency,
    source_file,
    source_row
from {{ ref('fct_operating_costs') }}
where exchange_rate is null
