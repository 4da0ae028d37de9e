"""The calibration's picture: a point a bin at its place, well-formed whatever the brand is called."""

from datetime import date
from xml.etree import ElementTree

from models.pictures import MARGIN, SIZE, calibration_picture
from models.registry import CalibrationBin, ModelCard

SVG = "{http://www.w3.org/2000/svg}"


def card(*bins: CalibrationBin) -> ModelCard:
    return ModelCard(
        task="churn", brand="Smith & <Sons>", as_of=date(2017, 12, 31), method="test", is_fallback=False,
        data_from=None, data_to=None, train_rows=0, test_from=date(2017, 12, 3), test_to=date(2017, 12, 3),
        test_rows=0, features=(), metrics={}, baseline_name="rule", baseline_metrics={}, calibration=bins, counts={},
        seed=1, limits=(),
    )  # fmt: skip


def test_points_stand_where_the_bins_are():
    # The largest share is .38, so both axes end at .4: .1 is a quarter of the way, .2 half, .38 nearly all.
    picture = ElementTree.fromstring(
        calibration_picture(
            card(
                CalibrationBin(rows=10, predicted=0.1, observed=0.2),
                CalibrationBin(rows=30, predicted=0.38, observed=0.3),
            )
        )
    )
    span = SIZE - 2 * MARGIN
    found = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in picture.iter(f"{SVG}circle")]
    assert found == [
        (MARGIN + span / 4, SIZE - MARGIN - span / 2),
        (round(MARGIN + span * 0.95, 1), SIZE - MARGIN - span * 0.75),
    ]
    radius = [float(c.attrib["r"]) for c in picture.iter(f"{SVG}circle")]
    assert radius[0] < radius[1]
    assert "Smith & <Sons>" in "".join(picture.itertext())


def test_a_card_without_bins_has_no_point():
    assert not list(ElementTree.fromstring(calibration_picture(card())).iter(f"{SVG}circle"))
