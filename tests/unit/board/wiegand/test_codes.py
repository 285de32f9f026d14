"""Wiegand codes: every vector of docs/sources.md, Wiegand, parity, ranges, and the way back."""

import pytest

from board.kit.errors import BoardError
from board.types import WiegandCode
from board.wiegand.codes import (
    LAYOUTS,
    bit_text,
    decode,
    decode_plate64,
    encode,
    encode_data,
    encode_plate64,
    plate_number,
)

W26, W34, W34_32, W34_8_24 = (LAYOUTS[name] for name in ("w26", "w34", "w34_32", "w34_8_24"))


@pytest.mark.parametrize(
    ("code", "bits"),
    [
        (encode_data(W26, 0xD41B81), "1 110101000001101110000001 0"),
        (encode_data(W34, 0x89D41B81), "1 10001001110101000001101110000001 1"),
        (encode_data(W34_32, 0x89D41B81), "1 10001001110101000001101110000001 1"),
        (encode_data(W34_8_24, 0x89D41B81), "1 10001001110101000001101110000001 1"),
        (encode(W26, 1, 1), "10000000100000000000000010"),
        (encode(W26, 12345, 11), "10000101100110000001110011"),
        (encode_data(W26, plate_number("HK55EVB", 24)), "11000000011001111000101010"),
        (encode_data(W34_32, plate_number("HK55EVB", 32)), "0101110101000000011001111000101010"),
        (encode_plate64("HK55EVB"), "0110 000000 000000 000000 100001 100100 010101 010101 011110 101111 011011"),
    ],
)
def test_the_bits_on_the_line_are_those_of_the_published_vectors(code, bits):
    assert bit_text(code) == bits.replace(" ", "")


def test_the_sha1_code_of_hk55evb_is_the_word_that_nedap_prints():
    assert encode_data(W26, plate_number("HK55EVB", 24)) == WiegandCode(26, 0x3019E2A)


def test_the_sha1_number_ignores_case_and_spaces():
    assert plate_number("hk55 evb", 24) == plate_number("HK55EVB", 24) == 0x80CF15
    assert plate_number("HK55EVB", 32) == 0xBA80CF15


def test_an_empty_plate_has_no_number():
    with pytest.raises(BoardError, match="empty plate"):
        plate_number("  ", 24)


@pytest.mark.parametrize(
    ("layout", "facility", "card"), [(W26, 255, 65535), (W34, 0x89D4, 0x1B81), (W34_32, 0, 0xBA80CF15), (W34_8_24, 0x89, 0xD41B81)]
)
def test_a_number_comes_back_as_it_was_sent(layout, facility, card):
    assert decode(layout, encode(layout, card, facility)) == (facility, card)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_any_single_wrong_bit_is_found_by_parity(layout):
    code = encode(layout, 12345)
    for place in range(code.bits):
        with pytest.raises(BoardError, match="parity"):
            decode(layout, WiegandCode(code.bits, code.value ^ 1 << place))


def test_a_code_of_another_length_is_not_decoded():
    with pytest.raises(BoardError, match="34 bits arrived, but 26 were due"):
        decode(W26, encode(W34, 1))


def test_numbers_that_do_not_fit_are_refused_with_the_range():
    with pytest.raises(BoardError, match="facility must be 0 to 255, not 256"):
        encode(W26, 1, 256)
    with pytest.raises(BoardError, match="card must be 0 to 65535, not 65536"):
        encode(W26, 65536)
    with pytest.raises(BoardError, match="facility must be 0 to 0, not 1"):
        encode(W34_32, 1, 1)
    with pytest.raises(BoardError, match="card must be"):
        encode(W26, -1)


def test_the_plate_code_comes_back_with_unknown_characters_as_question_marks():
    assert decode_plate64(encode_plate64("hk55 evb")) == "HK55EVB"
    assert decode_plate64(encode_plate64("Ä-1")) == "??1"


def test_the_plate_code_refuses_more_than_ten_characters():
    with pytest.raises(BoardError, match="1 to 10 characters, not 11"):
        encode_plate64("ABCDEFGHIJK")


def test_other_frames_are_no_plate_code():
    with pytest.raises(BoardError, match="not a 64-bit plate code"):
        decode_plate64(encode(W26, 1))
    with pytest.raises(BoardError, match="the group 1 stands for no character"):
        decode_plate64(WiegandCode(64, 0b0110 << 60 | 1))
