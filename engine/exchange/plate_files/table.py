"""Table: reads rows of cells, from a CSV file or a workbook, as plates of lists: the manual's two blocks, or tables that people
make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from board.kit.dataclass import dataclass
from board.kit.words import Text, mark
from engine.exchange.plate_files.columns import BY_HEADING, BY_WRITTEN, Column, plain_heading, strange
from engine.exchange.plate_files.rows import (
    LONGEST_GENERATION,
    LONGEST_HEADING,
    MOST_LISTS,
    FileList,
    FileRefused,
    FileRow,
    Head,
    Numbers,
    Stamp,
    at_line,
)

Cells = tuple[int, Sequence[object]]
"""(line, its cells): texts; from a workbook numbers and dates too."""

LIST_BLOCK, ENTRY_BLOCK = "nllist-id", "nlelemlist-id"
"""First headings of the manual's blocks (manual 4.4, List tab)."""

CUT_OFF = mark("it has {found} of {count} columns: the file was cut off")

_IN_BRACKETS = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]?")

LIMITS = frozenset(("plate", "valid_from", "valid_until", "week", "entries_left"))
"""Columns without which a plate would be let in at other times, or another one would."""

LIST_HEADINGS = frozenset(plain_heading(each) for each in ("list", "list name", "liste", "lista", "elenco", "名單", "列表"))


def rows_of(cells: Iterable[Cells], head: Head, is_text: bool = False) -> Iterator[FileRow]:
    """The rows of the table; `is_text`: separators part its cells. `head` is filled before the first.
    FileRefused: it is not a table of plates."""
    told = ((line, row) for line, row in cells if any(str(each).strip() for each in row))
    line, first = next(told, (0, ()))
    if not first:
        raise FileRefused("the file is empty")
    if str(first[0]).strip().lower() == LIST_BLOCK:
        return _manual(told, line, first, head)
    return _plain(told, line, first, head, is_text)


# --- the manual's two blocks --------------------------------------------------------------------------------------------


def _manual(cells: Iterator[Cells], line: int, first: Sequence[object], head: Head) -> Iterator[FileRow]:
    headings = _names(first)
    lists: dict[str, str] = {}
    for line, row in cells:
        if str(row[0]).strip().lower() == ENTRY_BLOCK:
            return _entries(cells, _entry_headings(line, row, head), lists)
        values = dict(zip(headings, _fitting(line, row, len(headings)), strict=True))
        number, name = values[LIST_BLOCK], values.get("description", "")
        if not number.isdecimal() or number in lists or len(lists) >= MOST_LISTS:
            raise at_line(line, Text("{text!r} is not the number of a list, or it is there twice", {"text": number[:40]}))
        if not name or name in head.lists:
            raise at_line(line, Text("the list {name!r} has no name, or it is there twice", {"name": name[:60]}))
        lists[number] = name
        head.lists[name] = FileList(name, values.get("color", ""))
        if values.get("generation"):
            head.stamp = Stamp(values["generation"][:LONGEST_GENERATION], values.get("zone", "")[:60])
    raise FileRefused("the second heading is missing ({heading}): the file was cut off", heading=ENTRY_BLOCK)


def _entry_headings(line: int, row: Sequence[object], head: Head) -> tuple[str, ...]:
    headings = _names(row)
    for needed in ("numberplate", "listid"):
        if needed not in headings:
            raise at_line(line, Text("the column {name} is missing", {"name": needed}))
    further = tuple(BY_WRITTEN[each].name for each in headings if each in BY_WRITTEN)
    head.stamp = Stamp(head.stamp.generation, head.stamp.zone, further)
    for each in strange(headings):
        head.leave_out(each)
    return headings


def _entries(cells: Iterator[Cells], headings: tuple[str, ...], lists: dict[str, str]) -> Iterator[FileRow]:
    columns = [(at, BY_WRITTEN[each].name) for at, each in enumerate(headings) if each in BY_WRITTEN]
    list_at, number_at, count = headings.index("listid"), headings.index(ENTRY_BLOCK), len(headings)
    numbers = Numbers()
    for line, row in cells:
        texts = _fitting(line, row, count)
        owner, number = lists.get(texts[list_at]), texts[number_at]
        if owner is None:
            raise at_line(line, Text("its list {number} is not in this file", {"number": repr(texts[list_at])[:40]}))
        if number and number != "0" and (not number.isdecimal() or len(number) > 18 or not numbers.add(int(number))):
            raise at_line(line, Text("{text!r} is not the number of a plate, or it is there twice", {"text": number[:40]}))
        yield FileRow(line, owner, {name: row[at] for at, name in columns})


