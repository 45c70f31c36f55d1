"""How the bulk simulator's contacts read in each platform's export: SQL over the tables that it draws.

`drawn` (a contact a row),
    `sessions` (an agent's block of a day), `lanes`, `types`, `agents`, `booked`. All times are UTC
seconds, -1 is none.
"""


def _iso(seconds: str) -> str:
    return f"strftime(make_timestamp({seconds} * 1000000), '%Y-%m-%dT%H:%M:%SZ')"


def _time(seconds: str) -> str:
    return f"case when {seconds} >= 0 then to_timestamp({seconds}) end"


_ACCOUNT = "123456789012"
_INSTANCE = f"arn:aws:connect:eu-central-1:{_ACCOUNT}:instance/5f1c0d6e-1a2b-4c3d-8e9f-aa0011223344"
_UUID = "cast(cast(md5({}) as uuid) as varchar)"

# What is made of the draws once and read by several streams.
TABLES = {
    "contacts": f"""
        select
            drawn.*,
            lanes.* exclude (lane),
            types.word as contact_type,
            first.native_id as agent_id,
            second.native_id as agent2_id,
            lanes.languages[1 + drawn.number % len(lanes.languages)] as language,
            case when customer >= 0 then
                case lanes.client_slug when 'aurora_energy' then '+336' when 'halcyon_bank' then '+3598'
                    else '+1514' end
                || lpad(cast(customer as varchar), 8, '0')
            end as phone,
            case lanes.platform
                when 'amazon_connect' then {_UUID.format("'c' || drawn.number")}
                when 'asterisk' then cast(arrived as varchar) || '.' || drawn.number
                when 'zendesk' then cast(drawn.number as varchar)
                else 'MSG-' || drawn.number
            end as native_id,
            {_UUID.format("'t' || drawn.number")} as next_id,
            case when queued >= 0 then case when answered >= 0 then answered
                else ended end - queued end as wait,
            answered2 - ended as wait2,
            greatest(ended, ended2) + case when answered >= 0 and measures_acw then acw else 0 end as settled
        from drawn
        inner join lanes on drawn.lane = lanes.lane
        left join types on drawn.lane = types.lane and drawn.type = types.type
        left join agents as first on drawn.agent = first.agent
        left join agents as second on drawn.agent2 = second.agent
        order by settled, drawn.number
    """,
    # a contact of an agent, whichever of the two that a contact may have
    "turns": """
        select agent, lane, platform, native_id, native_id as leg_id, channel, queue, queued, answered, ended,
            ended + acw as done, number * 2 as turn
        from contacts where answered >= 0 and channel <> 'email'
        union all
        select agent2, lane, platform, native_id, next_id, channel, next_queue, ended, answered2, ended2,
            ended2 + acw2, number * 2 + 1
        from contacts where answered2 >= 0
    """,
}

_ATTRIBUTES = """
    '{"client":"' || client || '","site":"' || site || '"'
    || coalesce(',"contact_type":"' || contact_type || '"', '')
    || ',"language":"' || language || '"'
    || case when is_test then ',"is_test":"true"' else '' end
    || case when outcome = 2 then ',"self_served":"true"' else '' end
    || case when resolved >= 0 and answered >= 0
        then ',"resolved":"' || case resolved when 1 then 'true' else 'false' end || '"' else '' end
    || case when not isnan(sentiment) and answered >= 0 then ',"sentiment":"' || sentiment || '"' else '' end
"""
_ENDPOINT = """
    '{"Address":"' || coalesce(phone, 'anonymous') || '","Type":"TELEPHONE_NUMBER"}'
"""


def _amazon_agent(agent: str, answered: str, ended: str, talk: str, hold: str, acw: str) -> str:
    return f"""
        '{{"ARN":"{_INSTANCE}/agent/' || {agent} || '","Username":"' || {agent}
        || '","ConnectedToAgentTimestamp":"' || {_iso(answered)}
        || '","AgentInteractionDuration":' || {talk} || ',"CustomerHoldDuration":' || {hold}
        || ',"LongestHoldDuration":' || {hold} || ',"NumberOfHolds":' || case when {hold} > 0 then 1
            else 0 end
        || case when is_whole then ',"AfterContactWorkDuration":' || {acw}
            || ',"AfterContactWorkStartTimestamp":"' || {_iso(ended)}
            || '","AfterContactWorkEndTimestamp":"' || {_iso(f"({ended} + {acw})")} || '"' else '' end
        || '}}'
    """


