-- rows read = current + superseded + duplicates + quarantined + expired, for each file
select *
from {{ ref('rpt_quality_landing') }}
where unaccounted_count <> 0
