"""Rules: the tables `rules` (the actions of the lists) and `rule_results` (how each fared last)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from sqlite3 import Row
from typing import Any

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.settings import Problem, SettingsError, unfit
from board.kit.typed import is_printable, typed
from board.kit.words import Text, from_stored, to_stored
from engine.store.changes import Changes
from engine.store.database import Database
from engine.store.judge import Judge
from engine.store.lists import Lists
from engine.store.queries import RuleResult
from engine.store.rows import earlier, marks, moments, when
from engine.types import ANY_PASSAGE, ON_MATCH, ActionRule, Conditions, ListEntry, Start, WeekSchedule
from engine.week import schedule

COLUMNS = ("list_id", "name", "kind", "enabled", "guarded", "week", "options", "conditions", "start", "max_age_s")
"""An older release knows neither conditions nor starts and would carry such a rule out for every car of its list. For it, the rule
is disabled; `guarded` says that it is not."""


class Rules:
    """Called, it gives the rules of one list, or of all (None)."""

    def __init__(
        self, db: Database, lists: Lists, changes: Changes, judge: Judge, extremes: Callable[[int], Sequence[ListEntry]]
    ) -> None:
        self._db = db
        self._lists = lists
        self._changes = changes
        self._judge = judge
        self._extremes = extremes

    def __call__(self, list_id: int | None = None) -> list[ActionRule]:
        if list_id is None:
            return [_rule(row) for row in self._db.rows("SELECT * FROM rules ORDER BY id")]
        return [_rule(row) for row in self._db.rows("SELECT * FROM rules WHERE list_id = ? ORDER BY id", (list_id,))]

    def get(self, rule_id: int) -> ActionRule | None:
        row = self._db.row("SELECT * FROM rules WHERE id = ?", (rule_id,))
        return None if row is None else _rule(row)

    def entry_check(self, list_id: int) -> Callable[[ListEntry], None]:
        """ConfigError when a rule that the list has now can never send the entry."""
        rules = self(list_id)
        return lambda entry: self._judge.check_entry(entry, rules)

    def save(self, rule: ActionRule, by: str) -> ActionRule:
        """Creates (id 0) or changes a rule; returns it with its id and all its options. `by`: the user who does it.
        The service wants RulesChanged then."""
        name = typed(rule.name)
        if not 1 <= len(name) <= 60 or not is_printable(name):
            raise unfit("name", "Action name", "must be 1 to 60 printable characters")
        try:
            week = schedule(rule.week.days)
        except ConfigError as why:
            raise SettingsError(Problem("week", "Schedule", why.text)) from why
        extremes = self._extremes(rule.list_id)  # before the transaction: it goes through the whole list
        with self._db.transaction():
            rule = self._judge.check_rule(replace(rule, name=name, week=week), [other for other in self() if other.id != rule.id])
            self._lists.get(rule.list_id)
            for entry in extremes:
                self._judge.check_entry(entry, [rule])
            before = self.get(rule.id) if rule.id else None
            if rule.id and before is None:
                raise ConfigError("this action was deleted")
            values = _values(rule)
            if rule.id:
                self._db.execute(f"UPDATE rules SET {', '.join(f'{each}=?' for each in COLUMNS)} WHERE id=?", (*values, rule.id))
            else:
                sql = f"INSERT INTO rules ({', '.join(COLUMNS)}) VALUES ({marks(COLUMNS)})"
                rule = replace(rule, id=self._db.execute(sql, values))
            self._changes.add(by, "rule", rule.id, self._judge.shown(before) if before else None, self._judge.shown(rule))
            return rule

    def delete(self, rule_id: int, by: str) -> None:
        with self._db.transaction():
            before = self.get(rule_id)
            if before is None:
                return
            self._db.execute("DELETE FROM rules WHERE id = ?", (rule_id,))
            self._changes.add(by, "rule", rule_id, self._judge.shown(before), None)

    def results(self) -> dict[int, RuleResult]:
        """Last success and last error of each rule that has been carried out."""
        return {
            row["rule_id"]: RuleResult(
                row["rule_id"],
                when(row["done_at"]),
                from_stored(row["done_note"] or ""),
                when(row["error_at"]),
                from_stored(row["error"] or ""),
            )
            for row in self._db.rows("SELECT * FROM rule_results")
        }

    def succeeded(self, rule_id: int, at: datetime, note: Text) -> None:
        """Nothing happens when the rule was deleted."""
        self._result(rule_id, ("done_at", "done_note"), "error_at", at, note)

    def failed(self, rule_id: int, at: datetime, error: Text) -> None:
        """Nothing happens when the rule was deleted."""
        self._result(rule_id, ("error_at", "error"), "done_at", at, error)

    def _result(self, rule_id: int, columns: tuple[str, str], other: str, at: datetime, note: Text) -> None:
        """`other`: when the other of the two came last."""
        at_column, note_column = columns
        self._db.execute(
            f"INSERT INTO rule_results (rule_id, {at_column}, {note_column}) SELECT id, ?1, ?3 FROM rules WHERE id = ?4 "
            f"ON CONFLICT (rule_id) DO UPDATE SET {at_column} = ?1, {note_column} = ?3, {other} = {earlier(other)}",
            (*moments(at), to_stored(note), rule_id),
        )


def _rule(row: Row) -> ActionRule:
    return ActionRule(
        id=row["id"],
        list_id=row["list_id"],
        name=row["name"],
        kind=row["kind"],
        enabled=bool(row["enabled"] or row["guarded"]),
        week=WeekSchedule(tuple(tuple((span[0], span[1]) for span in day) for day in from_json(row["week"]))),
        options=row["options"],
        conditions=_conditions(row["conditions"]),
        start=_start(row["start"]),
        max_age_s=row["max_age_s"],
    )


def _values(rule: ActionRule) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    plain = rule.start == ON_MATCH and rule.conditions == ANY_PASSAGE
    return (
        rule.list_id, rule.name, rule.kind, int(rule.enabled and plain), int(rule.enabled and not plain),
        json.dumps(rule.week.days), rule.options,
        "" if rule.conditions == ANY_PASSAGE else json.dumps(asdict(rule.conditions)),
        "" if rule.start == ON_MATCH else json.dumps(asdict(rule.start)),
        rule.max_age_s,
    )  # fmt: skip


def _conditions(text: str) -> Conditions:
    if not text:
        return ANY_PASSAGE
    values = from_json(text)
    return Conditions(values["lane"], values["direction"], values["min_confidence"], tuple(values["countries"]))


def _start(text: str) -> Start:
    if not text:
        return ON_MATCH
    values = from_json(text)
    return Start(values["on"], values["input"], values["active"], values["every_min"], tuple(values["times"]), values["opens"])
