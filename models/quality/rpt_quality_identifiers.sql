{#- A customer of more identifiers than that is perhaps several. -#}
{%- set many = 20 -%}
with

resolved as (

    select * from {{ ref('int_identifiers__resolved') }}
    where resolution <> 'linked' or identifiers_count > {{ many }}

),

identities as (

    select * from {{ ref('int_customer_identities__unioned') }}

),

contacts as (

    select * from {{ ref('int_contacts__localised') }}

),

kinds as (

    select
        identities.identifier_key,
        {{ list_distinct_sorted('identities.kind') }} as kinds,
        {{ list_distinct_sorted('identities.platform') }} as platforms
    from identities
    inner join resolved
        on identities.identifier_key = resolved.identifier_key
    group by identities.identifier_key

),

contacted as (

    select
        contacts.identifier_key,
        count(*) as contacts_count
    from contacts
    inner join resolved
        on contacts.identifier_key = resolved.identifier_key
    group by contacts.identifier_key

),

listed as (

    select
        resolved.identifier_key,
        resolved.customer_key,
        case when resolved.resolution = 'linked' then 'large' else resolved.resolution end as finding,
        resolved.is_told,
        kinds.kinds,
        kinds.platforms,
        resolved.customers_count,
        resolved.identifiers_count,
        coalesce(contacted.contacts_count, 0) as contacts_count
    from resolved
    left join kinds
        on resolved.identifier_key = kinds.identifier_key
    left join contacted
        on resolved.identifier_key = contacted.identifier_key

)

select * from listed
