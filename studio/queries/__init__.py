"""What the page wants to know, computed from runs and recipes: plain data in, plain data out."""
