"""Collisions: the number that a plate sends in each format, and which plates would open for one another."""

from engine.lists.collisions import Collision, find_collisions, wiegand_number
from tests.samples import entry


def test_the_number_is_the_entrys_own_else_of_its_plate():
    assert wiegand_number(entry("HK 55 EVB", wiegand_facility=11, wiegand_card=12345), 26) == "11-12345"
    assert wiegand_number(entry("HK 55 EVB"), 26) == "SHA-1 80CF15"
    assert wiegand_number(entry("HK 55 EVB"), 34) == "SHA-1 BA80CF15"


def test_the_plate_code_is_the_plates_own_number_also_when_the_entry_has_one():
    assert wiegand_number(entry("HK 55 EVB", wiegand_facility=11, wiegand_card=12345), 64) == "0x600002191555EBDB"
    assert wiegand_number(entry("ABCDEFGHIJK"), 64) == ""


def test_plates_whose_letters_the_plate_code_cannot_say_collide_and_too_long_ones_do_not():
    first, second = entry("粤B12345"), entry("京B12345")
    entries = [first, second, entry("ABCDEFGHIJK"), entry("ABCDEFGHIJL")]
    (found,) = find_collisions(entries, 64)
    assert found == Collision(wiegand_number(first, 64), (first, second))
