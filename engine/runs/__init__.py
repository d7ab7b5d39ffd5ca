"""A run is a folder: what is in it, who holds it, what was recorded, where it came from, how it is packed."""
