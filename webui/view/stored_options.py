"""Stored options: those of an action, export or import as they lie in the database, for whoever fills a form or compares them."""

from __future__ import annotations

from typing import Any

from board.kit.from_json import from_json
from engine.types import ActionRule, Job


def stored_options(of: ActionRule | Job) -> dict[str, Any]:
    """With passwords; {} for what is no object."""
    values = from_json(of.options or "{}")
    return values if isinstance(values, dict) else {}
