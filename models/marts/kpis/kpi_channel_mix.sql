{{ kpi_mix('channel_mix', 'channel') }}
