"""A file that Vitals does not know becomes a platform of the project: look, propose, ask, write."""
