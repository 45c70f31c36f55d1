select *
from {{ ref('agg_contacts_daily') }}
where
    offered_count
    <> answered_count + abandoned_count + callback_requested_count + diverted_count + open_count
    or contacts_count
    <> offered_count + abandoned_before_queue_count + self_served_count + open_unqueued_count
