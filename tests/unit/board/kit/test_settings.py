"""Settings: what is wrong with values, as texts with the field that they are about."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import Problem, Settings, SettingsError, check, field_validator, model_validator, option, problems
from board.kit.words import Text


class Gate(Settings):
    name: str = option("", "Name", "", min_length=2, max_length=5, pattern="^[a-z]*$")
    seconds: int = option(5, "Opening time", "", ge=1, le=60)
    mode: str = option("pulse", "Mode", "", choices=("pulse", "held"))
    lanes: tuple[int, ...] = option((), "Lanes", "", max_length=2)

    @field_validator("name")
    @classmethod
    def _not_door(cls, name: str) -> str:
        if name == "door":
            raise ConfigError("{name!r} is not a gate", name=name)
        return name

    @model_validator(mode="after")
    def _held_is_short(self) -> Gate:
        if self.mode == "held" and self.seconds > 10:
            raise ConfigError("must be at most {most} in this mode", field="seconds", most=10)
        return self


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"name": "a"}, Problem("name", "Name", Text("must have at least {min_length} characters", {"min_length": 2}))),
        ({"name": "abcdef"}, Problem("name", "Name", Text("must have at most {max_length} characters", {"max_length": 5}))),
        ({"name": "A1"}, Problem("name", "Name", Text("does not have the right form"))),
        ({"name": 3}, Problem("name", "Name", Text("must be a text"))),
        ({"name": "door"}, Problem("name", "Name", Text("{name!r} is not a gate", {"name": "door"}))),
        ({"seconds": 0}, Problem("seconds", "Opening time", Text("must be {ge} or more", {"ge": 1}))),
        ({"seconds": "soon"}, Problem("seconds", "Opening time", Text("must be a whole number"))),
        ({"seconds": 1.5}, Problem("seconds", "Opening time", Text("must be a whole number"))),
        ({"mode": "x"}, Problem("mode", "Mode", Text("must be one of {choices}", {"choices": ["pulse", "held"]}))),
        ({"lanes": (1, 2, 3)}, Problem("lanes", "Lanes", Text("must have at most {max_length} entries", {"max_length": 2}))),
        ({"lanes": 1}, Problem("lanes", "Lanes", Text("must be a list"))),
        (
            {"mode": "held", "seconds": 11},
            Problem("seconds", "Opening time", Text("must be at most {most} in this mode", {"most": 10})),
        ),
        ({"colour": 1}, Problem("colour", "colour", Text("there is no such setting"))),
    ],
)
def test_what_is_wrong_is_a_text_with_its_field(values: dict[str, object], problem: Problem) -> None:
    assert problems(Gate, {"name": "gate", **values}) == (problem,)


def test_all_problems_are_one_error_with_the_field_of_the_first() -> None:
    with pytest.raises(SettingsError) as refused:
        check(Gate, {"name": "a", "seconds": 0})
    assert str(refused.value) == "Name: must have at least 2 characters; Opening time: must be 1 or more"
    assert (refused.value.field, [each.field for each in refused.value.problems]) == ("name", ["name", "seconds"])
