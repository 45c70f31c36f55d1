with

contact_types as (

    select
        contact_type,
        name,
        category
    from {{ ref('contact_types') }}

)

select * from contact_types
