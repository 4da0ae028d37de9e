"""One run: from customer records and what the last run left to customers, at the cost of what changed.

Belongs here: the order of the steps, and which records, pairs, groups and rows a change touches.
Does not belong here: what each step decides (normalise, linkage, clustering, households, stable_ids, golden_record),
what is kept for the next run (store).

A first run, a run after a change of rules and every other run go the same way; they differ in how many records are
due. The result is a function of the records of the day, the models, and the ids of the day before, never of the way
there: a run over what changed leaves the same tables as one over everything. What makes it so:
- Whatever a record is compared by depends on its own row, on the model (frequencies, crowded keys), and on values that
  many carry. Where such a value's standing changes, the records that carry it are due as if they had changed.
- A record that is compared otherwise loses its pairs, and is compared with all others anew. A pair's comparison has no
  left and right.
- Groups are made within connected components alone. A component is grouped again, from all its pairs, where a record
  of it came, went or changed, or a new pair links it to another. Households likewise, a level higher.
- Ties fall by the order of the records' own keys, numbered anew among those that are grouped.

A run has two halves. `Run` computes in a workspace and only reads what was kept; `Run.write` replaces what changed, in
the caller's transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
import polars as pl

from models.identity import (
    clustering,
    decisions,
    evidence,
    golden_record,
    households,
    linkage,
    model,
    normalise,
    own_contacts,
    store,
)
from models.identity.clustering import Integers
from models.identity.components import component_labels
from models.identity.decisions import HumanInput
from models.identity.linkage import PAIR_COLUMNS
from models.identity.model import Model
from models.identity.normalise import INPUT, RECORDS
from models.identity.settings import RECORD_KINDS, Engine, IdentityConfig, RecordKind
from models.identity.stable_ids import BEGINNING, KEY, assign

Connection = duckdb.DuckDBPyConnection
# Columns of a record's key, in SQL.
_KEY = ", ".join(KEY)


@dataclass
class Run:
    """`catalog`: the database with the identity tables and the store; unqualified names are the workspace's."""

    con: Connection
    catalog: str
    as_of: date
    seed: int
    config: IdentityConfig
    run_id: str | None = None
    engine: Engine = "duckdb"
    human: HumanInput = field(default_factory=HumanInput.none)
    models: dict[str, Model] = field(default_factory=dict)
    estimated: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def resolve(self, source: str, reestimate_because: str | None = None) -> None:
        """Computes what the records of `source` change; `write` puts it in place.

        Raises ValueError for a repeated or missing record key, a missing column, and a day before the last change.
        """
        self._refuse_the_past()
        normalise.open_input(self.con, source)
        self.con.execute(normalise.macros())
        own_contacts.define(self.con, self.config.own_contacts)
        self._load_models(reestimate_because)
        rules = store.rules(self.con, self.config, [one.version for one in self.models.values()])
        last = store.open_store(self.con, self.catalog, "" if self.is_first else rules, self.as_of, self.config)
        self.is_whole = last is None
        store.find_changes(self.con, self.kept("identity_xref"), last, self.as_of, self.estimated)
        self._derive()
        self._settle()
        self._compare()
        self._group()
        self._name()
        self._house()

    def kept(self, table: str) -> str:
        return f'"{self.catalog}".main.{table}'

    def _refuse_the_past(self) -> None:
        [(last,)] = self.con.sql(
            f"select greatest(max(valid_from), max(valid_to)) from {self.kept('identity_xref')}"
        ).fetchall()
        self.is_first = last is None
        if last is not None and self.as_of < last:
            raise ValueError(f"identity was last changed on {last}; it cannot be resolved as of {self.as_of}")

    def _load_models(self, reestimate_because: str | None) -> None:
        for kind in RECORD_KINDS:
            found = model.load(self.con, self.kept("identity_model"), kind)
            if isinstance(found, str):
                self.estimated[kind.name] = found
            elif not found.is_trained:
                self.estimated[kind.name] = "too few records to learn from before"
            elif reestimate_because:
                self.estimated[kind.name] = reestimate_because
            else:
                self.models[kind.name] = found

    def _derive(self) -> None:
        """`derived`: records that are new, changed, or carry a value whose standing changed. `moved`: those of them
        that are compared otherwise than before. `stale`: those whose pairs are no more."""
        con = self.con
        con.execute(f"create table due_input as select d.record_no, i.* from {INPUT} as i join due as d using ({_KEY})")
        normalise.clean(con, "due_input", "cleaned", self.as_of)
        if self.is_whole:
            normalise.note_values(con, "cleaned", "noted", self.config)
            con.execute("create view changed_value as from noted")
        else:
            self._note_changes()
            store.add_records_of_changed_values(con)
        kinds = ", ".join(f"'{kind}'" for kind in self.estimated) or "''"
        counted = normalise.frequencies(con, f"(from cleaned where record_kind in ({kinds}))", self.config)
        known = pl.concat([counted, *(one.frequencies for one in self.models.values())])
        self.frequencies = counted
        normalise.derive(con, "cleaned", "derived", "noted", known, self.config)
        con.execute("drop table due_input; drop table cleaned")
        columns = ", ".join(name for name, *_ in con.sql("describe derived").fetchall())
        con.execute(
            f"""
            create table moved as
            with is_new as (
                select record_no from due where reason in ('added', 'judged anew')
            )
            from is_new
            union
            select record_no from (
                select {columns} from derived anti join is_new using (record_no)
                except
                select {columns} from store_record semi join due using (record_no)
            );
            create table stale as from moved union all select record_no from removed;
            """
        )
        con.execute(
            f"create view record_now as select {columns} from derived"
            if self.is_whole
            else f"""
            create view record_now as
            select {columns} from store_record anti join due using (record_no) anti join removed using (record_no)
            union all
            select {columns} from derived
            """
        )

    def _note_changes(self) -> None:
        """`noted` as it is now, and `changed_value`: what is noted no longer, or now."""
        con = self.con
        gone = "(select s.* from store_record as s semi join (select record_no from due union all"
        gone += " select record_no from removed) using (record_no))"
        con.execute(
            f"""
            create table questioned as
            {normalise.values_that_may_be_noted("cleaned")} union {normalise.values_that_may_be_noted(gone)}
            """
        )
        columns = "carrier, stated_email, stated_phone, stated_loyalty_number, stated_birth_date, is_account"
        columns += ", brand_loyalty_number"
        con.execute(
            f"""
            create view cleaned_now as
            select {columns} from store_record anti join due using (record_no) anti join removed using (record_no)
            union all
            select {columns} from cleaned
            """
        )
        normalise.note_values(con, "cleaned_now", "noted", self.config, among="questioned")
        con.execute(
            """
            insert into noted
            from store_noted anti join questioned using (column_name, column_value) where column_name <> 'birth_date';
            create table changed_value as
            (from noted except from store_noted) union all (from store_noted except from noted);
            """
        )

    def _settle(self) -> None:
        """`bond`: what people decided of records that are there. `rebound`: records of which that has changed.
        `replaced`: known records that Odoo merged into another; they stay with its customer."""
        con, xref = self.con, self.kept("identity_xref")
        con.register("named", decisions.named(self.human.decisions).to_arrow())
        records = con.sql(f"select record_no, {_KEY}, record_kind from record_now semi join named using ({_KEY})").pl()
        con.unregister("named")
        self.settled = decisions.settle(self.human.decisions, records)
        kinds = ((decisions.SAME, self.settled.same), (decisions.DIFFERENT, self.settled.different))
        bonds = [pairs.select(pl.lit(kind).alias("kind"), "left_no", "right_no") for kind, pairs in kinds]
        number_of = {key: number for number, key in self.settled.key_of.items()}
        rows = [(*gone, number_of[by.key]) for gone, by in self.settled.replaced.items()]
        schema = {**dict.fromkeys(KEY, pl.String()), "survivor_no": pl.Int64()}
        con.register("settled", pl.concat(bonds).to_arrow())
        con.register("replacement", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
        con.execute(
            f"""
            create table bond as select kind, left_no::integer as left_no, right_no::integer as right_no from settled;
            create table rebound as
            with changed as (
                (from bond except from store_bond) union all (from store_bond except from bond)
            )
            select left_no as record_no from changed union select right_no from changed;
            create table replaced as
            with current as (
                from {xref} where valid_to is null
            )
            select
                gone.*, own.customer_id is not distinct from survivor.customer_id and own.customer_id is not null
                    as is_settled
            from replacement as gone
            left join current as own using ({_KEY})
            join record_now as r on r.record_no = survivor_no
            left join current as survivor
                on survivor.source_name = r.source_name and survivor.source_customer_id = r.source_customer_id
            where ({_KEY}) in (select ({_KEY}) from {xref});
            delete from removed where record_no = -1 and ({_KEY}) in (select ({_KEY}) from replaced);
            """
        )
        con.unregister("settled")
        con.unregister("replacement")

    def _compare(self) -> None:
        """`fresh_edge`: pairs of moved records, among themselves and with the rest. `pattern`: what the models make of
        them, and of all others."""
        con = self.con
        con.execute(
            f"""
            create table fresh_key (record_no INTEGER, key UBIGINT);
            create table fresh_edge ({PAIR_COLUMNS});
            create table fresh_pattern ({store.PATTERN_COLUMNS});
            """
        )
        kept = ", ".join(f"'{kind}'" for kind in self.models) or "''"
        for kind in RECORD_KINDS:
            self._compare_kind(kind)
        con.execute(
            f"""
            create view pattern as
            from store_pattern where record_kind in ({kept}) union all by name from fresh_pattern
            """
        )

    def _compare_kind(self, kind: RecordKind) -> None:
        con, name = self.con, kind.name
        is_anew = name in self.estimated
        normalise.write_keys(con, kind, "(from derived semi join moved using (record_no))", "key_of_kind")
        crowded = (
            normalise.crowded_keys(con, kind, "key_of_kind", self.config) if is_anew else self.models[name].crowded_keys
        )
        con.register("crowded", crowded.to_arrow())
        con.execute("create or replace table key_of_kind as from key_of_kind anti join crowded using (key)")
        con.unregister("crowded")
        con.execute(f"create or replace table edge_of_kind ({PAIR_COLUMNS})")
        parameters = None if is_anew else self.models[name].parameters
        if is_anew or self.is_whole:
            is_comparable = self._compare_everything(kind)
            if is_anew and is_comparable:
                parameters = linkage.estimate(con, kind, "of_kind", "edge_of_kind", self.seed, self.config)
        else:
            self._compare_with_the_rest(kind)
        if is_anew:
            frequencies = self.frequencies.filter(pl.col("record_kind") == name)
            self.models[name] = Model(kind, self.as_of, parameters, frequencies, crowded, self.estimated[name])
        if parameters is not None:
            self._score(kind, parameters, is_anew)
        con.execute("insert into fresh_key from key_of_kind")
        con.execute("insert into fresh_edge from edge_of_kind")
        con.execute("drop table key_of_kind; drop table edge_of_kind; drop table if exists of_kind")

    def _compare_everything(self, kind: RecordKind) -> bool:
        """Whether there were two records that any key could propose."""
        self.con.execute(
            f"""
            create or replace table of_kind as
            with shared as (
                select key from key_of_kind group by key having count(*) > 1
            ), keyed as (
                select record_no, list(key) as keys from key_of_kind semi join shared using (key) group by record_no
            )
            select d.*, coalesce(keys, []) as keys
            from derived as d left join keyed using (record_no) where record_kind = '{kind.name}'
            order by record_no
            """
        )
        [(keyed,)] = self.con.sql("select count(*) from of_kind where len(keys) > 0").fetchall()
        if keyed > 1:
            linkage.compare_all(self.con, kind, "of_kind", "edge_of_kind", self.engine)
        return bool(keyed > 1)

    def _compare_with_the_rest(self, kind: RecordKind) -> None:
        present = [name for name, *_ in self.con.sql("describe derived").fetchall()]
        read = {name for comparison in kind.comparisons for name in comparison.read_of(present)}
        columns = ", ".join(["record_no", *sorted(read), "keys"])
        self.con.execute(
            f"""
            create or replace table partner_key as
            select record_no, key from store_key
            semi join key_of_kind using (key) anti join stale using (record_no);
            create or replace table arrived_keys as
            with shared as (
                select key from key_of_kind group by key having count(*) > 1 union select key from partner_key
            )
            select record_no, list(key) as keys from key_of_kind semi join shared using (key) group by record_no;
            create or replace table partner_keys as
            select record_no, list(key) as keys from partner_key group by record_no;
            create or replace view arrived as
            select {columns} from derived join arrived_keys using (record_no);
            create or replace view partner as
            select {columns} from store_record join partner_keys using (record_no);
            """
        )
        [(arrived,)] = self.con.sql("select count(*) from arrived_keys").fetchall()
        if arrived:
            linkage.compare_new(self.con, kind, "arrived", "partner", "edge_of_kind")

    def _score(self, kind: RecordKind, parameters: linkage.Parameters, is_anew: bool) -> None:
        new = "" if is_anew else "anti join store_pattern using (pattern)"
        patterns = self.con.sql(f"select distinct pattern from edge_of_kind {new} order by pattern").pl()
        scored = linkage.score(kind, parameters, linkage.with_outcomes(kind, patterns))
        self.con.register("scored", scored.with_columns(pl.lit(kind.name).alias("record_kind")).to_arrow())
        columns = "record_kind, pattern, match_probability, match_weight, evidence, household_weight"
        self.con.execute(f"insert into fresh_pattern select {columns} from scored")
        self.con.unregister("scored")

    def _group(self) -> None:
        """`touched`: records that are grouped again, numbered in key order. `near_edge`: all pairs that have one of
        them. `grouped`: what each belongs to now."""
        con = self.con
        if self.is_whole:
            con.execute("create view near_edge as from fresh_edge")
        con.execute(
            f"""
            create table touched as
            with component as (
                select component_no from store_membership
                semi join (
                    select record_no from due union all select record_no from removed union all from rebound
                    union all select survivor_no from replaced where not is_settled
                ) using (record_no)
                union
                select m.component_no
                from (select left_no as record_no, pattern from fresh_edge
                    union all select right_no, pattern from fresh_edge) as e
                semi join (from pattern where match_weight > {self.config.least_link_bits}) using (pattern)
                join store_membership as m using (record_no)
            ), member as (
                select record_no from store_membership semi join component using (component_no)
                union
                select record_no from due
            )
            select
                (row_number() over (order by {_KEY}) - 1)::integer as local_no, record_no, record_kind, {_KEY}
            from record_now semi join member using (record_no)
            """
        )
        if not self.is_whole:
            con.execute(
                """
                create table near_edge as
                select left_no, right_no, pattern from store_edge
                where (left_no in (select record_no from touched) or right_no in (select record_no from touched))
                    and left_no not in (select record_no from stale) and right_no not in (select record_no from stale)
                union all
                from fresh_edge
                """
            )
        [(count,)] = con.sql("select count(*) from touched").fetchall()
        linked = con.sql(f"{_LOCAL_EDGES} where match_weight > {self.config.least_link_bits}").pl()
        same, different = (self._local_bonds(kind) for kind in (decisions.SAME, decisions.DIFFERENT))
        linked = pl.concat([linked.select("left_no", "right_no"), same.select("left_no", "right_no")])
        component_of = component_labels(linked["left_no"].to_numpy(), linked["right_no"].to_numpy(), count)
        cluster_of = np.arange(count, dtype=np.int64)
        pairs = self._pairs_within(component_of)
        con.execute(
            f"""
            create or replace view {RECORDS} as
            select t.local_no as record_no, r.* exclude (record_no)
            from record_now as r join touched as t using (record_no)
            """
        )
        kind_of = con.sql("select record_kind from touched order by local_no").pl()["record_kind"]
        for kind in RECORD_KINDS:
            parameters = self.models[kind.name].parameters
            of_kind = pairs.filter(pl.col("record_kind") == kind.name).drop("record_kind")
            same_of_kind = same.filter(pl.col("record_kind") == kind.name)
            refusals = () if parameters is None else parameters.refusals(kind, self.config)
            found = clustering.cluster(con, refusals, of_kind, count, self.config, same_of_kind, different)
            members = (kind_of == kind.name).to_numpy()
            cluster_of[members] = found.cluster_of[members]
            self.refused[kind.name] = found.refused_count
        self.probability_of = _probability_in_cluster(pairs, cluster_of)
        local = pl.DataFrame({"local_no": np.arange(count), "cluster": cluster_of, "component": component_of})
        con.register("labelled", local.to_arrow())
        con.execute(
            """
            create table grouped as
            select t.record_no, c.record_no as cluster_no, o.record_no as component_no, t.local_no, cluster
            from touched as t join labelled using (local_no)
            join touched as c on c.local_no = cluster join touched as o on o.local_no = component
            """
        )
        con.unregister("labelled")

    def _local_bonds(self, kind: str) -> pl.DataFrame:
        return self.con.sql(
            """
            select
                least(l.local_no, r.local_no)::bigint as left_no, greatest(l.local_no, r.local_no)::bigint as right_no,
                l.record_kind
            from bond join touched as l on l.record_no = left_no join touched as r on r.record_no = right_no
            where kind = $kind order by all
            """,
            params={"kind": kind},
        ).pl()

    def _pairs_within(self, component_of: Integers) -> pl.DataFrame:
        """All pairs of touched records of one component."""
        con = self.con
        labels = pl.DataFrame({"local_no": np.arange(len(component_of)), "component": component_of})
        con.register("labelled", labels.filter(pl.len().over("component") > 1).to_arrow())
        pairs = con.sql(
            f"""
            select e.* from ({_LOCAL_EDGES}) as e
            join labelled as l on l.local_no = left_no
            join labelled as r on r.local_no = right_no and r.component = l.component
            order by left_no, right_no
            """
        ).pl()
        con.unregister("labelled")
        return pairs

    def _name(self) -> None:
        """`assignment`: ids of touched records, what changes in `identity_xref`, and events. Golden records follow."""
        con, xref = self.con, self.kept("identity_xref")
        current = con.sql(
            f"""
            select {_KEY}, customer_id, valid_from from {xref} as x
            semi join (
                select {_KEY} from touched union all select {_KEY} from removed
                union all select {_KEY} from replaced where survivor_no in (select record_no from touched)
            ) using ({_KEY})
            where valid_to is null
            """
        ).pl()
        clustered = con.sql(f"select {_KEY}, cluster from touched join grouped using (local_no) order by local_no").pl()
        followers = con.sql(
            f"select {_KEY}, cluster, 1.0::double as match_probability"
            f" from replaced join grouped on grouped.record_no = survivor_no order by all"
        ).pl()
        ids = f"(select customer_id from {xref} union all select customer_id from {self.kept('identity_event')})"
        self.assignment = assign(
            pl.concat([clustered.with_columns(self.probability_of), followers]),
            current,
            lambda wanted: self._used(ids, "customer_id", wanted),
            self.as_of,
            BEGINNING if self.is_first else self.as_of,
        )
        con.register("customer_of", self.assignment.customer_of.to_arrow())
        con.register("customer_before", current.to_arrow())
        explained = evidence.explain(con, self.assignment.events, self.models.values())
        self.events = decisions.with_causes(explained, current, self.assignment.customer_of, self.settled).with_columns(
            pl.lit(self.run_id, dtype=pl.String()).alias("run_id")
        )
        con.execute(f"create or replace view {RECORDS} as from record_now")
        self.golden = golden_record.golden_records(con, self.assignment.customer_of, self.config)

    def _used(self, ids: str, column: str, wanted: Collection[str]) -> set[str]:
        self.con.register("wanted", pl.DataFrame({column: list(wanted)}, schema={column: pl.String()}).to_arrow())
        found = self.con.sql(f"select distinct {column} from {ids} semi join wanted using ({column})").fetchall()
        self.con.unregister("wanted")
        return {name for (name,) in found}

    def _house(self) -> None:
        """`regrouped`: membership of all records whose customer or household was found anew, and their households."""
        con = self.con
        con.execute(
            f"""
            create table resident as
            with neighbourhood as (
                select neighbourhood_no from store_membership
                semi join (select record_no from touched union all select record_no from removed) using (record_no)
                union
                select m.neighbourhood_no
                from (select left_no as record_no, pattern from near_edge
                    union all select right_no, pattern from near_edge) as e
                semi join (from pattern where household_weight > 0) using (pattern)
                join store_membership as m using (record_no)
            ), member as (
                select record_no, cluster_no, component_no from store_membership
                semi join neighbourhood using (neighbourhood_no)
                anti join touched using (record_no) anti join removed using (record_no)
                union all
                select record_no, cluster_no, component_no from grouped
            ), numbered as (
                select
                    member.*, {_KEY}, row_number() over (order by {_KEY}) as key_order
                from member join record_now using (record_no)
            )
            select
                record_no, cluster_no, component_no, {_KEY},
                (dense_rank() over (order by first_in_cluster) - 1)::integer as customer_no
            from (select *, min(key_order) over (partition by cluster_no) as first_in_cluster from numbered)
            """
        )
        [(count,)] = con.sql("select coalesce(max(customer_no) + 1, 0) from resident").fetchall()
        edges = "(select left_no, right_no, household_weight from resident_edge join pattern using (pattern))"
        con.execute(
            "create view resident_edge as from fresh_edge"
            if self.is_whole
            else """
            create table resident_edge as
            select left_no, right_no, pattern from store_edge
            where left_no in (select record_no from resident) and right_no in (select record_no from resident)
                and left_no not in (select record_no from stale) and right_no not in (select record_no from stale)
            union all
            from fresh_edge
            """
        )
        household_of, neighbourhood_of = households.group(con, edges, "resident", count, self.config)
        labels = pl.DataFrame(
            {"customer_no": np.arange(count), "household": household_of, "neighbourhood": neighbourhood_of}
        )
        con.register("labelled", labels.to_arrow())
        con.execute(
            """
            create table regrouped as
            select record_no, r.cluster_no, component_no, first.cluster_no as neighbourhood_no
            from resident as r join labelled using (customer_no)
            join (select distinct customer_no, cluster_no from resident) as first on first.customer_no = neighbourhood
            """
        )
        customers = con.sql(
            f"""
            select distinct coalesce(c.customer_id, x.customer_id) as customer_id, household
            from resident join labelled using (customer_no)
            left join customer_of as c using ({_KEY})
            left join {self.kept("identity_xref")} as x
                on x.source_name = resident.source_name and x.source_customer_id = resident.source_customer_id
                and x.valid_to is null
            order by customer_id
            """
        ).pl()
        con.unregister("labelled")
        con.register("resident_customer", customers.to_arrow())
        table = self.kept("identity_household")
        con.execute(
            """
            create table rehoused as
            select customer_id from resident_customer union select customer_id from customer_before
            """
        )
        previous = con.sql(f"from {table} semi join rehoused using (customer_id)").pl()
        self.household = households.assign(
            customers, previous, lambda wanted: self._used(table, "household_id", wanted)
        )

    def write(self) -> None:
        """Replaces what the run changed; the caller holds the transaction."""
        con = self.con
        for kind in self.estimated:
            model.save(con, self.kept("identity_model"), self.models[kind])
        self._write_xref()
        con.register("new_event", self.events.to_arrow())
        con.execute(
            f"""
            insert into {self.kept("identity_event")} by name
            from new_event anti join {self.kept("identity_event")} using (event_id)
            """
        )
        changed = "select customer_id from customer_before union all select customer_id from customer_of"
        self._replace("identity_golden", self.golden.records, f"customer_id in ({changed})")
        self._replace("identity_golden_source", self.golden.sources, f"customer_id in ({changed})")
        self._replace("identity_household", self.household, "customer_id in (select customer_id from rehoused)")
        self._write_links()
        versions = [one.version for one in self.models.values() if one.is_trained]
        rules = store.rules(con, self.config, versions)
        store.write(con, self.catalog, rules, self.as_of, self.estimated)

    def _replace(self, table: str, frame: pl.DataFrame, where: str) -> None:
        self.con.execute(f"delete from {self.kept(table)} where {where}")
        self.con.register("replacing", frame.to_arrow())
        self.con.execute(f"insert into {self.kept(table)} by name from replacing")
        self.con.unregister("replacing")

    def _write_xref(self) -> None:
        con, xref = self.con, self.kept("identity_xref")
        con.register("ended", self.assignment.ended.to_arrow())
        con.register("opened", self.assignment.opened.to_arrow())
        is_ended = f"valid_to is null and ({_KEY}) in (select ({_KEY}) from ended)"
        # A row opened on this very day and changed again was never valid for a whole day.
        con.execute(f"delete from {xref} where {is_ended} and valid_from >= ?", [self.as_of])
        con.execute(f"update {xref} set valid_to = ? where {is_ended}", [self.as_of])
        con.execute(f"insert into {xref} by name from opened")

    def _write_links(self) -> None:
        con, links = self.con, self.kept("identity_link")
        for side in ("left", "right"):
            con.execute(
                f"delete from {links} where ({side}_source_name, {side}_source_customer_id)"
                f" in (select ({_KEY}) from due semi join stale using (record_no) union all"
                f" select ({_KEY}) from removed)"
            )
        con.execute(
            f"""
            insert into {links} by name
            with link as (
                select
                    struct_pack(l.source_name, l.source_customer_id) as one,
                    struct_pack(r.source_name, r.source_customer_id) as other,
                    match_probability, match_weight
                from fresh_edge join pattern using (pattern)
                join record_now as l on l.record_no = left_no
                join record_now as r on r.record_no = right_no
                where match_probability >= {self.config.link_probability_floor}
            )
            select
                least(one, other).source_name as left_source_name,
                least(one, other).source_customer_id as left_source_customer_id,
                greatest(one, other).source_name as right_source_name,
                greatest(one, other).source_customer_id as right_source_customer_id,
                match_probability, match_weight
            from link
            """
        )

    def stored(self, table: str) -> str:
        return f'"{self.catalog}".{store.SCHEMA}.{table}'


# Pairs of touched records by their local numbers, the smaller left.
_LOCAL_EDGES = """
    select
        least(l.local_no, r.local_no)::bigint as left_no, greatest(l.local_no, r.local_no)::bigint as right_no,
        match_probability, match_weight, evidence, p.record_kind
    from near_edge join pattern as p using (pattern)
    join touched as l on l.record_no = near_edge.left_no
    join touched as r on r.record_no = near_edge.right_no
"""


def _probability_in_cluster(pairs: pl.DataFrame, cluster_of: Integers) -> pl.Series:
    """A record's strongest link to another of its cluster; 1 for a record alone."""
    left, right = pairs["left_no"].to_numpy(), pairs["right_no"].to_numpy()
    inside = cluster_of[left] == cluster_of[right]
    probability = np.zeros(len(cluster_of))
    np.maximum.at(probability, left[inside], pairs["match_probability"].to_numpy()[inside])
    np.maximum.at(probability, right[inside], pairs["match_probability"].to_numpy()[inside])
    is_alone = np.bincount(cluster_of, minlength=len(cluster_of))[cluster_of] == 1
    return pl.Series("match_probability", np.where(is_alone, 1.0, probability), dtype=pl.Float64())
