"""Lane: what vehicles do between the loops of one lane, and when the barrier may open for the next one. Pure: no I/O, no clock."""

from engine.lane.lane import Effect, Kept, Lane, Rules, Verdict

__all__ = ["Effect", "Kept", "Lane", "Rules", "Verdict"]
