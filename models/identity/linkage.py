"""Finds candidate pairs of records, learns what agreement is worth, and gives each pair a probability.

Belongs here: Splink for blocking, comparison vectors and the frequencies among random pairs, and the estimation on top.
Does not belong here: what is compared (settings), which pairs become one person (clustering).

Two classes (match, non-match) cannot hold families: pairs of one household agree on address, phone and family name far
too often for strangers, so that a two-class model calls them matches. Candidates are taken as a mixture of matches,
households, strangers with a shared contact, and random pairs. Random pairs are sampled, and rid of the matches among
them; they also say how names and birth dates behave in households and between strangers. The rest is expectation
maximisation over comparison patterns, without a label.
"""

import io
import json
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from splink import DuckDBAPI, Linker
from splink.internals.splink_dataframe import SplinkDataFrame

from models.identity import spark
from models.identity.settings import RECORD_KINDS, Comparison, Engine, IdentityConfig, RecordKind, Refusal

# Columns of the tables of probabilities, in the order of settings.Level.
MATCH, HOUSEHOLD, SHARED_CONTACT, RANDOM = range(4)
# Pseudo-counts per comparison: what is learnt must outweigh so many pairs of starting belief.
PRIOR_PAIRS = 50.0
# Matches expected per record before anything is learnt.
STARTING_MATCHES_PER_RECORD = 0.5
ITERATION_LIMIT = 200
CONVERGENCE = 1e-6
LEAST_PROBABILITY = 1e-7
COMPARED = "identity_compared"
PAIR_COLUMNS = "left_no INTEGER, right_no INTEGER, pattern BIGINT"
CHUNK = "identity_chunk"
PAIRS_PER_CHUNK = 2_000_000
# More than any comparison has levels.
OUTCOME_LIMIT = 32
KIND_PLACES = len(RECORD_KINDS)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameters:
    """What the model knows: shares of the classes among all pairs, and level probabilities by comparison and class.

    `levels[comparison]` has a row a comparison vector value (0 is the last level) and a column a class.
    """

    shares: Floats
    levels: dict[str, Floats]
    is_trained: bool

    def to_json(self, kind: RecordKind) -> str:
        """As text that names each level: what was learnt is read again only for comparisons that are still made."""
        levels = {
            comparison.name: {
                level.name: row
                for level, row in zip(comparison.levels, self.levels[comparison.name][::-1].tolist(), strict=True)
            }
            for comparison in kind.comparisons
        }
        return json.dumps({"shares": self.shares.tolist(), "levels": levels, "is_trained": self.is_trained})

    @classmethod
    def from_json(cls, text: str, kind: RecordKind) -> "Parameters":
        """Raises ValueError where the kind's comparisons are no longer those that were learnt."""
        kept = json.loads(text)
        named = {comparison.name: [level.name for level in comparison.levels] for comparison in kind.comparisons}
        if {name: list(levels) for name, levels in kept["levels"].items()} != named:
            raise ValueError(f"the model of the {kind.name} records compares other things than this release")
        levels = {name: np.asarray(list(rows.values())[::-1]) for name, rows in kept["levels"].items()}
        return cls(np.asarray(kept["shares"]), levels, bool(kept["is_trained"]))

    def refusals(self, kind: RecordKind, config: IdentityConfig) -> tuple[Refusal, ...]:
        """The kind's refusals, but for those whose evidence one person's records often give."""
        by_name = {comparison.name: comparison for comparison in kind.comparisons}

        def is_trusted(comparison: str, level: str) -> bool:
            (at,) = by_name[comparison].values_of(level)
            return bool(self.levels[comparison][at, MATCH] <= config.refusal_share)

        if not self.is_trained:
            return kind.refusals
        return tuple(r for r in kind.refusals if r.evidence is None or is_trusted(*r.evidence))


