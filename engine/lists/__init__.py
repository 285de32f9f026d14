"""Lists: how a plate's text is compared with the entries of the lists."""

from __future__ import annotations

from engine.lists.matching import EARLIEST, LATEST, fold, match, normalise

__all__ = ["EARLIEST", "LATEST", "fold", "match", "normalise"]
