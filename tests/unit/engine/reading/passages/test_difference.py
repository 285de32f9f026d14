"""Difference of two plate texts."""

from __future__ import annotations

import pytest

from engine.reading.passages.difference import contained, difference


@pytest.mark.parametrize(
    ("one", "other", "characters"),
    [("BA123CD", "BA123CD", 0), ("BA123CD", "BA128CD", 1), ("BA123CD", "A123CD", 1), ("BA123CD", "KE777AA", 7), ("", "ABC", 3),
     ("BO1", "B0I", 0), ("ba-123 cd", "BA123CD", 0), ("苏A12345", "苏A12346", 1)],
)  # fmt: skip
def test_difference_counts_changed_left_out_and_added_characters(one: str, other: str, characters: int) -> None:
    assert difference(one, other) == characters
    assert difference(other, one) == characters


def test_a_piece_of_three_or_more_characters_is_contained() -> None:
    assert contained("BA123CD", "123C")
    assert contained("123", "BA123CD")
    assert not contained("BA123CD", "BA")
    assert not contained("BA123CD", "124C")
