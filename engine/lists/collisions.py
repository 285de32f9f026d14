"""Collisions: entries whose plates would send the same Wiegand number, so that one car opens for another."""

from __future__ import annotations

from collections.abc import Iterable

from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.wiegand.codes import PLATE_BITS, encode_plate64, plate_number
from engine.lists.matching import normalise
from engine.types import ListEntry

STORED_BITS = {26: ("number26",), 34: ("number26", "number34")}
"""Length of a frame: those of the numbers that the store keeps with each entry (`numbers`) which are equal where two entries send
the same in such a frame."""


@dataclass(frozen=True, slots=True)
class Collision:
    """`number`: as text ("SHA-1 80CF15" or "11-12345"); `entries`: two or more that send it."""

    number: str
    entries: tuple[ListEntry, ...]


def wiegand_number(entry: ListEntry, bits: int) -> str:
    """The number that an entry sends, as text: its own or by the SHA-1 rule (26-bit frames: 24 bits of it), or the plate code of
    64 bits; "" when the plate is too long for that."""
    if bits == PLATE_BITS:
        try:
            return f"0x{encode_plate64(normalise(entry.plate)).value:X}"
        except BoardError:
            return ""
    if entry.wiegand_card is not None:
        return f"{entry.wiegand_facility or 0}-{entry.wiegand_card}"
    return f"SHA-1 {plate_number(normalise(entry.plate), bits - 2):0{(bits - 2) // 4}X}"


def numbers(key: str, facility: int | None, card: int | None) -> tuple[int, int]:
    """What an entry sends in frames of 26 and of 34 bits: its own number, else that of its plate `key` (normalised) by the SHA-1
    rule. Of an own number that fits no frame of 26 bits the first is 24 bits of it: whatever sends the same in 34 bits has the same
    first number too."""
    if card is None:
        number = plate_number(key, 32)
        return number & 0xFFFFFF, number
    facility = facility or 0
    return facility << 16 | card if _fits_26(facility, card) else card & 0xFFFFFF, facility << 32 | card


def _fits_26(facility: int, card: int) -> bool:
    return facility <= 0xFF and card <= 0xFFFF


def find_collisions(entries: Iterable[ListEntry], bits: int) -> list[Collision]:
    """The same plate in several lists is no collision; two plates with one number are. Where one has the number as its own and the
    other by the SHA-1 rule, it is given in both writings."""
    by_number: dict[object, list[ListEntry]] = {}
    for entry in entries:
        by_number.setdefault(_sent(entry, bits), []).append(entry)
    return [
        Collision(text, tuple(found))
        for number, found in by_number.items()
        if number != "" and len({normalise(entry.plate) for entry in found}) > 1
        for text in dict.fromkeys(wiegand_number(entry, bits) for entry in found)
    ]


def _sent(entry: ListEntry, bits: int) -> object:
    """What is the same for two entries that send the same; "" for one that sends nothing."""
    facility, card = entry.wiegand_facility or 0, entry.wiegand_card
    if bits not in STORED_BITS or (bits == 26 and card is not None and not _fits_26(facility, card)):
        return wiegand_number(entry, bits)
    return numbers(normalise(entry.plate), facility, card)[bits == 34]
