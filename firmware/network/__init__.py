"""Network: the board's addresses and names, and how the host changes them."""
