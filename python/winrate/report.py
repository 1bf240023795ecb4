"""The report: one page that says what a sales leader needs on a Monday, and two chart files.

Text from the data reaches the page only through `_paragraph`, `_table` and `_heading`, which
escape it, and through `winrate.charts`, which escapes what Plotly would read as markup.
"""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import duckdb
import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from winrate import charts, wording
from winrate.charts import known
from winrate.summary import SEVERITIES

PAGE_TITLE = "Win rate report"
COMPARISON = "last two quarters"
MAX_ROWS = 15  # of a list of deals or of alerts; the tables have the rest
TEMPLATE = Path(__file__).parent / "templates" / "report.html"

QUERIES = {
    "totals": """
        select
            max(as_of_date) as as_of_date,
            count(*) filter (where status in ('won', 'lost')) as n_closed,
            count(*) filter (where status = 'won') as n_won,
            count(*) filter (where status = 'open') as n_open,
            sum(cast(deal_amount as decimal(18, 2))) filter (where status = 'open') as open_amount
        from scores.scored_deals
    """,
    "verdict": "select verdict, statement from drivers.model_verdict",
    "change": f"""
        select statement from drivers.win_rate_change
        where comparison = '{COMPARISON}' and basis = 'closed'
    """,
    "drivers": "select * from drivers.win_rate_drivers order by feature, level",
    "importance": "select feature, coefficient from drivers.importance order by feature",
    "trend": """
        select * replace (coalesce(is_complete, false) as is_complete) from drivers.win_rate_trend
        where basis = 'closed' and grain = 'quarter' and win_rate is not null
        order by period_start
    """,
    "score_bins": f"""
        select
            grade,
            cast(least(floor(win_probability * {charts.SCORE_BINS}), {charts.SCORE_BINS} - 1)
                as bigint) as score_bin,
            count(*) as n_deals,
            cast(sum(cast(deal_amount as decimal(18, 2))) as double) as open_amount,
            cast(sum(cast(expected_amount as decimal(18, 2))) as double) as expected_amount
        from scores.scored_deals
        where status = 'open' and grade is not null and win_probability is not null
        group by all
        order by all
    """,
    "top_deals": f"""
        select * from scores.scored_deals
        where status = 'open' and grade is not null
        order by expected_amount desc nulls last, win_probability desc nulls last, deal_id
        limit {MAX_ROWS}
    """,
    "alert_counts": """
        select severity, count(*) as n_alerts from alerts.alerts group by all order by severity
    """,
    "alerts": f"""
        select
            severity, condition, recommended_action, message, owner, amount_at_stake,
            count(*) over same as n_alerts
        from alerts.alerts
        window same as (partition by severity, condition, recommended_action)
        qualify row_number() over (
            partition by severity, condition, recommended_action
            order by amount_at_stake desc nulls last, entity_id, message
        ) <= {MAX_ROWS}
        order by severity, condition, recommended_action, amount_at_stake desc nulls last,
            entity_id, message
    """,
    "segments": f"""
        select * from drivers.win_rate_change_segments
        where comparison = '{COMPARISON}' and evidence in ('got worse', 'got better')
        order by rank, feature, level
    """,
}


@dataclass(frozen=True)
class Tables:
    """What the report draws and says, one table per query of `QUERIES`."""

    totals: pd.DataFrame
    verdict: pd.DataFrame
    change: pd.DataFrame
    drivers: pd.DataFrame
    importance: pd.DataFrame
    trend: pd.DataFrame
    score_bins: pd.DataFrame
    top_deals: pd.DataFrame
    alert_counts: pd.DataFrame
    alerts: pd.DataFrame
    segments: pd.DataFrame

    @property
    def verdict_name(self) -> str:
        """'signal', 'no signal' or 'too few deals'."""
        return self.verdict["verdict"].iloc[0] if len(self.verdict) else "too few deals"

    @property
    def win_rate(self) -> float:
        """Share of all closed deals that were won; null where none is closed."""
        totals = self.totals.iloc[0]
        return totals["n_won"] / totals["n_closed"] if totals["n_closed"] else float("nan")


@dataclass(frozen=True)
class Section:
    """A part of the page: heading, chart (or none) and the HTML above and below it."""

    slug: str
    heading: str
    above: str = ""
    figure: go.Figure | None = None
    below: str = ""


