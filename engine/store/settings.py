"""Settings: the table `settings`: one row of JSON for each group of settings."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.secrets import without_secrets
from board.kit.settings import Settings, SettingsError, check
from engine.store.changes import Changes
from engine.store.database import Database

S = TypeVar("S", bound=Settings)


class StoredSettings:
    """Called with a class of settings, it gives the stored ones; a field that is missing, unknown or no longer valid has its
    default."""

    def __init__(self, db: Database, changes: Changes) -> None:
        self._db = db
        self._changes = changes

    def __call__(self, kind: type[S]) -> S:
        row = self._db.row("SELECT body FROM settings WHERE name = ?", (kind.key,))
        if row is None:
            return kind()
        try:
            stored = from_json(row["body"])
        except ValueError as why:
            stored = why
        if not isinstance(stored, dict):
            logging.getLogger("store").error("stored settings %r are damaged, the defaults hold: %s", kind.key, str(stored)[:100])
            return kind()
        values = {name: value for name, value in stored.items() if name in kind.model_fields}
        try:
            return check(kind, values)
        except ConfigError as why:
            logging.getLogger("store").warning("stored settings are partly left out: %s", why)
        return kind(**{name: value for name, value in values.items() if _is_valid(kind, name, value)})

    def put(self, settings: Settings, by: str) -> None:
        """Checks and stores; ConfigError keeps the previous ones. `by`: the user who does it."""
        kind = type(settings)
        check(kind, settings.model_dump())
        found = settings.conflicts()
        if found:
            raise SettingsError(*found)
        sql = "INSERT INTO settings (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body"
        with self._db.transaction():
            before = without_secrets(kind, self(kind).model_dump(mode="json"))
            after = without_secrets(kind, settings.model_dump(mode="json"))
            changed = [name for name in after if before[name] != after[name]]
            self._db.execute(sql, (kind.key, settings.model_dump_json()))
            self._changes.add(by, "settings", 0, _named(kind, before, changed), _named(kind, after, changed))


def _named(kind: type[Settings], values: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    """Of one group of settings what was changed, as `changes` keeps it."""
    return {f"{kind.key}.{name}": values[name] for name in changed}


def _is_valid(kind: type[Settings], name: str, value: Any) -> bool:
    try:
        check(kind, {name: value})
    except ConfigError:
        return False
    return True
