"""Line settings: the texts in which the settings name lines: "DO1=60 DO2=600" (seconds), "DO1=2.5 DO2=hold" (what switching on
does) and "DO1 DO2; DO3 DO4" (groups)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from board.kit.errors import ConfigError

MAX_S = 86_400

HOLD = "hold"
PULSE_S = (0.1, 600.0)
USUAL_PULSE_S = 1.0
"""An output that is not named is pulsed: a barrier must not stay open since a recorder was switched off in between."""

_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")


def seconds_by_line(text: str) -> tuple[tuple[str, int], ...]:
    """("DO1", 60), ... in the order given. ConfigError says which part is wrong."""
    times: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        name, equals, number = part.partition("=")
        if not name or not equals or not number.isascii() or not number.isdigit():
            raise ConfigError("{part!r} is not LINE=SECONDS, such as DO1=60", part=part[:40])
        if name in times:
            raise ConfigError("{line} is named twice", line=name)
        if int(number) > MAX_S:
            raise ConfigError("{part}: at most {max_s} s", part=part, max_s=MAX_S)
        times[name] = int(number)
    return tuple(times.items())


def pulses(text: str) -> dict[str, float]:
    """{output: seconds of its pulse, 0 when it is held until it is switched off}. ConfigError says which part is wrong."""
    found: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        name, _, does = part.partition("=")
        if not name or not (does == HOLD or _SECONDS.fullmatch(does)):
            raise ConfigError("{part!r} is not OUTPUT=SECONDS or OUTPUT=hold, such as DO1=2.5", part=part[:40])
        if name in found:
            raise ConfigError("{line} is named twice", line=name)
        seconds = 0.0 if does == HOLD else float(does)
        if does != HOLD and not PULSE_S[0] <= seconds <= PULSE_S[1]:
            raise ConfigError("{part}: a pulse lasts {least:g} to {most:g} s", part=part, least=PULSE_S[0], most=PULSE_S[1])
        found[name] = seconds
    return found


def pulses_text(found: Mapping[str, float]) -> str:
    """What `pulses` reads."""
    return " ".join(f"{name}={seconds:g}" if seconds else f"{name}={HOLD}" for name, seconds in found.items())


def groups(text: str) -> tuple[tuple[str, ...], ...]:
    """(("DO1", "DO2"), ...). ConfigError when a group has fewer than two lines or one twice."""
    found = tuple(tuple(part.replace(",", " ").split()) for part in text.split(";") if part.strip())
    for group in found:
        if len(group) < 2:
            raise ConfigError("{group!r}: a group has two or more outputs, such as DO1 DO2", group=" ".join(group)[:40])
        if len(set(group)) < len(group):
            raise ConfigError("{group!r}: an output is named twice", group=" ".join(group)[:40])
    return found
