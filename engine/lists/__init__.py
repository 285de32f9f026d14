"""Lists: how a plate's text is compared with the entries of the lists."""

from __future__ import annotations

from engine.lists.alphabet import unreadable
from engine.lists.confusions import newer_read, variants
from engine.lists.matching import STRAY, Finding, Lapsed, comparable, find, fold, normalise, stray
from engine.lists.validity import EARLIEST, LATEST, limit, standing, written

__all__ = [
    "EARLIEST", "LATEST", "STRAY", "Finding", "Lapsed", "comparable", "find", "fold", "limit", "newer_read", "normalise",
    "standing", "stray", "unreadable", "variants", "written",
]  # fmt: skip
