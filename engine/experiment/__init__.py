"""What to train: the schema and its sections, overrides, recipes, and every check that needs no process."""
