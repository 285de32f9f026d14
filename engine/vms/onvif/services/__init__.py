"""Services: one file each, which offers it as SERVICE; a new one brings its address and its place in GetServices by itself."""

from __future__ import annotations

import sys

from board.kit.registry import find
from engine.vms.onvif.operations import Service, Table


def table() -> Table:
    """Of all services."""
    return Table(tuple(find(sys.modules[__name__], "SERVICE", Service).values()))
