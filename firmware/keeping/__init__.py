"""Keeping: what a camera was set to as one encrypted file, and back; the way back to a new camera; a file for those who help."""
