"""How the files of a dataset get here, and are known to be the right ones."""
