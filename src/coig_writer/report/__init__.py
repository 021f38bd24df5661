"""Pages, tables and figures, in one look; the only room that draws."""
