"""RTSP: the port at which viewers connect, and the video process (engine/video) that serves them, only while somebody watches.

A connection is handed over with its first byte: whoever only looks whether a port is open starts nothing. The process ends half a
minute after its last viewer; one that crashed is started again by the next viewer, ever later while it keeps crashing.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any

from board.kit.children import Child, start
from board.kit.clients import host_of
from board.kit.dataclass import dataclass
from board.kit.errors import WireError
from board.kit.loop import READ, Loop
from board.kit.servers import url_of
from engine.formats.onvif import Notification
from engine.video import door
from engine.video.messages import Malformed, Reader, Reply, Request, written
from engine.vms.near_port import NearPort

log = logging.getLogger("vms.rtsp")

NAME = "rtsp"
"""Name of this server in STATE/run/servers.json and among the clients."""

COMMAND = (sys.executable, "-m", "engine", "video")
MOST_SILENT = 32
"""Connections that have not sent anything yet."""
FIRST_BYTE_S = 10.0
IDLE_S = 30.0
"""From the last viewer to the end of the process."""
QUIET_S = 20.0
"""A process that reports nothing for this long hangs, and is killed."""
MOST_TURN_S = 2.0
"""The most that counts of the time between two turns: if the whole board stood still, nobody hangs."""
ENDS_WITHIN_S = 10.0
BACK_OFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Back-off after the 1st, 2nd ... crash in a row."""
LASTED_S = 120.0
"""If a process ran at least this long, its back-off starts over."""
ROOM_MB = 64
"""Memory that must be available before the process is started: it must never take it from recognition and the gate."""
LARGE_MB = 96
"""As much again for pictures up to 2560x1920: 15 MB as they come, 7 as the encoder takes them, a few of which it keeps."""


@dataclass(eq=False, slots=True)
class _Caller:
    """A connection that has not sent anything yet."""

    sock: socket.socket
    host: str


@dataclass(eq=False, slots=True)
class _Child:
    """The video process, and the socket that hands it viewers."""

    process: Child
    door: socket.socket
    began_s: float = field(default_factory=time.monotonic)
    quiet_s: float = 0.0
    """How long it has reported nothing, while this process ran."""
    used_s: float = field(default_factory=time.monotonic)
    handed: int = 0
    open: int = 0