def _too_many(count: int) -> Text:
    return Text("it has more than {count} columns", {"count": count}, one="it has more than {count} column")


def _names(row: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(each).strip().lower() for each in row)


def _fitting(line: int, row: Sequence[object], count: int) -> list[str]:
    """As many texts as there are headings: missing cells at the end were cut off, surplus cells must be empty."""
    texts = [str(each).strip() for each in row]
    if len(texts) < count:
        raise at_line(line, Text(CUT_OFF, {"found": len(texts), "count": count}))
    if any(texts[count:]):
        raise at_line(line, _too_many(count))
    return texts[:count]


# --- tables that people make --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Heading:
    """A column that is known, and where it stands in this file."""

    at: int
    column: Column


def _plain(cells: Iterator[Cells], line: int, first: Sequence[object], head: Head, is_text: bool) -> Iterator[FileRow]:
    found = _known(first)
    list_at = next((at for at, each in enumerate(first) if LIST_HEADINGS.intersection(_ways(each))), -1)
    if not any(each.column.name == "plate" for each in found):
        yield from _column_of_plates(cells, line, first)
        return
    columns = [each.column.name for each in found]
    twice = [str(first[each.at]).strip()[:LONGEST_HEADING] for each in found if columns.count(each.column.name) > 1]
    if twice:
        raise at_line(line, Text("two columns say the same: {names}", {"names": twice}))
    head.headings.update((each.column.name, str(first[each.at]).strip()[:LONGEST_HEADING]) for each in found)
    known = {list_at, *(each.at for each in found)}
    for at, heading in enumerate(first):
        if at not in known:
            head.leave_out(heading)
    for at_, row in cells:
        if is_text and any(str(each).strip() for each in row[len(first) :]):
            # a separator in a text has moved what follows it: perhaps the end that the plate is valid to
            raise at_line(at_, _too_many(len(first)))
        values = {each.column.name: row[each.at] if each.at < len(row) else "" for each in found}
        name = str(row[list_at]).strip() if 0 <= list_at < len(row) else ""
        yield FileRow(at_, name, values)


def _known(first: Sequence[object]) -> list[_Heading]:
    """ "Valid until (DD.MM.YYYY)" is "Valid until" as well, where nothing else is: beside "Plate", "Plate (old)" is left out. Of
    "Owner (first name)" and "Owner (last name)" neither is the owner; of two that limit a plate nobody knows which one counts."""
    ways = [[BY_HEADING.get(each) for each in _ways(heading)] for heading in first]
    whole = {column.name for column, _ in ways if column is not None}
    hinted = [hint.name for column, hint in ways if column is None and hint is not None]
    found = []
    for at, (column, hint) in enumerate(ways):
        if column is not None:
            found.append(_Heading(at, column))
        elif hint is not None and hint.name not in whole and (hint.name in LIMITS or hinted.count(hint.name) == 1):
            found.append(_Heading(at, hint))
    return found


def _ways(heading: object) -> tuple[str, str]:
    """As BY_HEADING has it: whole, and without what stands in brackets."""
    return plain_heading(str(heading)), plain_heading(_IN_BRACKETS.sub("", str(heading)))


def _column_of_plates(cells: Iterator[Cells], line: int, first: Sequence[object]) -> Iterator[FileRow]:
    """A column of plates without a heading. With anything beside them its first line is a title over a table: what stands in the
    other columns may be the end that a plate is valid to."""
    only = next(at for at, each in enumerate(first) if str(each).strip())
    for number, row in chain(((line, first),), cells):
        if any(str(each).strip() for at, each in enumerate(row) if at != only):
            raise at_line(
                line,
                Text("no column is headed {plate}: the first line names the columns, such as {sample}", {
                    "plate": "plate", "sample": "plate, description, valid from, valid until",
                }),
            )  # fmt: skip
        yield FileRow(number, "", {"plate": row[only] if only < len(row) else ""})
