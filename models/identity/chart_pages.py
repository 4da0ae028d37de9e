"""The model and what it did as charts: pages that need nothing else, each with a small picture. No value of any record.

Belongs here: what each chart shows and how it is drawn. The weights' page is Splink's (linkage makes it).
Does not belong here: where charts are kept and shown (pipelines).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import numpy as np
import polars as pl
from splink.internals.charts import MatchWeightsHistogramChart, UnlinkablesChart
from splink.internals.html_utils import chart_html

from models.identity import linkage
from models.identity.linkage import MATCH, RANDOM, Parameters
from models.identity.settings import Comparison, RecordKind

# Records that are compared with themselves; all of a small retailer's.
UNLINKABLES_SAMPLE = 20_000
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
LARGEST_SIZE_SHOWN = 12
WIDTH, LABEL_WIDTH, ROW_HEIGHT, TOP = 560, 170, 20, 40
COLOUR, TEXT_COLOUR = "#2a7f62", "#1a202c"


@dataclass(frozen=True)
class Chart:
    """`page`: a whole HTML page. `picture`: an SVG of the same figures in few bars."""

    title: str
    page: str
    picture: str


def draw(
    con: duckdb.DuckDBPyConnection,
    kind: RecordKind,
    table: str,
    parameters: Parameters,
    weights_page: str,
    links: pl.DataFrame,
    sizes: pl.DataFrame,
) -> dict[str, Chart]:
    """The charts of one kind of record by name.

    `table`: its normalised records. `links`: match_weight, match_probability and how many links have them. `sizes`: how
    many customers have how many records.
    """
    return {
        "match_weights": _match_weights(kind, parameters, weights_page),
        "thresholds": _thresholds(links),
        "unlinkables": _unlinkables(con, kind, table, parameters),
        "cluster_sizes": _cluster_sizes(sizes),
    }


def _match_weights(kind: RecordKind, parameters: Parameters, page: str) -> Chart:
    """The picture has what each comparison says for a match at the most."""
    bars = []
    for comparison in kind.comparisons:
        table = np.maximum(parameters.levels[comparison.name], linkage.LEAST_PROBABILITY)
        bits = float(np.log2(table[:, MATCH] / table[:, RANDOM]).max())
        bars.append((comparison.name.replace("_", " "), bits, f"{bits:+.1f} bits"))
    title = "Bits for a match when a comparison agrees best"
    return Chart(title, page, _picture(title, bars))


def _thresholds(links: pl.DataFrame) -> Chart:
    """How many links each threshold would keep, and how many of those the model expects to be right."""
    kept = [links.filter(pl.col("match_probability") >= threshold) for threshold in THRESHOLDS]
    rows = [
        {"threshold": threshold, "links": int(above["links"].sum()), "expected_precision": round(_mean(above), 4)}
        for threshold, above in zip(THRESHOLDS, kept, strict=True)
        if not above.is_empty()
    ]
    title = "Links kept by threshold, and their expected precision"
    x = {"field": "threshold", "type": "quantitative", "title": "links from this probability on"}
    tooltip = [{"field": name, "type": "quantitative"} for name in ("threshold", "links", "expected_precision")]
    lines = {
        "title": title,
        "data": {"values": rows},
        "hconcat": [
            {
                "mark": {"type": "line", "point": True, "color": COLOUR},
                "encoding": {
                    "x": x,
                    "y": {"field": name, "type": "quantitative", "scale": {"zero": False}},
                    "tooltip": tooltip,
                },
            }
            for name in ("links", "expected_precision")
        ],
    }
    bins = links.group_by(pl.col("match_weight").floor().alias("low")).agg(pl.col("links").sum()).sort("low").rows()
    histogram = MatchWeightsHistogramChart(
        [
            {"splink_score_bin_low": low, "splink_score_bin_high": low + 1, "binwidth": 1, "count_rows": count}
            for low, count in bins
        ]
    ).chart_dict
    bars = [
        (f"from {row['threshold']}", row["links"], f"{row['links']:,} links, {row['expected_precision']:.1%} right")
        for row in rows
    ]
    return Chart(title, _page({"vconcat": [lines, _nested(histogram)]}), _picture(title, bars))


def _mean(links: pl.DataFrame) -> float:
    return float(links.select((pl.col("match_probability") * pl.col("links")).sum() / pl.col("links").sum()).item())


def _unlinkables(con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, parameters: Parameters) -> Chart:
    """Records that say too little to be known again: compared with themselves they stay below a threshold."""
    found = self_probabilities(con, kind, table, parameters).with_columns(
        pl.col("record_count").cum_sum().alias("below")
    )
    total = int(found["record_count"].sum())
    records = [
        {
            "match_weight": round(row["match_weight"], 2), "match_probability": row["match_probability"],
            "prop": row["record_count"] / total, "cum_prop": row["below"] / total,
        }
        for row in found.iter_rows(named=True)
        if row["match_probability"] < 1
    ]  # fmt: skip
    page = _page(UnlinkablesChart(records).chart_dict)
    bars = []
    for threshold in (0.5, 0.9, 0.95, 0.99):
        below = int(found.filter(pl.col("match_probability") < threshold)["record_count"].sum())
        share = below / max(total, 1)
        bars.append((f"below {threshold}", share, f"{share:.1%} of records"))
    title = "Records that, compared with themselves, stay below a probability"
    return Chart(title, page, _picture(title, bars))


def self_probabilities(
    con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, parameters: Parameters
) -> pl.DataFrame:
    """Probability of a match of records with themselves, and how many have it, the lowest first; of a sample."""
    names = [name for name, *_ in con.sql(f"describe {table}").fetchall()]
    both = ", ".join(f"{name} as {name}_{side}" for name in names for side in "lr")
    gammas = [f"{_outcome(comparison)} as gamma_{comparison.name}" for comparison in kind.comparisons]
    patterns = con.sql(
        f"""
        with sampled as (
            select * from {table} order by hash(record_no), record_no limit {UNLINKABLES_SAMPLE}
        ), pair as (
            select {both} from sampled
        )
        select {", ".join(gammas)}, count(*) as record_count from pair group by all order by all
        """
    ).pl()
    scored = linkage.score(kind, parameters, patterns)
    return (
        scored.group_by("match_probability")
        .agg(pl.col("record_count").sum(), pl.col("match_weight").max())
        .sort("match_probability")
    )


def _outcome(comparison: Comparison) -> str:
    """A comparison's vector value as SQL, as Splink counts it."""
    levels = comparison.levels
    cases = " ".join(f"when {level.condition} then {len(levels) - 1 - at}" for at, level in enumerate(levels[:-1]))
    return f"(case when {comparison.null_condition} then -1 {cases} else 0 end)::tinyint"


