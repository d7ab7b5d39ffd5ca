"""The HTTP server: guard, routes, lifetime."""
