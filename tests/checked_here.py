"""Checked here: packages are checked by the process of the tests instead of one of their own, for tests that are about something
else; tests/unit/firmware/packages/test_checker.py is about that process."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from firmware.packages import checker


@contextmanager
def checked_here() -> Iterator[None]:
    def answer(command: Sequence[str], most_bytes: int, told: bytes = b"") -> tuple[int, bytes]:
        known = len(checker._COMMAND)
        assert tuple(command[:known]) == checker._COMMAND
        status, said = checker.judged(command[known:], io.BytesIO(told))
        output = json.dumps(said).encode() + b"\n"
        return status, output if len(output) <= most_bytes else b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checker, "_answer", answer)
        yield
