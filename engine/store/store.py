"""Store: the calls that every process makes of the database; input is checked here, errors say what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.settings import Settings, check
from engine import lists as matching
from engine.actions import Kinds, find_kinds, options_of
from engine.lists.collisions import Collision, find_collisions
from engine.messages import Counter
from engine.store import rows
from engine.store.database import Database
from engine.store.queries import MAX_ROWS, DeliveryQuery, PassageQuery, RuleResult, StoredDelivery, StoredPassage
from engine.types import FIXED_ROLES, LIST_ROLES, ActionRule, Delivery, ListEntry, Match, Passage, PlateList, WeekSchedule

S = TypeVar("S", bound=Settings)

MAX_PLATE = 20
MAX_FACILITY = 0xFFFF
MAX_CARD = 0xFFFFFFFF


class Store:
    """Threads may share one; processes open one each. Raises StoreError when the file cannot be used, ConfigError on bad input.

    `kinds`: the action kinds for the check of rules; None: those of engine.actions.
    """

    def __init__(self, path: Path, clock: Clock, kinds: Kinds | None = None, checkpoints: bool = True) -> None:
        self.db = Database(path, checkpoints)
        self._clock = clock
        self._kinds = kinds

    @property
    def kinds(self) -> Kinds:
        if self._kinds is None:
            self._kinds = find_kinds()
        return self._kinds

    def close(self) -> None:
        self.db.close()

    # --- lists --------------------------------------------------------------------------------------------------------

    def lists(self) -> list[PlateList]:
        """All lists in the order of their creation; "all" and "unlisted" first."""
        return [rows.plate_list(row) for row in self.db.rows("SELECT * FROM lists ORDER BY id")]

    def save_list(self, plate_list: PlateList) -> PlateList:
        """Creates (id 0) or changes a list; returns it with its id."""
        name, colour = plate_list.name.strip(), plate_list.colour.strip()
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise ConfigError("List name: 1 to 60 printable characters")
        if colour and not _is_colour(colour):
            raise ConfigError("List colour: # and six hexadecimal digits")
        if plate_list.role not in LIST_ROLES:
            raise ConfigError("List role: one of {list_roles}", list_roles=", ".join(LIST_ROLES))
        with self.db.transaction():
            old = self._list(plate_list.id) if plate_list.id else None
            if (old and old.role) != plate_list.role and (plate_list.role in FIXED_ROLES or (old and old.role in FIXED_ROLES)):
                raise ConfigError("ALL PLATES and NOT IN LIST exist once; their role cannot be given or taken")
            if self.db.row("SELECT 1 FROM lists WHERE name = ? AND id <> ?", (name, plate_list.id)):
                raise ConfigError("List name: there is a list {name} already", name=name)
            if old:
                self.db.execute("UPDATE lists SET name=?, role=?, colour=? WHERE id=?", (name, plate_list.role, colour, old.id))
                return PlateList(old.id, name, plate_list.role, colour)
            new = self.db.execute("INSERT INTO lists (name, role, colour) VALUES (?, ?, ?)", (name, plate_list.role, colour))
            return PlateList(new, name, plate_list.role, colour)

    def delete_list(self, list_id: int) -> None:
        """With its entries and rules; passages keep its name."""
        with self.db.transaction():
            if self._list(list_id).role in FIXED_ROLES:
                raise ConfigError("ALL PLATES and NOT IN LIST cannot be deleted")
            self.db.execute("DELETE FROM lists WHERE id = ?", (list_id,))

    def _list(self, list_id: int) -> PlateList:
        row = self.db.row("SELECT * FROM lists WHERE id = ?", (list_id,))
        if row is None:
            raise ConfigError("this list was deleted")
        return rows.plate_list(row)

    # --- entries ------------------------------------------------------------------------------------------------------

    def entries(self, list_id: int, search: str = "", limit: int = 100, offset: int = 0) -> list[ListEntry]:
        """Entries whose plate or description contains `search`, by plate."""
        where, values = _entry_filter(list_id, search)
        sql = f"SELECT * FROM entries WHERE {where} ORDER BY key LIMIT ? OFFSET ?"
        return [rows.entry(row) for row in self.db.rows(sql, (*values, limit, offset))]

    def count_entries(self, list_id: int, search: str = "") -> int:
        where, values = _entry_filter(list_id, search)
        return int(self.db.rows(f"SELECT count(*) FROM entries WHERE {where}", values)[0][0])

    def entry(self, entry_id: int) -> ListEntry | None:
        row = self.db.row("SELECT * FROM entries WHERE id = ?", (entry_id,))
        return None if row is None else rows.entry(row)

    def save_entry(self, entry: ListEntry) -> ListEntry:
        """Creates (id 0) or changes an entry; returns it with its id. A plate stands once in a list."""
        entry = _checked_entry(entry)
        key = matching.normalise(entry.plate)
        values = (
            entry.list_id, entry.plate, key, matching.fold(key), entry.description,
            rows.stamp(entry.valid_from), rows.stamp(entry.valid_until), entry.wiegand_facility, entry.wiegand_card,
        )  # fmt: skip
        with self.db.transaction():
            owner = self._list(entry.list_id)
            if owner.role in FIXED_ROLES:
                raise ConfigError("{name} holds no plates: it stands for plates of every list or of none", name=owner.name)
            if self.db.row("SELECT 1 FROM entries WHERE list_id=? AND key=? AND id<>?", (entry.list_id, key, entry.id)):
                raise ConfigError("Plate: {plate} is in {name} already", plate=entry.plate, name=owner.name)
            if entry.id:
                sql = (
                    "UPDATE entries SET list_id=?, plate=?, key=?, folded=?, description=?, valid_from=?, valid_until=?, "
                    "wiegand_facility=?, wiegand_card=? WHERE id=?"
                )
                if not self.db.execute(sql, (*values, entry.id)):
                    raise ConfigError("this plate was deleted")
                return entry
            sql = (
                "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, wiegand_facility, "
                "wiegand_card) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )
            return replace(entry, id=self.db.execute(sql, values))

    def delete_entry(self, entry_id: int) -> None:
        self.db.execute("DELETE FROM entries WHERE id = ?", (entry_id,))

    def lookup(self, plate: str, at: datetime, fold: bool) -> tuple[Match, ...]:
        """The lists that `plate` belongs to at `at` (engine.lists.match); `fold`: look-alikes count as the same."""
        key = matching.normalise(plate)
        if not key:
            return ()
        lists = self.lists()
        by_id = {plate_list.id: plate_list for plate_list in lists}
        candidates = self.db.rows("SELECT * FROM entries WHERE folded = ? ORDER BY id", (matching.fold(key),))
        if not fold:
            candidates = [row for row in candidates if row["key"] == key]
        pairs = ((by_id[row["list_id"]], rows.entry(row)) for row in candidates if row["list_id"] in by_id)
        return matching.match(key, at, lists, pairs)

    def collisions(self, list_id: int = 0, bits: int = 26) -> list[Collision]:
        """Plates that would send the same Wiegand number, in one list or (0) in all."""
        sql = "SELECT * FROM entries" + (" WHERE list_id = ?" if list_id else "") + " ORDER BY id"
        return find_collisions([rows.entry(row) for row in self.db.rows(sql, (list_id,) if list_id else ())], bits)

    # --- rules --------------------------------------------------------------------------------------------------------

    def rules(self, list_id: int | None = None) -> list[ActionRule]:
        if list_id is None:
            return [rows.rule(row) for row in self.db.rows("SELECT * FROM rules ORDER BY id")]
        return [rows.rule(row) for row in self.db.rows("SELECT * FROM rules WHERE list_id = ? ORDER BY id", (list_id,))]

    def rule(self, rule_id: int) -> ActionRule | None:
        row = self.db.row("SELECT * FROM rules WHERE id = ?", (rule_id,))
        return None if row is None else rows.rule(row)

    def save_rule(self, rule: ActionRule) -> ActionRule:
        """Creates (id 0) or changes a rule; returns it with its id and all its options. The service wants RulesChanged then."""
        from engine.dispatch.polarity import wanted_polarities

        _, options = options_of(self.kinds, rule.kind, rule.options)
        _check_week(rule.week)
        name = rule.name.strip()
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise ConfigError("Action name: 1 to 60 printable characters")
        rule = replace(rule, name=name, options=options.model_dump_json())
        values = (rule.list_id, name, rule.kind, int(rule.enabled), json.dumps(rule.week.days), rule.options)
        with self.db.transaction():
            self._list(rule.list_id)
            wanted_polarities([other for other in self.rules() if other.id != rule.id or not rule.id] + [rule], self.kinds)
            if rule.id:
                sql = "UPDATE rules SET list_id=?, name=?, kind=?, enabled=?, week=?, options=? WHERE id=?"
                if not self.db.execute(sql, (*values, rule.id)):
                    raise ConfigError("this action was deleted")
                return rule
            sql = "INSERT INTO rules (list_id, name, kind, enabled, week, options) VALUES (?, ?, ?, ?, ?, ?)"
            return replace(rule, id=self.db.execute(sql, values))

    def delete_rule(self, rule_id: int) -> None:
        self.db.execute("DELETE FROM rules WHERE id = ?", (rule_id,))

    def rule_results(self) -> dict[int, RuleResult]:
        """Last success and last error of each rule that has been carried out."""
        return {
            row["rule_id"]: RuleResult(
                row["rule_id"], rows.when(row["done_at"]), row["done_note"] or "", rows.when(row["error_at"]), row["error"] or ""
            )
            for row in self.db.rows("SELECT * FROM rule_results")
        }

    # --- passages -----------------------------------------------------------------------------------------------------

    def add_passage(self, passage: Passage, deliveries: Sequence[Delivery], matches: Sequence[Match] = ()) -> bool:
        """Passage, its lists and deliveries in one transaction; False (and nothing changes) when the id is known."""
        columns = rows.PASSAGE_COLUMNS
        marks = ", ".join("?" * (columns.count(",") + 1))
        with self.db.transaction():
            if self.has_passage(passage.id):
                return False
            values = rows.passage_values(passage, matching.normalise(passage.plate))
            rowid = self.db.execute(f"INSERT INTO passages ({columns}) VALUES ({marks})", values)
            self.db.execute_many(
                "INSERT INTO passage_lists VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (rowid, m.list.id, m.list.name, m.list.role, m.list.colour, m.entry.id if m.entry else None, m.distance)
                    for m in matches
                ],
            )
            self.db.execute_many(
                f"INSERT INTO deliveries ({rows.DELIVERY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [rows.delivery_values(delivery) for delivery in deliveries],
            )
        return True

    def has_passage(self, passage_id: str) -> bool:
        return self.db.row("SELECT 1 FROM passages WHERE id = ?", (passage_id,)) is not None

    def passages(self, query: PassageQuery) -> list[StoredPassage]:
        """Newest first."""
        where, values = _where(
            ("at >= ?", query.since and rows.stamp(query.since)),
            ("at < ?", query.until and rows.stamp(query.until)),
            ("key LIKE ? ESCAPE '\\'", _part(matching.normalise(query.plate))),
            ("rowid IN (SELECT passage_rowid FROM passage_lists WHERE list_id = ?)", query.list_id),
            ("rowid > ?", query.after_rowid),
        )
        limit = max(1, min(query.limit, MAX_ROWS))
        found = self.db.rows(f"SELECT * FROM passages WHERE {where} ORDER BY rowid DESC LIMIT ?", (*values, limit))
        return self._with_lists(found)

    def passages_after(self, rowid: int, limit: int) -> list[StoredPassage]:
        """Those stored after that row, oldest first."""
        return self._with_lists(self.db.rows("SELECT * FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?", (rowid, limit)))

    def passage_rows(self) -> tuple[int, int]:
        """Rows of the oldest and the newest passage; (0, 0) when there is none."""
        oldest, newest = self.db.rows("SELECT min(rowid), max(rowid) FROM passages")[0]
        return int(oldest or 0), int(newest or 0)

    def passage(self, passage_id: str) -> StoredPassage | None:
        found = self._with_lists(self.db.rows("SELECT * FROM passages WHERE id = ?", (passage_id,)))
        return found[0] if found else None

    def _with_lists(self, found: Sequence[Any]) -> list[StoredPassage]:
        by_passage: dict[int, list[PlateList]] = {row["rowid"]: [] for row in found}
        marks = ",".join("?" * len(by_passage))
        sql = f"SELECT * FROM passage_lists WHERE passage_rowid IN ({marks}) ORDER BY passage_rowid, list_id"
        for row in self.db.rows(sql, tuple(by_passage)):
            by_passage[row["passage_rowid"]].append(PlateList(row["list_id"], row["name"], row["role"], row["colour"]))
        return [StoredPassage(row["rowid"], rows.passage(row), tuple(by_passage[row["rowid"]])) for row in found]

    def matches(self, passage_id: str) -> tuple[Match, ...]:
        """The lists that a passage matched when it was stored; an entry deleted since is None."""
        sql = (
            "SELECT pl.list_id AS owner, pl.name AS list_name, pl.role, pl.colour, pl.distance, pl.entry_id, e.* "
            "FROM passages p JOIN passage_lists pl ON pl.passage_rowid = p.rowid LEFT JOIN entries e ON e.id = pl.entry_id "
            "WHERE p.id = ? ORDER BY pl.list_id"
        )
        return tuple(
            Match(
                PlateList(row["owner"], row["list_name"], row["role"], row["colour"]),
                None if row["id"] is None else rows.entry(row),
                row["distance"],
            )
            for row in self.db.rows(sql, (passage_id,))
        )

    # --- deliveries ---------------------------------------------------------------------------------------------------

    def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        """Newest first."""
        where, values = _where(
            ("d.created_at >= ?", query.since and rows.stamp(query.since)),
            ("d.created_at < ?", query.until and rows.stamp(query.until)),
            ("d.state = ?", query.state),
            ("d.kind = ?", query.kind),
            ("d.passage_id = ?", query.passage_id),
            ("d.rowid > ?", query.after_rowid),
        )
        sql = (
            "SELECT d.rowid AS number, d.*, p.plate, r.name AS rule_name, l.name AS list_name FROM deliveries d "
            "JOIN passages p ON p.id = d.passage_id LEFT JOIN rules r ON r.id = d.rule_id LEFT JOIN lists l ON l.id = r.list_id "
            f"WHERE {where} ORDER BY d.rowid DESC LIMIT ?"
        )
        limit = max(1, min(query.limit, MAX_ROWS))
        return [
            StoredDelivery(row["number"], rows.delivery(row), row["plate"], row["rule_name"] or "", row["list_name"] or "")
            for row in self.db.rows(sql, (*values, limit))
        ]

    # --- settings and counters ----------------------------------------------------------------------------------------

    def settings(self, kind: type[S]) -> S:
        """The stored settings of that class; a field that is missing, unknown or no longer valid has its default."""
        row = self.db.row("SELECT body FROM settings WHERE name = ?", (kind.__name__,))
        if row is None:
            return kind()
        try:
            stored = json.loads(row["body"])
        except ValueError as why:
            stored = why
        if not isinstance(stored, dict):
            logging.getLogger("store").error("stored %s are damaged, the defaults hold: %s", kind.__name__, str(stored)[:100])
            return kind()
        values = {name: value for name, value in stored.items() if name in kind.model_fields}
        try:
            return check(kind, values)
        except ConfigError as why:
            logging.getLogger("store").warning("stored settings are partly left out: %s", why)
        return kind(**{name: value for name, value in values.items() if _is_valid(kind, name, value)})

    def put_settings(self, settings: Settings) -> None:
        """Checks and stores; ConfigError keeps the previous ones."""
        check(type(settings), settings.model_dump())
        sql = "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body"
        self.db.execute(sql, (type(settings).__name__, settings.model_dump_json()))

    def counters(self) -> dict[str, Counter]:
        """Numbers of the Info panel by name (manual 4.2)."""
        return {
            row["name"]: Counter(row["name"], row["value"], rows.when(row["changed_at"]))
            for row in self.db.rows("SELECT * FROM counters")
        }

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a counter and stamps the change."""
        sql = (
            "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "value = value + excluded.value, changed_at = excluded.changed_at"
        )
        self.db.execute(sql, (name, by, rows.stamp(self._clock.now())))


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(digit in "0123456789abcdefABCDEF" for digit in text[1:])


