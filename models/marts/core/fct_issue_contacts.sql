{{ tracked(
    ['client', 'customer_key'],
    by={
        'fct_contacts': ['client', 'customer_key'],
        'int_contacts__matched': ['client', 'customer_key'],
    },
) }}
with

contacts as (

    select
        contact_id,
        client,
        customer_key,
        contact_type,
        arrived_at,
        is_issue_opener
    from {{ ref('fct_contacts') }}
    where {{ only_touched(['client', 'customer_key']) }}

),

matched as (

    select
        contact_id,
        is_repeat
    from {{ ref('int_contacts__matched') }}
    where {{ only_touched(['client', 'customer_key']) }}

),

-- an unclassified contact may be about any matter before and after it: it begins a stretch of all types
stretched as (

    select
        contacts.contact_id,
        contacts.client,
        contacts.customer_key,
        contacts.contact_type,
        contacts.arrived_at,
        contacts.is_issue_opener,
        matched.is_repeat,
        sum(case when contacts.contact_type = 'unclassified' then 1 else 0 end) over (
            partition by contacts.client, contacts.customer_key
            order by contacts.arrived_at nulls last, contacts.contact_id nulls last
            rows between unbounded preceding and current row
        ) as stretch_number
    from contacts
    inner join matched
        on contacts.contact_id = matched.contact_id

),

-- in a stretch each type has its own chains; those numbered 0 go on from the contact that began the stretch
linked as (

    select
        *,
        sum(case when is_repeat then 0 else 1 end) over (
            partition by client, customer_key, stretch_number, contact_type
            order by arrived_at nulls last, contact_id nulls last
            rows between unbounded preceding and current row
        ) as link_number
    from stretched

),

headed as (

    select
        *,
        first_value(contact_id) over (
            partition by client, customer_key, stretch_number, contact_type, link_number
            order by arrived_at nulls last, contact_id nulls last
            rows between unbounded preceding and current row
        ) as first_id
    from linked

),

begun as (

    select
        *,
        case when link_number > 0 then first_id end as own_opener_id
    from headed

),

neighboured as (

    select
        *,
        lag(own_opener_id) over (
            partition by client, customer_key
            order by arrived_at nulls last, contact_id nulls last
        ) as previous_opener_id
    from begun

),

-- a stretch goes on the chain of the contact right before it, unless that was too long ago
joined as (

    select
        *,
        case
            when contact_type = 'unclassified' and is_repeat then previous_opener_id
            when contact_type = 'unclassified' then own_opener_id
        end as stretch_opener_id
    from neighboured

),

-- where a stretch goes on the one before it, the opener is that of the last stretch which has one
carried as (

    select
        *,
        count(stretch_opener_id) over (
            partition by client, customer_key
            order by arrived_at nulls last, contact_id nulls last
            rows between unbounded preceding and current row
        ) as opened_stretch_number
    from joined

),

opened as (

    select
        contact_id,
        client,
        customer_key,
        arrived_at,
        is_issue_opener,
        coalesce(
            own_opener_id,
            max(stretch_opener_id) over (partition by client, customer_key, opened_stretch_number)
        ) as opener_id
    from carried

),

numbered as (

    select
        contact_id,
        client,
        customer_key,
        opener_id,
        -- of a chain only the opener can open an issue: the others are repeats
        case when bool_or(is_issue_opener) over (partition by opener_id) then opener_id end as issue_id,
        row_number() over (
            partition by opener_id
            order by arrived_at nulls last, contact_id nulls last
        ) as contact_number,
        count(*) over (partition by opener_id) as contacts_count
    from opened

)

select * from numbered
