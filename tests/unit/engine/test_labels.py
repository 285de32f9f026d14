"""Held-out rule: one text in eight, always the same ones."""

from engine.cli.labels import held_out


def test_the_held_out_texts_are_the_same_on_every_computer() -> None:
    assert [text for text in (f"AB{number:03d}CD" for number in range(40)) if held_out(text)] == [
        "AB009CD",
        "AB016CD",
        "AB018CD",
        "AB035CD",
        "AB037CD",
    ]


def test_one_text_in_eight_is_held_out() -> None:
    assert 450 < sum(held_out(f"T{number}") for number in range(4000)) < 550
