"""OSDP action against a controller of LibOSDP on the line: the card's bits, the secure channel, and cards that are not fetched."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions._kind import ActionEnv
from engine.actions.osdp import ACTION, OsdpOptions
from tests.samples import ActionPeer, entry, env, event
from tests.waiting import until

KEY = "000102030405060708090a0b0c0d0e0f"
LISTED = entry("HK55EVB", wiegand_facility=11, wiegand_card=12345)


class Controller:
    """An access controller at the other end of the line, which is a TCP connection here."""

    def __init__(self, address: int, key: str) -> None:
        self.address = address
        self._key = bytes.fromhex(key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.line = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._panel: Any = None
        self.sock: socket.socket | None = None

    def start(self) -> None:
        from osdp import Channel, ControlPanel, LibFlag, LogLevel, PDInfo

        self._listener.settimeout(20)
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        self.sock = sock

        class Wire(Channel):  # type: ignore[misc]
            def read(self, max_bytes: int) -> bytes:
                try:
                    return sock.recv(max_bytes)
                except OSError:
                    return b""

            def write(self, buf: bytes) -> int:
                try:
                    return sock.send(buf)
                except OSError:
                    return len(buf)

            def flush(self) -> None:
                return

        flags = [LibFlag.EnforceSecure] if self._key else []
        self._panel = ControlPanel([PDInfo(self.address, Wire(), scbk=self._key or None, flags=flags)], log_level=LogLevel.Error)
        self._panel.start()

    def card(self) -> dict[str, Any]:
        found: dict[str, Any] | None = self._panel.get_event(self.address, 10)
        assert found is not None, "no card came"
        return found

    def stop(self) -> None:
        if self._panel is not None:
            self._panel.teardown()
            self._panel = None

    def close(self) -> None:
        self.stop()
        if self.sock is not None:
            self.sock.close()
        self._listener.close()


@contextmanager
def line(folder: Path, key: str = KEY, **options: Any) -> Iterator[tuple[Controller, OsdpOptions, ActionEnv]]:
    controller = Controller(5, key)
    chosen = check(OsdpOptions, {"line": controller.line, "address": 5, "channel_key": key, "timeout_s": 5, **options})
    known = env(images=folder)
    assert ACTION.open is not None
    with ACTION.open(ACTION.peer(chosen), known) as reader:
        its = replace(known, peer=reader)
        ACTION.use(reader, (chosen,), its)
        controller.start()
        until(reader._device.is_sc_active if key else reader._device.is_online, "the controller")
        yield controller, chosen, its
        controller.close()


NO_KEY = "a card is bits, and has no room for one"


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with line(folder, timeout_s=4) as (controller, options, its):
        yield ActionPeer(options.model_dump(), its, controller.stop)


@pytest.mark.parametrize("key", [KEY, ""], ids=["secure", "plain"])
def test_the_controller_gets_the_bits_of_the_plates_number(tmp_path: Path, key: str) -> None:
    with line(tmp_path, key) as (controller, options, its):
        said = str(ACTION.deliver(event(listed=LISTED), options, its))
        assert said == f"the controller on {options.line} fetched 26 bits, facility 11 card 12345"
        card = controller.card()
    # bits as in Hikvision's manual (docs/sources.md, Wiegand)
    assert (card["length"], card["data"]) == (26, int("10000101100110000001110011000000", 2).to_bytes(4, "big"))
    assert card["format"] == 1  # Wiegand, with its parity


def test_a_card_that_was_not_fetched_in_time_is_taken_back(tmp_path: Path) -> None:
    with line(tmp_path, timeout_s=10) as (controller, options, its):
        ACTION.deliver(event(listed=LISTED), options, its)
        controller.card()
        controller.stop()
        with pytest.raises(DeliveryError, match=r"did not fetch the card in time|polls address 5"):
            ACTION.deliver(event(listed=LISTED), options.model_copy(update={"timeout_s": 1.0}), its)


def test_a_controller_with_another_key_gets_no_card(tmp_path: Path) -> None:
    with line(tmp_path, timeout_s=1) as (_, options, its):
        other = options.model_copy(update={"channel_key": KEY[::-1]})
        ACTION.use(its.peer, (other,), its)
        with pytest.raises(DeliveryError, match=r"has another key for 5|polls address 5"):
            ACTION.deliver(event(listed=LISTED), other, its)


def test_one_line_has_one_reader(tmp_path: Path) -> None:
    with line(tmp_path) as (_, options, its):
        other = options.model_copy(update={"address": 6})
        with pytest.raises(ConfigError, match=r"another action uses .* with another address or key"):
            ACTION.deliver(event(listed=LISTED), other, its)


def test_without_a_controller_it_says_so_and_a_key_is_in_no_text(tmp_path: Path) -> None:
    options = check(OsdpOptions, {"line": "loop://", "address": 3, "channel_key": KEY, "timeout_s": 1})
    known = env(images=tmp_path)
    assert ACTION.open is not None
    with ACTION.open(ACTION.peer(options), known) as reader, pytest.raises(DeliveryError, match="polls address 3"):
        ACTION.deliver(event(listed=LISTED), options, replace(known, peer=reader))
    assert KEY not in repr(options.identity)


@pytest.mark.parametrize("wrong", [{"line": "COM1"}, {"address": 127}, {"channel_key": "12"}, {"channel_key": "x" * 32}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        check(OsdpOptions, wrong)
