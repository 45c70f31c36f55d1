-- who came today was answered, gave up, was diverted, asked for a call-back, waits, or was lost sight of
select *
from {{ ref('rpt_realtime') }}
where
    (
        not is_carried_over
        and offered_count
        <> answered_count
        + abandoned_count
        + callback_requested_count
        + diverted_count
        + waiting_count
        + lost_sight_of_count
    )
    or (is_carried_over and contacts_count + offered_count + previous_day_contacts_count > 0)
    or offered_count > contacts_count
    or service_level_base_count <> offered_count - short_abandon_count
    or answered_in_target_count > answered_count
    or (waiting_count > 0) <> (longest_wait_seconds is not null)
