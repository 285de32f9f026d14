"""Settings: the table `settings`: one row of JSON for each group of settings."""

from __future__ import annotations

import json
import logging
from typing import Any, TypeVar

from board.kit.errors import ConfigError
from board.kit.settings import Settings, check
from engine.store.database import Database

S = TypeVar("S", bound=Settings)


class StoredSettings:
    """Called with a class of settings, it gives the stored ones; a field that is missing, unknown or no longer valid has its
    default."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __call__(self, kind: type[S]) -> S:
        row = self._db.row("SELECT body FROM settings WHERE name = ?", (kind.__name__,))
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

    def put(self, settings: Settings, by: str) -> None:
        """Checks and stores; ConfigError keeps the previous ones. `by`: the user who does it."""
        check(type(settings), settings.model_dump())
        sql = "INSERT INTO settings (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body"
        self._db.execute(sql, (type(settings).__name__, settings.model_dump_json()))


def _is_valid(kind: type[Settings], name: str, value: Any) -> bool:
    try:
        check(kind, {name: value})
    except ConfigError:
        return False
    return True
