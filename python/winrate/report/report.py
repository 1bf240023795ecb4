"""The report: one page that says what a sales leader needs on a Monday, and two chart files.

Text from the data reaches the page only through `_paragraph`, `_list`, `_table` and `_heading`,
which escape it (`_text`), and through `charts`, which escapes what Plotly would read as markup.
"""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs
from scipy import stats

from winrate import database, wording
from winrate.build.summary import SEVERITIES
from winrate.report import charts
from winrate.report.charts import known
from winrate.statistics.change_model import BASELINE

PAGE_TITLE = "Win rate report"
COMPARISON = "last two quarters"
MAX_ROWS = 15  # of a list of deals, alerts or data checks; the tables have the rest
MAX_NAMES = 3  # of segments in the headline
MAX_P_VALUE = 0.05
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
    "verdict": "select verdict, minimum_deals, statement from drivers.model_verdict",
    "changes": f"""
        select * from drivers.win_rate_change
        order by comparison <> '{COMPARISON}', comparison, basis
    """,
    "change_parts": f"""
        select * from drivers.win_rate_change_model
        where comparison = '{COMPARISON}'
        order by feature = '{BASELINE}', abs(total_pp) desc nulls last, feature
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
    "reps": "select * from drivers.rep_performance order by n_deals, sales_rep_id",
    "pipeline_health": "select statement from drivers.pipeline_health",
    "data_checks": """
        select message from quality.data_checks order by check_name, feature, level, message
    """,
    "row_ledger": "select * from quality.row_ledger order by source_file",
    "build_info": "select * from quality.build_info",
}


@dataclass(frozen=True)
class Tables:
    """What the report draws and says, one table per query of `QUERIES`."""

    totals: pd.DataFrame
    verdict: pd.DataFrame
    changes: pd.DataFrame
    change_parts: pd.DataFrame
    drivers: pd.DataFrame
    importance: pd.DataFrame
    trend: pd.DataFrame
    score_bins: pd.DataFrame
    top_deals: pd.DataFrame
    alert_counts: pd.DataFrame
    alerts: pd.DataFrame
    segments: pd.DataFrame
    reps: pd.DataFrame
    pipeline_health: pd.DataFrame
    data_checks: pd.DataFrame
    row_ledger: pd.DataFrame
    build_info: pd.DataFrame

    @property
    def verdict_name(self) -> str:
        """'signal', 'no signal' or 'too few deals'."""
        return self.verdict["verdict"].iloc[0] if len(self.verdict) else "too few deals"

    @property
    def change(self) -> pd.DataFrame:
        """The change that the page is about, by close date: one row, or none."""
        is_it = (self.changes["comparison"] == COMPARISON) & (self.changes["basis"] == "closed")
        return self.changes[is_it].head(1)

    @property
    def change_verdict(self) -> str | None:
        """'declined', 'improved', 'no detectable change' or 'too few deals'; None: no windows."""
        verdicts = self.change["verdict"].fillna("too few deals")
        return None if verdicts.empty else verdicts.iloc[0]

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
        _trend_section(tables),
        _why_section(tables),
        _drivers_section(tables, drivers),
        _recipe_section(tables, recipe),
        _reps_section(tables),
        _open_deals_section(tables),
        _alerts_section(tables),
    ]
    if len(tables.data_checks):
        sections.append(_checks_section(tables))
    page = folder / "index.html"
    page.write_text(_page(tables, sections), encoding="utf-8", newline="\n")
    return page


def read_tables(warehouse: Path) -> Tables:
    """What the report needs from a built database."""
    with database.open_readonly(warehouse) as connection:
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
        footer=_footer(tables),
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
    return f"<h{rank}>{_text(text)}</h{rank}>"


def _text(text: str) -> str:
    """Plain text as HTML."""
    return escape(wording.printable(text))


def _paragraph(text: str, css_class: str = "") -> str:
    attribute = f' class="{css_class}"' if css_class else ""
    return f"<p{attribute}>{_text(text)}</p>"


def _list(texts: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(text)}</li>" for text in texts) + "</ul>"


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
    return f'<p class="guide">{_text(text)}{keys}</p>'


def _table(columns: list[str], rows: list[list[str]], numbers: set[str], caption: str = "") -> str:
    """Rows of plain text as an HTML table; the columns in `numbers` are set flush right."""
    kinds = [' class="number"' if name in numbers else "" for name in columns]

    def cells(tag: str, texts: list[str]) -> str:
        return "".join(
            f"<{tag}{kind}>{_text(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True)
        )

    return (
        '<div class="table"><table>'
        + (f"<caption>{escape(caption)}</caption>" if caption else "")
        + f"<thead><tr>{cells('th', columns)}</tr></thead><tbody>"
        + "".join(f"<tr>{cells('td', row)}</tr>\n" for row in rows)
        + "</tbody></table></div>"
    )


# ---- the headline


def headline(tables: Tables) -> str:
    """What happened to the win rate and what accounts for it, in one sentence."""
    n_closed = wording.count(tables.totals["n_closed"].iloc[0])
    cannot_tell = f"these {n_closed} closed deals do not tell won from lost"
    if tables.change_verdict in ("declined", "improved"):
        return f"{_what_happened(tables)}{_what_accounts_for_it(tables, cannot_tell)}."
    change = _no_change(tables)
    if tables.verdict_name == "no signal":
        return f"Nothing here to act on: {cannot_tell}, and {change}."
    if tables.verdict_name != "signal":
        return (
            "Too few won or lost deals to act on yet: what moves the win rate cannot be told, and "
            f"{change}."
        )
    moved = [
        f"{_and(names)} {evidence}"
        for evidence in ("got worse", "got better")
        if (names := _segments_that(evidence, tables))
    ]
    but = f", but {' and '.join(moved)}" if moved else ""
    return f"{change[0].upper()}{change[1:]}{but}."


def _what_happened(tables: Tables) -> str:
    change = tables.change.iloc[0]
    verb = "fell" if change["verdict"] == "declined" else "rose"
    return (
        f"Win rate {verb} {known(change['change_pp'], wording.points)} in the last two quarters "
        f"({_rates(tables)}), more than chance does"
    )


def _rates(tables: Tables) -> str:
    change = tables.change.iloc[0]
    return " to ".join(
        known(change[f"win_rate_{window}"], wording.percent) for window in ("before", "after")
    )


def _no_change(tables: Tables) -> str:
    """The clause that says that there is no change to tell, or why it cannot be told."""
    if tables.change_verdict != "no detectable change":
        few = "complete quarters" if tables.change_verdict is None else "recent deals"
        return f"there are too few {few} to say whether the win rate changed"
    # Two windows that alone would stand out do not among so many.
    is_one_of_many = tables.change["p_value"].iloc[0] < MAX_P_VALUE
    within = "no more than chance does among so many" if is_one_of_many else "within chance"
    return f"the change of the win rate in the last two quarters ({_rates(tables)}) is {within}"


def _what_accounts_for_it(tables: Tables, cannot_tell: str) -> str:
    """The rest of the sentence 'Win rate fell ..., more than chance does'."""
    declined = tables.change_verdict == "declined"
    evidence = "got worse" if declined else "got better"
    names = _segments_that(evidence, tables)
    if names:
        return f"; {_and(names)} {'is' if len(names) == 1 else 'are'} where it {evidence}"
    parts = tables.change_parts
    if ((parts["feature"] == BASELINE) & (parts["evidence"] == evidence)).any():
        return f"; deals of all kinds are won {'less' if declined else 'more'} often"
    if tables.verdict_name == "no signal":
        return f", but {cannot_tell}, so no cause can be named"
    return "; no single segment can be told to account for it"


def _segments_that(evidence: str, tables: Tables) -> list[str]:
    """The segments that got worse or better, as in 'region APAC', the strongest evidence first.

    A segment may only share its deals with the one at fault: where all features at once single
    out some, their segments are meant.
    """
    rows = tables.segments[tables.segments["evidence"] == evidence]
    parts = tables.change_parts
    singled_out = rows["feature"].isin(parts.loc[parts["evidence"] == evidence, "feature"])
    if singled_out.any():
        rows = rows[singled_out]
    return [
        f"{wording.feature_title(charts.label(row.feature)).lower()} {charts.label(row.level)}"
        for row in rows.itertuples()
    ]


def _and(names: list[str]) -> str:
    if len(names) > MAX_NAMES:
        names = [*names[:MAX_NAMES], f"{wording.count(len(names) - MAX_NAMES)} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _needed(tables: Tables) -> list[str]:
    """The sentence on what it would take to tell won from lost; none where that can be told."""
    if tables.verdict_name != "no signal":
        return []
    n_closed = tables.totals["n_closed"].iloc[0]
    clauses = []
    for minimum in tables.verdict["minimum_deals"].dropna():
        few_or_enough = (
            "so more deals of this kind will hardly help, but other features might"
            if n_closed >= minimum
            else "so wait for more deals before looking for drivers"
        )
        clauses.append(
            f"a model with these features needs {wording.count(minimum)} closed deals to find a "
            f"signal of usual strength, and there are {wording.count(n_closed)}, {few_or_enough}"
        )
    for detectable in tables.change["detectable_pp"].dropna():
        clauses.append(
            "the smallest drop that the deals of the last two quarters and the two before would "
            f"usually show is {wording.points(detectable)}"
        )
    return [f"What it would take: {'; '.join(clauses)}."] if clauses else []


# ---- the parts


def _summary(tables: Tables) -> str:
    totals = tables.totals.iloc[0]
    statements = [
        known(statement, str)
        for table in (tables.verdict, tables.change)
        for statement in table["statement"].head(1)
    ]
    statements += _needed(tables)
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
            '<div class="verdict">',
            _paragraph(headline(tables), "headline"),
            *map(_paragraph, statements),
            "</div>",
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
        "level and kept all else; the line is the 95% interval.",
        ((charts.HELPS,), "helps,"),
        ((charts.HURTS,), "hurts,"),
        ((charts.PALE_HELPS, charts.PALE_HURTS), "cannot be told from chance, or too few deals."),
    )
    at_close = tables.drivers.loc[tables.drivers["known_at"] == "close", "feature"].unique()
    if len(at_close):
        names = _and([wording.feature_title(charts.label(name)) for name in at_close])
        notes.append(
            _paragraph(
                f"{names} (known at close): known only when a deal is over, they describe how "
                "deals ended; they are not levers.",
                "guide",
            )
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
    part = {"slug": "trend", "heading": "What changed"}
    comparisons = _comparison_table(tables.changes)
    if tables.trend.empty:
        nothing = _paragraph("No deal has closed yet, so there is no trend.")
        return Section(**part, below=f"{nothing}\n{comparisons}")
    guide = _guide(
        "The line at a point is its 95% interval. A point inside the grey band is within what "
        "chance alone does around the overall win rate, though several together can show what none "
        "shows alone. A hollow point is of a quarter that the data do not cover in full."
    )
    return Section(
        **part,
        above=_heading(3, "Win rate by quarter of closing"),
        figure=charts.trend_figure(tables.trend, tables.win_rate),
        below=f"{guide}\n{comparisons}",
    )


def _comparison_table(changes: pd.DataFrame) -> str:
    if changes.empty:
        return _paragraph("There are not enough complete quarters to compare.")
    rows = [
        [
            wording.feature_title(known(row.comparison, str)),
            known(row.basis, str),
            _window(row.win_rate_before, row.n_before, row.before_start, row.before_end),
            _window(row.win_rate_after, row.n_after, row.after_start, row.after_end),
            known(row.change_pp, "{:+z.1f}".format),
            _span(row.change_pp_low, row.change_pp_high),
            known(row.detectable_pp, "{:.1f}".format),
            known(row.verdict, str),
        ]
        for row in changes.itertuples()
    ]
    columns = ["Comparison", "Deals", "Before", "After"]
    columns += ["Change", "95% interval", "A drop shows from", "Verdict"]
    caption = (
        "Whole quarters against whole quarters, in points of win rate. The verdict allows for the "
        "number of comparisons; a drop smaller than the one given would hardly show."
    )
    return _table(columns, rows, set(columns[4:7]), caption)


def _window(win_rate: float, n_deals: float, start: pd.Timestamp, end: pd.Timestamp) -> str:
    """'2025 Q3 to 2025 Q4: 45.9% of 1,398'."""
    quarters = [charts.quarter_name(day) for day in (start, end) if not pd.isna(day)]
    named = f"{' to '.join(dict.fromkeys(quarters))}: " if quarters else ""
    return f"{named}{known(win_rate, wording.percent)} of {known(n_deals, wording.count)}"


def _span(low: float, high: float) -> str:
    return f"{known(low, '{:+z.1f}'.format)} to {known(high, '{:+z.1f}'.format)}"


def _why_section(tables: Tables) -> Section:
    part = {"slug": "why", "heading": "Why"}
    segments = _segments(tables)
    if tables.change.empty:
        return Section(**part, below=segments)
    steps = charts.waterfall_steps(tables.change_parts, tables.change.iloc[0])
    if steps.empty:
        sentence = "Too few deals to split the change of the win rate by feature."
        return Section(**part, below=f"{_paragraph(sentence)}\n{segments}")
    guide = _guide(
        "From the win rate before to the win rate after, by all features at once; the axis does "
        "not start at zero. A mix step is what more or fewer deals of a feature's levels did, a "
        "rate step what winning some of them more or less often did, other features being equal; "
        "what all deals share stands last. The intervals are in the hover text.",
        ((charts.HELPS,), "raised,"),
        ((charts.HURTS,), "lowered,"),
        ((charts.PALE_HELPS, charts.PALE_HURTS), "cannot be told from chance."),
    )
    notes = []
    if not steps["is_strong"].any():
        notes.append(_paragraph("Every step is pale: none of them can be told from chance."))
    return Section(
        **part,
        above=_heading(3, "The change in steps: the last two quarters against the two before"),
        figure=charts.waterfall_figure(steps),
        below="\n".join([guide, *notes, segments]),
    )


def _segments(tables: Tables) -> str:
    """The table of the segments that got worse or better, or the sentence that there are none."""
    if tables.change.empty:
        return _paragraph("There are not enough complete quarters to compare.")
    if tables.segments.empty:
        return _paragraph(
            "No segment's change between the last two quarters and the two before can be told "
            "from chance."
        )
    rows = [
        [
            charts.level_label(row.feature, row.level),
            known(row.evidence, str),
            _before_after(row.win_rate_before, row.win_rate_after),
            _before_after(row.share_before, row.share_after),
            known(row.rate_effect_pp, "{:+z.1f}".format),
            _span(row.rate_effect_pp_low, row.rate_effect_pp_high),
            known(row.mix_effect_pp, "{:+z.1f}".format),
        ]
        for row in tables.segments.itertuples()
    ]
    columns = ["Segment", "Evidence", "Win rate", "Share of deals"]
    columns += ["Rate effect", "95% interval", "Mix effect"]
    guide = _guide(
        "The last two quarters against the two before, one feature at a time. Effects are in "
        "points of the overall win rate: the rate effect is what the segment gained or lost by its "
        "own win rate, the mix effect what its changed share of deals did. Segments that are not "
        "listed cannot be told from chance."
    )
    heading = _heading(3, "Segments that got worse or better")
    return "\n".join([heading, _table(columns, rows, set(columns[2:])), guide])


def _before_after(before: float, after: float) -> str:
    return f"{known(before, wording.percent)} → {known(after, wording.percent)}"


def _reps_section(tables: Tables) -> Section:
    part = {"slug": "reps", "heading": "Reps"}
    reps = tables.reps[tables.reps["win_rate"].notna() & (tables.reps["n_deals"] > 0)]
    if reps.empty:
        return Section(**part, below=_paragraph("No rep has closed a deal yet."))
    guide = _guide(
        "A point is a rep. By chance alone, 95% of equally good reps lie between the dashed "
        "curves and 99.8% between the dotted ones; with many reps, some lie outside by chance.",
        ((charts.HELPS,), "wins more than the others,"),
        ((charts.HURTS,), "wins less,"),
        ((charts.NEUTRAL,), "cannot be told from chance, or too few deals."),
    )
    return Section(
        **part,
        above=_paragraph(_spread_of_reps(reps)),
        figure=charts.funnel_figure(reps),
        below=guide,
    )


def _spread_of_reps(reps: pd.DataFrame) -> str:
    """Whether the reps differ by more than chance, in a sentence."""
    between, chance = reps[["between_rep_sd", "chance_sd"]].iloc[0]
    if pd.isna(between) or pd.isna(chance) or chance <= 0 or len(reps) < 2:
        return "There are too few reps with closed deals to compare them."
    # Pearson's chi-squared of equal win rates, which the two deviations contain.
    degrees = len(reps) - 1
    p_value = float(stats.chi2.sf(degrees * (between / chance) ** 2, degrees))
    n_apart = int(reps["evidence"].isin(["above", "below"]).sum())
    apart = "1 rep stands out" if n_apart == 1 else f"{wording.count(n_apart)} reps stand out"
    spread = (
        f"The win rates of the {wording.count(len(reps))} reps have a standard deviation of "
        f"{wording.points(100 * between)}, where chance alone would give "
        f"{wording.points(100 * chance)}"
    )
    if p_value < MAX_P_VALUE:
        rest = apart if n_apart else "no rep stands out alone"
        return f"{spread}: more than chance does ({wording.p_value(p_value)}); {rest}."
    rest = f", but {apart}" if n_apart else ", so a ranking of reps would mostly rank luck"
    return f"{spread}: no more than chance does ({wording.p_value(p_value)}){rest}."


def _open_deals_section(tables: Tables) -> Section:
    part = {"slug": "open-deals", "heading": "Open deals by score"}
    n_open = tables.totals["n_open"].iloc[0]
    health = "\n".join(map(_paragraph, tables.pipeline_health["statement"].dropna()))
    if not n_open:
        nothing = _paragraph("There are no open deals in the data.")
        return Section(**part, below=health or nothing)
    if tables.score_bins.empty:
        reason = {
            "no signal": "nothing in the data tells won deals from lost ones",
            "too few deals": "there are too few won or lost deals to learn from",
        }.get(tables.verdict_name, "none of them could be scored")
        return Section(
            **part,
            above=health,
            below=_paragraph(
                f"None of the {wording.count(n_open)} open deals has a grade, because {reason}."
            ),
        )
    return Section(
        **part,
        above=health,
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
    columns = ["Deal", "Stage", "Amount", "Win probability", "95% interval", "Grade", "Reasons"]
    caption = (
        "The open deals with the highest expected amount, with what each feature adds to or takes "
        "from the win probability; the rest is in scores.scored_deals."
    )
    return _table(columns, rows, {"Amount", "Win probability", "95% interval"}, caption)


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


def _checks_section(tables: Tables) -> Section:
    messages = [known(message, str) for message in tables.data_checks["message"]]
    parts = [_list(messages[:MAX_ROWS])]
    if len(messages) > MAX_ROWS:
        more = wording.count(len(messages) - MAX_ROWS)
        parts.append(_paragraph(f"and {more} more in quality.data_checks", "guide"))
    return Section(slug="checks", heading="Read with care", below="\n".join(parts))


def _footer(tables: Tables) -> str:
    rows = [
        f"{known(row.source_file, str)}: {known(row.n_read, wording.count)} rows read, "
        f"{known(row.n_accepted, wording.count)} accepted, "
        f"{known(row.n_rejected, wording.count)} rejected (quality.rejected_deals), "
        f"{known(row.n_skipped, wording.count)} skipped as declared."
        for row in tables.row_ledger.itertuples()
    ]
    source = (
        "Every number is in the warehouse, with its uncertainty: schemas drivers, scores, alerts "
        "and quality."
    )
    runs = [
        f"Built at {run.built_at} by Winrate {run.winrate_version} (run {run.run_id}), as of "
        f"{known(run.as_of_date, '{:%Y-%m-%d}'.format)}, from a file whose SHA-256 starts with "
        f"{run.input_sha256[:12]}; the other versions are in quality.build_info."
        for run in tables.build_info.itertuples()
    ]
    return "\n".join(map(_paragraph, [*rows, source, *runs]))
