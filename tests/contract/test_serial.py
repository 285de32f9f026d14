"""Serial lines against one suite: the twin, and a pseudo-terminal through pyserial; both can be pulled while in use."""

from __future__ import annotations

import errno
import os
import queue
import select
import socket
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.devices import DeviceBook, read_devices
from board.kit.errors import BoardError, ConfigError
from board.kit.state import State
from board.serial import SerialLines, _ports, _twin, parse_url
from tests.waiting import until

WAIT_S = 30.0


class Twin:
    """The simulated device."""

    url = "sim://gate?baud=9600"
    place = "gate"

    def __init__(self, state: State) -> None:
        self.state = state

    def plug(self) -> None:
        _twin.plug(self.state, "gate", 9600)

    def pull(self) -> None:
        _twin.pull(self.state, "gate")

    def say(self, data: bytes) -> None:
        _twin.say(self.state, "gate", data)

    def sent(self) -> bytes:
        return _twin.sent(self.state, "gate")

    def close(self) -> None:
        """Nothing is open."""


class Pty:
    """A device at the other end of a pseudo-terminal, under a name of its own, as udev gives one."""

    def __init__(self, state: State, folder: Path) -> None:
        self.place = str(folder / "ttyGATE")
        self.url = f"serial://{self.place}?baud=9600"
        self.file = -1
        self.heard = b""

    def plug(self) -> None:
        self.file, slave = os.openpty()
        tty.setraw(slave)
        Path(self.place).symlink_to(os.ttyname(slave))
        self.heard = b""
        os.close(slave)

    def pull(self) -> None:
        Path(self.place).unlink()
        os.close(self.file)
        self.file = -1

    def say(self, data: bytes) -> None:
        os.write(self.file, data)

    def sent(self) -> bytes:
        while select.select([self.file], [], [], 0.05)[0]:
            try:
                self.heard += os.read(self.file, 4096)
            except OSError:  # nobody has the other end open
                break
        return self.heard

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture(params=["sim", "pty"])
def device(request: pytest.FixtureRequest, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin | Pty]:
    if request.param == "pty":
        monkeypatch.setattr("board.serial._url.DEVICE_FOLDER", str(tmp_path))
    device = Twin(state) if request.param == "sim" else Pty(state, tmp_path)
    device.plug()
    yield device
    device.close()


@pytest.fixture
def lines(state: State) -> Iterator[SerialLines]:
    lines = SerialLines(state, DeviceBook(state, "test"))
    yield lines
    lines.close()


def problem(state: State) -> str:
    found = read_devices(state)
    return str(found[0].problem) if found else "not told yet"


def test_what_is_sent_arrives(device: Twin | Pty, lines: SerialLines) -> None:
    lines.send(device.url, b"\x1b[2JHELLO\r\n")
    until(lambda: device.sent() == b"\x1b[2JHELLO\r\n")


def test_an_answer_is_awaited(device: Twin | Pty, lines: SerialLines) -> None:
    def answer() -> None:
        until(lambda: device.sent() == b"W26 0 7\r\n")
        device.say(b"OK\r\n")

    converter = threading.Thread(target=answer)
    converter.start()
    assert b"OK" in lines.send(device.url, b"W26 0 7\r\n", b"OK", WAIT_S)
    converter.join()


def test_a_device_that_answers_something_else_is_quoted(device: Twin | Pty, lines: SerialLines) -> None:
    with pytest.raises(BoardError, match=r"does not answer within 0\.1 s; 'OK' was expected"):
        lines.send(device.url, b"X", b"OK", 0.1)

    def answer() -> None:
        until(lambda: device.sent().endswith(b"Y"))
        device.say(b"?\r")

    converter = threading.Thread(target=answer)
    converter.start()
    with pytest.raises(BoardError, match=r"(answers '\?\\r'|does not answer) within 2 s; 'OK' was expected"):
        lines.send(device.url, b"Y", b"OK", 2)
    converter.join()


