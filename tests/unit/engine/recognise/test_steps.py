"""From the steps of a reader that goes along rows to its characters."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recognise.steps import characters

SYMBOLS = ("", *"AB12")


def steps_of(*told: dict[str, float]) -> np.ndarray:
    """Steps that name nothing where nothing is told."""
    table = np.zeros((len(told), len(SYMBOLS)), np.float32)
    for row, step in zip(table, told, strict=True):
        for symbol, share in step.items():
            row[SYMBOLS.index(symbol)] = share
        row[0] += 1 - row.sum()
    return table


def text_of(steps: np.ndarray, rows: int = 1) -> str:
    return "".join(SYMBOLS[at] for at in characters(steps, rows)[0].argmax(axis=1))


A, B, ONE, NONE = {"A": 0.9}, {"B": 0.9}, {"1": 0.9}, dict[str, float]()


def test_steps_in_a_row_that_name_the_same_symbol_are_one_character() -> None:
    assert text_of(steps_of(NONE, A, A, NONE, B, ONE)) == "AB1"


def test_a_symbol_that_comes_again_after_nothing_is_a_second_character() -> None:
    assert text_of(steps_of(A, NONE, A)) == "AA"


def test_a_row_ends_a_character_and_the_upper_row_comes_first() -> None:
    assert text_of(steps_of(NONE, A, A, NONE), rows=2) == "AA"
    assert text_of(steps_of(A, B, ONE, NONE), rows=2) == "AB1"


def test_the_surest_step_stands_for_a_character_with_all_that_it_saw() -> None:
    seen, _ = characters(steps_of({"A": 0.6, "B": 0.3}, {"A": 0.8, "2": 0.15}, {"A": 0.7}), 1)
    assert seen.tolist() == [pytest.approx([0.05, 0.8, 0.0, 0.0, 0.15])]


def test_nothing_at_all_is_no_character_and_sure() -> None:
    seen, none_missed = characters(steps_of(NONE, NONE), 1)
    assert seen.shape == (0, len(SYMBOLS)) and none_missed == 1.0


def test_what_shows_in_a_step_that_names_nothing_puts_the_read_in_doubt() -> None:
    _, none_missed = characters(steps_of(A, {"1": 0.3}, B, {"2": 0.1}), 1)
    assert none_missed == pytest.approx(0.7 * 0.9)


def test_the_fading_of_a_character_beside_it_is_no_doubt() -> None:
    _, none_missed = characters(steps_of({"A": 0.4}, A, {"A": 0.45, "B": 0.05}, B, {"B": 0.3}), 1)
    assert none_missed == pytest.approx(1.0)
