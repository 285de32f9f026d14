"""OSDP action against a controller of LibOSDP on the line: the card's bits, the secure channel, and cards that are not fetched."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
from binascii import crc_hqx
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from board.kit.child import ROOT, environment
from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions._kind import ActionEnv
from engine.actions._osdp_commands import Commands
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

    def move_to(self, address: int) -> None:
        from osdp import Command, CompletionStatus

        until(lambda: self._panel.is_sc_active(self.address), "the channel")
        done: queue.Queue[int] = queue.Queue()
        self._panel.set_command_completion_handler(lambda address, command, status: done.put(status))
        assert self._panel.submit_command(self.address, {"command": Command.Comset, "address": address, "baud_rate": 9600})
        assert done.get(timeout=20) == CompletionStatus.Ok

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


def test_rules_that_change_nothing_here_do_not_wait_for_a_card_that_nobody_fetches(tmp_path: Path) -> None:
    with line(tmp_path, timeout_s=3) as (controller, options, its):
        controller.stop()

        def show() -> None:
            with suppress(DeliveryError):
                ACTION.deliver(event(listed=LISTED), options, its)

        showing = threading.Thread(target=show)
        showing.start()
        until(its.peer._lock.locked)
        ACTION.use(its.peer, (options,), its)
        assert showing.is_alive()
        showing.join()


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


# --- what strangers at the wire send ----------------------------------------------------------------------------------

READER = """
import sys
from pathlib import Path
from board.devices import DeviceBook
from board.kit.settings import check
from board.kit.state import State
from board.serial import SerialLines
from engine.actions.osdp import OsdpOptions, Reader
options = check(OsdpOptions, {"line": sys.argv[1], "address": 5, "channel_key": sys.argv[2]})
with Reader(SerialLines(State(Path(sys.argv[3])), DeviceBook(State(Path(sys.argv[3])), "service")), options.line) as reader:
    reader.use((options,))
    sys.stdin.read()
"""


def packet(code: int, data: bytes = b"", block: bytes = b"", address: int = 5, number: int = 0) -> bytes:
    length = 8 + len(block) + len(data)
    body = bytes([0x53, address, length & 0xFF, length >> 8, 4 | number | 8 * bool(block)]) + block + bytes([code]) + data
    return body + crc_hqx(body, 0x1D0F).to_bytes(2, "little")


@pytest.mark.parametrize("key", [KEY, ""], ids=["secure", "plain"])
def test_no_command_ends_the_process_and_what_the_library_has_no_name_for_is_refused(tmp_path: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as wire:
        wire.settimeout(20)
        line = f"socket://127.0.0.1:{wire.getsockname()[1]}"
        command = [sys.executable, "-c", READER, line, key, str(tmp_path)]
        reader = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, env=environment())
        stranger, _ = wire.accept()
        stranger.settimeout(0.5)

        def is_refused(command: bytes) -> bool:
            stranger.sendall(command)
            try:
                return b"\x41" in stranger.recv(100)  # a NAK
            except TimeoutError:
                return False  # the library throws away what came before it began

        with stranger:
            for code in (0x9B, 0x63, 0x72, 0xA6):
                for block in (b"", b"\x03\x11\x01"):
                    until(partial(is_refused, packet(code, block=block)), "a refusal")
        reader.communicate(timeout=20)
    assert reader.returncode == 0


def test_only_whole_commands_reach_the_library() -> None:
    poll, reply, everybody = packet(0x60), packet(0x40, address=0x85), packet(0x61, address=0x7F)
    damaged = poll[:-1] + bytes([poll[-1] ^ 1])
    commands = Commands()
    assert commands.take(b"\xff" + poll + reply + damaged + b"S\x05" + everybody, 1.0) == poll + everybody
    assert commands.take(poll[:4], 1.1) == b""
    assert commands.take(poll[4:], 1.2) == poll, "in pieces"
    commands.take(b"S\x05\xff\x04\x04", 1.3)
    assert commands.take(poll, 1.4) == b"", "it may belong to a longer one"
    assert commands.take(poll, 2.0) == poll, "which never ended"


@pytest.mark.parametrize("noise", [b"S", b"S\x05\xa0\x05", b"S\x05\xff\x04\x04"])
def test_noise_that_looks_like_the_head_of_a_long_packet_does_not_make_the_reader_deaf(noise: bytes) -> None:
    """A controller polls more often than a packet is waited for: its polls filled the packet that never was, for up to 8 s."""
    commands, poll = Commands(), packet(0x60)
    commands.take(noise, 1.0)
    heard = [commands.take(poll, 1.0 + 0.05 * turn) for turn in range(1, 8)]
    assert b"".join(heard) == 7 * poll
    assert commands.take(packet(0x68, 1000 * b"S"), 1.4) == packet(0x68, 1000 * b"S")


def test_a_command_without_a_name_becomes_one_that_is_refused_and_others_stay_as_they_are() -> None:
    commands = Commands()
    for strange in (packet(0x9B, b"ab"), packet(0x9B, b"ab", b"\x03\x11\x01")):
        (changed,) = [commands.take(strange, 1.0)]
        assert changed == packet(0xFF, b"ab", b"\x03\x11\x01" if strange[4] & 8 else b"")
    in_the_channel, challenge = packet(0x9B, bytes(4), b"\x02\x15"), packet(0x76, bytes(8), b"\x03\x11\x01")
    assert commands.take(in_the_channel + challenge, 1.0) == in_the_channel + challenge
    begin = [0x53, 5, 7, 0, 0]  # with a sum instead of a CRC
    summed = bytes([*begin, 0x9B, -sum([*begin, 0x9B]) & 0xFF])
    assert commands.take(summed, 1.0) == bytes([*begin, 0xFF, -sum([*begin, 0xFF]) & 0xFF])


def test_a_controller_that_gives_the_reader_another_address_finds_it_there(tmp_path: Path) -> None:
    with line(tmp_path, timeout_s=10) as (controller, options, its):
        controller.move_to(9)
        ACTION.deliver(event(listed=LISTED), options, its)
