"""Syslog: a passage as one message of RFC 5424, with structured data, and its framing for streams (RFC 6587, octet counting)."""

from __future__ import annotations

import re
from datetime import UTC

from engine.formats.event import Device, clean, stamp
from engine.formats.places import one_line
from engine.types import PlateEvent

FACILITIES = {"user": 1, **{f"local{number}": 16 + number for number in range(8)}}
SEVERITIES = {"alert": 1, "critical": 2, "error": 3, "warning": 4, "notice": 5, "informational": 6, "debug": 7}

SD_ID = "passage@32473"
"""32473 is IANA's number for examples (RFC 5612): Gatewright has none of its own."""

MOST_VALUE = 200
MOST_TEXT = 1000
"""Characters. A message then fits into the 2048 bytes that receivers should take (RFC 5426) unless its texts are very long."""

BOM = b"\xef\xbb\xbf"


def message(event: PlateEvent, device: Device, facility: str, severity: str, text: str) -> bytes:
    """The message without framing. `facility`, `severity`: of the tables here; `text`: what people read."""
    passage = event.passage
    priority = FACILITIES[facility] * 8 + SEVERITIES[severity]
    time = stamp(passage.at.astimezone(UTC)).replace("+00:00", "Z")
    values = {
        "event_id": passage.id,
        "event": passage.what,
        "camera_id": device.id,
        "camera_name": device.name,
        "site": device.site,
        "plate": passage.plate,
        "confidence": f"{passage.confidence:.1f}",
        "country": passage.country,
        "lane": str(passage.lane),
        "direction": passage.direction,
        "list": event.match.list.name,
        "role": event.match.list.role,
        "decision": event.decision.outcome,
        "reason": str(event.decision.reason),
    }
    data = "".join(f' {name}="{_value(value)}"' for name, value in values.items() if value)
    head = f"<{priority}>1 {time} {_name(device.id, 255)} gatewright - passage [{SD_ID}{data}] "
    return head.encode() + BOM + one_line(text)[:MOST_TEXT].encode()


def framed(message: bytes) -> bytes:
    """As it goes over TCP and TLS."""
    return b"%d %s" % (len(message), message)


def _value(text: str) -> str:
    """A PARAM-VALUE: its three special characters escaped, and nothing that ends a line."""
    return re.sub(r'(["\\\]])', r"\\\1", one_line(clean(text))[:MOST_VALUE])


def _name(text: str, most: int) -> str:
    """PRINTUSASCII without spaces; "-" when nothing is left."""
    return "".join(each for each in text if "!" <= each <= "~")[:most] or "-"
