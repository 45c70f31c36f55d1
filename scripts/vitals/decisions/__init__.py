"""What the decision marts compute outside SQL: staffing by Erlang C, forecasts of volume. Pure functions."""
