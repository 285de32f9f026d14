"""Display: the bytes that make a text display at the gate show some lines, by the commands it knows.

plain    each line ended by CR LF: displays that scroll, printers, terminals
vt100    ECMA-48: clear, then each line at its place
epson    customer displays in Epson (ESC/POS) mode: CLR 0C, cursor US $ column row (P07303 and XP8200 manuals, command lists)
cd5220   customer displays in CD5220 mode: ESC Q A and ESC Q B with 20 characters each, ended by CR (same manuals)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from board.kit.errors import ConfigError

MAX_LINES, MAX_COLUMNS = 8, 80


def _plain(rows: Sequence[str]) -> bytes:
    return b"".join(row.rstrip().encode("ascii") + b"\r\n" for row in rows)


def _vt100(rows: Sequence[str]) -> bytes:
    return b"\x1b[2J" + b"".join(b"\x1b[%d;1H" % number + row.rstrip().encode("ascii") for number, row in enumerate(rows, 1))


def _epson(rows: Sequence[str]) -> bytes:
    return b"\x0c" + b"".join(b"\x1f$\x01" + bytes([number]) + row.rstrip().encode("ascii") for number, row in enumerate(rows, 1))


def _cd5220(rows: Sequence[str]) -> bytes:
    return b"".join(b"\x1bQ" + line + row.encode("ascii") + b"\r" for line, row in zip((b"A", b"B"), rows, strict=False))


PROTOCOLS: Mapping[str, Callable[[Sequence[str]], bytes]] = {
    "plain": _plain,
    "vt100": _vt100,
    "epson": _epson,
    "cd5220": _cd5220,
}
"""{name: lines, filled up with blanks to the display's width, to bytes}."""

SIZES = {"cd5220": (2, 20)}
"""Protocols that know one size only: (lines, columns)."""


def show(protocol: str, text: str, lines: int, columns: int) -> bytes:
    """The bytes that show `text` (its lines apart by line ends) on `lines` lines of `columns` characters; what is too long is cut.

    Letters that ASCII lacks lose their accents; other scripts become "?". ConfigError: the display cannot be like this."""
    if protocol not in PROTOCOLS:
        raise ConfigError(
            "there is no display protocol {protocol!r}; there are {protocols}", protocol=protocol, protocols=tuple(PROTOCOLS)
        )
    if SIZES.get(protocol, (lines, columns)) != (lines, columns):
        raise ConfigError(
            "a {protocol} display has {lines} lines of {columns} characters",
            protocol=protocol,
            lines=SIZES[protocol][0],
            columns=SIZES[protocol][1],
        )
    if not 1 <= lines <= MAX_LINES or not 1 <= columns <= MAX_COLUMNS:
        raise ConfigError(
            "a display has 1 to {max_lines} lines of 1 to {max_columns} characters", max_lines=MAX_LINES, max_columns=MAX_COLUMNS
        )
    rows = [_ascii(row)[:columns].ljust(columns) for row in text.split("\n")[:lines]]
    return PROTOCOLS[protocol](rows + [" " * columns] * (lines - len(rows)))


_INSTEAD = str.maketrans({
    "ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d",
    "Þ": "Th", "þ": "th", "ı": "i", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"',
})  # fmt: skip
"""Letters and signs of Latin scripts that Unicode does not take apart into one of ASCII and a mark."""


def _ascii(text: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.translate(_INSTEAD)) if not unicodedata.combining(each))
    return "".join(each if " " <= each <= "~" else "?" for each in plain)
