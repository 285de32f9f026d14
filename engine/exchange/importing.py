"""Importing: brings a list file into the lists of the camera, or previews its changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.typed import folded
from board.kit.words import NOTHING, Text, joined
from engine.exchange.exporting import lists_of
from engine.exchange.plate_files.reading import ReadEntry, entry_of, read
from engine.exchange.plate_files.rows import FileRefused, Head, Stamp
from engine.store import Store
from engine.store.coming import Coming, Incoming, Refusals
from engine.store.difference import ANY_TERMS, Effect, Terms
from engine.types import PlateList

_COLOUR_DIGITS = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Order:
    """What is imported, and how. `format`: of the file (plate_files/reading.py), "" to detect it; `dates`: one of
    formats.ORDERS; `any_list`: entries that the file assigns to another list also go into the chosen one; `gone`: names of
    lists that an earlier file had and this one has not: ALL PLATES empties those that exist."""

    path: Path
    format: str = ""
    terms: Terms = ANY_TERMS
    dates: str = ""
    any_list: bool = False
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListEffect:
    """`name`: of the list; `is_new`: the import creates it; `objection`: why the terms forbid the import, NOTHING if they allow
    it."""

    name: str
    is_new: bool
    effect: Effect
    objection: Text = NOTHING


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did, or would do."""

    lists: tuple[ListEffect, ...]
    stamp: Stamp
    unread: tuple[str, ...] = ()
    """Headings of columns that say nothing here."""

    def settle(self, store: Store) -> None:
        """Clears up; the import is already in force."""
        store.imports.settle([each.effect.list_id for each in self.lists])

    @property
    def note(self) -> Text:
        """Text for the Audit tab."""
        left = [Text("columns that are not read: {names}", {"names": self.unread})] if self.unread else []
        return joined([*(_said(each) for each in self.lists), *left])

    @property
    def objection(self) -> Text:
        """Why the terms forbid a previewed import; NOTHING if they allow it."""
        return next((each.objection for each in self.lists if each.objection), NOTHING)

    @property
    def changes(self) -> int:
        return sum(each.effect.changes for each in self.lists)


def import_lists(
    store: Store,
    chosen: PlateList,
    order: Order,
    zone: ZoneInfo,
    by: str,
    dry: bool = False,
    progress: Callable[[int], None] = lambda count: None,
) -> Result:
    """Imports the file into the list or, for ALL PLATES, into every list that it names, creating missing ones. It imports all
    of the file or nothing. `dry`: only previews the changes. ConfigError: the file or one of its rows is not acceptable
    (ImportRefused), the terms do not allow it (TooMuchRemoved, not if `dry`), or the list is being imported already."""
    head, refusals = Head(), Refusals()
    places = _Places(store, chosen, order, head)
    with closing(Coming()) as coming:
        entries = read(order.path, zone, refusals, head, order.format, order.dates)
        store.imports.gather(coming, _incoming(entries, places), refusals, progress)
        targets = places.all()
        if dry:
            found = store.imports.effects(coming, tuple(targets), order.terms)
        else:
            found = _carry_out(store, coming, targets, order.terms, by)
    return Result(tuple(_shown(each, targets, order.terms) for each in found), head.stamp, tuple(head.unread))


def _incoming(entries: Iterator[ReadEntry], places: _Places) -> Iterator[Incoming]:
    for each in entries:
        yield Incoming(each.line, entry_of(places.of(each.line, each.list_name), each.values), each.given)


class _Places:
    """The list of the camera for each list in the file. Lists to be created have negative numbers."""

    def __init__(self, store: Store, chosen: PlateList, order: Order, head: Head) -> None:
        self._chosen = chosen
        self._any_list = order.any_list
        self._gone = order.gone
        self._head = head
        self._lists = lists_of(store, chosen)
        self._is_one = self._lists == [chosen]
        self._by_name = {folded(each.name): each for each in self._lists}
        self._found: dict[str, PlateList] = {}

    def of(self, line: int, name: str) -> int:
        """FileRefused: the file is for another list than the chosen one, or names none although it must."""
        if name not in self._found:
            self._found[name] = self._place(line, name)
        return self._found[name].id

    def all(self) -> dict[int, PlateList]:
        """The lists that the file names, with or without plates."""
        for name in self._head.lists:
            self.of(0, name)
        if self._is_one and not self._found:
            self._found[""] = self._chosen
        if not self._is_one:
            self._found.update({name: self._by_name[folded(name)] for name in self._gone if folded(name) in self._by_name})
        return {each.id: each for each in self._found.values()}

    def _place(self, line: int, name: str) -> PlateList:
        if self._is_one:
            if not name or self._any_list or folded(name) == folded(self._chosen.name):
                return self._chosen
            raise FileRefused(
                "the file is of the list {found}, not of {list_name}: choose that list, ALL PLATES, or to take it all the same",
                found=name[:60],
                list_name=self._chosen.name,
            )
        if not name:
            raise FileRefused("line {line}: it says not which list it belongs to (a column headed list)", line=line)
        known = self._by_name.get(folded(name))
        if known is None:
            colour = self._head.lists[name].colour if name in self._head.lists else ""
            known = PlateList(-1 - len(self._found), name, "custom", colour if _is_colour(colour) else "")
            self._by_name[folded(name)] = known
        return known


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and _COLOUR_DIGITS.issuperset(text[1:])


def _carry_out(store: Store, coming: Coming, targets: dict[int, PlateList], terms: Terms, by: str) -> tuple[Effect, ...]:
    made: list[int] = []
    try:
        for number in [each for each in targets if each < 0]:
            wanted = targets.pop(number)
            saved = store.lists.save(PlateList(0, wanted.name, wanted.role, wanted.colour), by)
            made.append(saved.id)
            targets[saved.id] = saved
            coming.move(number, saved.id)
        return store.imports.apply(coming, tuple(targets), terms, by)
    except BaseException:
        for each in made:
            store.lists.delete(each, by)
        raise


def _shown(effect: Effect, targets: Mapping[int, PlateList], terms: Terms) -> ListEffect:
    plate_list = targets[effect.list_id]
    objection = effect.objection(plate_list.name, terms)
    return ListEffect(plate_list.name, effect.list_id < 0, effect, objection or NOTHING)


def _said(each: ListEffect) -> Text:
    effect = each.effect
    values = {
        "list_name": each.name,
        "added": effect.added,
        "changed": effect.changed,
        "removed": effect.removed,
        "count": effect.after,
    }
    return Text(
        "{list_name}: {added} added, {changed} changed, {removed} removed, now {count} plates",
        values,
        one="{list_name}: {added} added, {changed} changed, {removed} removed, now {count} plate",
    )
