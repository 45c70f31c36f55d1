"""One module per page: the `FILTERS` that it heeds, the groups of SQL that it `READS`, `read`, `show`.

Not called pages: Streamlit takes a folder of that name for pages of its own.
"""
