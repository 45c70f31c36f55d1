{{ tracked('identifier_key', by={
    'int_customer_identities__unioned': 'identifier_key',
    'stg_template__shared_identifiers': 'identifier_key',
}) }}
with

identities as (

    select * from {{ ref('int_customer_identities__unioned') }}
    where
        holder_key is not null
        and {{ only_touched('identifier_key') }}

),

told as (

    select
        identifier_key,
        is_shared
    from {{ ref('stg_template__shared_identifiers') }}
    where
        record_status = 'current'
        and {{ only_touched('identifier_key') }}

),

limits as (

    select max_by(value, valid_from) as customers_count
    from {{ ref('thresholds') }}
    where threshold = 'identifier_customers_count'

),

held as (

    select
        identifier_key,
        holder_kind,
        count(distinct holder_key) as holders_count
    from identities
    group by identifier_key, holder_kind

),

counted as (

    select
        identifier_key,
        max(holders_count) as customers_count
    from held
    group by identifier_key

),

judged as (

    select
        coalesce(counted.identifier_key, told.identifier_key) as identifier_key,
        coalesce(counted.customers_count, 0) as customers_count,
        told.is_shared is not null as is_told,
        coalesce(told.is_shared, counted.customers_count > limits.customers_count, false) as is_shared
    from counted
    full outer join told
        on counted.identifier_key = told.identifier_key
    cross join limits

),

shared as (

    select
        identifier_key,
        customers_count,
        is_told
    from judged
    where is_shared

)

select * from shared