def _cluster_sizes(sizes: pl.DataFrame) -> Chart:
    counts = sizes.select("records", "customers").sort("records").rows()
    title = "Customers by how many records they have"
    values = [{"records": size, "customers": count} for size, count in counts]
    spec = {
        "title": title,
        "data": {"values": values},
        "mark": {"type": "bar", "color": COLOUR},
        "encoding": {
            "x": {"field": "records", "type": "ordinal", "title": "records"},
            "y": {"field": "customers", "type": "quantitative", "title": "customers", "scale": {"type": "symlog"}},
            "tooltip": [{"field": name, "type": "quantitative"} for name in ("records", "customers")],
        },
    }
    bars = [(f"{size} record{'s' * (size > 1)}", count, f"{count:,}") for size, count in counts[:LARGEST_SIZE_SHOWN]]
    if rest := counts[LARGEST_SIZE_SHOWN:]:
        more = sum(count for _, count in rest)
        bars.append((f"{rest[0][0]} to {rest[-1][0]} records", more, f"{more:,}"))
    return Chart(title, _page(spec), _picture(title, bars))


def _nested(spec: dict[str, Any]) -> dict[str, Any]:
    """Without what only the outermost of several charts may say."""
    return {name: value for name, value in spec.items() if name not in {"$schema", "config"}}


def _page(spec: dict[str, Any]) -> str:
    """Splink's page with its own copies of the drawing libraries; the same figures give the same page."""
    return re.sub(r"splink-chart-[0-9a-f]{32}", "chart", chart_html(spec, inline=True, fullhtml=True))


def _picture(title: str, bars: Sequence[tuple[str, float, str]]) -> str:
    """Bars with a label in front and a text behind; lengths are by value, the longest fills the width."""
    room = WIDTH - LABEL_WIDTH - 190
    longest = max((value for _, value, _ in bars), default=0) or 1
    rows = []
    for at, (label, value, text) in enumerate(bars):
        y, length = TOP + at * ROW_HEIGHT, max(value, 0) / longest * room
        rows.append(
            f'<text x="8" y="{y + 13}">{escape(label)}</text>'
            f'<rect x="{LABEL_WIDTH}" y="{y + 2}" width="{max(length, 1):.1f}" height="14" fill="{COLOUR}"/>'
            f'<text x="{LABEL_WIDTH + length + 8:.1f}" y="{y + 13}">{escape(text)}</text>'
        )
    height = TOP + ROW_HEIGHT * len(bars) + 8
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif"'
            f' font-size="12" fill="{TEXT_COLOUR}">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            f'<text x="8" y="22" font-size="14">{escape(title)}</text>',
            *rows,
            "</svg>\n",
        )
    )
