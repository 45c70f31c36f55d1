"""The dashboard: pages in a browser over the published database, served from this machine alone."""
