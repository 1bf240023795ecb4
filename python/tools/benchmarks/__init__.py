"""Benchmarks of whole builds and of the driver step, against a floor and against other libraries."""
