"""Permissions: what a person or a token may do; roles are sets of them. Host and portal check the same table."""

from __future__ import annotations

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "view": "See the live picture, the last results and the camera's state",
    "review": "Search the passages and download them with their pictures",
    "open": "Trigger a reading, open the gate, press TEST",
    "lists": "See and change lists and their plates",
    "actions": "See and change the actions of lists",
    "configure": "See and change the settings of camera, recognition and the device; restart the service",
    "audit": "See what was done and who changed what",
    "logs": "Read and download the logs",
    "packages": "Install, start, stop and remove packages and their licences",
    "people": "Manage accounts, tokens and device passwords",
}
"""Name of a permission: what it allows."""

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"view", "review"}),
    "operator": frozenset({"view", "review", "open", "lists", "actions"}),
    "admin": frozenset(PERMISSIONS),
}
"""Name of a role: its permissions."""
