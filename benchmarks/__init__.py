"""Benchmarks: ratios of things measured in turn within one run, because machines are noisy."""
