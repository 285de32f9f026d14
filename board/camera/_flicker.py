"""Flicker: the choices of the setting for lamps that flicker with the mains, and their frequency in Hz."""

from __future__ import annotations

from board.kit.words import mark

AS_IS = mark("as is")
FLICKER_HZ = {mark("off"): 0, "50 Hz": 50, "60 Hz": 60}
