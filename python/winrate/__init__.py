"""Winrate: why the win rate moves, which open deals need you, and whether the data can tell."""
