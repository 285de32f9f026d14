"""Faults that are made on purpose: kills and power cuts, and what the camera keeps through them."""
