"""A pair's weight as a picture: one bar a part, each beginning where the one before ends.

Belongs here: the drawing, one SVG file that needs nothing else. Does not belong here: what the parts are (explanation).
"""

from xml.sax.saxutils import escape

from models.identity.explanation import PairExplanation, named, spelt

WIDTH, LABEL_WIDTH, VALUE_WIDTH, ROW_HEIGHT, TOP = 1500, 170, 830, 34, 64
BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH
FOR, AGAINST, TOTAL = "#2a7f62", "#b5493b", "#4a5568"


def waterfall(pair: PairExplanation) -> str:
    """The picture as text. It shows the values that were compared."""
    parts = [
        ("starting odds", pair.starting_bits, f"against {pair.alternative}"),
        *(
            (one.comparison, one.bits, f"{spelt(one.agreement)}: {one.left_value or '-'} | {one.right_value or '-'}")
            for one in pair.weighed
        ),
        ("other alternatives", pair.remaining_bits, ""),
    ]
    ends = [0.0]
    for _, bits, _ in parts:
        ends.append(ends[-1] + bits)
    low, high = min(ends), max(ends)
    scale = BAR_WIDTH / ((high - low) or 1)

    def x(bits: float) -> float:
        return LABEL_WIDTH + (bits - low) * scale

    bars = [
        _bar(at, label, bits, note, x(min(ends[at], ends[at + 1])), abs(bits) * scale, FOR if bits > 0 else AGAINST)
        for at, (label, bits, note) in enumerate(parts)
    ]
    total = ends[-1]
    note = f"probability {pair.match_probability:.4f}"
    bars.append(_bar(len(parts), "total", total, note, x(min(0.0, total)), abs(total) * scale, TOTAL))
    height = TOP + ROW_HEIGHT * len(bars) + 10
    title = escape(f"{named(pair.left)} and {named(pair.right)}: bits for one customer")
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
            ' font-size="13" fill="#1a202c">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            f'<text x="10" y="30" font-size="17">{title}</text>',
            f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{TOP - 8}" y2="{height - 10}" stroke="#718096"/>',
            *bars,
            "</svg>\n",
        )
    )


def _bar(at: int, label: str, bits: float, note: str, left: float, width: float, colour: str) -> str:
    top = TOP + at * ROW_HEIGHT
    return (
        f'<text x="10" y="{top + 17}">{escape(spelt(label))}</text>'
        f'<rect x="{left:.1f}" y="{top + 2}" width="{max(width, 1):.1f}" height="20" fill="{colour}"/>'
        f'<text x="{WIDTH - VALUE_WIDTH + 10}" y="{top + 17}">{bits:+.2f}  {escape(note)}</text>'
    )
