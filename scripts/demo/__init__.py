"""Drawn street scene of the demo clip: a lane, a barrier and cars with plates of several countries."""