def _amazon_queue(queue: str, queued: str, left: str) -> str:
    return f"""
        '{{"ARN":"{_INSTANCE}/queue/' || {queue} || '","Name":"' || {queue}
        || '","EnqueueTimestamp":"' || {_iso(queued)} || '","DequeueTimestamp":"' || {_iso(left)}
        || '","Duration":' || ({left} - {queued}) || '}}'
    """


def _record(select: str, source: str) -> str:
    return f"""
        select
            '{_ACCOUNT}' as AWSAccountId,
            '{_INSTANCE}' as InstanceARN,
            upper(channel) as Channel,
            '{{"Address":"+80000000","Type":"TELEPHONE_NUMBER"}}' as SystemEndpoint,
            {_ENDPOINT} as CustomerEndpoint,
            {select}
        from {source}
    """


# Most records come once; here and there without after-contact work first, and delivered twice.
_CONTACT_RECORDS = f"""
    with versions as (
        select *, true as is_whole, settled + 1 as told from contacts where platform = 'amazon_connect'
        union all
        select *, true, settled + 1 from contacts where platform = 'amazon_connect' and number % 101 = 0
        union all
        select *, false, ended + 1 from contacts
        where platform = 'amazon_connect' and answered >= 0 and answered2 < 0 and acw > 0 and number % 29 = 0
    )
    {
    _record(
        f'''
            native_id as ContactId,
            cast(null as varchar) as InitialContactId,
            cast(null as varchar) as PreviousContactId,
            case when answered2 >= 0 then next_id end as NextContactId,
            case when channel = 'chat' then 'API' else 'INBOUND' end as InitiationMethod,
            to_timestamp(arrived) as InitiationTimestamp,
            to_timestamp(arrived) as ConnectedToSystemTimestamp,
            to_timestamp(ended) as DisconnectTimestamp,
            'CUSTOMER_DISCONNECT' as DisconnectReason,
            case when answered2 >= 0 then to_timestamp(ended) end as TransferCompletedTimestamp,
            case when queued >= 0
                then {_amazon_queue("queue", "queued", "(queued + wait)")}
            end as Queue,
            case when answered >= 0
                then {_amazon_agent("agent_id", "answered", "ended", "talk", "hold", "acw")}
            end as Agent,
            {_ATTRIBUTES}
            || case outcome when 4 then ',"callback_requested":"true"'
                when 5 then ',"diverted_to":"voicemail"' else '' end
            || '}}' as Attributes,
            to_timestamp(told) as LastUpdateTimestamp
        ''',
        "versions",
    )
}
    union all
    {
    _record(
        f'''
            next_id, native_id, native_id, cast(null as varchar), 'TRANSFER',
            to_timestamp(ended), to_timestamp(ended), to_timestamp(ended2), 'CUSTOMER_DISCONNECT',
            cast(null as timestamptz),
            {_amazon_queue("next_queue", "ended", "answered2")},
            {_amazon_agent("agent2_id", "answered2", "ended2", "talk2", "0", "acw2")},
            {_ATTRIBUTES} || '}}',
            to_timestamp(ended2 + acw2 + 1)
        ''',
        "(select *, true as is_whole from contacts where platform = 'amazon_connect' and answered2 >= 0)",
    )
}
"""


