"""Lane: tracks vehicles between the loops of one lane and decides when the barrier may open for the next. Pure: no I/O, no
clock."""