def test_what_comes_in_is_heard(device: Twin | Pty, lines: SerialLines, state: State) -> None:
    heard: queue.Queue[bytes] = queue.Queue()
    lines.listen(device.url, heard.put)
    until(lambda: problem(state) == "")
    device.say(b"CAR")
    data = b""
    while len(data) < 3:
        data += heard.get(timeout=WAIT_S)
    assert data == b"CAR"


def test_a_missing_device_is_said_with_its_name(device: Twin | Pty, lines: SerialLines, state: State) -> None:
    device.pull()
    with pytest.raises(BoardError, match=f"there is no {device.place}: is the adapter plugged in"):
        lines.send(device.url, b"X")
    assert problem(state).startswith(f"there is no {device.place}")


def test_a_device_pulled_while_used_is_told_and_is_back_within_seconds_of_its_return(
    device: Twin | Pty, lines: SerialLines, state: State
) -> None:
    heard: queue.Queue[bytes] = queue.Queue()
    lines.listen(device.url, heard.put)
    lines.send(device.url, b"before")
    device.pull()
    until(lambda: device.place in problem(state))
    with pytest.raises(BoardError, match=device.place):
        lines.send(device.url, b"meanwhile")
    device.plug()
    until(lambda: problem(state) == "")
    lines.send(device.url, b"after")
    until(lambda: device.sent() == b"after")
    device.say(b"!")
    assert heard.get(timeout=WAIT_S) == b"!"