def estimate(
    con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, pairs: str, seed: int, config: IdentityConfig
) -> Parameters:
    """Learns from the records of one kind in `table` and their compared `pairs`. Of too few records nothing can be
    learnt: the starting weights are returned."""
    record_count = con.sql(f"select count(*) as n from {table}").pl().item()
    starting = _starting_parameters(kind, record_count)
    if record_count < config.training_minimum_records:
        return starting
    linker = Linker(DuckDBAPI(connection=con).register(table), _splink_settings(kind), log_level=None)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=config.random_pairs, seed=seed, min_count_per_level=None, num_chunks=1
    )
    counted = con.sql(f"select pattern, count(*) as pair_count from {pairs} group by pattern order by pattern").pl()
    patterns = with_outcomes(kind, counted)
    return _train(kind, starting, _random_level_shares(kind, linker), patterns, record_count, config)


def compare_all(
    con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, target: str, engine: Engine = "duckdb"
) -> None:
    """Adds all candidate pairs of the records in `table` (`left_no` < `right_no`, pattern) to `target`. Splink finds
    them at once and compares a chunk at a time: it keeps what it compared, which is far more than the patterns."""
    if engine == "spark":
        con.register("compared_on_spark", spark.compare(con, kind, table, pattern(kind, "gamma_{} + 1")))
        con.execute(f"insert into {target} from compared_on_spark")
        con.unregister("compared_on_spark")
        return
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register(table), _comparing_settings(kind), log_level=None)
    blocked = linker.inference.compute_blocked_pairs_for_predict().physical_name
    [(count,)] = con.sql(f"select count(*) from {blocked}").fetchall()
    for first in range(0, count, PAIRS_PER_CHUNK):
        con.execute(
            f"""
            create or replace temp table {CHUNK} as
            from {blocked} where rowid >= {first} and rowid < {first + PAIRS_PER_CHUNK}
            """
        )
        linker.table_management.register_blocked_pairs_for_predict(api.register(CHUNK))
        _insert(con, kind, linker.inference.predict(warning_mode="never"), target)
        con.execute(f"drop table {CHUNK}")
    con.execute(f"drop table {blocked}")


def compare_new(con: duckdb.DuckDBPyConnection, kind: RecordKind, new: str, known: str, target: str) -> None:
    """Adds the candidate pairs among the records in `new`, and between them and those in `known`, to `target`."""
    api = DuckDBAPI(connection=con)
    arrived, before = api.register(new), api.register(known)
    # Looking over the settings costs more than comparing few pairs.
    linker = Linker(arrived, _comparing_settings(kind), log_level=None, validate_settings=False)
    _insert(con, kind, linker.inference.predict_within(arrived, warning_mode="never"), target)
    _insert(con, kind, linker.inference.predict_between(arrived, before, warning_mode="never"), target)


def score(kind: RecordKind, parameters: Parameters, patterns: pl.DataFrame) -> pl.DataFrame:
    """Comparison vectors and what the model makes of each."""
    posterior = _class_probabilities(kind, parameters, patterns)
    match, household = posterior[:, MATCH], posterior[:, MATCH] + posterior[:, HOUSEHOLD]
    return patterns.with_columns(
        pl.Series("match_probability", np.round(match, 9)),
        pl.Series("match_weight", np.round(_weight(match), 6)),
        pl.Series("evidence", np.round(_evidence(kind, parameters, patterns), 6)),
        pl.Series("household_weight", np.round(_weight(household), 6)),
    )


def compare(con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str) -> pl.DataFrame:
    """The comparison vector of each pair of records in a small `table` that share a key."""
    con.execute(f"create or replace table {COMPARED} ({PAIR_COLUMNS})")
    compare_all(con, kind, table, COMPARED)
    pairs = con.sql(f"from {COMPARED} order by left_no, right_no").pl()
    return with_outcomes(kind, pairs)


