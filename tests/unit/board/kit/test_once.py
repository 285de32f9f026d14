"""Once: what was used is remembered for its time, and nobody pushes out what another used."""

from __future__ import annotations

from board.kit.once import Once


def test_what_was_used_counts_once_until_it_is_forgotten_and_for_each_by_itself() -> None:
    once = Once(10)
    assert once.first("recorder", "a", 0.0, 5.0)
    assert not once.first("recorder", "a", 5.0, 10.0)
    assert once.first("viewer", "a", 5.0, 10.0)
    assert once.first("recorder", "a", 5.1, 10.1)


def test_whoever_has_most_makes_room_for_all() -> None:
    once = Once(4)
    assert once.first("recorder", "opens the gate", 0.0, 300.0)
    assert all(once.first("viewer", number, 1.0, 301.0) for number in range(100))
    assert not once.first("recorder", "opens the gate", 2.0, 302.0)
    assert [once.first("viewer", number, 2.0, 302.0) for number in (99, 97)] == [False, False]
    assert once.first("viewer", 96, 2.0, 302.0)


def test_what_others_used_long_ago_makes_room_before_what_still_counts() -> None:
    once = Once(4)
    assert once.first("recorder", "a", 0.0, 5.0) and once.first("recorder", "b", 0.0, 5.0)
    assert all(once.first("viewer", number, 6.0, 11.0) for number in range(4))
    assert not any(once.first("viewer", number, 7.0, 12.0) for number in range(4))
