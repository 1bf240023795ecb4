"""Benchmarks of whole builds and of the driver step, against a floor and other libraries."""
