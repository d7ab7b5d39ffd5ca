"""Files: written whole or not at all, opened only where they belong, and locked by one at a time."""
