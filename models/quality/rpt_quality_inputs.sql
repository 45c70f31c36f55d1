with

inputs as (

    select
        name,
        kind,
        checksum
    from {{ source('vitals', 'inputs') }}

)

select * from inputs
