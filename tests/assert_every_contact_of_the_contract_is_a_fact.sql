{{ config(meta={'live': 'later'}) }}
-- both sides, so that a join that drops or multiplies contacts shows which
select
    contacts.contact_id as contract_contact_id,
    facts.contact_id as fact_contact_id
from {{ ref('int_contacts__unioned') }} as contacts
full outer join {{ ref('fct_contacts') }} as facts
    on contacts.contact_id = facts.contact_id
where
    contacts.contact_id is null
    or facts.contact_id is null