class Rtsp:
    """Used by the loop's thread. `bind`: the address to listen on, "" for all; `announce(url)` is called with where it listens,
    "" once it stops; `turn` is called about once a second."""

    def __init__(
        self,
        loop: Loop,
        state: Path,
        bind: str,
        announce: Callable[[str], None],
        command: Sequence[str] = COMMAND,
        idle_s: float = IDLE_S,
    ) -> None:
        self._loop = loop
        self._state = state
        self._bind = bind
        self._announce = announce
        self._command = command
        self._idle_s = idle_s
        self._port = NearPort(loop, bind, "viewers", self._accept, self._moved, 32)
        self._wanted: list[str] = []
        """What the video process is started with."""
        self._callers: list[_Caller] = []
        self._child: _Child | None = None
        self._ending: list[tuple[Child, float]] = []
        """Processes that were told to end, and the time at which they are killed."""
        self._crashes = 0
        self._not_before_s = 0.0
        self._turned_s = time.monotonic()

    @property
    def pid(self) -> int:
        """Of the video process; 0 while there is none."""
        return self._child.process.pid if self._child is not None else 0

    def use(self, port: int, sound: bool = False, size: str = "") -> None:
        """Listens there from now on, 0: nowhere; `sound`: with the microphone's; `size`: LprSettings.video_size. Connected viewers
        stay while it is on and their tracks are the same."""
        self._port.use(port)
        wanted = [*(["--sound"] if sound else []), *(["--size", size] if size else [])]
        if self._child is not None and (not port or wanted != self._wanted):
            self._let_go(self._child)
        self._wanted = wanted

    def tell(self, make: Callable[[], Iterable[Notification]]) -> None:
        """Notifications for the metadata track, as one document; made only while somebody watches."""
        if self._child is None:
            return
        from engine.formats.onvif_xml import message, metadata_stream

        text = metadata_stream(map(message, make())).decode()
        if not door.send(self._child.door, door.Document(text)):
            log.warning("video does not take a document")

    def turn(self) -> None:
        now_s = time.monotonic()
        spent_s, self._turned_s = min(now_s - self._turned_s, MOST_TURN_S), now_s
        self._port.turn()
        self._ending = [each for each in self._ending if self._still_ends(*each, now_s)]
        child = self._child
        if child is None:
            return
        child.quiet_s += spent_s
        if child.process.poll() is not None:
            self._crashed(child)
        elif child.quiet_s > QUIET_S:
            log.error("video hangs: it is killed")
            child.process.kill()
            child.process.wait()
            self._crashed(child)
        elif child.open:
            child.used_s = now_s
        elif now_s - child.used_s > self._idle_s:
            self._let_go(child)

    def close(self) -> None:
        self._port.close()
        if self._child is not None:
            self._let_go(self._child)
        for process, _ in self._ending:
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._ending = []

    # --- the port -----------------------------------------------------------------------------------------------------------

    def _moved(self, port: int) -> None:
        if not port:
            for caller in list(self._callers):
                self._forget(caller)
        self._announce(f"{url_of('rtsp', self._bind, port)}/main" if port else "")

    def _accept(self, sock: socket.socket, address: Any) -> None:
        caller = _Caller(sock, host_of(address))
        self._callers.append(caller)
        self._loop.watch(sock, READ, partial(self._speaks, caller))
        self._loop.after(FIRST_BYTE_S, partial(self._forget, caller))
        if len(self._callers) > MOST_SILENT:
            places = Counter(each.host for each in self._callers)
            self._forget(max(self._callers[:-1], key=lambda each: places[each.host]))

    def _speaks(self, caller: _Caller, events: int) -> None:
        try:
            first = caller.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        if not first:
            self._forget(caller)
            return
        self._callers.remove(caller)
        self._loop.watch(caller.sock, 0, partial(self._speaks, caller))
        refusal = self._hand_over(caller.sock)
        if refusal:
            log.warning("%s gets no video: %s", caller.host, refusal)
            _say_no(caller.sock, refusal)
        caller.sock.close()

    def _forget(self, caller: _Caller) -> None:
        if caller in self._callers:
            self._callers.remove(caller)
            self._loop.watch(caller.sock, 0, partial(self._speaks, caller))
            caller.sock.close()

    # --- the process --------------------------------------------------------------------------------------------------------

    def _hand_over(self, sock: socket.socket) -> str:
        """ "" or why that is not possible just now."""
        if self._child is not None and self._child.process.poll() is not None:
            self._crashed(self._child)
        if self._child is None and (refusal := self._start()):
            return refusal
        assert self._child is not None
        self._child.used_s = time.monotonic()
        if not door.send(self._child.door, door.Visitor(), (sock.fileno(),)):
            return "the video process does not take it"
        self._child.handed += 1
        self._child.open += 1  # until it says how many there are
        return ""

    def _start(self) -> str:
        wait_s = self._not_before_s - time.monotonic()
        if wait_s > 0:
            return f"the video process has crashed; it is started again in {wait_s:.0f} s"
        free_mb = _available_mb()
        room_mb = ROOM_MB + (LARGE_MB if "--size" in self._wanted else 0)
        if free_mb < room_mb:
            return f"{free_mb:.0f} MB of memory are available, video needs {room_mb}"
        ours, its = door.pair()
        command = [*self._command, "--state", str(self._state), "--door", str(its.fileno()), *self._wanted]
        try:
            process = start("video", command, (its.fileno(),))
        except OSError as why:
            ours.close()
            return f"the video process cannot be started: {why}"
        finally:
            its.close()
        self._child = _Child(process, ours)
        self._loop.watch(ours, READ, partial(self._heard, self._child))
        log.info("video is started")
        return ""

    def _heard(self, child: _Child, events: int) -> None:
        try:
            came = door.receive(child.door)
        except BlockingIOError:
            return
        except (OSError, WireError) as why:
            log.error("video: %s", why)
            came = None
        if came is None:
            self._loop.watch(child.door, 0, partial(self._heard, child))
            return  # `turn` finds out why
        message, _ = came
        if isinstance(message, door.Serving):
            child.quiet_s = 0.0
            child.open = message.open + child.handed - message.taken

    def _let_go(self, child: _Child) -> None:
        """The process sees that the door is closed, and ends."""
        self._close_door(child)
        self._ending.append((child.process, time.monotonic() + ENDS_WITHIN_S))
        log.info("video is not needed any more")

    def _crashed(self, child: _Child) -> None:
        self._close_door(child)
        if time.monotonic() - child.began_s >= LASTED_S:
            self._crashes = 0
        wait_s = BACK_OFF_S[min(self._crashes, len(BACK_OFF_S) - 1)]
        self._crashes += 1
        self._not_before_s = time.monotonic() + wait_s
        log.error("video has ended by itself (code %d); viewers may come again in %.0f s", child.process.returncode, wait_s)

    def _close_door(self, child: _Child) -> None:
        self._child = None
        self._loop.watch(child.door, 0, partial(self._heard, child))
        child.door.close()

    def _still_ends(self, process: Child, until_s: float, now_s: float) -> bool:
        if process.poll() is None and now_s > until_s:
            log.error("video does not end: it is killed")
            process.kill()
        return process.poll() is None


def _say_no(sock: socket.socket, why: str) -> None:
    """Answers the first request, if it is complete."""
    reader = Reader()
    number = ""
    try:
        reader.came += sock.recv(16_384)
        request = reader.next()
        number = request.number if isinstance(request, Request) else ""
    except (OSError, Malformed):
        pass  # whatever it was, the answer is the same
    try:
        sock.send(written(Reply(503, (("Retry-After", "10"),), f"{why}\r\n".encode()), number))
    except OSError:
        pass  # gone already


def _available_mb() -> float:
    """The memory that the kernel could free without swapping; a large number if it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return float("inf")
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), "")
    return int(found) * 1024 / 1e6 if found.isdigit() else float("inf")
