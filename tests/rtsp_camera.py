"""RTSP camera: the port of vms on a loop of its own, the real video process behind it, people who are known, pictures that move."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.state import State
from board.types import Frame
from engine.log_in import parameters
from engine.ring import RingWriter
from engine.vms.rtsp import COMMAND, Rtsp
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from tests.daemons import free_port
from tests.waiting import until

PATIENCE_S = 20.0

Answer = tuple[int, dict[str, str], str]
"""Status, headers (those of one name joined by newlines), body."""
SIZE = (320, 240)


class RtspCamera:
    """`camera` in `with running(...)`."""

    def __init__(
        self,
        root: Path,
        size: tuple[int, int],
        profile: str,
        command: Sequence[str],
        idle_s: float,
        bind: str,
        video_size: str,
    ) -> None:
        self.state = State(root)
        self.state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.board_file.write_text(f'{{"profile": "{profile}"}}')
        self.devices = DevicePasswords(root, Clock())
        device, self.password = self.devices.make("onvif", "Recorder", "admin")
        self.user = device.user
        self.who = WhoServer(
            self.state.people_socket, Who(self.devices, Tokens(root, lambda name: None, Clock()), Guesses(Clock()), Clock())
        )
        self.loop = Loop()
        self.rtsp = Rtsp(self.loop, root, bind, self._announce, command, idle_s)
        self.url = ""
        self.pictures = True
        self._video_size = video_size
        self._size = size
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self.loop.run, args=(self._stop, 0.05, self.rtsp.turn), name="vms"),
            threading.Thread(target=self._film, name="camera"),
        ]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("rtsp://").partition("/")[0].rpartition(":")
        return host, int(port)

    def with_log_in(self, stream: str = "main", password: str = "") -> str:
        """The address as a person types it into a recorder."""
        host, port = self.address
        return f"rtsp://{self.user}:{password or self.password}@{host}:{port}/{stream}"

    def do(self, call: Any) -> None:
        """In the loop's thread; returns when it is done."""
        done = threading.Event()

        def run() -> None:
            call()
            done.set()

        self.loop.call(run)
        assert done.wait(PATIENCE_S)

    def start(self) -> None:
        self.who.start()
        for thread in self._threads:
            thread.start()
        port = free_port()
        self.do(lambda: self.rtsp.use(port, size=self._video_size))
        until(lambda: self.url, "the port")

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self.rtsp.close()
        self.loop.close()
        self.who.close()

    def _announce(self, url: str) -> None:
        self.url = url

    def _film(self) -> None:
        """Ten pictures a second."""
        width, height = self._size
        writer = RingWriter(self.state.frames, width, height)
        rough = np.random.default_rng(1).integers(0, 255, (height // 16, width // 16, 3), np.uint8)
        still = rough.repeat(16, 0).repeat(16, 1)
        seq = 0
        while not self._stop.wait(0.1):
            if self.pictures:
                seq += 1
                picture = np.ascontiguousarray(np.roll(still, 4 * seq, 1))
                writer.write(Frame(seq, datetime.now(UTC), time.monotonic_ns(), picture))
        writer.close()


@contextmanager
def running(
    root: Path,
    size: tuple[int, int] = SIZE,
    profile: str = "sim",
    command: Sequence[str] = COMMAND,
    idle_s: float = 3600.0,
    bind: str = "127.0.0.1",
    video_size: str = "",
) -> Iterator[RtspCamera]:
    camera = RtspCamera(root, size, profile, command, idle_s, bind, video_size)
    camera.start()
    try:
        yield camera
    finally:
        camera.close()


class Talk:
    """A viewer by hand: requests and what comes, over one connection."""

    def __init__(self, camera: RtspCamera, stream: str = "main") -> None:
        self.camera = camera
        self.url = f"{camera.url.rpartition('/')[0]}/{stream}"
        self.sock = socket.create_connection(camera.address, PATIENCE_S)
        self.came = b""
        self.number = 0
        self.nonce = ""
        self.packets: list[tuple[int, bytes]] = []
        """(channel, content) of interleaved ones, as they came."""

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def ask(self, method: str, url: str = "", body: str = "", **headers: str) -> Answer:
        """Status, headers (those of one name joined by newlines), body."""
        self.number += 1
        target = url or self.url
        lines = [f"{method} {target} RTSP/1.0", f"CSeq: {self.number}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.sock.sendall("\r\n".join([*lines, "", body]).encode())
        status, found, text = self.reply()
        assert found["cseq"] == str(self.number)
        return status, found, text

    def reply(self) -> Answer:
        while True:
            while len(self.came) < 4:
                self._more()
            if self.came[:1] != b"$":
                break
            self.packet()
        while b"\r\n\r\n" not in self.came:
            self._more()
        head, _, self.came = self.came.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = f"{headers[name.lower()]}\n{value}" if name.lower() in headers else value
        length = int(headers.get("content-length", 0))
        while len(self.came) < length:
            self._more()
        body, self.came = self.came[:length].decode(), self.came[length:]
        return int(first.split()[1]), headers, body

    def packet(self) -> tuple[int, bytes]:
        """The next interleaved one."""
        while len(self.came) < 4 or len(self.came) < 4 + int.from_bytes(self.came[2:4]):
            self._more()
        assert self.came[:1] == b"$", self.came[:40]
        length = int.from_bytes(self.came[2:4])
        found = self.came[1], self.came[4 : 4 + length]
        self.came = self.came[4 + length :]
        self.packets.append(found)
        return found

    def log_in(self, password: str = "", algorithm: str = "MD5", qop: bool = True, uri: str = "") -> Answer:
        """DESCRIBE with a digest, after one without."""
        status, headers, _ = self.ask("DESCRIBE")
        assert status == 401
        return self.ask("DESCRIBE", Authorization=self.digest(headers["www-authenticate"], password, algorithm, qop, uri))

    def digest(self, challenges: str, password: str, algorithm: str, qop: bool, uri: str) -> str:
        nonce = parameters(challenges)["nonce"]
        password, uri = password or self.camera.password, uri or self.url

        def h(*parts: str) -> str:
            return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], ":".join(parts).encode()).hexdigest()

        first, second = h(self.camera.user, "Gatewright", password), h("DESCRIBE", uri)
        response = h(first, nonce, "00000001", "abc", "auth", second) if qop else h(first, nonce, second)
        given = f'username="{self.camera.user}", realm="Gatewright", nonce="{nonce}", uri="{uri}", response="{response}"'
        return f"Digest {given}, algorithm={algorithm}" + (', qop=auth, nc=00000001, cnonce="abc"' if qop else "")

    def set_up(self, track: str, transport: str, **headers: str) -> str:
        """The session; a second track is given it as `Session`."""
        status, found, _ = self.ask("SETUP", f"{self.url}/{track}", Transport=transport, **headers)
        assert status == 200, found
        return re.split(r"[;]", found["session"])[0]

    def _more(self) -> None:
        try:
            data = self.sock.recv(65_536)
        except ConnectionResetError:  # closed before it had read what was just sent
            data = b""
        assert data, "the camera has closed the connection"
        self.came += data
