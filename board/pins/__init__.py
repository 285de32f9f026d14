"""Pins: the real-time process, the only one that touches GPIO: `python -m board.pins --state DIR`."""