def with_outcomes(kind: RecordKind, patterns: pl.DataFrame) -> pl.DataFrame:
    """A column `gamma_<comparison>` for each comparison, from `pattern`: the comparison vector in one number."""
    return patterns.with_columns(
        (pl.col("pattern") // step % base - 1).cast(pl.Int8()).alias(gamma)
        for gamma, step, base in zip(_gammas(kind), *_places(kind), strict=True)
    )


def _gammas(kind: RecordKind) -> list[str]:
    return [f"gamma_{comparison.name}" for comparison in kind.comparisons]


def _places(kind: RecordKind) -> tuple[list[int], list[int]]:
    """What one step of each comparison's outcome adds to a pattern, and how many outcomes it has; -1 is the first.
    The lowest place says which kind of record was compared."""
    bases = [len(comparison.levels) + 1 for comparison in kind.comparisons]
    return [KIND_PLACES * prod(bases[:at]) for at in range(len(bases))], bases


def kind_place(kind: RecordKind) -> int:
    """What every pattern of the kind has in its lowest place."""
    return [one.name for one in RECORD_KINDS].index(kind.name)


def pattern(kind: RecordKind, outcome: str) -> str:
    """A pair's comparison vector in one number, as SQL over Splink's columns. `outcome`: a comparison's, 0 where it is
    unknown, in terms of its name."""
    steps = zip(kind.comparisons, _places(kind)[0], strict=True)
    outcomes = [f"({outcome.format(comparison.name)}) * cast({step} as bigint)" for comparison, step in steps]
    return " + ".join([str(kind_place(kind)), *outcomes])


def _insert(con: duckdb.DuckDBPyConnection, kind: RecordKind, compared: SplinkDataFrame, target: str) -> None:
    con.execute(
        f"""
        insert into {target}
        select least(record_no_l, record_no_r), greatest(record_no_l, record_no_r), {pattern(kind, "round(mw_{})")}
        from {compared.physical_name}
        """
    )
    compared.drop_table_from_database_and_remove_from_cache()


def _splink_settings(kind: RecordKind, parameters: Parameters | None = None) -> dict[str, Any]:
    """The comparisons as Splink's settings; with parameters, as its two-class view (match against random)."""

    def level(comparison: Comparison, at: int) -> dict[str, Any]:
        name, condition = comparison.levels[at].name, comparison.levels[at].condition
        as_splink: dict[str, Any] = {"sql_condition": condition, "label_for_charts": name.replace("_", " ")}
        if parameters is not None:
            row = parameters.levels[comparison.name][len(comparison.levels) - 1 - at]
            as_splink |= {"m_probability": float(row[MATCH]), "u_probability": float(row[RANDOM])}
        return as_splink

    def comparison_settings(comparison: Comparison) -> dict[str, Any]:
        null = {"sql_condition": comparison.null_condition, "label_for_charts": "unknown", "is_null_level": True}
        levels = [level(comparison, at) for at in range(len(comparison.levels))]
        return {"output_column_name": comparison.name, "comparison_levels": [null, *levels]}

    as_settings: dict[str, Any] = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_no",
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": "l.keys = r.keys", "sql_dialect": "duckdb", "arrays_to_explode": ["keys"]}
        ],
        "comparisons": [comparison_settings(comparison) for comparison in kind.comparisons],
        "retain_matching_columns": False,
    }
    if parameters is not None:
        as_settings["probability_two_random_records_match"] = float(parameters.shares[MATCH])
    return as_settings


def _comparing_settings(kind: RecordKind) -> dict[str, Any]:
    """Settings by which a comparison's weight (`mw_<comparison>`) is its outcome and one more; unknown weighs nothing.

    Splink tells outcomes themselves only along with all values that were compared: that doubles a pair's cost.
    """
    as_settings = _splink_settings(kind) | {"retain_intermediate_calculation_columns": True}
    for comparison in as_settings["comparisons"]:
        for number, level in enumerate(reversed(comparison["comparison_levels"][1:])):
            level |= {"m_probability": 2.0 ** (number + 1 - OUTCOME_LIMIT), "u_probability": 2.0**-OUTCOME_LIMIT}
    return as_settings


