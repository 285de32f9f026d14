"""Lists: how a plate's text is compared with the entries of the lists."""

from __future__ import annotations

from engine.lists.alphabet import unreadable
from engine.lists.confusions import variants
from engine.lists.matching import fold, match, normalise
from engine.lists.validity import EARLIEST, LATEST, is_valid, limit, moment, written

__all__ = ["EARLIEST", "LATEST", "fold", "is_valid", "limit", "match", "moment", "normalise", "unreadable", "variants", "written"]
