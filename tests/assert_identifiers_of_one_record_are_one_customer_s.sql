{{ config(meta={'live': 'later'}) }}
-- a record's identifiers are one customer's, but for those that several customers use; a customer's key is
-- one of its own identifiers, and has as many of them as it says
with

identities as (

    select * from {{ ref('int_customer_identities__unioned') }}

),

resolved as (

    select * from {{ ref('int_identifiers__resolved') }}

),

records as (

    select
        identities.identity_id,
        count(distinct coalesce(resolved.customer_key, identities.identifier_key)) as customers_count,
        count_if(resolved.resolution = 'chained') as chained_count,
        count(*) as identifiers_count
    from identities
    left join resolved
        on identities.identifier_key = resolved.identifier_key
    where coalesce(resolved.resolution, 'linked') <> 'shared'
    group by identities.identity_id

),

customers as (

    select
        customer_key,
        count(*) as found_count,
        max(identifiers_count) as identifiers_count,
        count_if(identifier_key = customer_key) as own_count
    from resolved
    where resolution = 'linked'
    group by customer_key

)

select
    identity_id as offender,
    'a record of several customers' as what
from records
where (chained_count = 0 and customers_count > 1) or chained_count not in (0, identifiers_count)
union all
select
    customer_key as offender,
    'a customer without its key, or of another number of identifiers' as what
from customers
where own_count <> 1 or found_count <> identifiers_count
