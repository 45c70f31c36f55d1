{{ kpi_mix('contact_type_mix', 'contact_type') }}
