"""Log-in of devices: what is read of a stranger's Authorization header before anybody is asked."""

from __future__ import annotations

from engine.log_in import parameters


def test_a_strangers_header_of_one_long_word_is_no_work() -> None:
    """It held up all recorders for ten seconds on a fast machine: each of its characters began a name."""
    word = "a" * 1_000_000
    assert parameters(word) == {} and parameters(f"{word}=x") == {}
    assert parameters(f'username="a\\"b", {word}, nc = 00000001') == {"username": 'a"b', "nc": "00000001"}
