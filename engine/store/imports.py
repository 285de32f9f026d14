"""Imports: brings the entries of a file into lists, all or none, without anybody having to wait: the table `imports`.

A few changes are one short transaction. Else all entries of the list are written anew: in short transactions, under the list's
number with a minus and a new generation, where no look-up sees them; one tiny transaction then changes the list's generation, and
with it which entries count. What counts no more is deleted, and what counts is moved under the list's own number, in short steps
again: an older release finds it there. What a killed import or a deleted list leaves behind, `Upkeep` frees.

A list's row is there while that lasts. Its phase: "loading"; "clearing" (the old entries go); "moving" (the new ones come under the
list's own number); "dropping" (the import died); "gone" (the list was deleted).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.store.changes import Changes
from engine.store.coming import STORED, Coming, Incoming, Refusals
from engine.store.database import Database
from engine.store.difference import ANY_TERMS, Effect, Step, Terms, effect_of, steps
from engine.store.entries import COLUMNS
from engine.store.lists import Lists
from engine.store.rows import marks
from engine.store.steps import Steps
from engine.types import ListEntry

FEW = 200
"""Changes that a transaction may hold: it takes some ten milliseconds on a small board, in which a passage waits."""

LOADING_REST = 0.25
"""Between its transactions an import also makes ready what the next one writes, which takes half as long again."""

TRIES = 5
"""An import begins again when somebody has changed the list meanwhile."""

Row = tuple[int, ListEntry]
"""(the line in which it stands; the entry, whose id and list do not count)."""


class TooMuchRemoved(ConfigError):
    """The terms do not allow that so many entries of a list go."""


class Imports:
    """Checking 100,000 rows takes the interpreter for seconds: not in the process that opens the gate."""

    def __init__(
        self,
        path: Path,
        lists: Lists,
        checks: Callable[[int], Callable[[ListEntry], None]],
        check_wildcards: Callable[[int], None],
        clock: Clock,
    ) -> None:
        self._path = path
        self._lists = lists
        self._checks = checks
        self._check_wildcards = check_wildcards
        self._clock = clock

    def replace(self, list_id: int, rows: Iterable[Row], by: str) -> int:
        """The entries of the list are `rows` from now on, all or none; how many. ConfigError names the rows that are wrong, 20 at
        most, or says that the list is being imported already; the list is as it was then."""
        self._lists.to_fill(list_id)
        with closing(Coming()) as coming:
            self.gather(coming, (Incoming(line, replace(entry, id=0, list_id=list_id)) for line, entry in rows), Refusals())
            (effect,) = self.apply(coming, (list_id,), ANY_TERMS, by)
        self.settle((list_id,))
        return effect.after

    def gather(
        self, coming: Coming, rows: Iterable[Incoming], refusals: Refusals, progress: Callable[[int], None] = lambda count: None
    ) -> None:
        """Checks the rows and keeps them in `coming`. ImportRefused names those that are wrong, besides those that `refusals` holds
        already."""
        coming.gather(rows, self._check, refusals, progress)

    @property
    def _check(self) -> Callable[[ListEntry], None]:
        """What the actions of an entry's list say about it."""
        checks: dict[int, Callable[[ListEntry], None]] = {}

        def check(entry: ListEntry) -> None:
            if entry.list_id not in checks:
                checks[entry.list_id] = self._checks(entry.list_id)
            checks[entry.list_id](entry)

        return check

    def effects(self, coming: Coming, list_ids: Sequence[int], terms: Terms) -> tuple[Effect, ...]:
        """What would become of each of the lists; nothing changes. ConfigError as `apply`, but for what the terms do not allow."""
        with closing(Database(self._path, checkpoints=False)) as db:
            _refuse_second(db, list_ids)
            return self._difference(db, coming, list_ids, terms)[0]

    def apply(self, coming: Coming, list_ids: Sequence[int], terms: Terms, by: str) -> tuple[Effect, ...]:
        """Carries it out, for all lists or for none; what became of each. ConfigError: the terms do not allow it, a row cannot be
        what it would be then, a list was deleted, or is being imported or changed all the time. `by`: the user who does it."""
        # A database of its own: an import holds no lock that others of this process wait for.
        with closing(Database(self._path, checkpoints=False)) as db:
            for _ in range(TRIES):
                before = _state(db, list_ids)
                _refuse_second(db, list_ids)
                effects, few = self._difference(db, coming, list_ids, terms)
                for effect in effects:
                    objection = effect.objection(self._lists.get(effect.list_id).name, terms)
                    if objection is not None:
                        raise TooMuchRemoved("nothing was imported; {why}", why=objection)
                if few is not None:
                    done = self._write(db, few, effects, before, by)
                else:
                    done = self._load(db, coming, effects, terms, before, by)
                if done:
                    return effects
        raise ConfigError("nothing was imported: the list was changed at the same time, again and again; try again")

    def _difference(
        self, db: Database, coming: Coming, list_ids: Sequence[int], terms: Terms
    ) -> tuple[tuple[Effect, ...], list[tuple[int, Step]] | None]:
        """The effects, and the steps with their lists if they are few."""
        few: list[tuple[int, Step]] = []
        refusals, effects, check = Refusals(), [], self._check
        for list_id in list_ids:

            def keep(step: Step, list_id: int = list_id) -> None:
                if len(few) <= FEW:
                    few.append((list_id, step))

            effects.append(effect_of(list_id, steps(db, coming, list_id, terms, check, refusals), keep))
        refusals.check()
        more = sum(effect.wildcards for effect in effects)
        if more > 0:
            self._check_wildcards(more)
        return tuple(effects), few if len(few) <= FEW else None

    # --- few changes: one short transaction, rows that stay are not touched ------------------------------------------

    def _write(self, db: Database, few: Sequence[tuple[int, Step]], effects: Sequence[Effect], before: _State, by: str) -> bool:
        with db.transaction():
            _refuse_second(db, before.list_ids)
            if _has_changed(db, before):
                return False
            for list_id, step in few:
                self._write_step(db, list_id, step)
            self._note(db, effects, by)
        return True

    def _write_step(self, db: Database, list_id: int, step: Step) -> None:
        if step.new is None:
            db.execute("DELETE FROM entries WHERE id = ?", (step.id,))
        elif step.old is None:
            generation = db.rows("SELECT generation FROM lists WHERE id = ?", (list_id,))[0][0]
            db.execute(_insert(generation), (list_id, *step.new))
        else:
            columns = ", ".join(f"{name} = ?" for name in (*STORED, "left_given"))
            db.execute(f"UPDATE entries SET {columns}, revision = revision + 1 WHERE id = ?", (*step.new, step.id))

    def _note(
        self, db: Database, effects: Sequence[Effect], by: str, generations: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        changes = Changes(db, self._clock)
        for effect in effects:
            if not effect.changes:
                continue
            after: dict[str, int] = {
                "entries": effect.after,
                "added": effect.added,
                "changed": effect.changed,
                "removed": effect.removed,
            }
            if effect.list_id in generations:
                after["generation"] = generations[effect.list_id]
            changes.add(by, "import", effect.list_id, {"entries": effect.before}, after)

    # --- many: all entries of the list anew, under a new generation ---------------------------------------------------

    def _load(self, db: Database, coming: Coming, effects: Sequence[Effect], terms: Terms, before: _State, by: str) -> bool:
        list_ids = before.list_ids
        generations = begin(db, list_ids)
        done = False
        try:
            for list_id in list_ids:
                self._load_list(db, coming, list_id, generations, terms)
            done = self._change_generation(db, generations, effects, before, by)
        finally:
            if not done:
                give_up(db, generations)
        if not done:
            self._settle(db, list_ids)
        return done

    def settle(self, list_ids: Sequence[int]) -> None:
        """Clears up after `apply`; what is left, `Upkeep` does, but the lists take no other import until then."""
        with closing(Database(self._path, checkpoints=False)) as db:
            self._settle(db, list_ids)

    def _settle(self, db: Database, list_ids: Sequence[int]) -> None:
        pace = Steps()
        for list_id in list_ids:
            while settle(db, list_id, pace):
                db.bound_wal()

    def _load_list(self, db: Database, coming: Coming, list_id: int, generations: Mapping[int, int], terms: Terms) -> None:
        sql, pace = _insert(generations[list_id]), Steps(LOADING_REST)
        rows = (step.new for step in steps(db, coming, list_id, terms, self._check, Refusals()) if step.new is not None)
        while some := [(-list_id, *values) for values in islice(rows, pace.most)]:
            with pace.step(), db.transaction(cascade=False):
                _go_on(db, generations)
                db.execute_many(sql, some)
            db.bound_wal()

    def _change_generation(
        self, db: Database, generations: Mapping[int, int], effects: Sequence[Effect], before: _State, by: str
    ) -> bool:
        with db.transaction():
            _go_on(db, generations)
            if _has_changed(db, before):
                return False
            for list_id, generation in generations.items():
                db.execute("UPDATE lists SET generation = ? WHERE id = ?", (generation, list_id))
                db.execute("UPDATE imports SET phase = 'clearing' WHERE list_id = ?", (list_id,))
            self._note(db, effects, by, generations)
        return True


def _insert(generation: int) -> str:
    columns = (*COLUMNS, "left_given")
    return f"INSERT INTO entries ({', '.join(columns)}, generation, revision) VALUES ({marks(columns)}, {generation}, 1)"


@dataclass(frozen=True, slots=True)
class _State:
    """By what it is found whether somebody has changed an entry of the lists: the newest change, and the guests' entries left,
    which the gate counts without noting it as a change."""

    list_ids: tuple[int, ...]
    newest: int
    guests: tuple[int, int]


def _state(db: Database, list_ids: Sequence[int]) -> _State:
    newest = db.rows("SELECT coalesce(max(rowid), 0) FROM changes")[0][0]
    return _State(tuple(list_ids), newest, _guests(db, list_ids))


def _guests(db: Database, list_ids: Sequence[int]) -> tuple[int, int]:
    both = (*list_ids, *(-each for each in list_ids))
    row = db.rows(
        "SELECT count(*), coalesce(sum(e.entries_left), 0) FROM entries e JOIN lists l ON l.id = abs(e.list_id) "
        f"AND l.generation = e.generation WHERE e.entries_left IS NOT NULL AND e.list_id IN ({marks(both)})",
        both,
    )[0]
    return row[0], row[1]


def _has_changed(db: Database, before: _State) -> bool:
    here = marks(before.list_ids)
    changed = db.row(
        f"SELECT 1 FROM changes WHERE rowid > ? AND ((subject IN ('import', 'list') AND item_id IN ({here})) OR (subject = 'entry' "
        f"AND (json_extract(before, '$.list_id') IN ({here}) OR json_extract(after, '$.list_id') IN ({here}))))",
        (before.newest, *before.list_ids * 3),
    )
    return changed is not None or _guests(db, before.list_ids) != before.guests


def _refuse_second(db: Database, list_ids: Sequence[int]) -> None:
    for row in db.rows(f"SELECT phase FROM imports WHERE list_id IN ({marks(list_ids)})", tuple(list_ids)):
        if row["phase"] == "gone":
            raise ConfigError("this list was deleted")
        raise ConfigError("this list is being imported already; try again in a minute")


def begin(db: Database, list_ids: Sequence[int]) -> Mapping[int, int]:
    """{list: the generation of the import that begins}."""
    found = {}
    with db.transaction():
        _refuse_second(db, list_ids)
        for list_id in list_ids:
            row = db.row("SELECT generation FROM lists WHERE id = ?", (list_id,))
            if row is None:
                raise ConfigError("this list was deleted")
            db.execute("INSERT INTO imports VALUES (?, ?, 'loading', 0)", (list_id, row["generation"] + 1))
            found[list_id] = int(row["generation"]) + 1
    return found


def _go_on(db: Database, generations: Mapping[int, int]) -> None:
    sql = "UPDATE imports SET steps = steps + 1 WHERE list_id = ? AND generation = ? AND phase = 'loading'"
    for each in generations.items():
        if not db.execute(sql, each):
            raise ConfigError("the list was deleted, or the import took a pause that was too long; nothing was imported")


def give_up(db: Database, generations: Mapping[int, int]) -> None:
    """What the import has written is to be dropped."""
    sql = "UPDATE imports SET phase = 'dropping' WHERE list_id = ? AND generation = ? AND phase = 'loading'"
    with db.transaction():
        for each in generations.items():
            db.execute(sql, each)


def unsettled(db: Database) -> dict[int, tuple[str, int]]:
    """{list: (phase, steps of its import)} of those that are not in their final form."""
    return {row["list_id"]: (row["phase"], row["steps"]) for row in db.rows("SELECT list_id, phase, steps FROM imports")}


def settle(db: Database, list_id: int, steps: Steps) -> bool:
    """One step towards the final form; False when the list has it, or is loading."""
    with steps.step() as most, db.transaction(cascade=False):
        row = db.row("SELECT phase FROM imports WHERE list_id = ?", (list_id,))
        if row is None or row["phase"] == "loading":
            return False
        done = db.execute(_STEPS[row["phase"]], {"list": list_id, "most": most})
        if not done and row["phase"] == "clearing":
            db.execute("UPDATE imports SET phase = 'moving' WHERE list_id = ?", (list_id,))
        elif not done:
            db.execute("DELETE FROM imports WHERE list_id = ?", (list_id,))
        return True


_CURRENT = "(SELECT generation FROM lists WHERE id = :list)"
_STEPS = {
    "clearing": "DELETE FROM entries WHERE id IN ("
    f"SELECT id FROM entries WHERE list_id = :list AND generation <> {_CURRENT} LIMIT :most)",
    "moving": "UPDATE entries SET list_id = :list, revision = revision + 1 WHERE id IN ("
    "SELECT id FROM entries WHERE list_id = -:list LIMIT :most)",
    "dropping": "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE list_id = -:list LIMIT :most)",
    "gone": "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE list_id IN (:list, -:list) LIMIT :most)",
}
