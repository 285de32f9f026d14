"""Wiegand codes: numbers and plates to the bits on the line and back: 26-bit H10301, 34-bit in three layouts, 64-bit plate code.

Sources: docs/sources.md, Wiegand (H10301; Promag, ZKTeco, Civintec manuals; Nedap WIM).
"""

from __future__ import annotations

import hashlib

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.kit.words import Text, mark
from board.types import WiegandCode


@dataclass(frozen=True, slots=True)
class Layout:
    """A code with one parity bit at either end: the first is even over the first half of the data, the last odd over the
    second half. Data: `facility_bits`, then `card_bits`, most significant bit first."""

    name: str
    label: str
    facility_bits: int
    card_bits: int

    @property
    def data_bits(self) -> int:
        return self.facility_bits + self.card_bits

    @property
    def bits(self) -> int:
        return self.data_bits + 2


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("w26", mark("Wiegand 26 (H10301): 8 facility, 16 card"), 8, 16),
        Layout("w34", mark("Wiegand 34: 16 facility, 16 card (Promag, Nitgen)"), 16, 16),
        Layout("w34_32", mark("Wiegand 34: one 32-bit number (ZKTeco W34, Civintec)"), 0, 32),
        Layout("w34_8_24", mark("Wiegand 34: 8 site, 24 card (ZKTeco W34a)"), 8, 24),
    )
}
"""{name: layout}; the name is what settings keep."""

PLATE_BITS = 64
PLATE_NAME, PLATE_LABEL = "plate64", mark("Wiegand 64: the plate itself, ten characters (Nedap)")
"""As a layout is named and labelled, which the plate code is not: it has no numbers."""

PLATE_PREFIX = 0b0110
PLATE_GROUPS = 10
PLATE_LETTERS = {**{str(i): 16 + i for i in range(10)}, **{chr(ord("A") + i): 26 + i for i in range(26)}}
PLATE_EMPTY = 0
PLATE_OTHER = 63


def encode(layout: Layout, card: int, facility: int = 0) -> WiegandCode:
    """The code of a card number and a facility (site) number. BoardError when a number does not fit the layout."""
    if not 0 <= facility < 1 << layout.facility_bits:
        raise BoardError(
            "{label}: facility must be 0 to {highest}, not {facility}",
            label=Text(layout.label),
            highest=(1 << layout.facility_bits) - 1,
            facility=facility,
        )
    if not 0 <= card < 1 << layout.card_bits:
        raise BoardError(
            "{label}: card must be 0 to {highest}, not {card}",
            label=Text(layout.label),
            highest=(1 << layout.card_bits) - 1,
            card=card,
        )
    return encode_data(layout, facility << layout.card_bits | card)


def encode_data(layout: Layout, data: int) -> WiegandCode:
    """The code of `layout.data_bits` bits of data."""
    if not 0 <= data < 1 << layout.data_bits:
        raise BoardError(
            "{label}: data of {size} bits cannot hold {data:#x}", label=Text(layout.label), size=layout.data_bits, data=data
        )
    half = layout.data_bits // 2
    first_even = (data >> half).bit_count() & 1
    last_odd = (data & (1 << half) - 1).bit_count() & 1 ^ 1
    return WiegandCode(layout.bits, first_even << layout.data_bits + 1 | data << 1 | last_odd)


def decode(layout: Layout, code: WiegandCode) -> tuple[int, int]:
    """(facility, card). BoardError when the length or a parity bit is wrong."""
    if code.bits != layout.bits:
        raise BoardError(
            "{label}: {bits} bits arrived, but {due} were due", label=Text(layout.label), bits=code.bits, due=layout.bits
        )
    data = code.value >> 1 & (1 << layout.data_bits) - 1
    if encode_data(layout, data) != code:
        raise BoardError("{label}: the parity of {bits} is wrong", label=Text(layout.label), bits=bit_text(code))
    return data >> layout.card_bits, data & (1 << layout.card_bits) - 1


def plate_number(plate: str, bits: int) -> int:
    """The low `bits` bits of the SHA-1 of the plate in upper case without spaces (Nedap, Hikvision "SHA-1 26bit": 24 bits;
    32 bits is our extension). Plates outside ASCII are hashed as UTF-8. BoardError for an empty plate."""
    text = "".join(plate.split()).upper()
    if not text:
        raise BoardError("an empty plate has no Wiegand number")
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big") & (1 << bits) - 1


def encode_plate64(plate: str) -> WiegandCode:
    """The 64-bit plate code (Nedap): prefix 0110, ten groups of six bits, right-aligned. BoardError when the plate is longer
    than ten characters."""
    text = "".join(plate.split()).upper()
    if not 1 <= len(text) <= PLATE_GROUPS:
        raise BoardError("the 64-bit plate code takes 1 to {most} characters, not {length}", most=PLATE_GROUPS, length=len(text))
    value = PLATE_PREFIX
    for character in text.rjust(PLATE_GROUPS):
        group = PLATE_EMPTY if character == " " else PLATE_LETTERS.get(character, PLATE_OTHER)
        value = value << 6 | group
    return WiegandCode(PLATE_BITS, value)


def decode_plate64(code: WiegandCode) -> str:
    """The plate; "?" for a character that the code cannot say. BoardError when this is no plate code."""
    if code.bits != PLATE_BITS or code.value >> 60 != PLATE_PREFIX:
        raise BoardError("{bits} is not a 64-bit plate code", bits=bit_text(code))
    letters = {number: letter for letter, number in PLATE_LETTERS.items()} | {PLATE_EMPTY: "", PLATE_OTHER: "?"}
    groups = [code.value >> 6 * place & 0b111111 for place in reversed(range(PLATE_GROUPS))]
    unknown = [group for group in groups if group not in letters]
    if unknown:
        raise BoardError(
            "{bits} is not a 64-bit plate code: the group {group} stands for no character", bits=bit_text(code), group=unknown[0]
        )
    return "".join(letters[group] for group in groups)


def bit_text(code: WiegandCode) -> str:
    """The bits in the order in which they go over the line."""
    return f"{code.value:0{code.bits}b}"
