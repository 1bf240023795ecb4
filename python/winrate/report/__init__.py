"""The report of a built database: one page, and two of its charts as files.

files.py      `write_report`: what is written, and where
page.py       renders the page from `templates/`
summary.py    the top of the page; headline.py: its first sentence; footer.py: its end
sections/     one module per section: its query, its words, its chart; the order is in `SECTIONS`
charts/       one module per kind of chart: a table becomes a figure
data.py       reads the database: what several parts of the page need
blocks.py     what a section is made of: paragraphs, tables, charts
text.py       how a value reads; style.py: colours and fonts
"""
