"""Benchmarks: what prints the figures of README and docs."""
