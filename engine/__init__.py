"""The engine: everything that trains. It never imports the studio."""