def _snapshot(at: str) -> str:
    """What the agent's snapshot says: of a struct of what stands at a moment."""
    return f"""
        '{{"AgentStatus":{{"ARN":"{_INSTANCE}/agent-state/' || lower({at}.status)
        || '","Name":"' || {at}.status || '","StartTimestamp":"' || {_iso(f"{at}.since")} || '","Type":"'
        || case {at}.status when 'Available' then 'ROUTABLE' when 'Offline' then 'OFFLINE' else 'CUSTOM' end
        || '"}},"Configuration":{{"Username":"' || native_id || '","FirstName":"' || first_name
        || '","LastName":"' || last_name || '","RoutingProfile":{{"Name":"' || team
        || '"}},"AgentHierarchyGroups":null}},"Contacts":['
        || coalesce('{{"ContactId":"' || {at}.contact_id || '","InitialContactId":null,"Channel":"'
            || upper({at}.channel) || '","InitiationMethod":"INBOUND","State":"'
            || {at}.state || '","StateStartTimestamp":"'
            || {_iso(f"case {at}.state when 'ENDED' then {at}.moment else {at}.answered end")}
            || '","QueueTimestamp":"' || {_iso(f"{at}.queued")}
            || '","ConnectedToAgentTimestamp":"' || {_iso(f"{at}.answered")}
            || '","Queue":{{"Name":"' || {at}.queue || '"}}}}', '')
        || ']}}'
    """


# Small columns are sorted, and the long texts made of them afterwards.
TABLES["events"] = """
    with happened as (
        select agent, login as moment, 'LOGIN' as kind, 'Available' as status, login as since,
            null as contact_id,
            null as state, null as channel, null as queue, null as queued, null as answered
        from sessions
        union all select agent, logout, 'LOGOUT', 'Offline', logout, null, null, null, null, null, null
            from sessions
        union all
        select agent, lunch, 'STATE_CHANGE', 'Lunch', lunch, null, null, null, null, null, null
            from sessions where lunch >= 0
        union all
        select agent, lunch + 1800, 'STATE_CHANGE', 'Available', lunch + 1800, null, null, null, null, null,
            null
        from sessions where lunch >= 0
        union all
        select agent, answered, 'STATE_CHANGE', 'Available', answered, leg_id, 'CONNECTED', channel, queue,
            queued, answered
        from turns
        union all
        select agent, ended, 'STATE_CHANGE', 'Available', answered, leg_id, 'ENDED', channel, queue, queued,
            answered
        from turns where done > ended
        union all
        select agent, done, 'STATE_CHANGE', 'Available', answered, null, null, null, null, null, null
            from turns
    ),
    followed as (
        select
            happened.agent, happened.moment, happened.kind, happened as now,
            lag(happened) over (partition by happened.agent order by happened.moment,
                happened.kind = 'LOGOUT') as before
        from happened
        inner join agents on happened.agent = agents.agent and agents.platform = 'amazon_connect'
    )
    select followed.*, agents.native_id, agents.first_name, agents.last_name, agents.team
    from followed
    inner join agents on followed.agent = agents.agent
    order by moment, followed.agent
"""
_AGENT_EVENTS = f"""
    select
        '{_ACCOUNT}' as AWSAccountId,
        '{_INSTANCE}/agent/' || native_id as AgentARN,
        {_snapshot("now")} as CurrentAgentSnapshot,
        {_UUID.format("'e' || agent || ' ' || moment || kind")} as EventId,
        to_timestamp(moment) as EventTimestamp,
        kind as EventType,
        '{_INSTANCE}' as InstanceARN,
        {_snapshot("before")} as PreviousAgentSnapshot,
        '2017-10-01' as Version
    from events
"""

