"""Storage: the forecast of how far back pictures reach, from what came in the last 24 hours."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.card_files import CardFiles
from engine.settings import GeneralSettings
from engine.settings.general import SD_CARD
from engine.stored_pictures import StoredPictures
from engine.types import PassageImages
from tests.samples import passage
from tests.unit.webui.portal_caller import Caller
from webui.view.storage import storage


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(total=10_000_000_000, used=4_000_000_000, free=6_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: found)


def add(caller: Caller, number: int, days_ago: float, picture: bytes) -> None:
    portal = caller.portal
    at = portal.clock.now() - timedelta(days=days_ago)
    name = f"p{number}.jpg" if picture else ""
    if picture:
        portal.state.images.mkdir(parents=True, exist_ok=True)
        (portal.state.images / name).write_bytes(picture)
    portal.store.add_passage(passage(id=f"p{number}", at=at, images=PassageImages(full=name)), [])


def test_the_rate_of_the_last_day_and_the_newest_pictures_tell_when_the_storage_is_full(caller: Caller) -> None:
    add(caller, 1, 3.0, b"")
    for number in range(2, 7):
        add(caller, number, 0.5, b"x" * 1_000_000)
    found = caller.get("api/storage").json
    assert (found["total_bytes"], found["free_bytes"]) == (10_000_000_000, 6_000_000_000)
    assert (found["passages_a_day"], found["bytes_a_passage"]) == (5, 1_000_000)
    assert found["days_until_full"] == 1000.0  # 10 % stays free: 5 GB at 5 MB a day
    assert found["reaches_days"] == 1001.0  # and the day that is there
    assert found["table"][0] == {"passages_a_day": 100, "reaches_days": 50.0}
    assert found["oldest_at"]


def test_without_cars_nothing_fills_the_storage(caller: Caller) -> None:
    found = caller.get("api/storage").json
    assert (found["days_until_full"], found["reaches_days"], found["oldest_at"]) == (None, None, "")
    assert found["bytes_a_passage"] == 130_000
    assert "No car came in the last 24 hours" in caller.get("general").text


def test_with_pictures_on_the_card_its_room_counts(caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = CardFiles(tmp_path / "card", "gw-1")
    card.root.mkdir()
    portal = replace(caller.portal, stored_pictures=StoredPictures(caller.state.images, card))
    portal.store.settings.put(GeneralSettings(store_images_on=SD_CARD), "admin")
    for number in (1, 2):
        add(caller, number, 0.5, b"")
        portal.store.db.execute("UPDATE passages SET image_full = ? WHERE id = ?", (f"p{number}.jpg", f"p{number}"))
        card.put(f"p{number}.jpg", io.BytesIO(b"x" * 1_000_000))
    portal.store.card.moved(portal.store.card.next_in_camera(1 << 62, 10))
    asked: list[Path] = []
    found = SimpleNamespace(total=10_000_000_000, used=4_000_000_000, free=6_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or found)
    told = storage(portal)
    assert asked == [card.root]
    assert (told["on_card"], told["bytes_a_passage"]) == (True, 1_000_000)
    assert (told["days_until_full"], told["reaches_days"]) == (2500.0, 2501.0)
    card.root.rename(tmp_path / "pocket")
    assert storage(portal)["on_card"] is False, "they are stored in the camera meanwhile"
