"""Line settings: what an installer types about lines, and what is told when it is wrong."""

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import problems
from engine.line_settings import groups, pulses, pulses_text, seconds_by_line
from engine.settings import GeneralSettings


def test_times_and_groups_are_read():
    assert seconds_by_line("DO1=60, DO2=0 DI1=600") == (("DO1", 60), ("DO2", 0), ("DI1", 600))
    assert groups("DO1 DO2; DO3,DO4 DO5;") == (("DO1", "DO2"), ("DO3", "DO4", "DO5"))
    assert (seconds_by_line(""), groups(" ")) == ((), ())


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("longest_on", "DO1", "Longest time on: 'DO1' is not LINE=SECONDS, such as DO1=60"),
        ("longest_on", "DO1=-5", "Longest time on: 'DO1=-5' is not LINE=SECONDS, such as DO1=60"),
        ("longest_on", "DO1=99999", "Longest time on: DO1=99999: at most 86400 s"),
        ("stuck_after", "DI1=5 DI1=6", "Input stuck after: DI1 is named twice"),
        ("interlocks", "DO1", "Interlocked outputs: 'DO1': a group has two or more outputs, such as DO1 DO2"),
        ("interlocks", "DO1 DO1", "Interlocked outputs: 'DO1 DO1': an output is named twice"),
    ],
)
def test_a_text_that_makes_no_sense_is_refused_with_the_reason(field, text, why):
    assert [str(problem) for problem in problems(GeneralSettings, {field: text})] == [why]


def test_what_switching_on_does_is_read_and_written():
    found = pulses("DO1=2.5, DO2=hold DO3=600")
    assert found == {"DO1": 2.5, "DO2": 0.0, "DO3": 600.0}
    assert (pulses_text(found), pulses(pulses_text(found)), pulses("")) == ("DO1=2.5 DO2=hold DO3=600", found, {})


@pytest.mark.parametrize("text", ["DO1", "DO1=", "=1", "DO1=x", "DO1=-1", "DO1=0", "DO1=0.05", "DO1=601", "DO1=1 DO1=2", "DO1=1e3"])
def test_what_is_no_pulse_is_refused(text: str):
    with pytest.raises(ConfigError):
        pulses(text)
