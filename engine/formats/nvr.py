"""NVR: the messages of TCP by which recorders log in to a camera and get its plates, in bytes (docs/nvr.md).

Source: docs/sources.md, Milesight's TCP messages. What that leaves open (widths of fields 11 to 24, codes of colours, the chunk
EVENT) is ours.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from engine.formats._country_codes import alpha_3
from engine.formats.event import clean
from engine.formats.milesight import plate_type
from engine.types import PlateEvent

SIG, SIG_END = b"\xcc\xff", b"\xff\xdd"
_HEAD = struct.Struct("<2sHI")
LOGIN_REQ, LOGIN_REPLY, RECOG_POST = 0x0001, 0x8001, 0x8801
ANSWERS = 0x8000
"""Added to the command of a request in its answer; messages of the camera have it."""

MOST_DATA_BYTES = 16 << 20
"""Of one message; one that says it is longer is none."""

META, IMAGE, EVENT = bytes.fromhex("11ff0000"), bytes.fromhex("22ff0000"), bytes.fromhex("33ff0000")
_CHUNK = struct.Struct("<4sI")

CAR_NUMBER_BYTES, REGION_BYTES, MOST_PLATE_BYTES = 16, 32, 255

DIRECTIONS = {"": 0, "approach": 1, "away": 2}
"""Ours -> theirs: unknown, in, out."""
PLATE_TYPES = {"Black": 1, "White": 2, "Visitor": 3}
COLOURS = (
    "", "white", "silver", "grey", "black", "red", "blue", "green", "yellow", "orange", "brown", "purple", "pink",
)  # fmt: skip
"""By code; 0: not known. The published list says "stand by", so that the codes are ours."""

BEFORE: Mapping[str, tuple[str, str]] = {
    "device_id": ("16s", "GUID as Windows lays it out; the same for the life of the camera id"),
    "time_ms": ("Q", "when the picture was taken, in milliseconds since 1970 (UTC)"),
    "car_number": ("16s", "the plate in UTF-8, cut between characters, padded with NUL; not in the layout noprefix"),
    "car_colour": ("B", "0: this camera does not tell it"),
    "plate_colour": ("B", "of the plate's ground, by the table of colours; 0: not known"),
    "speed_kmh": ("H", "0: this camera measures none"),
    "images": ("B", "number of image chunks that follow"),
    "direction": ("B", "0 unknown, 1 in (approaches), 2 out (drives away)"),
    "region": ("32s", "country, ISO 3166-1 alpha-3, padded with NUL"),
    "roi": ("B", "lane 1 or 2; 0: no lane line is drawn"),
}
AFTER: Mapping[str, tuple[str, str]] = {
    "vehicle_type": ("B", "0 unknown: this camera does not tell it"),
    "confidence": ("f", "0 to 1, or 0 to 100 by the setting Confidence"),
    "plate_type": ("B", "1 on a blacklist, 2 on a whitelist, 3 visitor"),
    "distance": ("i", "0: no radar"),
    "azimuth": ("f", "0: no radar"),
    "vehicle_count": ("I", "0: no radar"),
    "width": ("I", "of the picture, in pixels"),
    "height": ("I", "of the picture"),
    "x1": ("i", "left of the plate, in pixels of the picture"),
    "y1": ("i", "top of the plate"),
    "x2": ("i", "right of the plate"),
    "y2": ("i", "bottom of the plate"),
}
"""Fields before and after the plate, which is one byte with its length and its UTF-8: name -> (struct code, what it says). Packed
without gaps, little-endian."""

SEED, NOPREFIX = "seed", "noprefix"
_LAYOUTS: Mapping[str, tuple[str, ...]] = {SEED: tuple(BEFORE), NOPREFIX: tuple(name for name in BEFORE if name != "car_number")}


def _packing(names: Sequence[str], fields: Mapping[str, tuple[str, str]]) -> struct.Struct:
    return struct.Struct("<" + "".join(fields[name][0] for name in names))


_BEFORE = {layout: _packing(names, BEFORE) for layout, names in _LAYOUTS.items()}
_AFTER = _packing(tuple(AFTER), AFTER)


class BadMessage(ValueError):
    """What came is no message."""


# --- messages -----------------------------------------------------------------------------------------------------------


def message(command: int, data: bytes) -> bytes:
    """DATA_SIZE counts the two bytes of the end."""
    return b"".join((_HEAD.pack(SIG, command, len(data) + len(SIG_END)), data, SIG_END))


def login(user: str, password: str) -> bytes:
    return message(LOGIN_REQ, _json({"id": user, "password": password}))


def answer(command: int, result: int) -> bytes:
    """To the request `command`: `result` is a status as of HTTP."""
    return message(command | ANSWERS, _json({"result": str(result)}))


def credentials(data: bytes) -> tuple[str, str]:
    """User and password of a LOGIN_REQ; BadMessage when it is none. A NUL at its end, as C programs send it, does no harm."""
    try:
        found = from_json(data.rstrip(b"\0").decode("utf-8-sig"))
        user, password = found["id"], found["password"]
        (user + password).encode()  # half a character of JSON's \ud800 is none
    except (ValueError, LookupError, TypeError, AttributeError) as why:
        raise BadMessage("not a log-in") from why
    if not isinstance(user, str):
        raise BadMessage("not a log-in")
    return user, password


class Reader:
    """Takes what came and gives it message by message. `most_bytes`: of the data of one; `kept_bytes`: longer data is not kept, and
    given as b""."""

    def __init__(self, most_bytes: int = MOST_DATA_BYTES, kept_bytes: int = MOST_DATA_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept_bytes = kept_bytes
        self._came = bytearray()
        self._skipped = 0
        """Bytes of the message at the beginning that were thrown away."""

    def add(self, data: bytes) -> None:
        self._came += data

    def next(self) -> tuple[int, bytes] | None:
        """(command, data) of the next message, None until it is there as a whole. BadMessage: nothing that follows can be trusted,
        as an image may hold what looks like a beginning."""
        if len(self._came) < _HEAD.size:
            if not SIG.startswith(self._came[: len(SIG)]):
                raise BadMessage("it does not begin like one")
            return None
        sig, command, size = _HEAD.unpack_from(self._came)
        if sig != SIG:
            raise BadMessage("it does not begin like one")
        length = size - len(SIG_END)
        if not 0 <= length <= self.most_bytes:
            raise BadMessage(f"it says that it has {size} bytes")
        if length > self._kept_bytes:
            spare = min(len(self._came) - _HEAD.size, length - self._skipped)
            del self._came[_HEAD.size : _HEAD.size + spare]
            self._skipped += spare
        there = length - self._skipped
        end = _HEAD.size + there
        if len(self._came) < end + len(SIG_END):
            return None
        if self._came[end : end + len(SIG_END)] != SIG_END:
            raise BadMessage("it does not end like one")
        data = bytes(self._came[_HEAD.size : end])
        del self._came[: end + len(SIG_END)]
        self._skipped = 0
        return command, data


# --- a recognition ------------------------------------------------------------------------------------------------------


def device_id(camera_id: str) -> bytes:
    """The camera's id as a GUID (RFC 4122, version 5), in Windows' byte order."""
    from uuid import UUID, uuid5

    return uuid5(UUID("5b0b8bfb-2b0c-4c3e-9f57-5d5d1f3f8f4a"), camera_id).bytes_le


def recognition(event: PlateEvent, device: bytes, images: Sequence[bytes], layout: str, percent: bool, picture: str = "") -> bytes:
    """A RECOG_POST. `device`: of `device_id`; `images`: JPEG, the plate's first; `layout`: of SEED and NOPREFIX; `percent`:
    confidence of 0 to 100; `picture`: its path at the camera, "" for none."""
    passage = event.passage
    plate = clean(passage.plate)
    x, y, width, height = passage.box
    values: dict[str, object] = {
        "device_id": device,
        "time_ms": (passage.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1),
        "car_number": cut(plate, CAR_NUMBER_BYTES),
        "car_colour": 0,
        "plate_colour": COLOURS.index(passage.plate_colour) if passage.plate_colour in COLOURS else 0,
        "speed_kmh": 0,
        "images": len(images),
        "direction": DIRECTIONS.get(passage.direction, 0),
        "region": cut(clean(alpha_3(passage.country)), REGION_BYTES),
        "roi": passage.lane,
        "vehicle_type": 0,
        "confidence": passage.confidence if percent else passage.confidence / 100,
        "plate_type": PLATE_TYPES[plate_type(event)],
        "distance": 0,
        "azimuth": 0.0,
        "vehicle_count": 0,
        "width": passage.size[0],
        "height": passage.size[1],
        "x1": x,
        "y1": y,
        "x2": x + width,
        "y2": y + height,
    }
    whole = cut(plate, MOST_PLATE_BYTES)
    meta = b"".join(
        (
            _BEFORE[layout].pack(*(values[name] for name in _LAYOUTS[layout])),
            bytes((len(whole),)),
            whole,
            _AFTER.pack(*(values[name] for name in AFTER)),
        )
    )
    said = {"event_id": passage.id, "decision": event.decision.outcome, "picture": picture}
    chunks = ((META, meta), *((IMAGE, image) for image in images), (EVENT, _json(said)))
    return message(RECOG_POST, b"".join(part for id, body in chunks for part in (_CHUNK.pack(id, len(body)), body)))


def cut(text: str, most_bytes: int) -> bytes:
    """As much of the text as fits in UTF-8, whole characters only."""
    return text.encode()[:most_bytes].decode(errors="ignore").encode()


@dataclass(frozen=True, slots=True)
class Recognition:
    """A RECOG_POST as a recorder reads it. `fields`: of BEFORE and AFTER by name, texts without their NULs; `said`: of the chunk
    EVENT, {} without one."""

    plate: str
    at: datetime
    layout: str
    fields: Mapping[str, Any]
    images: tuple[bytes, ...]
    said: Mapping[str, Any]


def read_recognition(data: bytes) -> Recognition:
    """The data of a RECOG_POST in either layout, without chunks and bytes that are not known. BadMessage says what is wrong."""
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != META:
        raise BadMessage("the metadata does not come first")
    meta = chunks[0][1]
    layout = next((each for each in _LAYOUTS if _plate_end(meta, each) + _AFTER.size == len(meta)), SEED)
    before, end = _BEFORE[layout], _plate_end(meta, layout)
    if end + _AFTER.size > len(meta):
        raise BadMessage(f"metadata of {len(meta)} bytes is too short")
    fields: dict[str, Any] = dict(zip(_LAYOUTS[layout], before.unpack_from(meta), strict=True))
    fields |= zip(AFTER, _AFTER.unpack_from(meta, end), strict=True)
    for name in {"car_number", "region"} & fields.keys():
        fields[name] = fields[name].rstrip(b"\0").decode(errors="replace")
    try:
        said = from_json(next((body for id, body in chunks if id == EVENT), b"{}"))
    except ValueError as why:
        raise BadMessage("the chunk of the event is not JSON") from why
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=fields["time_ms"])
    except OverflowError as why:
        raise BadMessage(f"no calendar holds a time of {fields['time_ms']} ms") from why
    return Recognition(
        plate=meta[before.size + 1 : end].decode(errors="replace"),
        at=at,
        layout=layout,
        fields=fields,
        images=tuple(body for id, body in chunks if id == IMAGE),
        said=said,
    )


def _plate_end(meta: bytes, layout: str) -> int:
    """Where the fields after the plate begin."""
    place = _BEFORE[layout].size
    return place + 1 + (meta[place] if len(meta) > place else 0)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(data):
        if len(data) - place < _CHUNK.size:
            raise BadMessage("a chunk has no head")
        id, size = _CHUNK.unpack_from(data, place)
        place += _CHUNK.size
        if size > len(data) - place:
            raise BadMessage(f"a chunk says that it has {size} bytes")
        yield id, data[place : place + size]
        place += size


def _json(value: object) -> bytes:
    """As the published examples have it, without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
