"""Certificates of the camera: the one that it makes itself, and one that an installer has put in its place."""
