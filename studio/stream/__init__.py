"""Server-sent events: one reader per run and any number of listeners."""
