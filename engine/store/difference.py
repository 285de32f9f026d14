"""Difference: what a file would change in a list: plates added, changed and removed, found by going through both once, by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any, NamedTuple

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.store.coming import FIELDS, STORED, Coming, ComingEntry, Refusals
from engine.store.database import Database
from engine.store.entries import checked, entry_of, values_of
from engine.types import ListEntry

PAGE = 1000
EXAMPLES = 20
"""Of each kind of change are kept to be shown."""

ADDED, CHANGED, REMOVED, SAME = "added", "changed", "removed", "same"

FEW_REMOVED = 5
"""So many may always go: of a short list they are soon half."""

_KEY = STORED.index("key")
_WILDCARD = STORED.index("wildcard")
_NONE = (0,) * len(STORED)
_LEFT = STORED.index("entries_left")


@dataclass(frozen=True, slots=True)
class Terms:
    """What an import may do. `removes`: entries that the file has not are removed; `most_removed_pct`: of a list's entries;
    `may_empty`: all of them may go; `follows`: the file comes again and again from a camera that counts entries left too: what
    either of them has counted counts."""

    removes: bool = True
    most_removed_pct: int = 100
    may_empty: bool = True
    follows: bool = False


ANY_TERMS = Terms()
"""The list becomes what the file says, whatever that is."""


@dataclass(frozen=True, slots=True)
class Example:
    """A change to be shown. `kind`: ADDED, CHANGED or REMOVED; `line`: of the file, 0 for what is not in it; `fields`: {field:
    (before, after)} of what changes, as stored."""

    kind: str
    line: int
    plate: str
    fields: dict[str, tuple[Any, Any]]


@dataclass(slots=True)
class Effect:
    """What an import does, or would do, to one list. `before`: its entries until then; `wildcards`: how many more of them stand for
    several plates."""

    list_id: int
    before: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    wildcards: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def after(self) -> int:
        return self.before + self.added - self.removed

    @property
    def changes(self) -> int:
        return self.added + self.changed + self.removed

    def objection(self, list_name: str, terms: Terms) -> Text | None:
        """Why these terms do not allow it; None: they do."""
        if self.before and not self.after and not terms.may_empty:
            return Text(
                "it would empty the list {list_name}, which has {count} plates",
                {"list_name": list_name, "count": self.before},
                one="it would empty the list {list_name}, which has {count} plate",
            )
        if self.removed > FEW_REMOVED and self.removed * 100 > terms.most_removed_pct * self.before:
            return Text(
                "it would remove {removed} of the {count} plates of the list {list_name}; at most {most} % may go at once",
                {"removed": self.removed, "count": self.before, "list_name": list_name, "most": terms.most_removed_pct},
            )
        return None


class Step(NamedTuple):
    """One entry of the list as it was and as it will be. `id`: its row, 0 for a new one; `old`, `new`: values in the order of
    STORED with `left_given` behind them, None where there is none."""

    kind: str
    line: int
    id: int
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None


def steps(
    db: Database, coming: Coming, list_id: int, terms: Terms, check: Callable[[ListEntry], None], refusals: Refusals
) -> Iterator[Step]:
    """Every entry that the list has or gets, by key. What is changed and not acceptable then goes to `refusals`."""
    old, new = _stored(db, list_id), coming.of(list_id)
    here, there = next(old, None), next(new, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here[1][_KEY] < there.values[_KEY]):
            assert here is not None
            yield Step(REMOVED, 0, here[0], here[1], None) if terms.removes else Step(SAME, 0, here[0], here[1], here[1])
            here = next(old, None)
        elif here is None or there.values[_KEY] < here[1][_KEY]:
            yield Step(ADDED, there.line, 0, None, (*there.values, _given(there)))
            there = next(new, None)
        else:
            yield _both(list_id, here, there, terms, check, refusals)
            here, there = next(old, None), next(new, None)


def effect_of(list_id: int, found: Iterator[Step], keep: Callable[[Step], None]) -> Effect:
    """The sum of the steps; `keep` gets each that changes something."""
    effect, examples = Effect(list_id), {ADDED: 0, CHANGED: 0, REMOVED: 0}
    for step in found:
        effect.before += step.old is not None
        if step.kind == SAME:
            continue
        keep(step)
        effect.wildcards += (step.new or _NONE)[_WILDCARD] - (step.old or _NONE)[_WILDCARD]
        if step.kind == ADDED:
            effect.added += 1
        elif step.kind == CHANGED:
            effect.changed += 1
        else:
            effect.removed += 1
        examples[step.kind] += 1
        if examples[step.kind] <= EXAMPLES:
            effect.examples.append(_example(step))
    return effect


def _stored(db: Database, list_id: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row, values) of the list's entries; no import of it is under way."""
    sql = f"SELECT id, {', '.join(STORED)}, left_given FROM entries WHERE list_id = ? AND key > ? ORDER BY key LIMIT {PAGE}"
    key = ""
    while rows := db.rows(sql, (list_id, key)):
        for row in rows:
            yield row[0], tuple(row)[1:]
        key = rows[-1][1 + _KEY]


def _given(coming: ComingEntry) -> int | None:
    return coming.values[_LEFT] if "entries_left" in coming.given else None


_PLACES = {name: STORED.index(column) for name, column in FIELDS.items()}


def _both(
    list_id: int,
    here: tuple[int, tuple[Any, ...]],
    there: ComingEntry,
    terms: Terms,
    check: Callable[[ListEntry], None],
    refusals: Refusals,
) -> Step:
    row, old = here
    wanted: dict[str, Any] = {}
    for name in there.given:
        at = _PLACES[name]
        if old[at] != there.values[at]:
            wanted[STORED[at]] = there.values[at]
    given = old[-1]
    if "entries_left" in there.given:
        file = there.values[_LEFT]
        left = _counted(old[_LEFT], given, file) if terms.follows else file
        wanted.pop("entries_left", None)
        if left != old[_LEFT]:
            wanted["entries_left"] = left
        given = file
    if not wanted and given == old[-1]:
        return Step(SAME, there.line, row, old, old)
    try:
        entry = checked(entry_of({**dict(zip(STORED, old[:-1], strict=True)), "id": row, "list_id": list_id, **wanted}))
        check(entry)
    except ConfigError as why:
        refusals.add(there.line, why.text)
        return Step(SAME, there.line, row, old, old)
    return Step(CHANGED if wanted else SAME, there.line, row, old, (*values_of(entry)[1:], given))


def _counted(here: int | None, given: int | None, file: int | None) -> int | None:
    """Entries left of a guest whom two cameras count: what the file gives now less what it gave before is what the other one has
    counted, or was given besides."""
    if here is None or given is None or file is None:
        return file
    return max(0, here + file - given)


def _example(step: Step) -> Example:
    shown = step.new if step.new is not None else step.old
    assert shown is not None
    fields = {
        name: (None if step.old is None else step.old[at], None if step.new is None else step.new[at])
        for name, at in _PLACES.items()
        if step.kind == CHANGED and step.old is not None and step.new is not None and step.old[at] != step.new[at]
    }
    return Example(step.kind, step.line, shown[_PLACES["plate"]], fields)
