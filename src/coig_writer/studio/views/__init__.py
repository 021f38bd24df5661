"""Pages: each view asks `permissions`, calls a module that does the work, and renders a template."""
