with

runs as (

    select * from {{ source('vitals', 'runs') }}

),

resolved_runs as (

    select * from {{ ref('int_runs__resolved') }}

),

published_version as (

    select * from {{ source('vitals', 'published_version') }}

),

published_values as (

    select * from {{ source('vitals', 'published_kpi_values') }}

),

published_files as (

    select * from {{ source('vitals', 'published_files') }}

),

published_inputs as (

    select * from {{ source('vitals', 'published_inputs') }}

),

published_restatements as (

    select * from {{ source('vitals', 'published_restatements') }}

),

kpi_values as (

    select * from {{ ref('kpi_values') }}

),

inputs as (

    select * from {{ ref('rpt_quality_inputs') }}

),

landing as (

    select * from {{ ref('rpt_quality_landing') }}

),

contacts as (

    select * from {{ ref('fct_contacts') }}
    where is_in_scope

),

unioned as (

    select
        true as is_published,
        kpi_id,
        day,
        client,
        site,
        queue,
        {{ kpi_member() }} as member,
        numerator,
        denominator,
        is_final
    from published_values
    union all
    select
        false as is_published,
        kpi_id,
        day,
        client,
        site,
        queue,
        {{ kpi_member() }} as member,
        numerator,
        denominator,
        is_final
    from kpi_values

),

paired as (

    select
        kpi_id,
        day,
        client,
        site,
        queue,
        member,
        sum(numerator) filter (where is_published) as old_numerator,
        sum(denominator) filter (where is_published) as old_denominator,
        bool_and(is_final) filter (where is_published) as was_final,
        sum(numerator) filter (where not is_published) as new_numerator,
        sum(denominator) filter (where not is_published) as new_denominator
    from unioned
    group by kpi_id, day, client, site, queue, member

),

-- a figure that was not there restates the day of its client and site, when that was final
placed as (

    select
        *,
        coalesce(bool_and(was_final) over (partition by kpi_id, day, client, site), false) as was_day_final
    from paired

),

restated as (

    select *
    from placed
    where
        coalesce(was_final, was_day_final)
        and (coalesce(old_denominator, 0) <> 0 or coalesce(new_denominator, 0) <> 0)
        and (
            old_numerator is distinct from new_numerator
            or old_denominator is distinct from new_denominator
        )

),

late_files as (

    select
        landing.platform,
        landing.source_file,
        landing.file_hash
    from landing
    left join published_files
        on
            landing.platform = published_files.platform
            and landing.stream = published_files.stream
            and landing.file_hash = published_files.file_hash
    where
        landing.status = 'landed'
        and published_files.file_hash is null

),

late_contacts_of_queues as (

    select
        contacts.arrived_date as day,
        contacts.client,
        contacts.site,
        contacts.queue,
        count(distinct contacts.contact_id) as contacts_count
    from contacts
    inner join late_files
        on
            contacts.platform = late_files.platform
            and contacts.source_file = late_files.source_file
    group by contacts.arrived_date, contacts.client, contacts.site, contacts.queue

),

-- also for figures without a queue, and for those of agents, who have no client
late_contacts as (

    select
        day,
        client,
        site,
        queue,
        contacts_count
    from late_contacts_of_queues
    union all
    select
        day,
        client,
        site,
        cast(null as {{ dbt.type_string() }}) as queue,
        sum(contacts_count) as contacts_count
    from late_contacts_of_queues
    group by day, client, site
    union all
    select
        day,
        cast(null as {{ dbt.type_string() }}) as client,
        site,
        cast(null as {{ dbt.type_string() }}) as queue,
        sum(contacts_count) as contacts_count
    from late_contacts_of_queues
    group by day, site

),

changed_inputs as (

    select
        coalesce(inputs.kind, published_inputs.kind) as kind,
        coalesce(inputs.name, published_inputs.name) as name
    from inputs
    full outer join published_inputs
        on
            inputs.kind = published_inputs.kind
            and inputs.name = published_inputs.name
    where inputs.checksum is distinct from published_inputs.checksum

),

expired_rows_counted as (

    select sum(expired_count) as rows_count
    from (
        select expired_count from landing
        union all
        select -coalesce(expired_count, 0) as expired_count from published_files
    ) as expired

),

late_files_counted as (

    select count(distinct file_hash) as files_count
    from late_files

),

changed_inputs_listed as (

    select
        count(*) filter (where kind = 'seed') as seeds_count,
        count(*) filter (where kind <> 'seed') as definitions_count,
        {{ list_distinct_sorted('name') }} as names
    from changed_inputs

),

-- what changed between the two builds; where more than one thing did, no figure can tell which it was
reasons as (

    select
        runs.built_at as restated_at,
        published_version.published_at,
        late_files_counted.files_count as late_files_count,
        changed_inputs_listed.names as changed_inputs,
        case
            when
                (case when late_files_counted.files_count > 0 then 1 else 0 end)
                + (case when expired_rows_counted.rows_count > 0 then 1 else 0 end)
                + (case when changed_inputs_listed.seeds_count > 0 then 1 else 0 end)
                + (case when changed_inputs_listed.definitions_count > 0 then 1 else 0 end) > 1
                then 'several'
            when late_files_counted.files_count > 0 then 'late_data'
            when expired_rows_counted.rows_count > 0 then 'expired'
            when changed_inputs_listed.seeds_count > 0 then 'reference_changed'
            when changed_inputs_listed.definitions_count > 0 then 'definition_changed'
            when resolved_runs.as_of <> published_version.as_of then 'as_of_moved'
            else 'unexplained'
        end as reason
    from runs
    cross join resolved_runs
    cross join published_version
    cross join late_files_counted
    cross join expired_rows_counted
    cross join changed_inputs_listed

),

explained as (

    select
        reasons.restated_at,
        reasons.published_at,
        restated.kpi_id,
        restated.day,
        restated.client,
        restated.site,
        restated.queue,
        restated.member,
        cast(restated.old_numerator as decimal(28, 6)) as old_numerator,
        cast(restated.old_denominator as decimal(28, 6)) as old_denominator,
        {{ ratio('restated.old_numerator', 'restated.old_denominator') }} as old_value,
        cast(restated.new_numerator as decimal(28, 6)) as new_numerator,
        cast(restated.new_denominator as decimal(28, 6)) as new_denominator,
        {{ ratio('restated.new_numerator', 'restated.new_denominator') }} as new_value,
        reasons.reason,
        reasons.late_files_count,
        cast(coalesce(late_contacts.contacts_count, 0) as bigint) as late_contacts_count,
        reasons.changed_inputs
    from restated
    cross join reasons
    left join late_contacts
        on
            restated.day = late_contacts.day
            and restated.client is not distinct from late_contacts.client
            and restated.site = late_contacts.site
            and restated.queue is not distinct from late_contacts.queue

),

remembered as (

    select * from published_restatements
    union all
    select * from explained

)

select * from remembered
