"""What people are asked: the pairs that teach most, each two customers once."""

from dataclasses import replace
from datetime import date

import duckdb
import polars as pl

from models.identity import PreviousIdentity, resolve
from models.identity.decisions import ASKED_SCHEMA, HumanInput
from models.identity.review import EVEN, KEPT_APART, questions
from tests.identity.judgements import decided, different, human
from tests.identity.records import customer, frame


def asked(
    *pairs: tuple[int, int, float],
    clusters: list[int],
    before: tuple[str, str] | None = None,
    decided_about: tuple[int, int] | None = None,
    limit: int = 9,
) -> list[tuple[str, str, str]]:
    """Both records and the reason; record numbers are their ids."""
    with duckdb.connect(":memory:") as con:
        con.execute(
            """create table record (record_no integer, source_name varchar, source_customer_id varchar);
            create table membership (record_no integer, cluster_no integer);
            create table edge (left_no integer, right_no integer, pattern integer);
            create table pattern (pattern integer, match_probability double);
            create table bond (kind varchar, left_no integer, right_no integer)"""
        )
        for number, cluster in enumerate(clusters):
            con.execute("insert into record values ($1, 'shop', $1::varchar)", [number])
            con.execute("insert into membership values (?, ?)", [number, cluster])
        for number, (left, right, probability) in enumerate(pairs):
            con.execute("insert into edge values (?, ?, ?)", [left, right, number])
            con.execute("insert into pattern values (?, ?)", [number, probability])
        if decided_about:
            con.execute("insert into bond values ('same', ?, ?)", list(decided_about))
        keys = [("shop", before[0], "shop", before[1])] if before else []
        guide = replace(human(decided(), limit), asked=pl.DataFrame(keys, schema=ASKED_SCHEMA, orient="row"))
        found = questions(con, "edge", "pattern", "membership", "record", "bond", guide)
    return found.select("left_source_customer_id", "right_source_customer_id", "reason").rows()


def test_doubt_counts_and_what_hangs_on_it() -> None:
    """0 to 3 is .5 with 3 x 1 record pairs: 3.00. 4 to 5 is .5 with 1 x 1: 1.00. 6 to 7 is .7: .84. 8 to 9 is .1."""
    clusters = [0, 0, 0, 3, 4, 5, 6, 7, 8, 9]
    sure = [(0, 1, 0.99), (0, 2, 0.99), (1, 2, 0.99)]
    pairs = [*sure, (6, 7, 0.7), (4, 5, 0.5), (0, 3, 0.5), (8, 9, 0.1)]
    assert asked(*pairs, clusters=clusters) == [("0", "3", EVEN), ("4", "5", EVEN), ("6", "7", EVEN)]
    assert asked(*pairs, clusters=clusters, limit=1) == [("0", "3", EVEN)]


def test_two_customers_are_asked_about_once_by_their_likeliest_pair() -> None:
    assert asked((0, 1, 0.99), (0, 2, 0.4), (1, 2, 0.45), clusters=[0, 0, 2]) == [("1", "2", EVEN)]


def test_strong_links_that_the_clustering_did_not_follow_are_asked_about() -> None:
    assert asked((0, 1, 0.97), clusters=[0, 1]) == [("0", "1", KEPT_APART)]


def test_a_record_that_belongs_by_a_doubtful_link_alone_is_asked_about() -> None:
    """2 hangs on 1 by .6 alone. 0 and 1 hang together by .99."""
    assert asked((0, 1, 0.99), (1, 2, 0.6), (0, 2, 0.3), clusters=[0, 0, 0]) == [("1", "2", EVEN)]


def test_a_doubtful_record_is_asked_about_beside_others_of_its_customer_that_are_decided() -> None:
    pairs = [(0, 1, 0.99), (1, 2, 0.6)]
    assert asked(*pairs, clusters=[0, 0, 0], decided_about=(0, 1)) == [("1", "2", EVEN)]
    assert asked(*pairs, clusters=[0, 0, 0], decided_about=(1, 2)) == []
    assert asked(*pairs, clusters=[0, 0, 0], before=("2", "0")) == []


def test_what_was_asked_or_decided_is_not_asked_again_by_another_pair() -> None:
    pairs = [(0, 1, 0.99), (0, 2, 0.4), (1, 2, 0.45)]
    assert asked(*pairs, clusters=[0, 0, 2], before=("0", "2")) == []
    assert asked(*pairs, clusters=[0, 0, 2], before=("2", "0")) == []
    assert asked(*pairs, clusters=[0, 0, 2], decided_about=(0, 2)) == []
    assert asked(*pairs, clusters=[0, 0, 2], before=("0", "gone")) == [("1", "2", EVEN)]


def test_a_run_asks_within_its_limit_and_never_twice() -> None:
    """Two of one name and phone, born 21 years apart: mother and daughter, or an error."""
    ann = {"first_name": "Ann", "last_name": "Lee", "phone": "07700 900123"}
    rows = frame(
        customer("1", **ann, birth_date=date(1950, 1, 7)),
        customer("2", **ann, birth_date=date(1971, 5, 23)),
    )
    as_of = date(2017, 12, 31)

    def asked_by(guide: HumanInput) -> list[tuple[str, str]]:
        result = resolve(rows, PreviousIdentity.none(), as_of, seed=1, human=guide)
        return result.questions.select("left_source_customer_id", "right_source_customer_id").rows()

    assert asked_by(human(decided(), question_limit=0)) == []
    assert asked_by(human(decided(), question_limit=5)) == [("1", "2")]
    assert asked_by(human(decided(different("1", "2")), question_limit=5)) == []
    before = pl.DataFrame([("shop", "2", "shop", "1")], schema=ASKED_SCHEMA, orient="row")
    assert asked_by(replace(human(decided(), 5), asked=before)) == []