_QUEUE_LOG = """
    with calls as (select * from contacts where platform = 'asterisk'),
    said as (
        select arrived as moment, 1 as place, native_id as callid, queue, 'NONE' as agent,
            'ENTERQUEUE' as event,
            '' as data1, coalesce(phone, 'anonymous') as data2, '1' as data3, null as data4, null as data5
        from calls
        union all
        select answered, 2, native_id, queue, 'Agent/' || agent_id, 'CONNECT',
            cast(wait as varchar), native_id || 'a', '4', null, null
        from calls where answered >= 0
        union all
        select ended, 3, native_id, queue, 'Agent/' || agent_id,
            case when luck < 0.7 then 'COMPLETECALLER' else 'COMPLETEAGENT' end,
            cast(wait as varchar), cast(ended - answered as varchar), '1', null, null
        from calls where answered >= 0 and answered2 < 0
        union all
        select ended, 3, native_id, queue, 'Agent/' || agent_id, 'BLINDTRANSFER', '7001', 'internal-queues',
            cast(wait as varchar), cast(ended - answered as varchar), '1'
        from calls where answered2 >= 0
        union all
        select ended, 4, native_id, next_queue, 'NONE', 'ENTERQUEUE', '', coalesce(phone, 'anonymous'), '1',
            null, null
        from calls where answered2 >= 0
        union all
        select answered2, 5, native_id, next_queue, 'Agent/' || agent2_id, 'CONNECT',
            cast(wait2 as varchar), native_id || 'b', '4', null, null
        from calls where answered2 >= 0
        union all
        select ended2, 6, native_id, next_queue, 'Agent/' || agent2_id, 'COMPLETECALLER',
            cast(wait2 as varchar), cast(ended2 - answered2 as varchar), '1', null, null
        from calls where answered2 >= 0
        union all
        select ended, 2, native_id, queue, 'NONE', 'ABANDON', '1', '1', cast(wait as varchar), null, null
        from calls where outcome = 1
        union all
        select ended, 2, native_id, queue, 'NONE', 'EXITWITHKEY', '1', '1', '1', cast(wait as varchar), null
        from calls where outcome = 4
        union all
        select ended, 2, native_id, queue, 'NONE', 'EXITWITHTIMEOUT', '1', '1', cast(wait as varchar), null,
            null
        from calls where outcome = 5
        union all
        select sessions.login, 0, 'REALTIME', lanes.queue, 'Agent/' || agents.native_id, 'ADDMEMBER', '',
            null, null, null, null
        from sessions inner join lanes on sessions.lane = lanes.lane
            inner join agents on sessions.agent = agents.agent
        where lanes.platform = 'asterisk'
        union all
        select sessions.logout, 7, 'REALTIME', lanes.queue, 'Agent/' || agents.native_id, 'REMOVEMEMBER', '',
            null, null, null, null
        from sessions inner join lanes on sessions.lane = lanes.lane
            inner join agents on sessions.agent = agents.agent
        where lanes.platform = 'asterisk'
    )
    select moment as epoch, callid, queue, agent, event, data1, data2, data3, data4, data5 from said
    order by moment, callid, place, agent
"""

_TICKETS = """
    with versions as (
        select *, 'solved' as state, ended as told from contacts where platform = 'zendesk'
        union all
        select *, 'open', arrived from contacts where platform = 'zendesk' and number % 5 = 0
    )
    select
        number as id,
        to_timestamp(arrived) as created_at,
        to_timestamp(told) as updated_at,
        '{"channel":"email"}' as via,
        state as status,
        queue as group_id,
        client as brand_id,
        case state when 'solved' then agent_id end as assignee_id,
        {requester} as requester_id,
        {requester} as submitter_id,
        'Question' as subject,
        '["bulk"' || case when is_test then ',"vitals_test"' else '' end || ']' as tags,
        'normal' as priority,
        contact_type as custom_contact_type,
        true as is_public
    from versions
    order by told, id
"""
# A help desk knows everybody who writes: who would be anonymous is somebody new.
_REQUESTER = "case when customer >= 0 then 370000000000 + customer else 400000000000 + number end"

_COMMENTS = f"""
    select number * 2 as id, number as ticket_id, {_REQUESTER} as author_id, true as public,
        to_timestamp(arrived) as created_at, 'Please see below.' as body
    from contacts where platform = 'zendesk'
    union all
    select number * 2 + 1, number, cast(agent_id as bigint), true, to_timestamp(answered),
        'Thank you for your message.'
    from contacts where platform = 'zendesk'
    order by created_at, id
"""

_RATINGS = f"""
    select
        number as id,
        to_timestamp(ended + 60) as created_at,
        to_timestamp(ended + case when luck < 0.14 then 3600 else 60 end) as updated_at,
        agent_id as assignee_id,
        queue as group_id,
        {_REQUESTER} as requester_id,
        number as ticket_id,
        case when luck < 0.10 then 'good' when luck < 0.14 then 'bad' else 'offered' end as score
    from contacts
    where platform = 'zendesk' and luck < 0.35 and not is_test
    order by updated_at, id
"""

