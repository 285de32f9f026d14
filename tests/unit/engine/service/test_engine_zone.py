"""Which time zone the engine is told, and when."""

from __future__ import annotations

from board.kit.errors import WireError
from engine.messages import EngineHello, UseZone
from engine.service.engine_zone import EngineZone


class Engine:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.away = False
        self.zone = EngineZone(self._hear)

    def _hear(self, message: UseZone) -> None:
        if self.away:
            raise WireError("no engine is connected")
        self.heard.append(message.name)


def test_an_engine_is_told_a_zone_that_changes_once_and_nothing_while_it_has_it_already() -> None:
    engine = Engine()
    engine.zone.use("Europe/Berlin")
    engine.zone.hello(EngineHello(1, "Europe/Berlin"))
    assert engine.heard == ["Europe/Berlin"]
    engine.zone.use("Europe/Berlin")
    engine.zone.use("")
    assert engine.heard == ["Europe/Berlin", ""]


def test_a_zone_that_changed_while_no_engine_was_there_is_told_to_the_one_that_comes() -> None:
    engine = Engine()
    engine.zone.hello(EngineHello(1, ""))
    engine.away = True
    engine.zone.use("Asia/Taipei")
    engine.away = False
    engine.zone.hello(EngineHello(2, "Europe/Berlin"))
    assert engine.heard == ["Asia/Taipei"]


def test_before_the_settings_are_known_nothing_is_told() -> None:
    engine = Engine()
    engine.zone.hello(EngineHello(1, "Europe/Berlin"))
    assert engine.heard == []