def write_report(warehouse: Path, folder: Path) -> Path:
    """Write the report of a built database into `folder`; returns the path of its page.

    Writes index.html, which needs no other file and no network, and the two bar charts as
    win_rate_drivers and original_recipe, each .svg and .png. The same tables give the same files.
    """
    tables = read_tables(warehouse)
    folder.mkdir(parents=True, exist_ok=True)
    drivers = charts.driver_bars(tables.drivers)
    recipe = charts.recipe_bars(tables.importance, list(tables.drivers["feature"].unique()))
    charts.write_bars(drivers, folder / "win_rate_drivers")
    charts.write_bars(recipe, folder / "original_recipe")
    sections = [
        _drivers_section(tables, drivers),
        _recipe_section(tables, recipe),
        _trend_section(tables),
        _open_deals_section(tables),
        _alerts_section(tables),
        _segments_section(tables),
    ]
    page = folder / "index.html"
    page.write_text(_page(tables, sections), encoding="utf-8", newline="\n")
    return page


def read_tables(warehouse: Path) -> Tables:
    """What the report needs from a built database."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return Tables(**{name: connection.sql(query).df() for name, query in QUERIES.items()})


# ---- the page


def _page(tables: Tables, sections: list[Section]) -> str:
    figures_js = _figures_js({part.slug: part.figure for part in sections if part.figure})
    plotly_js = get_plotlyjs()
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=PAGE_TITLE,
        font=charts.FONT,
        summary=_summary(tables),
        sections="\n".join(_section_html(section) for section in sections),
        footer="Every number is in the warehouse, with its uncertainty: schemas drivers, scores "
        "and alerts.",
        plotly_js=plotly_js,
        figures_js=figures_js,
        script_hashes=" ".join(_csp_hash(script) for script in (plotly_js, figures_js)),
    )


def _figures_js(figures: dict[str, go.Figure]) -> str:
    """The script that draws each figure in the element of its name, and narrower for paper."""
    # Plotly's JSON has no bare < or >: no text in it can end the script element.
    specs = ",".join(f'"{slug}":{figure.to_json()}' for slug, figure in figures.items())
    return (
        f"const figures = {{{specs}}};\n"
        "const config = {displayModeBar: false, responsive: true};\n"
        "for (const [slug, figure] of Object.entries(figures))\n"
        '  Plotly.newPlot(slug + "-chart", figure.data, figure.layout, config);\n'
        "const resize = (size) => Object.keys(figures).forEach(\n"
        '  (slug) => Plotly.relayout(slug + "-chart", size));\n'
        'addEventListener("beforeprint", () => resize({autosize: false, width: 680}));\n'
        'addEventListener("afterprint", () => resize({autosize: true, width: null}));\n'
    )


def _csp_hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _section_html(section: Section) -> str:
    chart = ""
    if section.figure:
        chart = (
            f'<div class="chart" id="{section.slug}-chart" role="img"'
            f' aria-label="Chart: {escape(section.heading)}"></div>'
        )
    parts = [_heading(2, section.heading), section.above, chart, section.below]
    return f'<section id="{section.slug}">\n' + "\n".join(filter(None, parts)) + "\n</section>"


def _heading(rank: int, text: str) -> str:
    return f"<h{rank}>{escape(text)}</h{rank}>"


def _paragraph(text: str, css_class: str = "") -> str:
    attribute = f' class="{css_class}"' if css_class else ""
    return f"<p{attribute}>{escape(text)}</p>"


def _guide(text: str, *swatches: tuple[tuple[str, ...], str]) -> str:
    """A line that tells how to read a chart: a sentence, then colours and what they mean."""
    keys = "".join(
        " "
        + " ".join(
            f'<span class="swatch" style="background:{colour}"></span>' for colour in colours
        )
        + f" {escape(meaning)}"
        for colours, meaning in swatches
    )
    return f'<p class="guide">{escape(text)}{keys}</p>'


def _table(columns: list[str], rows: list[list[str]], numbers: set[str], caption: str = "") -> str:
    """Rows of plain text as an HTML table; the columns in `numbers` are set flush right."""
    kinds = [' class="number"' if name in numbers else "" for name in columns]

    def cells(tag: str, texts: list[str]) -> str:
        return "".join(
            f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True)
        )

    return (
        '<div class="table"><table>'
        + (f"<caption>{escape(caption)}</caption>" if caption else "")
        + f"<thead><tr>{cells('th', columns)}</tr></thead><tbody>"
        + "".join(f"<tr>{cells('td', row)}</tr>\n" for row in rows)
        + "</tbody></table></div>"
    )


# ---- the parts


def _summary(tables: Tables) -> str:
    totals = tables.totals.iloc[0]
    statements = [
        known(statement, str)
        for table in (tables.verdict, tables.change)
        for statement in table["statement"].head(1)
    ]
    if tables.change.empty:
        statements.append("There are not enough complete quarters to say whether it changed.")
    n_alerts = tables.alert_counts.set_index("severity")["n_alerts"]
    alerts = " · ".join(
        f"{wording.count(n_alerts[severity])} {known(severity, str)}"
        for severity in _by_severity(n_alerts.index)
    )
    figures = {
        "Closed deals": wording.count(totals["n_closed"]),
        "Won": wording.count(totals["n_won"]),
        "Win rate": known(tables.win_rate, wording.percent),
        "Open deals": wording.count(totals["n_open"]),
        "Open amount": known(totals["open_amount"], wording.count),
        "Alerts today": alerts or "none",
    }
    as_of = known(totals["as_of_date"], lambda date: f"{date:%Y-%m-%d}")
    return "\n".join(
        [
            _paragraph(f"As of {as_of}", "as-of"),
            f'<div class="verdict">{"".join(map(_paragraph, statements))}</div>',
            '<dl class="figures">',
            *(
                f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}</dd></div>"
                for name, figure in figures.items()
            ),
            "</dl>",
        ]
    )


def _drivers_section(tables: Tables, bars: charts.Bars) -> Section:
    part = {"slug": "drivers", "heading": "What moves the win rate"}
    if bars.rows.empty:
        return Section(**part, below=_paragraph(bars.nothing))
    notes = []
    if not tables.drivers["evidence"].isin(["helps", "hurts"]).any():
        notes.append(_paragraph("Every bar is pale: none of them can be told from chance."))
    guide = _guide(
        "A bar says how many points the win rate of the average deal would move if it had this "
        "level and kept all else; the line is the 95 % interval.",
        ((charts.HELPS,), "helps,"),
        ((charts.HURTS,), "hurts,"),
        ((charts.PALE_HELPS, charts.PALE_HURTS), "cannot be told from chance, or too few deals."),
    )
    without = tables.drivers[tables.drivers["effect_pp"].isna()]
    if len(without):
        notes.append(_paragraph(f"{_names(without)}: no estimate, so no bar.", "guide"))
    return Section(**part, figure=charts.bar_figure(bars), below="\n".join([guide, *notes]))


def _names(levels: pd.DataFrame, limit: int = 5) -> str:
    names = [charts.level_label(row.feature, row.level) for row in levels.itertuples()]
    more = f" and {wording.count(len(names) - limit)} more levels" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _recipe_section(tables: Tables, bars: charts.Bars) -> Section:
    part = {"slug": "recipe", "heading": "The original recipe: coefficients"}
    if bars.rows.empty:
        return Section(**part, below=_paragraph(bars.nothing))
    above = [
        _paragraph(
            "Read these with caution: they carry no uncertainty, so a bar that chance drew looks "
            "like one that means something."
        )
    ]
    if tables.verdict_name == "no signal":
        above.append(
            _paragraph(
                f"Nothing is there, and yet they look like drivers: any {len(bars.rows)} "
                "coefficients fitted to chance come out positive or negative, and sorting them "
                "makes a picture. The solver also stops before it converges, because the numeric "
                "columns are not scaled."
            )
        )
    guide = _guide(
        "A bar is a coefficient in log-odds, without a reference level; it is not in points of "
        "win rate.",
        ((charts.HELPS,), "positive,"),
        ((charts.HURTS,), "negative."),
    )
    return Section(**part, above="\n".join(above), figure=charts.bar_figure(bars), below=guide)


def _trend_section(tables: Tables) -> Section:
    part = {"slug": "trend", "heading": "Win rate by quarter of closing"}
    if tables.trend.empty:
        return Section(**part, below=_paragraph("No deal has closed yet, so there is no trend."))
    guide = _guide(
        "The line at a point is its 95 % interval. A point inside the grey band is within what "
        "chance alone does around the overall win rate, though several together can show what none "
        "shows alone. A hollow point is of a quarter that the data do not cover in full."
    )
    return Section(**part, figure=charts.trend_figure(tables.trend, tables.win_rate), below=guide)


def _open_deals_section(tables: Tables) -> Section:
    part = {"slug": "open-deals", "heading": "Open deals by score"}
    n_open = tables.totals["n_open"].iloc[0]
    if not n_open:
        return Section(**part, below=_paragraph("There are no open deals in the data."))
    if tables.score_bins.empty:
        reason = {
            "no signal": "nothing in the data tells won deals from lost ones",
            "too few deals": "there are too few won or lost deals to learn from",
        }.get(tables.verdict_name, "none of them could be scored")
        return Section(
            **part,
            below=_paragraph(
                f"None of the {wording.count(n_open)} open deals has a grade, because {reason}."
            ),
        )
    return Section(
        **part,
        figure=charts.open_deals_figure(tables.score_bins),
        below=_grade_table(tables.score_bins) + "\n" + _deal_table(tables.top_deals),
    )


def _grade_table(score_bins: pd.DataFrame) -> str:
    grades = score_bins.groupby("grade")[["n_deals", "open_amount", "expected_amount"]].sum()
    rows = [
        [
            str(row.Index),
            wording.count(row.n_deals),
            wording.count(row.open_amount),
            wording.count(row.expected_amount),
        ]
        for row in grades.itertuples()
    ]
    columns = ["Grade", "Open deals", "Amount", "Expected amount"]
    caption = (
        "Grades are quarters of what closed deals scored before their outcome was known: A is the "
        "likeliest. The expected amount is win probability times amount."
    )
    return _table(columns, rows, set(columns[1:]), caption)


def _deal_table(deals: pd.DataFrame) -> str:
    rows = [
        [
            known(row.deal_id, str),
            known(row.deal_stage, str),
            known(row.deal_amount, wording.count),
            known(row.win_probability, wording.percent),
            f"{known(row.win_probability_low, wording.percent)} to "
            f"{known(row.win_probability_high, wording.percent)}",
            known(row.grade, str),
            "; ".join(
                str(reason)
                for reason in (row.top_reason_1, row.top_reason_2, row.top_reason_3)
                if not pd.isna(reason)
            ),
        ]
        for row in deals.itertuples()
    ]
    columns = ["Deal", "Stage", "Amount", "Win probability", "95 % interval", "Grade", "Reasons"]
    caption = (
        "The open deals with the highest expected amount, with what each feature adds to or takes "
        "from the win probability; the rest is in scores.scored_deals."
    )
    return _table(columns, rows, {"Amount", "Win probability", "95 % interval"}, caption)


def _alerts_section(tables: Tables) -> Section:
    part = {"slug": "alerts", "heading": "Alerts of today"}
    if tables.alerts.empty:
        return Section(**part, below=_paragraph("No alert holds today."))
    by_severity = dict(tuple(tables.alerts.groupby("severity", dropna=False)))
    groups = [
        _alert_group(severity, rows)
        for severity in _by_severity(by_severity)
        for _, rows in by_severity[severity].groupby(
            ["condition", "recommended_action"], dropna=False
        )
    ]
    return Section(**part, below="\n".join(groups))


def _alert_group(severity: str, alerts: pd.DataFrame) -> str:
    """The alerts of one condition that call for one action."""
    first = alerts.iloc[0]
    n_alerts = int(first["n_alerts"])
    css_class = severity if severity in SEVERITIES else "info"
    rows = [
        [known(row.message, str), known(row.owner, str), known(row.amount_at_stake, wording.count)]
        for row in alerts.itertuples()
    ]
    condition = known(first["condition"], str)
    title = f"{wording.feature_title(condition)} ({wording.count(n_alerts)})"
    parts = [
        f'<h3><span class="{css_class}">{escape(known(severity, str))}</span> {escape(title)}</h3>',
        _paragraph(f"Recommended action: {known(first['recommended_action'], str)}"),
        _table(["Message", "Owner", "Amount at stake"], rows, {"Amount at stake"}),
    ]
    if n_alerts > len(rows):
        more = wording.count(n_alerts - len(rows))
        parts.append(_paragraph(f"and {more} more in alerts.alert_{condition}", "guide"))
    return "\n".join(parts)


def _by_severity(severities) -> list[str]:
    """The most severe first; what is none of `SEVERITIES`, last."""
    ranks = {name: rank for rank, name in enumerate(SEVERITIES)}
    return sorted(severities, key=lambda name: (ranks.get(name, len(ranks)), str(name)))


def _segments_section(tables: Tables) -> Section:
    part = {"slug": "segments", "heading": "What changed by segment"}
    if tables.change.empty:
        sentence = "There are not enough complete quarters to compare."
        return Section(**part, below=_paragraph(sentence))
    if tables.segments.empty:
        sentence = (
            "No segment's change between the last two quarters and the two before can be told "
            "from chance."
        )
        return Section(**part, below=_paragraph(sentence))
    rows = [
        [
            charts.level_label(row.feature, row.level),
            known(row.evidence, str),
            _before_after(row.win_rate_before, row.win_rate_after),
            _before_after(row.share_before, row.share_after),
            known(row.rate_effect_pp, "{:+z.1f}".format),
            f"{known(row.rate_effect_pp_low, '{:+z.1f}'.format)} to "
            f"{known(row.rate_effect_pp_high, '{:+z.1f}'.format)}",
            known(row.mix_effect_pp, "{:+z.1f}".format),
        ]
        for row in tables.segments.itertuples()
    ]
    columns = ["Segment", "Evidence", "Win rate", "Share of deals"]
    columns += ["Rate effect", "95 % interval", "Mix effect"]
    guide = _guide(
        "The last two quarters against the two before. Effects are in points of the overall win "
        "rate: the rate effect is what the segment gained or lost by its own win rate, the mix "
        "effect what its changed share of deals did. Segments that are not listed cannot be told "
        "from chance."
    )
    return Section(**part, below=_table(columns, rows, set(columns[2:])) + "\n" + guide)


def _before_after(before: float, after: float) -> str:
    return f"{known(before, wording.percent)} → {known(after, wording.percent)}"
