"""Sockets: a peer with several addresses."""

from __future__ import annotations

import gc
import weakref

import pytest

from board.kit.sockets import in_turn


class Refused(OSError):
    """`kept`, if it is given, knows whether it is still there."""

    def __init__(self, address: str, kept: list[weakref.ref[Refused]] | None = None) -> None:
        super().__init__(address)
        if kept is not None:
            kept.append(weakref.ref(self))


def test_the_first_address_that_answers_is_taken_and_of_none_the_last_one_says_why() -> None:
    asked: list[str] = []

    def attempt(address: str) -> str:
        asked.append(address)
        if address.startswith("::"):
            raise Refused(address)
        return f"at {address}"

    assert in_turn(["::1", "10.0.0.1", "10.0.0.2"], attempt) == "at 10.0.0.1"
    assert asked == ["::1", "10.0.0.1"]
    with pytest.raises(Refused, match="::2"):
        in_turn(["::1", "::2"], attempt)
    with pytest.raises(OSError):
        in_turn([], attempt)


def test_where_nobody_answers_nothing_is_left_to_pythons_collector() -> None:
    """A serial line over a socket that nobody answers left its error each time it was tried."""
    kept: list[weakref.ref[Refused]] = []

    def attempt(address: str) -> str:
        raise Refused(address, kept)

    def all_refuse() -> None:
        try:
            in_turn(["::1", "::2"], attempt)
        except Refused:
            pass

    gc.disable()
    try:
        all_refuse()
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()
