"""Formats: how a passage is written down for others; one file each (what they share begins with "_")."""
