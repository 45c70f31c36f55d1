"""One module per page: `FILTERS` that it heeds, `read` over one connection, `show`."""
