"""Simulated deals with known truth, and the project's own models run on them."""
