{{ config(meta={'live': 'later'}) }}
select
    legs.leg_id,
    legs.contact_id
from {{ ref('int_contact_legs__unioned') }} as legs
left join {{ ref('fct_contact_legs') }} as facts
    on legs.leg_id = facts.leg_id
where facts.leg_id is null
