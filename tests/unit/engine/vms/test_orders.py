"""Orders: what the service is asked to do for a client, and what is said when it does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.loop import Loop
from board.kit.wire import Codec, accept, listen
from board.kit.words import Text
from engine.messages import SERVICE_MESSAGES, Outcome, SwitchOutput
from engine.vms import orders as module
from engine.vms.orders import MOST_WAITING, Orders
from tests.waiting import until

ORDER = SwitchOutput("DO1", "pulse", 500, "VMS", "10.0.0.7", "ONVIF")


class Desk:
    def __init__(self, path: Path) -> None:
        self.loop, self.stop = Loop(), threading.Event()
        self.orders = Orders(path, self.loop)
        self.thread = threading.Thread(target=self.loop.run, args=(self.stop, 0.02, lambda: None))
        self.thread.start()

    def give(self) -> list[Outcome]:
        got: list[Outcome] = []
        self.loop.call(lambda: self.orders.give(ORDER, got.append))
        return got


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "service.sock")
    yield made
    made.stop.set()
    made.thread.join()
    made.loop.close()


def test_the_service_does_it_and_says_so(desk: Desk, tmp_path: Path) -> None:
    codec = Codec(SERVICE_MESSAGES)
    listener = listen(tmp_path / "service.sock")
    got = desk.give()
    channel = accept(listener, codec)
    assert channel.receive(20) == ORDER
    channel.send(Outcome(True, Text("DO1 pulsed 500 ms")))
    until(lambda: got == [Outcome(True, Text("DO1 pulsed 500 ms"))], "the outcome")
    channel.close()
    listener.close()


def test_without_a_service_the_client_is_told(desk: Desk) -> None:
    got = desk.give()
    until(lambda: len(got) == 1, "the outcome")
    assert not got[0].ok and str(got[0].note)


def test_nothing_is_done_late_or_while_too_much_waits(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = listen(tmp_path / "service.sock")
    first = desk.give()
    channel = accept(listener, Codec(SERVICE_MESSAGES))
    assert channel.receive(20) == ORDER
    waiting = [desk.give() for _ in range(MOST_WAITING)]
    more = desk.give()
    until(lambda: more == [Outcome(False, Text("too many orders wait"))], "the one too many")
    monkeypatch.setattr(module, "MAX_AGE_S", 0.0)
    channel.send(Outcome(True))
    until(lambda: first == [Outcome(True)] and all(waiting), "all of them")
    assert waiting == [[Outcome(False, Text("too many orders wait"))]] * MOST_WAITING
    channel.close()
    listener.close()
