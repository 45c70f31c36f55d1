{%- set fields = [
    'accountcode', 'src', 'dst', 'dcontext', 'clid', 'channel', 'dstchannel', 'lastapp', 'lastdata', 'started',
    'answered', 'ended', 'duration', 'billsec', 'disposition', 'amaflags', 'uniqueid', 'userfield',
    'peeraccount', 'linkedid', 'sequence',
] -%}
{#- A unique id is `<epoch>.<number>`, after the name of the system where it has one. -#}
{%- set unique_id = '(^|-)[0-9]{9,10}[.][0-9]+$' -%}
with

source as (

    select * from {{ landed_rows('asterisk', 'cdr') }}

),

extracted as (

    select
        {%- for field in fields %}
        {{ clean_text(field) }} as {{ field }},
        {%- endfor %}
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

typed as (

    select
        *,
        coalesce(uniqueid || ':' || sequence, {{ surrogate_key(fields) }}) as record_id,
        coalesce(linkedid, uniqueid) as linked_id,
        {{ epoch_to_utc("split_part(" ~ matched('uniqueid', '[0-9]{9,10}[.][0-9]+$') ~ ", '.', 1)") }}
            as channel_began_at,
        {{ count_from('sequence') }} as sequence_number,
        upper(channel) like 'LOCAL/%' as is_local,
        -- PJSIP/anna.k-0000002a is anna.k; a channel within the exchange is nobody's telephone
        {%- for channel, endpoint in [('channel', 'caller_endpoint'), ('dstchannel', 'dialled_endpoint')] %}
        case
            when upper({{ channel }}) not like 'LOCAL/%'
                then {{ clean_text(regexp_replace_all(
                    'split_part(' ~ channel ~ ", '/', -1)", '-[0-9a-fA-F]+(;[12])?$', ''
                )) }}
        end as {{ endpoint }},
        {%- endfor %}
        -- numbers are hashed when they land, extensions are not
        case when length(src) = 32 then src end as caller_key,
        case when length(dst) = 32 then dst end as dialled_key,
        lower(lastapp) as last_application,
        upper(disposition) as disposition_word,
        {{ iso_to_utc('started') }} as started_local_at,
        {{ iso_to_utc('answered') }} as answered_local_at,
        {{ iso_to_utc('ended') }} as ended_local_at,
        {{ seconds_from('duration') }} as duration_seconds,
        {{ seconds_from('billsec') }} as billed_seconds
    from extracted

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('uniqueid is null', 'uniqueid is missing'),
            (
                'uniqueid is not null and not ' ~ matches('uniqueid', unique_id),
                'uniqueid holds no second: is a column missing before it?'
            ),
            (
                'linkedid is not null and not ' ~ matches('linkedid', unique_id),
                'linkedid holds no second: set loguserfield=yes beside newcdrcolumns=yes'
            ),
            ('started is null', 'start is missing'),
            (untyped('started', 'started_local_at'), 'start is no valid time'),
            (untyped('answered', 'answered_local_at'), 'answer is no valid time'),
            ('ended is null', 'end is missing'),
            (untyped('ended', 'ended_local_at'), 'end is no valid time'),
            (untyped('duration', 'duration_seconds'), 'duration is no number'),
            ('duration_seconds < 0', 'duration is negative'),
            (untyped('billsec', 'billed_seconds'), 'billsec is no number'),
            ('billed_seconds < 0', 'billsec is negative'),
            (untyped('sequence', 'sequence_number'), 'sequence is no whole number'),
            (
                "coalesce(disposition_word, '') not in "
                ~ "('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED', 'CONGESTION')",
                'disposition is none of ANSWERED, NO ANSWER, BUSY, FAILED and CONGESTION'
            ),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        record_id,
        uniqueid as call_id,
        linked_id,
        sequence_number,
        accountcode as account,
        dcontext as context,
        is_local,
        caller_endpoint,
        dialled_endpoint,
        dstchannel is not null as has_dialled,
        coalesce(length(dst) < 7, false) as is_extension_dialled,
        coalesce(length(src) < 7, false) as is_extension_calling,
        caller_key,
        dialled_key,
        last_application,
        disposition_word as disposition,
        userfield as user_word,
        channel_began_at,
        started_local_at,
        answered_local_at,
        ended_local_at,
        duration_seconds,
        billed_seconds,
        'asterisk' as platform,
        {{ add_seconds('channel_began_at', 'coalesce(duration_seconds, 0)') }} as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        record_id as record_key
    from checked

)

{{ staged('final', 'asterisk', 'cdr') }}
