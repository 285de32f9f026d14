"""Stands in for a library that picamera2 imports and a camera without screen or raw file never calls: kms++ (its preview on a
screen; Debian has no such package) and PiDNG (its raw files; it has no package that is built). What is called says so."""

from __future__ import annotations


class Absent:
    """Any name of the library."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Absent:
        return Absent(f"{self._name}.{name}")

    def __call__(self, *arguments: object, **named: object) -> None:
        raise RuntimeError(f"{self._name} is not part of the virtual board")


def __getattr__(name: str) -> Absent:
    if name.startswith("__"):
        raise AttributeError(name)
    return Absent(f"{__name__}.{name}")