_CONTACT_COLUMNS = f"""
    native_id as contact_id, client, site, queue, channel, 'inbound' as direction, contact_type,
        phone as customer, language,
    to_timestamp(arrived) as arrived_at, {_time("queued")} as queued_at, {_time("answered")} as answered_at,
    to_timestamp(greatest(ended, ended2)) as ended_at
"""
_THREADS = f"""
    select {_CONTACT_COLUMNS},
        case when answered >= 0 then to_timestamp(settled) end as wrapped_up_at,
        case outcome when 0 then 'answered' when 1 then 'abandoned' when 2 then 'self_served'
            when 3 then 'abandoned_before_queue'
            when 4 then 'callback_requested' else 'diverted' end as outcome,
        wait as wait_seconds,
        case when answered >= 0 then talk + case when answered2 >= 0 then talk2
            else 0 end end as talk_seconds,
        case when answered >= 0 then acw + case when answered2 >= 0 then acw2 else 0 end end as acw_seconds,
        agent_id as first_agent_id,
        cast(agent >= 0 as integer) + cast(agent2 >= 0 as integer) as agents_count,
        1 as queues_count,
        cast(agent2 >= 0 as integer) as transfers_count,
        is_test,
        case when answered >= 0 and resolved >= 0 then resolved = 1 end as is_resolved,
        case when answered >= 0 and not isnan(sentiment) then sentiment end as sentiment,
        to_timestamp(settled + 5) as updated_at
    from contacts where platform = 'template'
    union all
    select {_CONTACT_COLUMNS}, null, 'answered', wait, talk, null, agent_id, 1, 1, 0, is_test, null, null,
        to_timestamp(ended + 1)
    from contacts where platform = 'template' and answered >= 0 and answered2 < 0 and number % 29 = 0
    order by updated_at, contact_id
"""

_LEGS = f"""
    select native_id || '-1' as leg_id, native_id as contact_id, 1 as leg_number, queue, agent_id,
        {_time("queued")} as queued_at, {_time("answered")} as answered_at, to_timestamp(ended) as ended_at,
        wait as wait_seconds, case when answered >= 0 then talk end as talk_seconds,
            cast(null as bigint) as hold_seconds,
        case when answered >= 0 then acw end as acw_seconds,
        case when answered2 >= 0 then 'transferred' when outcome = 0 then 'completed'
            when outcome = 1 then 'abandoned' when outcome = 4 then 'callback_requested'
                else 'diverted' end as exit,
        false as is_callback, to_timestamp(settled + 1) as updated_at
    from contacts where platform = 'template' and queued >= 0
    union all
    select native_id || '-2', native_id, 2, next_queue, agent2_id, to_timestamp(ended),
        to_timestamp(answered2),
        to_timestamp(ended2), wait2, talk2, null, acw2, 'completed', false, to_timestamp(ended2 + acw2 + 1)
    from contacts where platform = 'template' and answered2 >= 0
    order by updated_at, leg_id
"""

_STATES = """
    with own as (select turns.*, agents.native_id as agent_id from turns
        inner join agents on turns.agent = agents.agent where turns.platform = 'template'),
    posts as (select sessions.*, agents.native_id as agent_id from sessions
        inner join agents on sessions.agent = agents.agent where agents.platform = 'template')
    select agent_id, 'on_contact' as state, to_timestamp(answered) as started_at,
        to_timestamp(done) as ended_at,
        native_id as contact_id, to_timestamp(done) as updated_at
    from own
    union all
    select agent_id, 'ready', to_timestamp(login), to_timestamp(logout), null, to_timestamp(logout) from posts
    order by updated_at, agent_id, started_at, contact_id
"""

_SHIFTS = """
    with planned as (
        select agents.template_id as agent_id, sessions.opens, sessions.closes,
            (sessions.opens + sessions.closes) // 2 as pause
        from sessions inner join agents on sessions.agent = agents.agent
    ),
    parts as (
        select agent_id, 'on_queue' as activity, opens as begun, pause as ended, true as is_paid, opens
            from planned
        union all select agent_id, 'lunch', pause, pause + 1800, false, opens from planned
        union all select agent_id, 'on_queue', pause + 1800, closes, true, opens from planned
    )
    select agent_id, activity, to_timestamp(begun) as started_at, to_timestamp(ended) as ended_at, is_paid,
        to_timestamp(opens - 604800) as updated_at
    from parts
    order by opens, agent_id, begun
"""

