"""Conflicts: of two packages each has its own pages, sockets and processes, whether it is installed or gone back to."""

from __future__ import annotations

from board.kit.errors import PackageError
from firmware.packages.manifest import Manifest
from firmware.packages.slots import Slots


def check(slots: Slots, coming: Manifest) -> None:
    """PackageError when another installed package has what this version would have."""
    for other in slots.names():
        if other == coming.name:
            continue
        try:
            theirs = slots.installed(other)[1]
        except PackageError:
            continue  # a damaged one holds nothing that runs
        _compare(coming, theirs)


def _compare(ours: Manifest, theirs: Manifest) -> None:
    """PackageError when two packages cannot be installed beside each other."""
    sockets = {route.socket for route in theirs.routes}
    paths = {route.path.casefold() for route in theirs.routes}
    for route in ours.routes:
        if route.socket in sockets or route.path.casefold() in paths:
            raise PackageError(
                "{name}: {path} or its socket belongs to {other}; remove {other} first",
                name=ours.name,
                path=route.path,
                other=theirs.name,
            )
    shared = set(ours.users) & set(theirs.users)
    if shared:
        raise PackageError(
            "{name}: {other} runs a process {shared} too; remove {other} first",
            name=ours.name,
            other=theirs.name,
            shared=sorted(shared)[0],
        )
