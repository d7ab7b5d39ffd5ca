"""Datasets: each file loads one kind."""