def test_a_device_that_is_pulled_while_it_is_set_up_is_opened_again(
    lines: SerialLines, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("board.serial._url.DEVICE_FOLDER", str(tmp_path))
    device = Pty(state, tmp_path)
    device.plug()

    def gone(*words: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    with monkeypatch.context() as pulled:
        pulled.setattr(termios, "tcsetattr", gone)
        with pytest.raises(BoardError, match=r"ttyGATE does not answer or went away .*Input/output error"):
            lines.send(device.url, b"X")
    until(lambda: problem(state) == "")
    lines.send(device.url, b"after")
    until(lambda: device.sent() == b"after")
    device.close()


def test_a_converter_in_the_network_is_found_at_any_address_of_its_name(state: State) -> None:
    """Only the first one was tried, of IPv6 as a rule, where hardly a converter listens."""
    with socket.create_server(("127.0.0.1", 0)) as converter:
        url = parse_url(f"socket://gate.example:{converter.getsockname()[1]}")
        port = _ports.open_port(url, state, lambda host: ["::1", "127.0.0.1"] if host == "gate.example" else [])
        port.write(b"open")
        port.close()
        with converter.accept()[0] as came:
            assert came.recv(10) == b"open"


def test_a_converter_in_the_network_that_lost_its_power_is_noticed(state: State) -> None:
    with socket.create_server(("127.0.0.1", 0)) as converter:
        number = converter.getsockname()[1]
        port = _ports.open_port(parse_url(f"socket://127.0.0.1:{number}"), state)
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
        port.close()
    (timer,) = [row[5] for row in rows if row[2].endswith(f":{number:04X}") and row[3] == "01"]
    assert timer.startswith("02:"), "the kernel asks it whether it is still there"


def test_a_line_that_another_process_has_is_busy(device: Twin | Pty, lines: SerialLines, state: State) -> None:
    lines.send(device.url, b"X")
    with pytest.raises(BoardError, match=f"{device.place} is taken by"):
        _ports.open_port(parse_url(device.url), state)


def test_lines_that_nobody_wants_any_more_are_closed(device: Twin | Pty, lines: SerialLines, state: State) -> None:
    with lines.opened(device.url):
        with lines.opened(device.url):
            until(lambda: problem(state) == "")
        assert [each.device for each in read_devices(state)] == [parse_url(device.url).device]
    assert read_devices(state) == ()
    _ports.open_port(parse_url(device.url), state).close()


def test_something_is_sent_later_unless_something_else_comes_first(device: Twin | Pty, lines: SerialLines) -> None:
    lines.send(device.url, b"A")
    lines.later(device.url, b"never", 1000)
    lines.send(device.url, b"B")
    lines.later(device.url, b"C", 0)
    until(lambda: device.sent() == b"ABC")


def test_an_answer_is_heard_although_something_is_due_meanwhile(device: Twin | Pty, lines: SerialLines) -> None:
    answers: queue.Queue[bytes | BoardError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(lines.send(device.url, b"Q", b"OK", 5.0))
        except BoardError as why:
            answers.put(why)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: device.sent() == b"Q")
    lines.later(device.url, b"clear", 0)
    time.sleep(0.5)  # by now it is due
    device.say(b"OK")
    assert answers.get(timeout=WAIT_S) == b"OK"
    asking.join()
    until(lambda: device.sent() == b"Qclear")


def test_a_wrong_baud_rate_gives_noise(state: State, lines: SerialLines) -> None:
    _twin.plug(state, "gate", 19200)
    lines.send("sim://gate?baud=9600", b"A")
    assert _twin.sent(state, "gate") == b"\xbe"


def test_pyserials_loop_sends_back(lines: SerialLines) -> None:
    assert lines.send("loop://", b"PING", b"PING", WAIT_S) == b"PING"


def test_a_line_that_is_listened_to_is_not_opened_with_other_settings(device: Twin | Pty, lines: SerialLines) -> None:
    lines.listen(device.url, lambda data: None)
    with pytest.raises(ConfigError, match="is used with other settings by the serial trigger"):
        lines.send(device.url.replace("9600", "19200"), b"X")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("/dev/ttyS0", "such as"),
        ("serial://ttyS0", "such as"),
        ("serial:///etc/passwd", "such as"),
        ("serial:///dev/../etc/passwd", "such as"),
        ("serial:///dev/ttyS0?baud=1", "baud must be one of 300"),
        ("serial:///dev/ttyS0?speed=9600", "serial has no option 'speed'"),
        ("serial:///dev/ttyS0?parity=x", "parity must be one of none, even, odd"),
        ("socket://host", "such as"),
        ("socket://host:99999", "such as"),
        ("loop://x", "such as"),
        ("sim://", "such as"),
    ],
)
def test_a_wrong_address_of_a_line_is_explained(wrong: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_url(wrong)


def test_all_options_of_a_line_are_taken() -> None:
    url = parse_url("serial:///dev/serial/by-id/usb-FTDI_A-if00?baud=19200&parity=even&bits=7&stop=2&rs485=1")
    assert (url.baud, url.parity, url.bits, url.stop, url.rs485) == (19200, "even", 7, 2, True)
    assert url.device == "serial line /dev/serial/by-id/usb-FTDI_A-if00"


def test_the_holder_of_a_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "77/fd").mkdir(parents=True)
    (tmp_path / "ttyS0").touch()
    (tmp_path / "77/fd/3").symlink_to(tmp_path / "ttyS0")
    (tmp_path / "77/comm").write_text("minicom\n")
    assert _ports.holder(str(tmp_path / "ttyS0"), tmp_path) == "minicom (pid 77)"
    (tmp_path / "77/fd/3").unlink()
    (tmp_path / "consoles").write_text("ttyS0                -W- (EC p a)    4:64\n")
    assert _ports.holder(str(tmp_path / "ttyS0"), tmp_path) == "the kernel's console"


def test_a_scheme_in_capitals_is_the_same_line() -> None:
    assert parse_url("SOCKET://10.0.0.5:4001") == parse_url("socket://10.0.0.5:4001")
    assert parse_url("Serial:///dev/ttyS0?baud=4800") == parse_url("serial:///dev/ttyS0?baud=4800")


def test_a_line_with_a_user_and_a_password_is_refused_without_saying_them() -> None:
    with pytest.raises(ConfigError) as error:
        parse_url("socket://guard:geheim@10.0.0.5:4001")
    assert "guard" not in str(error.value) and "geheim" not in str(error.value)