def _is_valid(kind: type[Settings], name: str, value: Any) -> bool:
    try:
        check(kind, {name: value})
    except ConfigError:
        return False
    return True


def _checked_entry(entry: ListEntry) -> ListEntry:
    plate, description = entry.plate.strip().upper(), entry.description.strip()
    key = matching.normalise(plate)
    if not key or not key.isalnum() or len(plate) > MAX_PLATE:
        raise ConfigError("Plate: 1 to {max_plate} letters and digits (spaces, hyphens and dots do not count)", max_plate=MAX_PLATE)
    if len(description) > 200 or not description.replace("\n", "").isprintable():
        raise ConfigError("Description: at most 200 printable characters")
    for title, at in (("Valid from", entry.valid_from), ("Valid until", entry.valid_until)):
        if at.tzinfo is None:
            raise ConfigError("{title}: a time zone is missing", title=title)
    if entry.valid_from >= entry.valid_until:
        raise ConfigError("Valid until: must be later than valid from")
    if entry.wiegand_facility is not None and not 0 <= entry.wiegand_facility <= MAX_FACILITY:
        raise ConfigError("Wiegand facility: 0 to {max_facility}", max_facility=MAX_FACILITY)
    if entry.wiegand_card is not None and not 0 <= entry.wiegand_card <= MAX_CARD:
        raise ConfigError("Wiegand card: 0 to {max_card}", max_card=MAX_CARD)
    if entry.wiegand_facility is not None and entry.wiegand_card is None:
        raise ConfigError("Wiegand card: missing, though a facility is given")
    return replace(entry, plate=plate, description=description)


def _check_week(week: WeekSchedule) -> None:
    if len(week.days) != 7:
        raise ConfigError("Schedule: seven days from Monday to Sunday")
    for start, end in (span for day in week.days for span in day):
        if not 0 <= start < end <= 1440:
            raise ConfigError("Schedule: each span runs from 00:00 to 24:00 at most and ends after it starts")


def _entry_filter(list_id: int, search: str) -> tuple[str, tuple[Any, ...]]:
    if not search.strip():
        return "list_id = ?", (list_id,)
    part = _part(matching.normalise(search)) or _part(search)
    return "list_id = ? AND (key LIKE ? ESCAPE '\\' OR description LIKE ? ESCAPE '\\')", (list_id, part, _part(search.strip()))


def _part(text: str) -> str:
    """A LIKE pattern for texts that contain `text`; "" for ""."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if escaped else ""


def _where(*conditions: tuple[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Those conditions that have a value, joined."""
    given = [(condition, value) for condition, value in conditions if value]
    return " AND ".join(condition for condition, _ in given) or "1", tuple(value for _, value in given)
