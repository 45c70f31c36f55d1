{{ tracked('response_id', by={'stg_intercom__conversations': "'intercom:rating-' || conversation_id"}) }}
with

conversations as (

    select * from {{ ref('stg_intercom__conversations') }}
    where
        record_status = 'current'
        and (rating_asked_at is not null or rating is not null)
        and {{ only_touched("'intercom:rating-' || conversation_id") }}

),

final as (

    select
        'intercom:rating-' || conversation_id as response_id,
        platform,
        'intercom:' || conversation_id as contact_id,
        customer_key,
        'intercom:' || coalesce(rated_admin_id, admin_id) as agent_id,
        'csat' as instrument,
        rating as score,
        cast(1 as decimal(9, 3)) as scale_min,
        cast(5 as decimal(9, 3)) as scale_max,
        coalesce(rating_asked_at, updated_at) as sent_at,
        case
            when rating is not null then coalesce(rating_updated_at, rating_asked_at, updated_at)
        end as responded_at,
        updated_at,
        source_file,
        source_row
    from conversations

)

select * from final
