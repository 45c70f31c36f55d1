{{ kpi_mix('channel_mix', 'channel', totals=ref('fct_reported_totals')) }}
