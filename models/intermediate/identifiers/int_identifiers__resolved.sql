{#- So many steps are followed from a customer's most telling identifier, at most two for each record. -#}
{%- set rounds = 8 -%}
{#- Identifiers are resolved in groups. A change touches those of its records, and the groups of these. -#}
{%- set identities = ref('int_customer_identities__unioned') -%}
{%- set by_shared = 'select identifier_key from ' ~ changes('int_identifiers__shared') -%}
{%- set near = 'select identifier_key from ' ~ changes('int_customer_identities__unioned')
    ~ ' union all ' ~ by_shared
    ~ ' union all select identifier_key from ' ~ identities ~ ' where identity_id in (select identity_id from '
    ~ identities ~ ' where identifier_key in (' ~ by_shared ~ '))' -%}
{{ tracked('identifier_key', also=[
    near,
    'select identifier_key from ' ~ this ~ ' where group_key in (select group_key from ' ~ this
    ~ ' where identifier_key in (' ~ near ~ '))',
]) }}
with

shared as (

    select
        identifier_key,
        customers_count,
        is_told
    from {{ ref('int_identifiers__shared') }}
    where {{ only_touched('identifier_key') }}

),

-- what several customers use tells none of them
members as (

    select
        identities.identity_id,
        identities.identifier_key,
        cast(identities.kind_number as {{ dbt.type_string() }}) || identities.identifier_key as label
    from {{ identities }} as identities
    left join {{ ref('int_identifiers__shared') }} as shared
        on identities.identifier_key = shared.identifier_key
    where
        shared.identifier_key is null
        and {{ only_touched('identities.identifier_key') }}

),

hubs as (

    select
        identity_id,
        substr(min(label), 2) as hub_key
    from members
    group by identity_id

),

-- each identifier beside itself, and beside the most telling one of each of its records
edges as (

    select
        identifier_key,
        identifier_key as neighbour_key
    from members
    union
    select
        members.identifier_key,
        hubs.hub_key as neighbour_key
    from members
    inner join hubs
        on members.identity_id = hubs.identity_id
    union
    select
        hubs.hub_key as identifier_key,
        members.identifier_key as neighbour_key
    from members
    inner join hubs
        on members.identity_id = hubs.identity_id

),

labelled_0 as (

    select
        identifier_key,
        min(label) as label
    from members
    group by identifier_key

),
{% for round in range(1, rounds + 1) %}
labelled_{{ round }} as (

    select
        edges.identifier_key,
        min(neighbours.label) as label
    from edges
    inner join labelled_{{ round - 1 }} as neighbours
        on edges.neighbour_key = neighbours.identifier_key
    group by edges.identifier_key

),
{% endfor %}
-- labels are compared per identifier: a planner may begin with an unequal join, of all with all
heard as (

    select
        edges.identifier_key,
        min(neighbours.label) as first_label,
        max(neighbours.label) as last_label
    from edges
    inner join labelled_{{ rounds }} as neighbours
        on edges.neighbour_key = neighbours.identifier_key
    group by edges.identifier_key

),

-- where neighbours have not heard of the same most telling one, their customer is not settled
torn as (

    select distinct labels.label
    from labelled_{{ rounds }} as labels
    inner join heard
        on labels.identifier_key = heard.identifier_key
    where heard.first_label <> heard.last_label

),

grouped as (

    select
        labels.identifier_key,
        substr(labels.label, 2) as leading_key,
        torn.label is not null as is_torn,
        count(*) over (partition by labels.label) as identifiers_count
    from labelled_{{ rounds }} as labels
    left join torn
        on labels.label = torn.label

),

resolved as (

    select
        identifier_key,
        case when is_torn then identifier_key else leading_key end as customer_key,
        case when is_torn then 'chained' else 'linked' end as resolution,
        case when is_torn then 'chained' else leading_key end as group_key,
        identifiers_count,
        cast(null as bigint) as customers_count,
        false as is_told
    from grouped
    where identifiers_count > 1 or is_torn
    union all
    select
        identifier_key,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        'shared' as resolution,
        identifier_key as group_key,
        cast(1 as bigint) as identifiers_count,
        customers_count,
        is_told
    from shared

)

select * from resolved
