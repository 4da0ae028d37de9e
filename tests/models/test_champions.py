"""A new model scores only where it is not worse than the champion on rows that neither has learnt from."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.churn import ChurnBrand, fit_and_score
from models.registry import Comparison, SavedModel, Standing, compare, failed_checks, rows_hash
from tests.models.frames import AS_OF, churn_frame
from tests.models.test_registry import model as saved_model

BRANDS = {"grocer": ChurnBrand(horizon_days=28)}
SEED = 7


def carded(trees: str = "new", **changes: object) -> SavedModel:
    plain = saved_model(trees)
    return plain.model_copy(update={"card": plain.card.model_copy(update={"metrics": {"auc": 0.8}, **changes})})


def judged_against(difference: float, **changes: object) -> tuple[SavedModel, SavedModel | None]:
    champion = carded("standing")
    compared = Comparison(
        champion_version=champion.version, loss_name="log loss", rows=100, loss=0.5 + difference, champion_loss=0.5,
        difference=difference, difference_low=difference - 0.01, difference_high=difference + 0.01,
    )  # fmt: skip
    standing = Standing({"grocer": champion}, min_auc=0.6)
    return standing.judge(carded(comparison=compared, **changes), champion)


def test_the_first_model_of_a_brand_is_champion():
    model, kept = Standing(min_auc=0.6).judge(carded(), None)
    assert (model.card.role, kept) == ("champion", None)


@pytest.mark.parametrize(("difference", "role"), [(-0.001, "champion"), (0.0, "champion"), (0.001, "challenger")])
def test_a_new_model_takes_over_where_it_is_not_worse(difference, role):
    model, kept = judged_against(difference)
    assert model.card.role == role
    assert (kept is None) == (role == "champion")
    assert "on 100 rows" in model.card.role_reason


def test_a_model_that_failed_its_checks_is_never_champion():
    model, kept = judged_against(-0.1, metrics={"auc": 0.59})
    assert (model.card.role, model.card.role_reason) == ("challenger", "AUC of 0.59 on its test, below 0.6.")
    assert kept == carded("standing")
    first, kept = Standing(min_auc=0.6).judge(carded(metrics={"auc": 0.59}), None)
    assert (first.card.role, kept) == ("challenger", None)
    assert failed_checks(carded(metrics={"log_loss": float("nan")}).card, 0.0) == (
        "log_loss of its test is no number.",
    )


def test_losses_are_compared_row_by_row():
    # Differences 0.1, -0.1, 0.3, 0.1: mean 0.1, deviation sqrt(0.08 / 4); 1.959964 of it over 2 is 0.138590.
    champion = carded("standing")
    found = compare("log loss", champion, np.array([0.5, 0.5, 0.5, 0.5]), np.array([0.6, 0.4, 0.8, 0.6]))
    assert (found.rows, found.champion_version) == (4, champion.version)
    assert (found.loss, found.champion_loss, found.difference) == (0.6, 0.5, 0.1)
    assert (found.difference_low, found.difference_high) == (pytest.approx(-0.038590), pytest.approx(0.238590))


def test_hash_tells_rows_labels_and_their_order_apart():
    rows, label = np.array([[1.0, 2.0], [3.0, np.nan]]), np.array([0.0, 1.0])
    assert rows_hash(rows, label) == rows_hash(rows.copy(order="F"), label.copy())
    others = [(rows[::-1], label), (rows, label[::-1]), (rows + np.array([[0, 0], [0.000001, 0]]), label)]
    assert len({rows_hash(rows, label), *(rows_hash(*other) for other in others)}) == 4


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return churn_frame()


@pytest.fixture(scope="module")
def earlier(frame) -> SavedModel:
    """The champion: trained as of the test snapshot of AS_OF, so that it knows nothing of what came after it."""
    test_date = AS_OF - timedelta(days=28)
    known = frame.filter(pl.col("snapshot_date") <= test_date).with_columns(
        pl.when(pl.col("snapshot_date") < test_date).then(name).alias(name)
        for name in ("lapsed", "future_purchase_day_count", "future_net_amount", "purchase_day_count_since")
    )
    _, [model] = fit_and_score(known, BRANDS, test_date, SEED)
    return model


def test_the_champion_scores_until_a_model_is_judged_not_worse(frame, earlier):
    scores, [trained] = fit_and_score(frame, BRANDS, AS_OF, SEED, Standing({"grocer": earlier}))
    compared = trained.card.comparison
    assert (compared.champion_version, compared.rows) == (earlier.version, trained.card.test_rows)
    # The mean log loss of the new one is that of its own card: the same rows.
    assert compared.loss == pytest.approx(trained.card.metrics["log_loss"], abs=2e-6)
    is_champion = compared.difference <= 0
    assert trained.card.role == ("champion" if is_champion else "challenger")
    [scored_by] = scores["model_version"].unique()
    assert scored_by == (trained.version if is_champion else earlier.version)


def test_a_champion_that_has_seen_the_test_is_not_judged_and_goes_on(frame, earlier):
    seen = earlier.model_copy(update={"card": earlier.card.model_copy(update={"as_of": AS_OF - timedelta(days=27)})})
    scores, [trained] = fit_and_score(frame, BRANDS, AS_OF, SEED, Standing({"grocer": seen}))
    assert trained.card.comparison is None
    assert trained.card.role == "challenger"
    assert scores["model_version"].unique().to_list() == [seen.version]
    plain, [alone] = fit_and_score(frame, BRANDS, AS_OF, SEED)
    assert alone.model_texts == trained.model_texts
    assert plain["model_version"].unique().to_list() == [alone.version]


def test_a_champion_of_other_features_is_replaced(frame, earlier):
    other = earlier.model_copy(update={"card": earlier.card.model_copy(update={"features": earlier.card.features[1:]})})
    scores, [trained] = fit_and_score(frame, BRANDS, AS_OF, SEED, Standing({"grocer": other}))
    assert trained.card.role == "champion"
    assert "other features" in trained.card.role_reason
    assert scores["model_version"].unique().to_list() == [trained.version]


def test_card_tells_the_data_and_its_parts(frame):
    _, [trained] = fit_and_score(frame, BRANDS, AS_OF, SEED)
    card = trained.card
    assert (card.data_from, card.data_to) == (date(2017, 6, 18), date(2017, 12, 3))
    assert card.train_hash != card.test_hash
    assert {part.dimension for part in card.segments} == {"brand", "channel", "country", "tenure"}
    for dimension in ("brand", "channel", "country", "tenure"):
        assert sum(part.rows for part in card.segments if part.dimension == dimension) == card.test_rows
    [whole] = [part for part in card.segments if part.dimension == "country"]
    assert (whole.value, whole.metrics["auc"]) == ("US", card.metrics["auc"])
    changed = frame.with_columns(
        recency_days=pl.when((pl.col("customer_id") == "C0003") & (pl.col("snapshot_date") == card.data_to))
        .then(pl.col("recency_days") + 1)
        .otherwise("recency_days")
    )
    _, [other] = fit_and_score(changed, BRANDS, AS_OF, SEED)
    assert (other.card.train_hash != card.train_hash, other.card.test_hash != card.test_hash) == (True, True)


def test_same_input_and_seed_give_the_same_predictions_to_six_digits(frame, earlier):
    first, _ = fit_and_score(frame, BRANDS, AS_OF, SEED, Standing({"grocer": earlier}))
    again, _ = fit_and_score(frame, BRANDS, AS_OF, SEED, Standing({"grocer": earlier}))
    assert_frame_equal(first, again, abs_tol=1e-6)
