"""Documents: what installed packages say about their API: lib/*/openapi.json of each."""

from __future__ import annotations

import logging
from typing import Any

from board.kit.errors import PackageError
from board.kit.from_json import from_json
from firmware.packages.slots import Slots

LOG = logging.getLogger("packages")
MAX_BYTES = 4 << 20


def documents(slots: Slots) -> list[dict[str, Any]]:
    """OpenAPI documents in the order of the packages' names; one that cannot be read is left out and logged."""
    found = []
    for name in slots.names():
        try:
            slot, _ = slots.installed(name)
            folder = slots.path(name, slot)
        except PackageError:
            continue  # Package Management says why
        for path in sorted(folder.glob("lib/*/openapi.json")):
            try:
                if path.stat().st_size <= MAX_BYTES:
                    document = from_json(path.read_bytes())
                    paths, schemas = {**document["paths"]}, {**document["components"]["schemas"]}
                    found.append({"paths": paths, "components": {"schemas": schemas}})
            except (OSError, ValueError, LookupError, TypeError) as why:
                LOG.warning("%s: %s is no OpenAPI document: %s", name, path.name, why)
    return found
