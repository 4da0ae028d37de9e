"""What the charts say, by figures worked out by hand; and that a page needs nothing else."""

import re
from contextlib import closing
from datetime import date

import duckdb
import polars as pl

from models.identity import IdentityConfig, chart_pages, normalise
from models.identity.linkage import _starting_parameters
from models.identity.settings import PERSON
from tests.identity.records import customer, frame

LINKS = pl.DataFrame({"match_weight": [-1.0, 3.5, 8.0], "match_probability": [0.3, 0.92, 0.995], "links": [1, 2, 1]})


def texts(picture: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture)


def test_a_threshold_keeps_links_and_the_mean_of_their_probabilities_is_right() -> None:
    """From .5: (2 x 0.92 + 0.995) / 3 = 0.945; from .95 one is left."""
    said = texts(chart_pages._thresholds(LINKS).picture)
    assert said[said.index("from 0.5") + 1] == "3 links, 94.5% right"
    assert said[said.index("from 0.95") + 1] == "1 links, 99.5% right"
    # None reaches .999.
    assert "from 0.999" not in said


def test_customers_by_size_and_the_large_ones_together() -> None:
    sizes = pl.DataFrame({"records": range(1, 16), "customers": [3] + [1] * 14})
    said = texts(chart_pages._cluster_sizes(sizes).picture)
    assert said[1:5] == ["1 record", "3", "2 records", "1"]
    assert said[-2:] == ["13 to 15 records", "3"]


def test_a_record_that_says_nothing_is_unlinkable() -> None:
    """Ann by everything is herself beyond doubt; a first name alone is not."""
    ann = {
        "first_name": "Ann", "last_name": "Leebrook", "email": "ann@x.example", "phone": "07700 900123",
        "birth_date": date(1980, 5, 17), "street": "4 Oak Street", "postcode": "LS1 4AB",
    }  # fmt: skip
    with closing(duckdb.connect(":memory:")) as con:
        records = frame(customer("1", **ann), *(customer(str(no), first_name="Bo") for no in range(2, 5)))
        normalise.normalise(con, records, date(2017, 12, 31), IdentityConfig())
        parameters = _starting_parameters(PERSON, 10_000)
        found = chart_pages.self_probabilities(con, PERSON, normalise.RECORDS, parameters)
    assert found["record_count"].to_list() == [3, 1]
    low, high = found["match_probability"].to_list()
    assert low < 0.5
    assert high > 0.9999


def test_a_page_fetches_nothing_and_the_same_figures_give_the_same_page() -> None:
    page = chart_pages._thresholds(LINKS).page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert page == chart_pages._thresholds(LINKS).page
