-- The floor: the exports of `vitals simulate --bulk`, made into contacts by hand, for DuckDB alone. It does what the bulk exports
-- need and no more: no quarantine, no hashes, no tests. Variables: landing, seeds.

create or replace temp table words as
select regexp_extract(filename, 'map_(.*)[.]csv$', 1) as platform, field, lower(trim(native_value)) as word, slug
from read_csv(getvariable('seeds') || '/maps/*/map_*.csv', all_varchar = true, filename = true)
union
select platform, 'contact_type', contact_type, contact_type
from read_csv(getvariable('seeds') || '/reference/contact_types.csv', all_varchar = true)
cross join (values ('amazon_connect'), ('asterisk'), ('zendesk'), ('template')) as each (platform)
union
select platform, 'queue', queue, queue
from read_csv(getvariable('seeds') || '/reference/queues.csv', all_varchar = true)
cross join (values ('amazon_connect'), ('asterisk'), ('zendesk'), ('template')) as each (platform)
union
select 'template', 'channel', channel, channel
from read_csv(getvariable('seeds') || '/reference/channels.csv', all_varchar = true)
union
select 'template', kind, slug, slug
from (
    select 'client' as kind, client as slug from read_csv(getvariable('seeds') || '/reference/clients.csv', all_varchar = true)
    union all
    select 'site', site from read_csv(getvariable('seeds') || '/reference/sites.csv', all_varchar = true)
);

create or replace temp table told as
with

amazon_records as (
    select
        *,
        InitialContactId as root_id
    from read_parquet(getvariable('landing') || '/amazon_connect/contact_records/*.parquet')
    qualify row_number() over (partition by ContactId order by LastUpdateTimestamp desc) = 1
),

amazon_seconds as (
    select
        ContactId,
        InitialContactId,
        cast(Agent ->> 'AgentInteractionDuration' as bigint) as talk,
        cast(Agent ->> 'CustomerHoldDuration' as bigint) as hold,
        cast(Agent ->> 'AfterContactWorkDuration' as bigint) as acw
    from amazon_records
    where Agent is not null
),

amazon_worked as (
    select
        coalesce(InitialContactId, ContactId) as root_id,
        sum(talk)::bigint as talk,
        sum(hold)::bigint as hold,
        sum(acw)::bigint as acw
    from amazon_seconds
    group by all
),

amazon as (
    select
        'amazon_connect' as platform,
        'amazon_connect:' || ContactId as contact_id,
        Attributes ->> 'client' as client,
        Attributes ->> 'site' as site,
        Queue ->> 'Name' as queue,
        Channel as channel,
        Attributes ->> 'contact_type' as contact_type,
        nullif(CustomerEndpoint ->> 'Address', 'anonymous') as customer,
        epoch(InitiationTimestamp)::bigint as arrived,
        case
            when Agent is not null then 'answered'
            when Attributes ->> 'callback_requested' = 'true' then 'callback_requested'
            when Attributes ->> 'self_served' = 'true' then 'self_served'
            when Queue is null then 'abandoned_before_queue'
            when Attributes ->> 'diverted_to' is not null then 'diverted'
            else 'abandoned'
        end as outcome,
        cast(Queue ->> 'Duration' as bigint) as wait,
        worked.talk,
        worked.hold,
        worked.acw,
        cast(Attributes ->> 'resolved' as boolean) as is_resolved,
        coalesce(Attributes ->> 'is_test' = 'true', false) as is_test
    from amazon_records
    left join amazon_worked as worked on ContactId = worked.root_id
    where InitialContactId is null
),

asterisk as (
    select
        'asterisk' as platform,
        'asterisk:' || callid as contact_id,
        null as client,
        null as site,
        min_by(queue, epoch) filter (where event = 'ENTERQUEUE') as queue,
        'voice' as channel,
        min_by(queue, epoch) filter (where event = 'ENTERQUEUE') as contact_type,
        nullif(min_by(data2, epoch) filter (where event = 'ENTERQUEUE'), 'anonymous') as customer,
        min(epoch) as arrived,
        case
            when bool_or(event = 'CONNECT') then 'answered'
            when bool_or(event = 'ABANDON') then 'abandoned'
            else 'diverted'
        end as outcome,
        coalesce(
            min_by(data1, epoch) filter (where event = 'CONNECT'),
            min(case event when 'EXITWITHKEY' then data4 when 'ABANDON' then data3 when 'EXITWITHTIMEOUT' then data3 end)
        )::bigint as wait,
        sum(case event
            when 'COMPLETECALLER' then data2 when 'COMPLETEAGENT' then data2 when 'BLINDTRANSFER' then data4
        end::bigint)::bigint as talk,
        null::bigint as hold,
        null::bigint as acw,
        null::boolean as is_resolved,
        false as is_test
    from read_parquet(getvariable('landing') || '/asterisk/queue_log/*.parquet')
    where callid <> 'REALTIME'
    group by callid
),

zendesk_replies as (
    select
        ticket_id,
        min(created_at) filter (where author_id between 390000000000 and 390999999999) as answered_at
    from read_parquet(getvariable('landing') || '/zendesk/ticket_comments/*.parquet')
    group by ticket_id
),