def _starting_parameters(kind: RecordKind, record_count: int) -> Parameters:
    levels = {}
    for comparison in kind.comparisons:
        rows = [(lv.match, lv.household, lv.shared_contact, lv.random) for lv in reversed(comparison.levels)]
        table = np.asarray(rows, dtype=np.float64)
        levels[comparison.name] = table / table.sum(axis=0)
    all_pairs = record_count * (record_count - 1) / 2
    expected = record_count * STARTING_MATCHES_PER_RECORD / all_pairs
    # The cap keeps two records, the only two there are, from being a match a priori.
    match = min(expected, 0.05)
    shares = np.asarray([match, match / 4, match / 8, 1.0])
    return Parameters(shares / shares.sum(), levels, is_trained=False)


def speaking_for(kind: RecordKind, parameters: Parameters, patterns: pl.DataFrame) -> list[list[str]]:
    """Of each comparison vector the outcomes that speak for one person or organisation, the strongest first."""
    whole = _log_likelihoods(kind, parameters, patterns) + np.log(np.maximum(parameters.shares, 1e-15))
    against = 1 + np.argmax(np.delete(whole, MATCH, axis=1), axis=1)
    said = []
    for row, alternative in zip(patterns.iter_rows(named=True), against, strict=True):
        found = []
        for comparison in kind.comparisons:
            gamma = row[f"gamma_{comparison.name}"]
            if gamma >= 0:
                table = np.maximum(parameters.levels[comparison.name][gamma], LEAST_PROBABILITY)
                name = comparison.levels[len(comparison.levels) - 1 - gamma].name
                bits = float(np.log2(table[MATCH] / table[alternative]))
                found.append((bits, f"{comparison.name} {name}".replace("_", " ")))
        said.append([name for bits, name in sorted(found, reverse=True) if bits > 0])
    return said


def _random_level_shares(kind: RecordKind, linker: Linker) -> dict[str, Floats]:
    """Level frequencies among random pairs as Splink counted them, 0 where a level was not seen."""
    trained = {c["output_column_name"]: c["comparison_levels"] for c in linker.misc.save_model_to_json()["comparisons"]}
    shares = {}
    for comparison in kind.comparisons:
        seen = [level.get("u_probability", 0.0) for level in trained[comparison.name] if not level.get("is_null_level")]
        shares[comparison.name] = np.asarray(list(reversed(seen)), dtype=np.float64)
    return shares


def _train(
    kind: RecordKind,
    starting: Parameters,
    seen_at_random: dict[str, Floats],
    patterns: pl.DataFrame,
    record_count: int,
    config: IdentityConfig,
) -> Parameters:
    """Expectation maximisation over comparison patterns. Shares are of all pairs: those not blocked are random."""
    counts = patterns["pair_count"].to_numpy().astype(np.float64)
    all_pairs = record_count * (record_count - 1) / 2
    # A sample of random pairs misses rare levels: as if a few more pairs had been drawn as expected.
    random_shares = {
        name: _normalised(seen + starting.levels[name][:, RANDOM] * 1e-3) for name, seen in seen_at_random.items()
    }
    levels = {name: table.copy() for name, table in starting.levels.items()}
    # What a comparison's matches are believed to show before they are learnt, in pairs.
    believed = {name: table[:, :RANDOM] * PRIOR_PAIRS for name, table in starting.levels.items()}
    for comparison in kind.comparisons:
        levels[comparison.name] = _with_random(
            comparison,
            levels[comparison.name],
            random_shares[comparison.name],
            starting.levels[comparison.name],
            config,
        )

    observed = {comparison.name: _observed(comparison, patterns) for comparison in kind.comparisons}
    parameters = Parameters(starting.shares, levels, is_trained=True)
    for _ in range(ITERATION_LIMIT):
        expected = _class_probabilities(kind, parameters, patterns) * counts[:, None]
        # One pair more of each class: a class that the data does not have must not vanish to the last digit.
        shares = (expected.sum(axis=0) + 1) / all_pairs
        shares[RANDOM] = 1 - shares[:RANDOM].sum()
        levels = {}
        for comparison in kind.comparisons:
            table = parameters.levels[comparison.name].copy()
            learnt = observed[comparison.name].T @ expected[:, :RANDOM] + believed[comparison.name]
            table[:, :RANDOM] = learnt / learnt.sum(axis=0)
            # Random pairs contain matches: what they hold of them is taken out again.
            mixed = random_shares[comparison.name]
            corrected = (mixed - shares[MATCH] * table[:, MATCH]) / (1 - shares[MATCH])
            random = _normalised(np.maximum(corrected, mixed * 0.02))
            table = _with_random(comparison, table, random, starting.levels[comparison.name], config)
            levels[comparison.name] = table
        change = float(np.abs(np.log(shares[:RANDOM] / parameters.shares[:RANDOM])).max())
        parameters = Parameters(shares, levels, is_trained=True)
        if change < CONVERGENCE:
            break
    return parameters


