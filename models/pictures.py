"""A model's calibration as a picture: what was predicted against what happened, one point a bin, as a small SVG page.

Belongs here: drawing from a card. Does not belong here: what is measured, where pictures are kept.
"""

from html import escape

from models.registry import ModelCard

SIZE, MARGIN = 360, 48
INK, MUTED, POINT = "#222222", "#999999", "#1f6fb2"


def calibration_picture(card: ModelCard) -> str:
    """The card's calibration curve; bins with more rows have larger points. Of a card without bins the frame alone."""
    span = SIZE - 2 * MARGIN
    # Both axes end above the largest share shown, at a full tenth.
    largest = max((max(b.predicted, b.observed) for b in card.calibration), default=1.0)
    end = min(int(largest * 10) + 1, 10) / 10
    rows = sum(b.rows for b in card.calibration)

    def place(share: float) -> float:
        return round(min(share, end) / end * span, 1)

    points = "".join(
        f'<circle cx="{MARGIN + place(b.predicted)}" cy="{SIZE - MARGIN - place(b.observed)}" '
        f'r="{round(2 + 10 * (b.rows / rows) ** 0.5, 1)}" fill="{POINT}" fill-opacity="0.7">'
        f"<title>{b.rows} rows: {b.predicted:.1%} predicted, {b.observed:.1%} observed</title></circle>"
        for b in card.calibration
    )
    bottom, right = SIZE - MARGIN, SIZE - MARGIN
    title = f"{card.task}, {escape(card.brand)}, test {card.test_from} to {card.test_to}"
    label = f'font-family="sans-serif" font-size="12" fill="{INK}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}">'
        f'<rect width="{SIZE}" height="{SIZE}" fill="white"/>'
        f'<text x="{MARGIN}" y="24" {label}>{title}</text>'
        f'<path d="M{MARGIN} {MARGIN}V{bottom}H{right}" fill="none" stroke="{INK}"/>'
        f'<path d="M{MARGIN} {bottom}L{right} {MARGIN}" stroke="{MUTED}" stroke-dasharray="4 4"/>'
        f'<text x="{right}" y="{bottom + 18}" text-anchor="end" {label}>predicted, up to {end:.0%}</text>'
        f'<text x="{MARGIN - 8}" y="{MARGIN - 8}" {label}>observed</text>'
        f"{points}</svg>\n"
    )
