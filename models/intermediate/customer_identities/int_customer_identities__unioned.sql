{#- Kinds of identifiers, the most telling first: the column that holds it, and its place. -#}
{%- set kinds = {
    'customer_number': 1,
    'user': 2,
    'email': 3,
    'phone': 4,
    'other': 5,
} -%}
{%- set no_text -%}cast(null as {{ dbt.type_string() }}){%- endset -%}
{#- Whom an address stands beside: the customer's number, else the platform's, else the other address. -#}
{%- set address_holder_kind -%}
    case
        when customer_number_key is not null then 'customer_number'
        when user_key is not null then platform
        else 'address'
    end
{%- endset -%}
{%- set holder_kinds = {'email': address_holder_kind, 'phone': address_holder_kind} -%}
{%- set holder_keys = {
    'email': 'coalesce(customer_number_key, user_key, phone_key)',
    'phone': 'coalesce(customer_number_key, user_key, email_key)',
} -%}
{{ tracked_union('customer_identities', 'identity_id', has_words=false) }}
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

listed as (
    {% for kind, place in kinds.items() %}
    select
        identity_id,
        platform,
        '{{ kind }}' as kind,
        {{ place }} as kind_number,
        {{ kind }}_key as identifier_key,
        {{ holder_kinds.get(kind, no_text) }} as holder_kind,
        {{ holder_keys.get(kind, no_text) }} as holder_key
    from identities
    where {{ kind }}_key is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from listed
