with

catalogue as (

    select
        kpi_id,
        name_en,
        acronyms_en,
        name_fr,
        acronyms_fr,
        name_bg,
        acronyms_bg,
        family,
        nature,
        unit,
        better,
        guard_kpi_id,
        second_guard_kpi_id,
        scorecard_channels,
        numerator,
        denominator,
        meaning_en,
        meaning_fr,
        meaning_bg
    from {{ ref('kpi_catalogue') }}

)

select * from catalogue
