{{ config(meta={'live': 'later'}) }}
-- an interval has 900 seconds, and no part is more than its whole
select
    agent_id,
    interval_start_at
from {{ ref('agg_agent_intervals') }}
where
    productive_seconds + break_seconds + training_seconds + meeting_seconds + other_away_seconds > 900
    or paid_seconds > 900
    or scheduled_seconds > 900
    or adherent_seconds > scheduled_seconds
    or scheduled_productive_seconds > scheduled_seconds
    or on_contact_paid_seconds > paid_seconds
    or on_contact_paid_seconds > on_contact_seconds
    or on_contact_seconds > productive_seconds
    or on_contact_seconds > concurrent_handle_seconds
