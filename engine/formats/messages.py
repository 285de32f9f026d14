"""Messages: the formats that actions offer, and each passage's message, made once for each format."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import mark
from engine.events import CARS
from engine.formats import milesight, xml_text
from engine.formats.event import Device, clean, document
from engine.stored_pictures import StoredPictures
from engine.types import PlateEvent

Read = Callable[[str], bytes]

XML_TYPE = "application/xml; charset=utf-8"
JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"

MOST_BYTES = 4_000_000
"""Of messages remembered: a dozen with pictures, thousands without."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is sent. `extension`: of a file that holds it, "xml"."""

    body: bytes
    content_type: str
    extension: str


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing a passage down. `write(event, device, read)`: `read` gives a picture by its file's name."""

    label: str
    content_type: str
    extension: str
    write: Callable[[PlateEvent, Device, Read], str]


def _simple(event: PlateEvent, device: Device, read: Read) -> str:
    """The plate on one line, whatever it is; an event without a plate by its name, in brackets, which no plate has."""
    if event.passage.what not in CARS:
        return f"[{event.passage.what}]"
    return " ".join(clean(event.passage.plate).split())


def _xml(event: PlateEvent, device: Device, read: Read | None) -> str:
    return xml_text.write("passage", document(event, device, read))


def _json(event: PlateEvent, device: Device, read: Read | None) -> str:
    return to_json(document(event, device, read))


def _milesight(event: PlateEvent, device: Device, read: Read) -> str:
    images = event.passage.images
    return to_json(milesight.document(event, device, read(images.plate), read(images.full)))


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


FORMATS = {
    "SIMPLE": Format("The plate alone", TEXT_TYPE, "txt", _simple),
    "XML": Format("XML", XML_TYPE, "xml", lambda event, device, read: _xml(event, device, None)),
    "XML_IMG": Format("XML with images", XML_TYPE, "xml", _xml),
    "JSON": Format("JSON", JSON_TYPE, "json", lambda event, device, read: _json(event, device, None)),
    "JSON_IMG": Format("JSON with images", JSON_TYPE, "json", _json),
    "MILESIGHT": Format("Milesight's JSON with images", JSON_TYPE, "json", _milesight),
}
"""What an option `format` may say (manual 4.4, List tab) -> how that is made."""

DOCUMENTS = {
    "XML": "XML",
    "XML_IMG": mark("XML with pictures (XML_IMG)"),
    "JSON": "JSON",
    "JSON_IMG": mark("JSON with pictures (JSON_IMG)"),
}
"""The choices of kinds that send the whole event."""


class Messages:
    """Any thread may ask. What was made last is remembered, for the other actions of the passage and for repetitions."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._made: OrderedDict[object, Message] = OrderedDict()
        self._bytes = 0

    def message(self, name: str, event: PlateEvent, device: Device, pictures: StoredPictures) -> Message:
        """The event in the format `name`, with its pictures: those that are gone are left out. It is the same for all
        rules of the passage. ConfigError: there is no such format."""
        if name not in FORMATS:
            raise ConfigError("there is no format {format!r}; there are {formats}", format=name[:40], formats=tuple(FORMATS))
        key = (name, event.passage, event.matches, event.decision, device)
        with self._lock:
            found = self._made.get(key)
            if found is None:
                found = self._keep(key, encode(name, event, device, pictures.read))
            else:
                self._made.move_to_end(key)
        return found

    def _keep(self, key: object, made: Message) -> Message:
        if len(made.body) <= self._most_bytes // 2:
            self._made[key] = made
            self._bytes += len(made.body)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._made.popitem(last=False)[1].body)
        return made


def encode(name: str, event: PlateEvent, device: Device, read: Read) -> Message:
    """Made anew."""
    chosen = FORMATS[name]
    return Message(chosen.write(event, device, read).encode(), chosen.content_type, chosen.extension)
