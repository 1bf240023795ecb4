"""Colours, fonts and the legend of the page and of its charts."""

HELPS, HURTS = "#1f77b4", "#ff7f0e"
# The same hues for what is not statistically significant.
PALE_HELPS, PALE_HURTS = "#c6dcec", "#ffdfc2"
NEUTRAL = "#aab2b9"
GRADE_COLOURS = {"A": HELPS, "B": "#8fbbda", "C": "#ffbf86", "D": HURTS}
BAND, INK, QUIET, GRID = "#eceff2", "#222222", "#5c6670", "#e3e6e9"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Above the plot, from its left edge.
LEGEND = {"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", "traceorder": "normal"}
