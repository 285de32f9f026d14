"""Who stands there and was not let in is read anew once a list would let him in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from board.kit.errors import WireError
from engine.dispatch.barrier import opening_rules
from engine.messages import ReadAgain
from engine.service.listed import Listed
from tests.dispatch_camera import KINDS, Camera
from tests.samples import BLACK, entry, passage, rule


class Gate(Camera):
    """With an engine that hears what it is to read anew."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.heard: list[object] = []
        self.away = False
        self.listed = Listed(
            self.clock,
            KINDS,
            self._hear,
            None,
            lambda store: opening_rules(store.rules(), {each.id: each.barrier for each in store.lists()}, KINDS),
        )

    def _hear(self, message: ReadAgain) -> None:
        if self.away:
            raise WireError("no engine is connected")
        self.heard.append(message)

    def arrive(self, name: str, plate: str = "HK55EVB", what: str = "") -> None:
        event = {"event": what} if what else {}
        one = passage("" if what else plate, id=name, at=self.clock.now(), monotonic_ns=self.clock.monotonic_ns(), **event)
        self.intake.take(one)
        while self.turn():
            pass

    def look(self) -> list[object]:
        """What the engine hears."""
        self.heard.clear()
        for _ in range(2):
            self.listed.turn(self.store)
        return self.heard


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path)
    yield made
    made.store.close()


def test_whoever_is_put_on_a_list_while_he_stands_there_is_read_anew_once(camera: Gate) -> None:
    camera.store.rules.save(rule(duration_ms=500), "admin")
    camera.arrive("stranger")
    assert camera.look() == []
    camera.store.entries.save(entry("HK55EVB"), "admin")
    assert camera.look() == [ReadAgain("stranger", "HK55EVB")]
    camera.listed.engine_gone()
    assert camera.look() == [ReadAgain("stranger", "HK55EVB")], "the next engine is told too"
    camera.arrive("again")
    assert camera.look() == []


def test_so_is_one_whose_list_comes_together_with_its_action(camera: Gate) -> None:
    camera.arrive("stranger")
    camera.store.entries.save(entry("HK55EVB"), "admin")
    assert camera.look() == []
    camera.store.rules.save(rule(duration_ms=500), "admin")
    camera.away = True
    assert camera.look() == []
    camera.away = False
    assert camera.look() == [ReadAgain("stranger", "HK55EVB")]


def test_so_is_one_who_is_taken_off_a_blacklist(camera: Gate) -> None:
    camera.store.rules.save(rule(duration_ms=500), "admin")
    camera.store.entries.save(entry("HK55EVB"), "admin")
    refused = camera.store.entries.save(entry("HK55EVB", BLACK), "admin")
    camera.arrive("refused")
    assert camera.look() == []
    camera.store.entries.delete(refused.id, "admin")
    assert camera.look() == [ReadAgain("refused", "HK55EVB")]


def test_so_is_one_whose_time_begins(camera: Gate) -> None:
    camera.store.rules.save(rule(duration_ms=500), "admin")
    camera.store.entries.save(replace(entry("HK55EVB"), valid_from=camera.clock.now() + timedelta(seconds=15)), "admin")
    camera.arrive("early")
    assert camera.look() == []
    camera.clock.advance(16)
    assert camera.look() == [ReadAgain("early", "HK55EVB")]


def test_nobody_is_read_anew_who_was_let_in_or_came_long_ago_or_before_an_opening_by_hand(camera: Gate) -> None:
    camera.store.rules.save(rule(duration_ms=500), "admin")
    camera.store.entries.save(entry("OTHER7"), "admin")
    camera.arrive("by hand", "BYHAND1")
    camera.arrive("hand", what="by_hand")
    camera.arrive("in", "OTHER7")
    camera.arrive("long ago", "LONGAGO")
    camera.clock.advance(601)
    for plate in ("BYHAND1", "LONGAGO"):
        camera.store.entries.save(entry(plate), "admin")
    camera.store.rules.save(rule(duration_ms=700, name="other"), "admin")
    assert camera.look() == []
