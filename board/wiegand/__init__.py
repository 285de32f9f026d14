"""Wiegand: code tables, the bit-banged output, the receiver and the measurement of its edges."""
