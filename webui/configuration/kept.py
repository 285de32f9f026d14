"""Kept: the configuration of before the last import, with its passwords, to go back to (manual 4.6, General configuration tab)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import StoreError
from board.kit.files import private_folder, write_beside
from board.kit.from_json import from_json
from board.kit.state import State
from webui.configuration.contents import Secrets


@dataclass(frozen=True, slots=True)
class Before:
    """`at`: when it was replaced, and `by` whom."""

    at: datetime
    by: str
    document: dict[str, Any]
    secrets: Secrets


@contextmanager
def keeping(state: State, before: Before) -> Iterator[None]:
    """Keeps it if what is done inside succeeds. StoreError when the storage takes nothing; then nothing is done."""
    path = _path(state)
    values = {"at": before.at.isoformat(), "by": before.by, "document": before.document, "secrets": before.secrets}
    try:
        private_folder(path.parent)
        fresh = write_beside(path, json.dumps(values).encode(), 0o600)
    except OSError as why:
        raise StoreError("the configuration of now cannot be kept for a revert: {why}", why=why) from why
    try:
        yield
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)


def kept(state: State) -> Before | None:
    """None: there is none, or it cannot be read."""
    try:
        values = from_json(_path(state).read_text("utf-8"))
        return Before(datetime.fromisoformat(values["at"]), str(values["by"]), values["document"], values["secrets"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _path(state: State) -> Path:
    return state.portal_files / "configuration.before.json"
