"""Pictures on the SD card by the real service: a card that comes, goes and comes back while cars pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from board.kit.clock import Clock
from board.kit.words import NOTHING
from engine.settings import GeneralSettings
from engine.settings.general import SD_CARD
from engine.stored_pictures import stored_pictures
from engine.types import PassageImages
from tests.samples import passage
from tests.service_camera import Camera
from tests.waiting import until

AWAY = "it is not in its place, or cannot be written"


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path / "state")
    (tmp_path / "card").mkdir()
    made.state.board_file.write_text(json.dumps({"profile": "sim", "camera": "", "sd": str(tmp_path / "card")}))
    store = made.store()
    settings = store.settings(GeneralSettings)
    store.settings.put(settings.model_copy({"store_images_on": SD_CARD}), "admin")
    store.close()
    made.start("pins")
    made.start("service")
    yield made
    made.stop()


def pictured(camera: Camera, id: str) -> str:
    """A car of two minutes ago; the name of its picture, which the engine stored in the camera."""
    at = Clock().now() - timedelta(minutes=2)
    name = f"{at:%Y/%m/%d}/{id}-full.jpg"
    (camera.state.images / name).parent.mkdir(parents=True, exist_ok=True)
    (camera.state.images / name).write_bytes(id.encode())
    store = camera.store()
    store.add_passage(passage(id=id, at=at, images=PassageImages(full=name)), ())
    store.close()
    return name


def test_pictures_follow_the_card_and_the_gate_opens_without_it(camera: Camera, tmp_path: Path) -> None:
    pictures = stored_pictures(camera.state)
    card = pictures.card
    assert card is not None
    camera.pins_ready()
    first = pictured(camera, "a")
    until(lambda: card.has(first) and not (camera.state.images / first).exists(), "the first picture on the card")
    assert (pictures.read(first), camera.status().card) == (b"a", NOTHING)

    (tmp_path / "card").rename(tmp_path / "pocket")
    until(lambda: str(camera.status().card) == AWAY, "the service misses the card")
    second = pictured(camera, "b")
    camera.connect_engine()
    camera.report("HK55EVB")
    until(lambda: len(camera.pulses_ms()) == 1, "the gate opens without the card")
    assert (pictures.read(first), pictures.read(second)) == (b"", b"b")

    (tmp_path / "pocket").rename(tmp_path / "card")
    until(lambda: card.has(second) and camera.status().card == NOTHING, "the card is used again", 40)
    assert (pictures.read(first), pictures.read(second)) == (b"a", b"b")
