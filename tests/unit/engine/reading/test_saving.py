"""Saving: what stands beside the reading: a storage that stalls holds up one passage for a moment, and none behind it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from engine.reading import saving
from engine.reading.images import ImageStore
from engine.reading.saving import Saving
from tests.unit.engine.reading.test_images import RGB, SEEN
from tests.waiting import until


def test_those_behind_one_that_waited_in_vain_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, write = threading.Event(), ImageStore._write

    def stalls(*arguments: Any) -> None:
        assert goes_on.wait(60)
        write(*arguments)

    monkeypatch.setattr(ImageStore, "_write", stalls)
    monkeypatch.setattr(saving, "WITHIN_S", 0.01)
    its = Saving(ImageStore(tmp_path, full=True, plate=True, quality_pct=90), print)
    first = its.save(SEEN, RGB)
    monkeypatch.setattr(saving, "WITHIN_S", 60)
    behind = threading.Thread(target=its.save, args=(SEEN, RGB))
    behind.start()
    behind.join(20)
    assert not behind.is_alive()
    goes_on.set()
    until(lambda: (tmp_path / first.full).is_file(), "the pictures")
    assert its.save(SEEN, RGB) == first
