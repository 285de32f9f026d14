"""Line settings: the texts in which the settings name lines: "DO1=60 DO2=600" (seconds) and "DO1 DO2; DO3 DO4" (groups)."""

from __future__ import annotations

from board.kit.errors import ConfigError

MAX_S = 86_400


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


def groups(text: str) -> tuple[tuple[str, ...], ...]:
    """(("DO1", "DO2"), ...). ConfigError when a group has fewer than two lines or one twice."""
    found = tuple(tuple(part.replace(",", " ").split()) for part in text.split(";") if part.strip())
    for group in found:
        if len(group) < 2:
            raise ConfigError("{group!r}: a group has two or more outputs, such as DO1 DO2", group=" ".join(group)[:40])
        if len(set(group)) < len(group):
            raise ConfigError("{group!r}: an output is named twice", group=" ".join(group)[:40])
    return found
