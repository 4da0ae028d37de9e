"""How true the probabilities of identity's pairs are, where the truth is known.

Belongs here: probabilities against the share of true pairs, as figures and as a picture. Holds no value of any record.
Does not belong here: the cases and what is resolved (`identity.py`).
"""

import polars as pl

KEY = ("source_name", "source_customer_id")
# Finer where a pair is decided and where most are.
BIN_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.0)
SIZE, MARGIN = 420, 60
CURVE, PERFECT = "#2a7f62", "#a0aec0"


def scored_pairs(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`match_probability` of each of identity_link's pairs and whether it `is_true`; `records` has `true_id`."""
    truth = records.select(*KEY, "true_id")
    left, right = (truth.rename({name: f"{side}_{name}" for name in truth.columns}) for side in ("left", "right"))
    return (
        links.join(left, on=[f"left_{name}" for name in KEY])
        .join(right, on=[f"right_{name}" for name in KEY])
        .select("match_probability", is_true=pl.col("left_true_id") == pl.col("right_true_id"))
    )


def calibration_error(pairs: pl.DataFrame, low: float, high: float) -> tuple[float, int]:
    """Distance of mean probability and share of true pairs among pairs from `low` to `high`, and how many these are."""
    said, true, count = (
        pairs.filter(pl.col("match_probability").is_between(low, high))
        .select(pl.col("match_probability").mean(), true=pl.col("is_true").mean(), count=pl.len())
        .row(0)
    )
    return (abs(said - true), count) if count else (0.0, 0)


def bins(pairs: pl.DataFrame) -> pl.DataFrame:
    """By bin of probability: `low`, `pair_count`, `probability` (mean) and `true_share`."""
    edges = pl.Series(BIN_EDGES[:-1])
    at = edges.search_sorted(pairs["match_probability"], side="right") - 1
    return (
        pairs.with_columns(low=edges.gather(at.cast(pl.Int64).clip(0)))
        .group_by("low")
        .agg(pair_count=pl.len(), probability=pl.col("match_probability").mean(), true_share=pl.col("is_true").mean())
        .sort("low")
    )


def calibration_curve(pairs: pl.DataFrame) -> str:
    """The picture as text: a point a bin, its area by the number of pairs; on the diagonal probabilities are true."""

    def across(share: float) -> float:
        return MARGIN + share * SIZE

    def down(share: float) -> float:
        return MARGIN / 2 + (1 - share) * SIZE

    rows = bins(pairs).rows(named=True)
    most = max((row["pair_count"] for row in rows), default=1)
    points = [(across(row["probability"]), down(row["true_share"])) for row in rows]
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 + 9 * (row["pair_count"] / most) ** 0.5:.1f}" fill="{CURVE}"'
        f' fill-opacity="0.6"><title>{row["pair_count"]:,} pairs: {row["probability"]:.3f} said,'
        f" {row['true_share']:.3f} true</title></circle>"
        for row, (x, y) in zip(rows, points, strict=True)
    ]
    ticks = [
        f'<text x="{across(share):.1f}" y="{down(0) + 20:.1f}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{across(0) - 8:.1f}" y="{down(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>'
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    width, height = SIZE + MARGIN + 30, SIZE + MARGIN + 30
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
            ' font-size="13" fill="#1a202c">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<rect x="{across(0)}" y="{down(1)}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#718096"/>',
            f'<line x1="{across(0)}" y1="{down(0)}" x2="{across(1)}" y2="{down(1)}" stroke="{PERFECT}"/>',
            f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{CURVE}"/>',
            *dots,
            *ticks,
            f'<text x="{across(0.5)}" y="{down(0) + 42}" text-anchor="middle">probability of being one person</text>',
            f'<text x="16" y="{down(0.5)}" text-anchor="middle" transform="rotate(-90 16 {down(0.5)})">'
            "share of true pairs</text>",
            "</svg>\n",
        )
    )
