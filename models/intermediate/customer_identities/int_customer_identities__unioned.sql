{#- Kinds of identifiers, the most telling first: the column that holds it, and its place. -#}
{%- set kinds = {
    'customer_number': 1,
    'user': 2,
    'email': 3,
    'phone': 4,
    'other': 5,
} -%}
{%- set by = {} -%}
{%- for platform in var('platforms')['customer_identities'] -%}
    {%- do by.update({'int_customer_identities__' ~ platform: 'identity_id'}) -%}
{%- endfor -%}
{{ tracked('identity_id', by=by) }}
with

identities as (
    {{ unioned('customer_identities', [
        'identity_id',
        'platform',
        'customer_number_key',
        'user_key',
        'email_key',
        'phone_key',
        'other_key',
    ], 'identity_id') }}

),

-- whom an address stands beside: the customer's number, else the platform's, else the other address
listed as (
    {% for kind, place in kinds.items() %}
    select
        identity_id,
        platform,
        '{{ kind }}' as kind,
        {{ place }} as kind_number,
        {{ kind }}_key as identifier_key,
        {%- if kind in ('email', 'phone') %}
        case
            when customer_number_key is not null then 'customer_number'
            when user_key is not null then platform
            else 'address'
        end as holder_kind,
        coalesce(customer_number_key, user_key, {{ 'phone' if kind == 'email' else 'email' }}_key)
            as holder_key
        {%- else %}
        cast(null as {{ dbt.type_string() }}) as holder_kind,
        cast(null as {{ dbt.type_string() }}) as holder_key
        {%- endif %}
    from identities
    where {{ kind }}_key is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from listed
