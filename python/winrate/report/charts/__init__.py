"""One module per kind of chart: functions that make a figure of a table, and query nothing.

Text from the data reaches a figure through `figure.plotly_text` or `figure.hover`, because Plotly
reads some of it as markup.
"""
