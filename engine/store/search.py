"""Search: finds passages by time, list, part of the plate, lane, direction and decision, through the tables `passage_places`,
`list_places`, `passage_grams`, `kind_places` and `list_kinds`, which the triggers of the migrations keep.

A passage's place is one number that sorts by the millisecond of its capture and never changes. A text of three characters or more
is found through its trigrams and looked for once more in what they give; a shorter one is looked for in the newest passages. Lane,
direction and decision together are a passage's kind, one number: of the few kinds that there are, those that were asked for are
gone through side by side.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any

from board.kit.dataclass import dataclass
from engine import lists as matching
from engine.store.database import Database
from engine.store.migrations import DIRECTION_NUMBERS, OUTCOME_NUMBERS, folded_of, place_of
from engine.store.queries import MAX_COUNTED, MOST_SCANNED, PassageQuery
from engine.store.rows import stamp

FEW = 2_000
"""Looking through up to this many rows is quicker than asking for their trigrams."""

PLACED = "(SELECT passage_rowid FROM passage_places WHERE place = s.place)"
"""SQL of the passage at a place."""

OUTCOMES = {number: name for name, number in OUTCOME_NUMBERS.items()}
DIRECTIONS = {number: name for name, number in DIRECTION_NUMBERS.items()}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LOWEST, HIGHEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What passages have in common: lane, direction and decision. `number`: of engine/store/migrations.py, `kind_of`."""

    number: int
    lane: int
    direction: str
    outcome: str


