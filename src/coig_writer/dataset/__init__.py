"""A release: what may go out, in which formats, and what says so."""
