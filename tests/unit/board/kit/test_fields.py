"""Fields: what is taken for a value of each type, and what is said of everything else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pytest

from board.kit.errors import ConfigError
from board.kit.fields import AS_TYPED, AfterValidator, Field, StrictBool, StrictInt, reader
from board.kit.settings import ALLOW, IGNORE, Settings, SettingsError, check, field_validator, model_validator, option, problems


def shout(text: str) -> str:
    if text == "no":
        raise ConfigError("must be louder")
    return text.upper()


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        (int, 5, 5), (int, "5", 5), (int, " -07 ", -7), (int, "+3", 3), (int, 5.0, 5), (int, "5.00", 5),
        (int, "9" * 19, 10**19 - 1),
        (float, 5, 5.0), (float, "1.5", 1.5), (float, "1e3", 1000.0),
        (bool, True, True), (bool, 1, True), (bool, 0, False), (bool, "On", True), (bool, " no ", False),
        (str, "  a b ", "a b"), (Annotated[str, AS_TYPED], " a ", " a "), (Annotated[str, AfterValidator(shout)], "a", "A"),
        (tuple[str, ...], [" a", "b"], ("a", "b")), (list[int], ("1", 2), [1, 2]),
        (tuple[float, float] | None, ["1", 2], (1.0, 2.0)), (tuple[float, float] | None, None, None),
        (list[list[tuple[StrictInt, StrictInt]]], [[[0, 5]], []], [[(0, 5)], []]),
        (dict[str, Any], {"a": [1]}, {"a": [1]}), (Any, {1}, {1}), (Literal["a", 1], 1, 1),
    ],
    ids=lambda each: re.sub(r" at 0x\w+", "", repr(each)),  # the same in every process
)  # fmt: skip
def test_what_is_sent_becomes_a_value_of_the_type(kind: Any, sent: object, value: object) -> None:
    read = reader(kind, Field())(sent)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "sent", "said"),
    [
        (int, True, "must be a whole number"), (int, 1.5, "must be a whole number"), (int, "1.5", "must be a whole number"),
        (int, "", "must be a whole number"), (int, "٣", "must be a whole number"), (int, "1_0", "must be a whole number"),
        (int, float("nan"), "must be a whole number"), (int, float("inf"), "must be a whole number"),
        (int, None, "must be a whole number"), (int, [1], "must be a whole number"), (int, "9" * 5000, "is too large a number"),
        (StrictInt, "5", "must be a whole number"), (StrictInt, 5.0, "must be a whole number"),
        (StrictBool, 1, "must be true or false"),
        (float, True, "must be a number"), (float, "nan", "must be a number"), (float, float("-inf"), "must be a number"),
        (float, "soon", "must be a number"), (float, "1_000", "must be a number"), (float, "٣", "must be a number"),
        (float, 10**400, "is too large a number"),
        (bool, 2, "must be true or false"), (bool, "perhaps", "must be true or false"), (bool, 1.0, "must be true or false"),
        (bool, None, "must be true or false"), (bool, "", "must be true or false"),
        (str, 5, "must be a text"), (str, None, "must be a text"), (str, b"a", "must be a text"), (str, "\ud800", "must be a text"),
        (Annotated[str, AfterValidator(shout)], "no", "must be louder"),
        (tuple[str, ...], "ab", "must be a list"), (tuple[str, ...], {"a"}, "must be a list"),
        (list[int], [1, "x"], "must be a whole number"),
        (tuple[float, float], [1], "must have at least 2 entries"), (tuple[float, float], [1, 2, 3], "must have at most 2 entries"),
        (tuple[float, float] | None, [0, "x"], "must be a number"),
        (dict[str, Any], [1], "must be an object"), (Literal["a", "b"], "c", "must be one of a, b"),
    ],
    ids=lambda each: repr(each)[:40],
)  # fmt: skip
def test_what_is_no_value_of_the_type_is_said(kind: Any, sent: object, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        reader(kind, Field())(sent)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("kind", "limits", "good", "bad", "said"),
    [
        (int, {"ge": 1}, 1, 0, "must be 1 or more"), (float, {"gt": 0}, 0.1, 0, "must be more than 0"),
        (int, {"le": 9}, 9, 10, "must be 9 or less"), (int, {"lt": 9}, 8, 9, "must be less than 9"),
        (str, {"min_length": 2}, " ab ", " a ", "must have at least 2 characters"),
        (str, {"max_length": 2}, " ab ", "abc", "must have at most 2 characters"),
        (list[int], {"min_length": 1}, [1], [], "must not be empty"),
        (tuple[int, ...], {"max_length": 1}, [1], [1, 2], "must have at most 1 entries"),
        (str, {"pattern": "^[a-z]*$"}, "ab", "aB", "does not have the right form"),
        (Annotated[str, AS_TYPED], {"pattern": "^[a-z]*$"}, "ab", "ab\n", "does not have the right form"),
        (str, {"choices": ("a", "b")}, "a", "c", "must be one of a, b"),
        (int | None, {"ge": 1}, None, 0, "must be 1 or more"),
    ],
    ids=lambda each: repr(each)[:40],
)  # fmt: skip
def test_a_limit_holds_to_its_last_value(kind: Any, limits: dict[str, Any], good: object, bad: object, said: str) -> None:
    read = reader(kind, Field(**limits))
    read(good)
    with pytest.raises(ConfigError) as refused:
        read(bad)
    assert str(refused.value) == said


def test_a_type_that_no_setting_has_is_an_error_of_the_program() -> None:
    for kind in (bytes, set[int], "int"):
        with pytest.raises(TypeError):
            reader(kind, Field())


class Line(Settings):
    name: str = option(..., "Name", "Which.")
    tags: list[str] = option([], "Tags", "What it is.")

    @field_validator("name")
    @classmethod
    def _is_short(cls, name: str) -> str:
        if len(name) > 3:
            raise ConfigError("must be short")
        return name.lower()


class Timed(Settings):
    seconds: float = option(5, "Seconds", "How long.", ge=1)
    password: str = option("", "Password", "Secret.", widget="password")


class Output(Line, Timed):
    pin: int = option(1, "Pin", "Where.")

    @model_validator(mode="after")
    def _fits(self) -> Output:
        if self.pin > self.seconds:
            raise ConfigError("must be at most {most}", field="pin", most=self.seconds)
        return self


def test_a_class_has_the_fields_and_checks_of_all_its_bases() -> None:
    assert list(Output.model_fields) == ["seconds", "password", "name", "tags", "pin"]
    output = Output(name="DO1", seconds="7")
    assert output.model_dump() == {"seconds": 7.0, "password": "", "name": "do1", "tags": [], "pin": 1}
    assert [str(each) for each in problems(Output, {"name": "long", "seconds": 0, "colour": 1})] == [
        "Seconds: must be 1 or more", "Name: must be short", "colour: there is no such setting",
    ]  # fmt: skip
    assert [(each.field, str(each)) for each in problems(Output, {"name": "a", "pin": 9})] == [("pin", "Pin: must be at most 5")]
    assert [str(each) for each in problems(Output, {})] == ["Name: is missing"]


def test_settings_are_frozen_equal_by_value_and_say_no_password() -> None:
    timed = Timed(password="s3cret")
    with pytest.raises(AttributeError):
        timed.seconds = 3.0  # type: ignore[misc]
    assert (timed == Timed(password="s3cret"), timed == Timed(), hash(timed) == hash(Timed(password="s3cret"))) == (
        True,
        False,
        True,
    )
    assert repr(timed) == "Timed(seconds=5, password=...)"
    assert timed.model_copy({"seconds": 9}).seconds == 9
    assert timed.model_dump_json() == '{"seconds":5,"password":"s3cret"}'


def test_a_default_that_can_change_is_each_ones_own() -> None:
    class Week(Settings):
        days: list[list[int]] = option([[1]], "Days", "When.")

    first = Week()
    first.days.append([2])
    first.days[0].append(3)
    assert Week().days == [[1]]


def test_unknown_names_are_an_error_unless_the_class_says_otherwise() -> None:
    class Lenient(Settings, extra=IGNORE):
        a: int = option(1, "A", "One.")

    class Open(Settings, extra=ALLOW):
        a: int = option(1, "A", "One.")

    assert check(Lenient, {"b": 2}).model_dump() == {"a": 1}
    assert check(Open, {"b": 2}).model_dump() == {"a": 1, "b": 2}
    with pytest.raises(SettingsError, match="there is no such setting"):
        Timed(b=2)


@pytest.mark.parametrize("text", ["\u200b192.168.1.10", "\ufeff 192.168.1.10\u00a0", "\u200e192.168.1.10\u202c\n", "192.168.1.10"])
def test_marks_that_nobody_sees_do_not_come_with_a_text_that_is_copied(text: str) -> None:
    """An address was refused as none, and a fingerprint was that of nobody."""
    assert reader(str, Field())(text) == "192.168.1.10"


def test_what_stands_within_a_text_and_what_is_kept_as_typed_stays() -> None:
    assert reader(str, Field())("علی\u200cرضا") == "علی\u200cرضا"
    assert reader(Annotated[str, AS_TYPED], Field())("\u200b a ") == "\u200b a "
