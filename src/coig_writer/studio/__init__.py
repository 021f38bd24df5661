"""The studio: where people turn drafts into triplets, review them, and compare models.

A Django application. `workflow`, `permissions` and `live` know nothing of HTTP; `models/` holds what is stored,
`views/` answers browsers, `api` answers programs.
"""
