-- add the missing rate to seeds/reference/exchange_rates.csv; each row says how
select
    currency,
    month,
    count(*) as costs_count,
    min(source_file) as first_file,
    currency || ',' || max(reporting_currency) || ',' || cast(month as {{ dbt.type_string() }}) || ',,<rate>'
        as row_to_add,
    'seeds/reference/exchange_rates.csv' as add_it_to
from {{ ref('fct_operating_costs') }}
where exchange_rate is null
group by currency, month
