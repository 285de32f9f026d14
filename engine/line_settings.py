"""Line settings: the texts in which the settings name lines: "DO1=60 DO2=600" (seconds) and "DO1 DO2; DO3 DO4" (groups)."""

from __future__ import annotations

MAX_S = 86_400


def seconds_by_line(text: str) -> tuple[tuple[str, int], ...]:
    """("DO1", 60), ... in the order given. ValueError says which part is wrong."""
    times: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        name, equals, number = part.partition("=")
        if not name or not equals or not number.isascii() or not number.isdigit():
            raise ValueError(f"{part[:40]!r} is not LINE=SECONDS, such as DO1=60")
        if name in times:
            raise ValueError(f"{name} stands there twice")
        if int(number) > MAX_S:
            raise ValueError(f"{part}: at most {MAX_S} s")
        times[name] = int(number)
    return tuple(times.items())


def groups(text: str) -> tuple[tuple[str, ...], ...]:
    """(("DO1", "DO2"), ...). ValueError when a group has fewer than two lines or one twice."""
    found = tuple(tuple(part.replace(",", " ").split()) for part in text.split(";") if part.strip())
    for group in found:
        if len(group) < 2:
            raise ValueError(f"{' '.join(group)[:40]}: a group has two outputs or more, such as DO1 DO2")
        if len(set(group)) < len(group):
            raise ValueError(f"{' '.join(group)[:40]}: an output stands there twice")
    return found
