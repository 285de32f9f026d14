"""Search: finds passages by time, list and part of the plate, through the tables `passage_places`, `list_places` and
`passage_grams`, which the triggers of the migrations keep.

A passage's place is one number that sorts by the millisecond of its capture and never changes. A text of three characters or more
is found through its trigrams and looked for once more in what they give; a shorter one is looked for in the newest passages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import lists as matching
from engine.store.database import Database
from engine.store.migrations import folded_of, place_of
from engine.store.queries import MAX_COUNTED, MOST_SCANNED, PassageQuery
from engine.store.rows import stamp

FEW = 2_000
"""Looking through up to this many rows is quicker than asking for their trigrams."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


LOWEST, HIGHEST = -(2**63), 2**63 - 1


@dataclass(slots=True)
class _Plan:
    """SQL in the making. `source`: what is gone through; `place`, `number`: SQL of a passage's place and rowid there; `order`:
    SQL that sorts by place, with {way} for ASC or DESC;
    `looked_through`: it compares the text of MOST_SCANNED passages at most."""

    source: str
    place: str
    number: str
    order: str
    partial: bool = False
    looked_through: bool = False
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def where(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    @property
    def condition(self) -> str:
        return " AND ".join(self.conditions) or "1"


class Search:
    """Answers with numbers (rowids) of passages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rowids(self, query: PassageQuery, limit: int, offset: int, oldest_first: bool = False) -> list[int]:
        """By time, newest first unless `oldest_first`. With `newer_than` the nearest ones, newest first all the same."""
        plan = self._plan(query)
        nearest = query.newer_than is not None and not oldest_first
        order = plan.order.format(way="ASC" if nearest or oldest_first else "DESC")
        sql = f"SELECT {plan.number} AS number FROM {plan.source} WHERE {plan.condition} ORDER BY {order} LIMIT ? OFFSET ?"
        found = [row["number"] for row in self._db.rows(sql, (*plan.values, limit, offset))]
        return found[::-1] if nearest else found

    def count(self, query: PassageQuery) -> tuple[int, bool]:
        """(How many, MAX_COUNTED + 1 at most; whether only the newest passages were looked at)."""
        plan = self._plan(query)
        return self._counted(plan, MAX_COUNTED + 1), plan.partial

    def all(self, query: PassageQuery) -> tuple[list[int], bool]:
        """(Newest first, MAX_COUNTED + 1 at most; whether only the newest passages were looked at)."""
        plan = self._plan(query)
        if plan.looked_through:  # rows are found three times as fast in the order in which they lie
            order, most = plan.order.format(way="ASC"), MOST_SCANNED
        else:
            order, most = plan.order.format(way="DESC"), MAX_COUNTED + 1
        sql = f"SELECT {plan.number} AS number FROM {plan.source} WHERE {plan.condition} ORDER BY {order} LIMIT {most}"
        found = [row["number"] for row in self._db.rows(sql, plan.values)]
        return (found[::-1] if plan.looked_through else found)[: MAX_COUNTED + 1], plan.partial

    def _counted(self, plan: _Plan, at_most: int) -> int:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {plan.source} WHERE {plan.condition} LIMIT {at_most})"
        return int(self._db.rows(sql, plan.values)[0][0])

    def _plan(self, query: PassageQuery) -> _Plan:
        text = matching.normalise(query.plate)
        folded = matching.fold(text)
        places = _bounded(_places(query.list_id, with_rows=False), query)
        if self._db.row("SELECT 1 FROM passages_due WHERE until_rowid > 0"):
            plan = _bounded(_unfilled(query), query)
        elif not text:
            return places
        elif len(folded) >= 3 and self._counted(places, FEW) == FEW:
            plan = _bounded(_grams(folded, query.list_id), query)
        else:
            plan = _bounded(_places(query.list_id, with_rows=True), query)
            plan.looked_through = True
            sql = f"SELECT s.place FROM {places.source} WHERE {places.condition} ORDER BY s.place DESC LIMIT 1 OFFSET ?"
            beyond = self._db.row(sql, (*places.values, MOST_SCANNED))
            if beyond is not None:
                plan.partial = True
                plan.where("s.place > ?", beyond["place"])
        if text:
            # Only a text that has look-alikes needs those of the keys made equal, which takes three times as long.
            plan.where(f"instr({folded_of('p') if {'0', '1'} & set(folded) else 'p.key'}, ?) > 0", folded)
            if not query.fold:
                plan.where("instr(p.key, ?) > 0", text)
        return plan


def _places(list_id: int, with_rows: bool) -> _Plan:
    """All passages, or those of a list."""
    source = "list_places s" if list_id else "passage_places s"
    number = "(SELECT passage_rowid FROM passage_places WHERE place = s.place)" if list_id else "s.passage_rowid"
    if with_rows:
        source += f" CROSS JOIN passages p ON p.rowid = {number}"
    plan = _Plan(source, "s.place", number, "s.place {way}")
    if list_id:
        plan.where("s.list_id = ?", list_id)
    return plan


def _grams(folded: str, list_id: int) -> _Plan:
    """Passages with all trigrams of the text, which may stand apart there: the caller looks for the whole text."""
    grams = dict.fromkeys(folded[start : start + 3] for start in range(len(folded) - 2))
    source = "passage_grams g"
    if list_id:
        source += " CROSS JOIN list_places lp ON lp.place = g.rowid"
    source += " CROSS JOIN passage_places pp ON pp.place = g.rowid CROSS JOIN passages p ON p.rowid = pp.passage_rowid"
    plan = _Plan(source, "g.rowid", "pp.passage_rowid", "g.rowid {way}")
    plan.where("passage_grams MATCH ?", " AND ".join(_quoted(gram) for gram in grams))
    if list_id:
        plan.where("lp.list_id = ?", list_id)
    return plan


def _unfilled(query: PassageQuery) -> _Plan:
    """While the tables of an older database are still being filled: by the index of the stamps."""
    plan = _Plan("passages p", place_of("p"), "p.rowid", "p.at {way}, p.rowid {way}")
    if query.since:
        plan.where("p.at >= ?", stamp(query.since))
    if query.until:
        plan.where("p.at < ?", stamp(query.until))
    if query.list_id:
        plan.where("EXISTS (SELECT 1 FROM passage_lists WHERE passage_rowid = p.rowid AND list_id = ?)", query.list_id)
    return plan


def _bounded(plan: _Plan, query: PassageQuery) -> _Plan:
    """With the narrowest bounds of the query, one at either end: of two SQLite might choose the wider one."""
    lowest = [_place(query.since)] if query.since else []
    highest = [_place(query.until)] if query.until else []
    if query.newer_than is not None:
        lowest.append(query.newer_than + 1)
    if query.older_than is not None:
        highest.append(query.older_than)
    if lowest:
        plan.where(f"{plan.place} >= ?", max(lowest))
    if highest:
        plan.where(f"{plan.place} < ?", min(highest))
    return plan


def _place(at: datetime) -> int:
    """The lowest place of that moment."""
    return max(LOWEST, min(HIGHEST, (at - EPOCH) // timedelta(milliseconds=1) * 1048576))


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'
