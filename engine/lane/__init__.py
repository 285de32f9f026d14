"""Lane: what vehicles do between the loops of one lane, and when the barrier may open for the next one. Pure: no I/O, no clock."""
