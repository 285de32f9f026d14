"""Matches: writes passages of a list to a file: each as its document (engine/formats/event.py) or as a row of a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from board.kit.cells import safe_cell
from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from engine.decided import WAIT_S
from engine.exchange.plate_files.csv_file import Encoded
from engine.formats import xml_text
from engine.formats.event import Device, document
from engine.formats.workbook import write_workbook
from engine.store import Store
from engine.types import WAITING, PlateEvent, PlateList

PAGE = 200
MOST = 50_000
"""Passages per file; the rest goes into the next one."""

HEADINGS = (
    "time", "plate", "confidence", "country", "region", "list", "listed plate", "description", "lane", "direction", "plate colour",
    "plate type", "decision", "reason", "event id", "camera id", "camera name", "site",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenMatches:
    """`last`: row of the newest passage in the file; `count`: number of passages in it."""

    last: int
    count: int

    @property
    def is_full(self) -> bool:
        """Perhaps there are more."""
        return self.count >= MOST


def write_matches(
    path: Path, store: Store, chosen: PlateList, name: str, device: Device, after: int, clock: Clock
) -> WrittenMatches:
    """Writes the passages of the list that were stored after row `after`, oldest first, at most MOST. `name`: one of
    formats.MATCHES. One that is not decided about yet goes into the next file, with those that came after it."""
    last, count = after, 0

    def events() -> Iterator[PlateEvent]:
        nonlocal last, count
        while count < MOST and (found := store.passages.of_list(chosen.id, last, min(PAGE, MOST - count))):
            for each in found:
                if each.decision.outcome == WAITING and 0 <= clock.monotonic_ns() - each.passage.monotonic_ns < WAIT_S * 1e9:
                    return
                matches = store.passages.matches(each.passage.id)
                match = next((one for one in matches if one.list.id == chosen.id), None)
                last = each.rowid
                if match is not None:
                    count += 1
                    yield PlateEvent(each.passage, matches, match, each.decision)

    with path.open("wb") as out:
        _WRITERS[name](out, events(), device)
    return WrittenMatches(last, count)


def _xml(out: IO[bytes], events: Iterator[PlateEvent], device: Device) -> None:
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<passages>\n')
    for event in events:
        out.write(xml_text.element("passage", document(event, device, None)).encode() + b"\n")
    out.write(b"</passages>\n")


def _json(out: IO[bytes], events: Iterator[PlateEvent], device: Device) -> None:
    before = b"[\n"
    for event in events:
        out.write(before + json.dumps(document(event, device, None), ensure_ascii=False, separators=(",", ":")).encode())
        before = b",\n"
    out.write((before if before == b"[\n" else b"\n") + b"]\n")


def _csv(out: IO[bytes], events: Iterator[PlateEvent], device: Device) -> None:
    out.write(b"\xef\xbb\xbf")
    writer = csv.writer(Encoded(out), delimiter=";", lineterminator="\r\n")
    writer.writerow([safe_cell(each) for each in _headings(device)])
    writer.writerows([safe_cell(each) for each in _row(event, device)] for event in events)


def _xlsx(out: IO[bytes], events: Iterator[PlateEvent], device: Device) -> None:
    write_workbook(out, _headings(device), (_row(event, device) for event in events))


def _headings(device: Device) -> list[str]:
    return [*HEADINGS, *(name for name, _ in device.columns)]


def _row(event: PlateEvent, device: Device) -> Sequence[Any]:
    said: Any = document(event, device, None)
    entry = event.match.entry
    return [
        said["time_local"], said["plate"], said["confidence"], said["country"], said["region"], event.match.list.name,
        entry.plate if entry else "", entry.description if entry else "", said["lane"], said["direction"], said["plate_colour"],
        said["plate_kind"], said["decision"]["outcome"], said["decision"]["reason"], said["event_id"], said["camera_id"],
        said["camera_name"], said["site"], *(value for _, value in device.columns),
    ]  # fmt: skip


_WRITERS: Mapping[str, Callable[[IO[bytes], Iterator[PlateEvent], Device], None]] = MappingProxyType({
    "XML": _xml, "JSON": _json, "CSV": _csv, "XLSX": _xlsx,
})  # fmt: skip