_CONTACT_ID = """
    case contacts.platform when 'template' then '' else contacts.platform || ':' end || contacts.native_id
"""
_SURVEYS = f"""
    with asked as (
        select *, {_CONTACT_ID} as about, number % 4 as kind, ended + 300 as sent, luck < 0.04 as is_answered,
            (number * 7919) % 100 as mood
        from contacts
        where answered >= 0 and luck < 0.1 and platform <> 'zendesk' and not is_test
    )
    select
        'S-' || number as response_id,
        about as contact_id,
        phone as customer,
        cast(null as varchar) as agent_id,
        case kind when 0 then 'nps' when 1 then 'ces' else 'csat' end as instrument,
        case when is_answered then
            case kind
                when 0 then case when mood < 45 then 10 - mood % 2 when mood < 75 then 8 - mood % 2
                    else mood % 7 end
                when 1 then 1 + mood * mood // 1650
                else case when mood < 66 then 5 - mood % 2 else 1 + mood % 3 end
            end
        end as score,
        case kind when 0 then 0 else 1 end as scale_min,
        case kind when 0 then 10 when 1 then 7 else 5 end as scale_max,
        to_timestamp(sent) as sent_at,
        case when is_answered then to_timestamp(sent + 1800) end as responded_at,
        to_timestamp(sent + case when is_answered then 1800 else 0 end) as updated_at
    from asked
    order by updated_at, response_id
"""

_EVALUATIONS = f"""
    with listened as (
        select contacts.*, {_CONTACT_ID} as about, agents.template_id
        from contacts inner join agents on contacts.agent = agents.agent
        where luck >= 0.5 and luck < 0.51 and answered >= 0 and not is_test
    ),
    items as (
        select * from (values
            ('greeting', 'Says name and company', 5, 90), ('script', 'Follows the opening script', 10, 82),
            ('script', 'Uses the knowledge base', 10, 80), ('compliance', 'Verifies the caller', 20, 97),
            ('resolution', 'Settles the matter', 30, 85)
        ) as each (category, item, possible, kept)
    )
    select
        'Q-' || number as evaluation_id,
        about as contact_id,
        template_id as agent_id,
        to_timestamp(ended + 1800) as evaluated_at,
        category,
        item,
        case when (number * 31 + possible * 17 + length(item)) % 100 < kept then possible
            else 0 end as points_earned,
        possible as points_possible,
        false as is_not_applicable,
        category = 'compliance' as is_automatic_fail,
        to_timestamp(ended + 1800) as updated_at
    from listened cross join items
    order by updated_at, evaluation_id, item
"""

_AGENTS = """
    select template_id as agent_id, first_name || ' ' || last_name as name, team, supervisor, site,
        since as updated_at
    from agents order by agent
"""

_COSTS = """
    select * replace (cast(amount as decimal(18, 2)) as amount) from booked order by cost_id
"""

STREAMS = {
    ("amazon_connect", "contact_records"): _CONTACT_RECORDS,
    ("amazon_connect", "agent_events"): _AGENT_EVENTS,
    ("asterisk", "queue_log"): _QUEUE_LOG,
    ("zendesk", "tickets"): _TICKETS.replace("{requester}", _REQUESTER),
    ("zendesk", "ticket_comments"): _COMMENTS,
    ("zendesk", "satisfaction_ratings"): _RATINGS,
    ("template", "contacts"): _THREADS,
    ("template", "contact_legs"): _LEGS,
    ("template", "agent_states"): _STATES,
    ("template", "agent_shifts"): _SHIFTS,
    ("template", "survey_responses"): _SURVEYS,
    ("template", "quality_evaluations"): _EVALUATIONS,
    ("template", "agents"): _AGENTS,
    ("template", "operating_costs"): _COSTS,
}
