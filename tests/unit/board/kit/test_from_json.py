"""JSON from outside: what is read, and that all the rest is a ValueError."""

from __future__ import annotations

import pytest

from board.kit.from_json import DEEPEST, TooDeep, from_json


@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("within", [1, 200, 5_000, 100_000])
def test_nested_too_deep_it_is_a_value_error_whatever_python_reads(form: type, opens: str, closes: str, within: int) -> None:
    core = "0" if opens == "[" else "[]"
    deep = opens * (DEEPEST + within) + core + closes * (DEEPEST + within)
    with pytest.raises(TooDeep, match="nested more than 100 deep"):
        from_json(form(deep))


def test_many_next_to_each_other_are_not_deep() -> None:
    wide = "[" + ",".join(["[1]", '{"a": [2]}'] * 500) + "]"
    assert len(from_json(wide)) == 1000
    just = "[" * DEEPEST + "]" * DEEPEST
    assert from_json(just) == from_json(just.encode())


@pytest.mark.parametrize("text", ["", "{", "nothing", b"\xff\xfe\x00", b'"\xff"'])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)