def _with_random(
    comparison: Comparison, table: Floats, random: Floats, starting: Floats, config: IdentityConfig
) -> Floats:
    """The table with new frequencies among random pairs, and what follows from them in households and for strangers."""
    changed = table.copy()
    changed[:, RANDOM] = random
    if comparison.of_person:
        changed[:, SHARED_CONTACT] = random
    if comparison.fixed_in_household:
        kept = np.isin(np.arange(len(random)), comparison.values_of(*comparison.not_in_household))
        apart = np.where(kept, starting[:, HOUSEHOLD], random)
        apart[~kept] *= (1 - apart[kept].sum()) / apart[~kept].sum()
        alike = config.alike_in_household
        changed[:, HOUSEHOLD] = (1 - alike) * apart + alike * table[:, MATCH]
    return changed


def _normalised(values: Floats) -> Floats:
    return values / values.sum()


def _observed(comparison: Comparison, patterns: pl.DataFrame) -> Floats:
    """One row a pattern, one column a comparison vector value: 1 where the pattern has it."""
    gamma = patterns[f"gamma_{comparison.name}"].to_numpy()
    return (gamma[:, None] == np.arange(len(comparison.levels))[None, :]).astype(np.float64)


def _class_probabilities(kind: RecordKind, parameters: Parameters, patterns: pl.DataFrame) -> Floats:
    """Probability of each class for each pattern."""
    logs = _log_likelihoods(kind, parameters, patterns) + np.log(np.maximum(parameters.shares, 1e-15))
    logs -= logs.max(axis=1, keepdims=True)
    likelihood = np.exp(logs)
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True), dtype=np.float64)


def _weight(probability: Floats) -> Floats:
    """Log odds in bits."""
    return np.log2(np.maximum(probability, 1e-12)) - np.log2(np.maximum(1 - probability, 1e-12))


def _evidence(kind: RecordKind, parameters: Parameters, patterns: pl.DataFrame) -> Floats:
    """Bits by which each pattern speaks for a match against the class that explains it best, however rare each is."""
    logs = _log_likelihoods(kind, parameters, patterns)
    others = np.delete(logs, MATCH, axis=1).max(axis=1)
    return np.asarray((logs[:, MATCH] - others) / np.log(2), dtype=np.float64)


def _log_likelihoods(kind: RecordKind, parameters: Parameters, patterns: pl.DataFrame) -> Floats:
    """Of each pattern in each class. A comparison that says nothing (-1) counts for no class."""
    logs = np.zeros((patterns.height, len(parameters.shares)))
    for comparison in kind.comparisons:
        gamma = patterns[f"gamma_{comparison.name}"].to_numpy().astype(np.int64)
        table = np.log(np.maximum(parameters.levels[comparison.name], LEAST_PROBABILITY))
        logs += np.where((gamma >= 0)[:, None], table[np.maximum(gamma, 0)], 0.0)
    return logs


def charts(con: duckdb.DuckDBPyConnection, kind: RecordKind, table: str, parameters: Parameters) -> str:
    """Match weights as one self-contained page: aggregates only, no value of any record. `table`: of records."""
    charted = DuckDBAPI(connection=con).register(table)
    # Blocking keys are in another table, which Splink would warn of: nothing is blocked here.
    linker = Linker(charted, _splink_settings(kind, parameters), log_level=None, validate_settings=False)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        page = Path(folder) / "match_weights.html"
        linker.visualisations.match_weights_chart().save_offline_chart(str(page))
        return page.read_text(encoding="utf-8")