zendesk as (
    select
        'zendesk' as platform,
        'zendesk:ticket-' || id as contact_id,
        brand_id as client,
        null as site,
        group_id as queue,
        'email' as channel,
        custom_contact_type as contact_type,
        requester_id::varchar as customer,
        epoch(created_at)::bigint as arrived,
        'answered' as outcome,
        epoch(answered_at - created_at)::bigint as wait,
        null::bigint as talk,
        null::bigint as hold,
        null::bigint as acw,
        case when status = 'solved' then true end as is_resolved,
        contains(tags, '"vitals_test"') as is_test
    from read_parquet(getvariable('landing') || '/zendesk/tickets/*.parquet') as tickets
    inner join zendesk_replies on tickets.id = zendesk_replies.ticket_id
    qualify row_number() over (partition by id order by updated_at desc) = 1
),

template as (
    select
        'template' as platform,
        'template:' || contact_id as contact_id,
        client,
        site,
        queue,
        channel,
        contact_type,
        customer,
        epoch(arrived_at)::bigint as arrived,
        outcome,
        wait_seconds as wait,
        talk_seconds as talk,
        null::bigint as hold,
        acw_seconds as acw,
        is_resolved,
        is_test
    from read_parquet(getvariable('landing') || '/template/contacts/*.parquet')
    qualify row_number() over (partition by contact_id order by updated_at desc) = 1
)

select * from amazon
union all
select * from asterisk
union all
select * from zendesk
union all
select * from template;

create or replace temp table placed as
with

mapped as (
    select
        told.contact_id,
        coalesce(queues.client, client_words.slug, 'unmapped') as client,
        coalesce(queues.site, site_words.slug, 'unmapped') as site,
        coalesce(queue_words.slug, case when told.queue is null then 'no_queue' else 'unmapped' end) as queue,
        coalesce(channel_words.slug, 'unmapped') as channel,
        coalesce(type_words.slug, 'unclassified') as contact_type,
        told.customer,
        told.arrived,
        told.outcome,
        told.wait,
        told.talk,
        told.talk + coalesce(told.hold, 0) + coalesce(told.acw, 0) as handle,
        told.is_resolved
    from told
    left join words as queue_words
        on queue_words.field = 'queue' and queue_words.platform = told.platform and queue_words.word = lower(told.queue)
    left join words as channel_words
        on channel_words.field = 'channel' and channel_words.platform = told.platform and channel_words.word = lower(told.channel)
    left join words as type_words
        on type_words.field = 'contact_type' and type_words.platform = told.platform and type_words.word = lower(told.contact_type)
    left join words as client_words
        on client_words.field = 'client' and client_words.platform = told.platform and client_words.word = lower(told.client)
    left join words as site_words
        on site_words.field = 'site' and site_words.platform = told.platform and site_words.word = lower(told.site)
    left join read_csv(getvariable('seeds') || '/reference/queues.csv', all_varchar = true) as queues
        on queue_words.slug = queues.queue
    where not told.is_test
)

select
    mapped.*,
    make_timestamp(arrived // 900 * 900000000) as interval_start,
    cast(timezone(coalesce(sites.zone, 'UTC'), to_timestamp(arrived)) as date) as day
from mapped
left join read_csv(getvariable('seeds') || '/reference/sites.csv', all_varchar = true) as sites on mapped.site = sites.site;

create or replace table contacts as
with

scopes as (
    select distinct client, queue, channel, day from placed
),

rules as (
    select
        threshold, client, queue, channel, value::double as value,
        valid_from::date as valid_from, coalesce(valid_to::date, date '9999-12-31') as valid_to,
        case when queue is null then 0 else 4 end + case when client is null then 0 else 2 end
        + case when channel is null then 0 else 1 end as rank
    from read_csv(getvariable('seeds') || '/reference/thresholds.csv', all_varchar = true)
    where threshold in ('service_level_seconds', 'short_abandon_seconds', 'repeat_window_days')
),

in_force as (
    select
        scopes.client, scopes.queue, scopes.channel, scopes.day,
        arg_max(value, (rank, valid_from)) filter (where threshold = 'service_level_seconds') as service_level_seconds,
        arg_max(value, (rank, valid_from)) filter (where threshold = 'short_abandon_seconds') as short_abandon_seconds,
        arg_max(value, (rank, valid_from)) filter (where threshold = 'repeat_window_days') * 86400 as repeat_window_seconds
    from scopes
    inner join rules
        on
            coalesce(rules.client, scopes.client) = scopes.client
            and coalesce(rules.queue, scopes.queue) = scopes.queue
            and coalesce(rules.channel, scopes.channel) = scopes.channel
            and scopes.day >= rules.valid_from and scopes.day < rules.valid_to
    group by all
)

select placed.*, service_level_seconds::bigint as service_level_seconds,
    short_abandon_seconds::bigint as short_abandon_seconds, repeat_window_seconds::bigint as repeat_window_seconds
from placed
inner join in_force using (client, queue, channel, day);