@dataclass(slots=True)
class _Plan:
    """SQL in the making. `source`: what is gone through; `place`, `number`: SQL of a passage's place and rowid there; `order`:
    SQL that sorts by place, with {way} for ASC or DESC; `looked_through`: it compares the rows of MOST_SCANNED passages at most;
    `kinds`: the passages are those of the source that are of one of these."""

    source: str
    place: str
    number: str
    order: str
    partial: bool = False
    looked_through: bool = False
    kinds: tuple[int, ...] | None = None
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def where(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    @property
    def condition(self) -> str:
        return " AND ".join(self.conditions) or "1"

    def page(self, way: str) -> tuple[str, list[Any]]:
        """SQL of the numbers, with what stands for its question marks but LIMIT and OFFSET."""
        order = self.order.format(way=way)
        if self.kinds is None:
            sql = f"SELECT {self.number} AS number FROM {self.source} WHERE {self.condition} ORDER BY {order} LIMIT ? OFFSET ?"
            return sql, self.values
        # SQLite merges what is sorted by itself, and only as far as it is asked for.
        within, values = self._of_kinds()
        sql = f"SELECT {self.number} AS number FROM ({within} ORDER BY place {way} LIMIT ? OFFSET ?) s ORDER BY {order}"
        return sql, values

    def matching(self) -> tuple[str, list[Any]]:
        """SQL of one row for each passage, in any order, with its values."""
        if self.kinds is None:
            return f"SELECT 1 FROM {self.source} WHERE {self.condition}", self.values
        return self._of_kinds()

    def _of_kinds(self) -> tuple[str, list[Any]]:
        kinds = self.kinds or ()
        each = [f"SELECT s.place AS place FROM {self.source} WHERE s.kind = {kind} AND {self.condition}" for kind in kinds]
        return " UNION ALL ".join(each) or "SELECT 0 AS place WHERE 0", self.values * len(kinds)


class Search:
    """Answers with numbers (rowids) of passages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rowids(self, query: PassageQuery, limit: int, offset: int, oldest_first: bool = False) -> list[int]:
        """By time, newest first unless `oldest_first`. With `newer_than` the nearest ones, newest first all the same."""
        plan = self._plan(query)
        nearest = query.newer_than is not None and not oldest_first
        found = self._numbers(plan, "ASC" if nearest or oldest_first else "DESC", limit, offset)
        return found[::-1] if nearest else found

    def _numbers(self, plan: _Plan, way: str, limit: int, offset: int = 0) -> list[int]:
        sql, values = plan.page(way)
        return [row["number"] for row in self._db.rows(sql, (*values, limit, offset))]

    def count(self, query: PassageQuery) -> tuple[int, bool]:
        """(How many, MAX_COUNTED + 1 at most; whether only the newest passages were looked at)."""
        plan = self._plan(query)
        return self._counted(plan, MAX_COUNTED + 1), plan.partial

    def count_all(self, query: PassageQuery) -> int:
        """However many there are: some tenths of a second for a million of a span of time."""
        sql, values = self._plan(query).matching()
        return int(self._db.rows(f"SELECT count(*) FROM ({sql})", values)[0][0])

    def all(self, query: PassageQuery) -> tuple[list[int], bool]:
        """(Newest first, MAX_COUNTED + 1 at most; whether only the newest passages were looked at)."""
        plan = self._plan(query)
        if plan.looked_through:  # rows are found three times as fast in the order in which they lie
            return self._numbers(plan, "ASC", MOST_SCANNED)[: -MAX_COUNTED - 2 : -1], plan.partial
        return self._numbers(plan, "DESC", MAX_COUNTED + 1), plan.partial

    def _counted(self, plan: _Plan, at_most: int) -> int:
        sql, values = plan.matching()
        return int(self._db.rows(f"SELECT count(*) FROM (SELECT 1 FROM ({sql}) LIMIT {at_most})", values)[0][0])

    def kinds(self) -> list[Kind]:
        """Those of which there are passages."""
        found: list[Kind] = []
        number = -1
        while (row := self._db.row("SELECT min(kind) AS kind FROM kind_places WHERE kind > ?", (number,))) and row[
            "kind"
        ] is not None:
            number = row["kind"]
            found.append(Kind(number, number // 64, DIRECTIONS.get(number // 8 % 8, ""), OUTCOMES.get(number % 8, "")))
        return found

    def _plan(self, query: PassageQuery) -> _Plan:
        text = matching.normalise(query.plate)
        folded = matching.fold(text)
        places = _bounded(_places(query.list_id, with_rows=False), query)
        if self._is_due("passages_due") or (query.of_kind and self._is_due("list_kinds_due" if query.list_id else "kinds_due")):
            plan = _bounded(_unfilled(query), query)
        elif not text and not query.of_kind:
            return places
        elif not text:
            kinds = tuple(each.number for each in self.kinds() if _fits(each, query))
            return _bounded(_kinds(query.list_id, kinds), query)
        elif len(folded) >= 3 and "\0" not in folded and self._counted(places, FEW) == FEW:  # NUL ends a text for FTS5
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
        for column, asked in (("lane", query.lane), ("direction", query.direction), ("outcome", query.outcome)):
            if asked:
                plan.where(f"p.{column} = ?", asked)
        return plan

    def _is_due(self, table: str) -> bool:
        return self._db.row(f"SELECT 1 FROM {table} WHERE until_rowid > 0") is not None


def _fits(kind: Kind, query: PassageQuery) -> bool:
    return query.lane in (0, kind.lane) and query.direction in ("", kind.direction) and query.outcome in ("", kind.outcome)


def _places(list_id: int, with_rows: bool) -> _Plan:
    """All passages, or those of a list."""
    source = "list_places s" if list_id else "passage_places s"
    number = PLACED if list_id else "s.passage_rowid"
    if with_rows:
        source += f" CROSS JOIN passages p ON p.rowid = {number}"
    plan = _Plan(source, "s.place", number, "s.place {way}")
    if list_id:
        plan.where("s.list_id = ?", list_id)
    return plan


def _kinds(list_id: int, kinds: tuple[int, ...]) -> _Plan:
    """Passages of these kinds, all or those of a list."""
    plan = _Plan("list_kinds s" if list_id else "kind_places s", "s.place", PLACED, "s.place {way}", kinds=kinds)
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
