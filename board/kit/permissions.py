"""Permissions: what a person or a token may do; roles are sets of them. Host and portal check the same table."""

from __future__ import annotations

from collections.abc import Mapping

from board.kit.words import mark

PERMISSIONS: Mapping[str, str] = {
    "view": mark("See the live picture, the last results and the camera's state"),
    "review": mark("Search the passages and download them with their pictures"),
    "open": mark("Trigger a reading, open the gate, press TEST"),
    "lists": mark("See and change lists and their plates"),
    "actions": mark("See and change the actions of lists"),
    "configure": mark("See and change the settings of camera, recognition and the device; restart the service"),
    "audit": mark("See what was done and who changed what"),
    "logs": mark("Read and download the logs"),
    "packages": mark("Install, start, stop and remove packages and their licences"),
    "system": mark("Set time and storage of the camera; update and restart it; back up, restore and reset all of it"),
    "people": mark("Manage accounts, tokens and device passwords"),
}
"""Name of a permission: what it allows."""

ROLES: Mapping[str, frozenset[str]] = {
    mark("viewer"): frozenset({"view", "review"}),
    mark("operator"): frozenset({"view", "review", "open", "lists", "actions"}),
    mark("admin"): frozenset(PERMISSIONS),
}
"""Name of a role: its permissions."""
