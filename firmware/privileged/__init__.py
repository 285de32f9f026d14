"""Root: the few things that need more than the host may: the clock, the restart of the board, an SD card."""
