"""Measurements, each a module run as `python -m benchmarks.<name>`: figures as JSON lines, no assertion on time."""
