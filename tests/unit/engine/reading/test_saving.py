"""Saving: what stands beside the reading: a storage that stalls holds up one passage for a moment, and none behind it."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import StoreError
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


def test_a_picture_that_cannot_be_stored_is_forgotten_with_the_next_one(tmp_path: Path) -> None:
    """Each frame stayed until Python's collector came: on a full storage the engine grew by 500 MB in 150 cars."""
    tmp_path.joinpath("file").touch()
    its = Saving(ImageStore(tmp_path / "file", full=True, plate=True, quality_pct=90), print)
    kept = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            rgb = RGB.copy()
            kept.append(weakref.ref(rgb))
            with pytest.raises(StoreError):
                its.save(SEEN, rgb)
            del rgb
        assert [each() is None for each in kept[:-1]] == [True, True]
    finally:
        gc.enable()
        its.close(20)
