"""XML file: lists of plates in the manual's format (manual 4.4, List tab), read and written as a stream.

    <grouplist>
    <nllists>
    <nllist id="3" sendserver="0" dateserver="" reserve="" description="EMPLOYEES" color=""/>
    </nllists>
    <nlelemlists>
    <nlelemlist id="1" ... numberplate="AAA123" listid="3" ... startvaliditydate="..." endvaliditydate="..."/>
    </nlelemlists>
    </grouplist>

What the manual does not know, an entry has as further attributes, where it has it at all; a processing instruction `gatewright`
before the root says what cameras that follow need (rows.Stamp). Other readers see neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.parsers import expat
from zoneinfo import ZoneInfo

from board.kit.words import Text, mark
from engine.exchange.plate_files.columns import BY_WRITTEN, FURTHER, MANUAL, strange
from engine.exchange.plate_files.rows import (
    LONGEST_GENERATION,
    MOST_LISTS,
    NO_STAMP,
    FileList,
    FileRefused,
    FileRow,
    Head,
    Numbers,
    Sink,
    Stamp,
    at_line,
)
from engine.formats.event import clean
from engine.formats.xml_text import IN_ATTRIBUTE, element_name
from engine.types import ListEntry, PlateList

_PIECE = 1 << 16
MOST_DEEP = 16
MOST_UNFINISHED = 1 << 18
"""Bytes of one element; a longer one cannot be a plate."""

_SHORT = re.compile(r'(?<!\w)(\w+)="([^"]*)"')

NO_NAME = mark("the list has no name (description)")
TWICE = mark("the number {number} of a list is there twice")
NO_NUMBER = mark("{text!r} is not the number (id) of {what}")
NO_LIST = mark("its list {number} is not in this file")
ID_TWICE = mark("the number {number} of a plate is there twice")
NO_PLATE = mark("the plate (numberplate) is missing")


def read(path: Path, head: Head) -> Iterator[FileRow]:
    """The rows of the file, one after the other; `head` is filled before the first. FileRefused: not XML, not the manual's
    format, or it contains what no list of plates needs (such as a DTD with entities)."""
    reader = _Reader(head)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield from reader.feed(piece)
    yield from reader.feed(b"", True)


class _Reader:
    def __init__(self, head: Head) -> None:
        self._head = head
        self._rows: list[FileRow] = []
        self._depth = 0
        self._fed = 0
        self._lists: dict[str, str] = {}
        self._ids = Numbers()
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_dtd
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes, last: bool = False) -> list[FileRow]:
        self._rows = []
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as why:
            raise FileRefused("line {line}: not XML: {reason}", line=why.lineno, reason=Text(expat.ErrorString(why.code))) from why
        except (LookupError, ValueError) as why:  # an encoding that Python lacks, or supports only for several bytes a character
            if isinstance(why, FileRefused):
                raise
            raise FileRefused("its character set is not known: save it as UTF-8") from why
        if self._fed - self._parser.CurrentByteIndex > MOST_UNFINISHED + _PIECE:
            raise at_line(self._parser.CurrentLineNumber, Text("an element without an end"))
        return self._rows

    def _refuse_dtd(self, *_: object) -> None:
        raise at_line(self._parser.CurrentLineNumber, Text("a document type definition (DOCTYPE) is not taken"))

    def _instruction(self, target: str, data: str) -> None:
        if target == "gatewright" and not self._depth:
            said = dict(_SHORT.findall(data))
            columns = tuple(each for each in said.get("columns", "").split() if each in BY_WRITTEN)
            self._head.stamp = Stamp(said.get("generation", "")[:LONGEST_GENERATION], said.get("zone", "")[:60], columns)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if name == "nlelemlist":
            self._entry(attributes)
        elif self._depth == 1 and name != "grouplist":
            raise at_line(
                self._parser.CurrentLineNumber,
                Text("it begins with {name}, not with grouplist: no list of plates", {"name": name[:40]}),
            )
        elif name == "nllist":
            self._list(attributes)
        elif self._depth > MOST_DEEP:
            raise at_line(self._parser.CurrentLineNumber, Text("elements within elements without end"))

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _list(self, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        number, name = attributes.get("id", "").strip(), attributes.get("description", "").strip()
        if not number.isdecimal():
            raise at_line(line, Text(NO_NUMBER, {"text": number[:40], "what": Text("a list")}))
        if number in self._lists:
            raise at_line(line, Text(TWICE, {"number": number[:40]}))
        if not name:
            raise at_line(line, Text(NO_NAME))
        if name in self._head.lists or len(self._lists) >= MOST_LISTS:
            raise at_line(line, Text("the list {name} is there twice, or there are too many", {"name": name[:60]}))
        self._lists[number] = name
        self._head.lists[name] = FileList(name, attributes.get("color", "").strip())

    def _entry(self, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        get = attributes.get
        number = get("id", "")
        if number and number != "0":
            if not number.isdecimal() or len(number) > 18:
                raise at_line(line, Text(NO_NUMBER, {"text": number[:40], "what": Text("a plate")}))
            if not self._ids.add(int(number)):
                raise at_line(line, Text(ID_TWICE, {"number": number}))
        owner = self._lists.get(get("listid", ""))
        if owner is None:
            raise at_line(line, Text(NO_LIST, {"number": repr(get("listid", ""))[:40]}))
        if "numberplate" not in attributes:
            raise at_line(line, Text(NO_PLATE))
        values = {BY_WRITTEN[name].name: value for name, value in attributes.items() if name in BY_WRITTEN}
        for name in strange(attributes):
            self._head.leave_out(name)
        for name in self._head.stamp.columns:
            values.setdefault(name, "")
        self._rows.append(FileRow(line, owner, values))


# --- writing ----------------------------------------------------------------------------------------------------------


def write(
    out: Sink,
    lists: Sequence[tuple[PlateList, Iterable[ListEntry]]],
    zone: ZoneInfo,
    stamp: Stamp = NO_STAMP,
    further: bool = True,
    infoplate: Sequence[tuple[str, str]] = (),
) -> int:
    """Writes the lists with their entries, in that order; returns the number of entries. `further`: also writes fields that the
    manual does not know."""
    out.write(b'<?xml version="1.0" encoding="utf-8"?>\n')
    if stamp != NO_STAMP:
        said = {"generation": stamp.generation, "zone": stamp.zone, "columns": " ".join(stamp.columns)}
        out.write(f"<?gatewright {_attributes({name: value for name, value in said.items() if value})}?>\n".encode())
    out.write(b"<grouplist>\n<nllists>\n")
    for each, _ in lists:
        colour = each.colour if stamp.generation else ""  # always empty in the manual's files
        said = {"id": str(each.id), "sendserver": "0", "dateserver": "", "reserve": "", "description": each.name, "color": colour}
        out.write(f"<nllist {_attributes(said)}/>\n".encode())
    out.write(b"</nllists>\n<nlelemlists>\n")
    count = 0
    for each, entries in lists:
        for entry in entries:
            count += 1
            out.write(_element(count, each.id, entry, zone, further).encode("utf-8", "replace"))
    out.write(b"</nlelemlists>\n")
    if infoplate:
        out.write(f"<infoplate>{''.join(_column(*each) for each in infoplate)}</infoplate>\n".encode())
    out.write(b"</grouplist>\n")
    return count


def _element(number: int, list_id: int, entry: ListEntry, zone: ZoneInfo, further: bool) -> str:
    plate, description, begins, ends = (_quoted(each.write(getattr(entry, each.name), zone)) for each in MANUAL)
    more = "".join(
        f" {each.written}={_quoted(text)}"
        for each in (FURTHER if further else ())
        if (text := each.write(getattr(entry, each.name), zone))
    )
    return (
        f'<nlelemlist id="{number}" sendserver="0" dateserver="" reserve="" numberplate={plate} listid="{list_id}" timestamp="" '
        f"description={description} startvaliditydate={begins} endvaliditydate={ends}{more}/>\n"
    )


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(text: str) -> str:
    return f'"{clean(text).translate(IN_ATTRIBUTE)}"'


def _column(name: str, value: str) -> str:
    tag = element_name(name)
    called = "" if tag == name else f" name={_quoted(name)}"
    return f"<{tag}{called}>{clean(value).translate(IN_ATTRIBUTE)}</{tag}>"
