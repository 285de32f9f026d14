"""Notifications: what the service's ONVIF action hands over for the clients of ONVIF's event service, newest kept.

A message is JSON: {"id": event's id, "notifications": [{"topic", "time", "source", "data"}]}, as engine/formats/onvif.py declares
them.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

KEPT = 100
"""Passages."""

MOST_BYTES = 16_384
"""Of one message."""


class Notifications:
    """Used by the loop's thread. A passage that comes again, since its delivery was repeated, replaces itself."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Mapping[str, Any], ...]] = OrderedDict()

    def take(self, body: bytes) -> int:
        """One message; how many clients get it. ValueError says what is wrong with it."""
        if len(body) > MOST_BYTES:
            raise ValueError(f"notifications of {len(body)} bytes")
        try:
            message = json.loads(body)
            event_id, found = str(message["id"]), tuple(dict(each) for each in message["notifications"])
        except (LookupError, TypeError) as why:
            raise ValueError(f"not notifications: {why!r}") from why
        self._kept[event_id] = found
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return 0

    def newest(self) -> tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]:
        """(event's id, its notifications), oldest first."""
        return tuple(self._kept.items())
