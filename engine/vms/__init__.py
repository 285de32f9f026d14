"""Servers for recorders and video management systems, as a process of its own: one event loop, so that hostile and slow clients
hold neither the store nor the gate."""
