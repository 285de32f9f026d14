"""Supervisor: keeps one package's processes running: ordered start, restart of what died or hangs, outputs safe when pins dies."""

from __future__ import annotations

import logging
import os
import re
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.process import NOT_HERE
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.pins.watch import Starving
from firmware.packages.manifest import Health, ProcessSpec
from firmware.processes import excess
from firmware.processes.groups import MOST_MEMORY, Group
from firmware.processes.last_words import last_words
from firmware.processes.launch import KILLED_WITHIN_S, Child, Launch, Order, exit_text, killed, launch_alike

LOG = logging.getLogger("supervisor")

BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Waits before the 1st, 2nd ... restart in a row; the last one from then on."""
SHORT_BACK_OFF_S = (0.0, 0.5, 1.0, 2.0)
"""The same for the process that drives the outputs, and for one that is watched closely (`silent_s`) and has beaten since the
package was started, be it long before it died: while it is away, no gate opens."""
HEALTHY_AFTER_S = 60.0
"""If a process ran at least this long, its back-off starts over."""
PATIENCE = 4
"""A process that is silent because it gets no processor is given so many times the time of one that hangs."""
QUICK_EXIT_S = 2.0
"""Exit code 0 means "start me again at once", but one that leaves sooner than this is crashing."""
STOP_WITHIN_S = 5.0
NO_LICENCE = 10
"""Exit code of a process that found no licence: it is not started again."""
PINS = "pins"
"""The process that drives the outputs."""
TICK_S = 0.5
STALE_S = 40.0
"""A turn takes no longer, not even one that makes the outputs safe."""
TAIL_BYTES = 2_000
READS_A_TURN = 32
"""Of 64 KB each, more than a pipe holds: a process that never stops writing must not keep this thread from the others."""
MISSING = re.compile(r"(ModuleNotFoundError|ImportError): ")
"""Last line of a Python program whose library is not on this board."""
STARTING, UP, HUNG, WAITING, ABSENT, UNLICENSED, ENDED, OFF = (
    "starting", "up", "hung", "waiting", "absent", "unlicensed", "ended", "off"
)  # fmt: skip
"""States of a process. starting: runs, has not beaten yet; up: beats; hung: about to be killed; waiting: in back-off; absent: is
optional, not for this board; unlicensed: found no licence; ended: died, is not started again; off: not started, or ended well."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process as people see it. `pid` 0: not running; `state`: one of the states above; `error`: why it last died, "" when it
    did not; `ill`: what is wrong with it now, "" when it beats or has nothing to do."""

    name: str
    pid: int
    restarts: int
    state: str
    error: Text
    running_s: float
    ill: Text = NOTHING
    optional: bool = False

    @property
    def waiting(self) -> bool:
        """It is in back-off."""
        return self.state == WAITING

    @property
    def broken(self) -> bool:
        """The package does not work without it, and it died or hangs."""
        return not self.optional and self.state in (HUNG, WAITING, ENDED)


@dataclass(slots=True)
class _Process:
    """A process of the package, and how it fares."""

    spec: ProcessSpec
    child: Child | None = None
    started: float = 0.0
    due: float | None = None
    beat_ns: int = 0
    beat_at: float | None = None
    has_lived: bool = False
    """It has beaten since the package was started."""
    restarts: int = 0
    row: int = 0
    error: Text = NOTHING
    hung: bool = False
    excess: Text = NOTHING
    """Why it was ended, if it took too much."""
    over: str = OFF
    """The state while it neither runs nor waits for its restart."""
    tail: bytearray = field(default_factory=bytearray)
    starving: Starving | None = None
    """From when on it was silent for too long."""

    def starves(self) -> bool:
        """It waits for a processor; at first nobody knows."""
        if self.starving is None and self.child is not None:
            self.starving = Starving(self.child.pid)
            self.starving.begin()
            return True
        return self.starving is not None and self.starving.is_so()

    @property
    def state(self) -> str:
        if self.child is not None:
            return HUNG if self.hung else STARTING if self.beat_at is None else UP
        return WAITING if self.due is not None else self.over


class Supervisor:
    """One thread that alone touches the processes; children die with this host (SIGTERM), because that thread lives as long."""

    def __init__(
        self, specs: tuple[ProcessSpec, ...], slot: Path, state: State, environment: Mapping[str, str], health: Health,
        make_safe: Callable[[], None], restart: bool = True, launch: Launch = launch_alike, group: Group | None = None,
    ) -> None:  # fmt: skip
        self._processes = [_Process(spec) for spec in sorted(specs, key=lambda spec: spec.order)]
        self._slot = slot
        self._state = state
        self._environment = dict(environment)
        self._health = health
        self._make_safe = make_safe
        self._restart = restart
        self._launched = launch
        self._group = group
        self._stop = threading.Event()
        self._started = threading.Event()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._crashes = 0
        self._look_at = 0.0
        self._well_since: float | None = None
        self._beating_s = 0.0
        self._status: tuple[ProcessStatus, ...] = ()
        self._published = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def start(self) -> None:
        """Returns when every process was launched."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """SIGTERM in reverse order, SIGKILL after 5 s each, outputs safe. Returns when all are gone, but for what not even SIGKILL
        ends within 5 s more."""
        self._stop.set()
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1

    @property
    def alive(self) -> bool:
        """The thread itself runs."""
        return self._thread.is_alive()

    @property
    def drives_outputs(self) -> bool:
        return any(process.spec.name == PINS for process in self._processes)

    @property
    def status(self) -> tuple[ProcessStatus, ...]:
        return self._status

    @property
    def complete(self) -> bool:
        """Every process that must run does, though one may not have beaten yet."""
        return self.alive and all(status.optional or status.state in (STARTING, UP) for status in self._status)

    @property
    def ill(self) -> str:
        """What is wrong with this supervisor or with the processes that must run; "" when all is well."""
        if not self.alive:
            return "the supervisor failed"
        if time.monotonic() - self._published > STALE_S:
            return "the supervisor hangs"
        return "; ".join(f"{status.name} {status.ill}" for status in self._status if status.ill and not status.optional)

    @property
    def crashes(self) -> int:
        """Crashes and hangs since the start of all processes that must run."""
        return self._crashes

    @property
    def given_up(self) -> bool:
        """A process that must run has crashed and is not started again."""
        return any(status.state == ENDED and not status.optional for status in self._status)

    @property
    def beating_s(self) -> float:
        """For so long every process that must run has been up without a break, as of the oldest of their latest heartbeats (s);
        0.0 while one is not. A process that has just hung adds nothing to it."""
        return self._beating_s if self.alive else 0.0

    def _run(self) -> None:
        try:
            for process in self._processes:
                self._launch(process)
            self._publish()
            self._started.set()
            while not self._stop.is_set():
                self._turn(self._next_due())
            for process in reversed(self._processes):
                self._end(process)
        except Exception:
            LOG.exception("the supervisor failed; its processes end")
            for process in reversed(self._processes):
                self._kill(process)
        finally:
            self._started.set()
            self._safe()
            self._publish()

    def _next_due(self) -> float:
        now = time.monotonic()
        waits = [process.due - now for process in self._processes if process.due is not None]
        return max(0.0, min([TICK_S, self._look_at - now, *waits]))

    def _turn(self, timeout_s: float) -> None:
        """Waits for the next event and handles it: a death, a word on stderr, a due restart, a missing heartbeat."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        dies: dict[int, _Process] = {}
        speaks: dict[int, _Process] = {}
        for process in self._processes:
            if process.child is not None:
                dies[process.child.fileno()] = process
                if process.child.said >= 0:
                    speaks[process.child.said] = process
        for fd in (*dies, *speaks):
            poll.register(fd, select.POLLIN)
        ready = poll.poll(round(timeout_s * 1000) + (1 if 0 < timeout_s < TICK_S else 0))
        died = [dies[fd] for fd, _ in ready if fd in dies and _died(dies[fd])]
        for process in sorted(died, key=lambda p: p.spec.name != PINS):
            self._on_death(process)
        for fd, _ in ready:
            if fd in speaks and speaks[fd] not in died:
                _listen(speaks[fd])
        if ready and any(fd == self._wake for fd, _ in ready):
            os.eventfd_read(self._wake)
        if not self._stop.is_set():
            self._restart_due()
            self._watch()
        self._publish()

    def _launch(self, process: _Process) -> None:
        spec = process.spec
        program = [sys.executable, "-P", "-m", spec.command, *spec.args, "--state", str(self._state.root)]
        process.due = None
        process.over = OFF
        process.hung = False
        process.excess = NOTHING
        process.tail.clear()
        process.beat_ns = self._beat(process)
        process.beat_at = None
        process.starving = None
        process.started = time.monotonic()
        order = Order(spec.name, tuple(program), self._slot, self._environment, spec.starts, group=self._group)
        try:
            process.child = self._launched(order)
        except OSError as why:
            self._crashed(process, Text("it cannot be started: {reason}", {"reason": why.strerror}))
            return
        if self._group is not None:
            self._group.join(process.child.pid)  # its starter may be of an earlier release
        LOG.info("%s started, pid %d", spec.name, process.child.pid)

    def _on_death(self, process: _Process) -> None:
        child = process.child
        assert child is not None
        if process.spec.name == PINS:
            self._safe()
        _listen(process)
        code = child.reap()
        process.child = None
        if self._stop.is_set():
            LOG.info("%s ended (%s)", process.spec.name, exit_text(code))
            return
        lived_s = time.monotonic() - process.started
        said = last_words(process.tail, code == NOT_HERE)
        if process.excess:
            self._crashed(process, process.excess)
        elif code == -signal.SIGKILL and self._group is not None and self._group.ran_out_of_memory():
            self._crashed(
                process, Text("the package took more than {most_mb} MB of memory; killed", {"most_mb": MOST_MEMORY >> 20})
            )
        elif process.hung:
            self._crashed(process, Text("hung: no heartbeat; killed"))
        elif code == NO_LICENCE:
            process.over, process.error = UNLICENSED, Text("no licence")
            LOG.warning("%s ended: no licence", process.spec.name)
        elif process.spec.optional and (code == NOT_HERE or (code == 1 and MISSING.match(said))):
            process.over, process.error = (
                ABSENT,
                Text("not on this board: {why}", {"why": said or Text("it does not say why")}),
            )
            LOG.warning("%s is not on this board: %s", process.spec.name, said)
        elif code == 0 and lived_s >= QUICK_EXIT_S:
            process.due = time.monotonic() if self._restart else None
            LOG.info("%s asked to be started again", process.spec.name)
        else:
            ended = exit_text(code)
            self._crashed(process, Text("{end} ({said})", {"end": ended, "said": said}) if said else ended)

    def _crashed(self, process: _Process, why: Text) -> None:
        now = time.monotonic()
        if now - process.started >= HEALTHY_AFTER_S:
            process.row = 0
        lived = process.spec.silent_s is not None and process.has_lived
        waits = SHORT_BACK_OFF_S if process.spec.name == PINS or lived else BACK_OFF_S
        wait_s = waits[min(process.row, len(waits) - 1)]
        process.row += 1
        process.error = why
        if not process.spec.optional:
            self._crashes += 1
        process.due, process.over = (now + wait_s if self._restart else None), ENDED
        LOG.error("%s died: %s; %s", process.spec.name, why, f"again in {wait_s:g} s" if self._restart else "not started again")

    def _restart_due(self) -> None:
        now = time.monotonic()
        for process in self._processes:
            if process.due is not None and process.due <= now:
                process.restarts += 1
                self._launch(process)

    def _watch(self) -> None:
        """A heartbeat is a change of its file's time, stamped here: the wall clock may jump."""
        now = time.monotonic()
        for process in self._processes:
            if process.child is None or process.hung:
                continue
            beat_ns = self._beat(process)
            if beat_ns != process.beat_ns:
                process.starving = None
                process.beat_ns = beat_ns
                process.beat_at = now
                process.has_lived = True
            if process.beat_at is None:
                silent_s, allowed_s = now - process.started, self._health.grace_s
            else:
                silent_s, allowed_s = now - process.beat_at, process.spec.silent_s or self._health.silent_s
            if silent_s > allowed_s and not (silent_s < allowed_s * PATIENCE and process.starves()):
                process.hung = True
                LOG.error("%s hangs: no heartbeat for %.0f s", process.spec.name, silent_s)
                process.child.kill()
        if now >= self._look_at:
            self._look_at = now + (excess.LOOK_SOON_S if self._bound() else excess.LOOK_EVERY_S)

    def _bound(self) -> bool:
        """Ends what takes so much that the rest of the camera would not get its share; whether another look must follow soon."""
        sessions = excess.sessions({process.child.pid for process in self._processes if process.child is not None})
        much = False
        for process in self._processes:
            child = process.child
            taken = sessions.get(child.pid) if child is not None and not process.hung else None
            much |= taken is not None and taken.much
            if child is not None and taken is not None and taken.excess:
                process.hung, process.excess = True, taken.excess
                LOG.error("%s %s", process.spec.name, taken.excess)
                excess.end(child.pid)
                child.kill()  # where it is another user: its group
        return much

    def _end(self, process: _Process) -> None:
        process.due = None
        if process.child is None:
            return
        process.child.terminate()
        deadline = time.monotonic() + STOP_WITHIN_S
        while process.child is not None and time.monotonic() < deadline:
            self._turn(max(0.0, deadline - time.monotonic()))
        if process.child is not None:
            LOG.error("%s did not stop within %.0f s; killed", process.spec.name, STOP_WITHIN_S)
            self._kill(process)

    def _kill(self, process: _Process) -> None:
        if process.child is None:
            return
        if not killed(process.child, KILLED_WITHIN_S):
            LOG.error("%s does not end: it hangs in the kernel, and is left behind", process.spec.name)
        process.child = None

    def _beat(self, process: _Process) -> int:
        try:
            return self._state.beat(process.spec.name).stat().st_mtime_ns
        except OSError:
            return 0

    def _safe(self) -> None:
        if not self.drives_outputs:
            return
        try:
            self._make_safe()
        except Exception:  # whatever a board's back end raises: the restart that follows is what helps
            LOG.exception("outputs could not be put into their safe state")

    def _publish(self) -> None:
        now = time.monotonic()
        required = [process for process in self._processes if not process.spec.optional]
        if all(process.state == UP for process in required):
            beats = [process.beat_at for process in required if process.beat_at is not None]
            self._well_since = now if self._well_since is None else self._well_since
            self._beating_s = max(0.0, min(beats, default=now) - self._well_since)
        else:
            self._well_since, self._beating_s = None, 0.0
        self._status = tuple(
            ProcessStatus(
                process.spec.name, process.child.pid if process.child else 0, process.restarts, process.state,
                process.error, now - process.started if process.child else 0.0, _ill(process), process.spec.optional,
            )
            for process in self._processes
        )  # fmt: skip
        self._published = now


def _ill(process: _Process) -> Text:
    words = {
        HUNG: Text("hangs"),
        STARTING: Text("does not beat yet"),
        WAITING: Text("is not running: {why}", {"why": process.error}),
    }
    return words.get(process.state, NOTHING)


def _died(process: _Process) -> bool:
    return process.child is not None and process.child.died()


def _listen(process: _Process) -> None:
    """Takes what the process said on stderr; its log files have the rest, so only the end is kept."""
    assert process.child is not None
    for _ in range(READS_A_TURN):
        data = process.child.hear()
        if not data:
            return
        process.tail += data
        del process.tail[:-TAIL_BYTES]
