"""Synchronised cameras: 100 slaves copy one master's lists over FTP on loopback, each with a database of its own.

The master is the real host with its FTP server, and the process that publishes lists; the slaves run the real job "SINCRO camera",
each at its own second of the minute, in this process. A minute is shortened (`minute_s`); everything else is as on a camera.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.servers import read_servers
from board.kit.state import State
from engine.exchange.kinds import find_jobs
from engine.exchange.times import next_time
from engine.exchange.work import run_job
from engine.lists import EARLIEST, LATEST
from engine.service.publishing import Publishing, starter
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import Job, ListEntry
from firmware.people.device_passwords import DevicePasswords
from scripts.benchmarks.processes import cpu_s, peak_mb

SLAVES = 100
PLATES = 1_000
EDITS = 50
BURST_EVERY_S = 0.4
MINUTE_S = 12.0
"""So long is a minute here."""
SLOW_EDITS = 5
THREADS = 4
START_S, EQUAL_S = 30.0, 120.0
ROOT = Path(__file__).resolve().parents[2]

Say = Callable[[str], None]


def measure(say: Say) -> dict[str, object]:
    """Times in s, memory in MB."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        master = stack.enter_context(_master(Path(folder) / "master"))
        say(f"{SLAVES} slaves take {PLATES} plates")
        slaves = stack.enter_context(_slaves(Path(folder), master))
        first = _part(master, slaves, 0, 0.0)
        say(f"{EDITS} edits, one every {BURST_EVERY_S:g} s")
        burst = _part(master, slaves, EDITS, BURST_EVERY_S)
        say(f"{SLOW_EDITS} edits, one a minute of {MINUTE_S:g} s")
        slow = _part(master, slaves, SLOW_EDITS, MINUTE_S)
        memory = {name: peak_mb(pid) for name, pid in master.processes().items()}
    return {
        "slaves": SLAVES,
        "plates": PLATES,
        "minute_s": MINUTE_S,
        "first": first,
        "burst": burst,
        "one_edit_a_minute": slow,
        "master_peak_mb": memory,
    }


@dataclass(slots=True)
class _Master:
    state: State
    store: Store
    host: subprocess.Popen[bytes]
    user: str
    password: str
    port: int
    publishing: Publishing
    edits: int = 0

    def processes(self) -> dict[str, int]:
        """{name: pid} of the host and of both halves of the FTP process."""
        (ftp,) = [pid for pid in _children(self.host.pid) if b"firmware.ftp" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return {"host": self.host.pid, "ftp": ftp, "ftp_clients": _children(ftp)[0]}

    def cpu_s(self) -> dict[str, float]:
        found = {name: cpu_s(pid) for name, pid in self.processes().items()}
        times = os.times()
        return {**found, "publishing": times.children_user + times.children_system}  # the host is waited for at the end alone

    def sent(self) -> tuple[int, int]:
        """(bytes, files)."""
        time.sleep(1.5)  # it is told once a second
        found = json.loads(self.state.ftp_status.read_bytes())
        return found["sent"], found["files"]

    def edit(self) -> None:
        """A plate comes, another goes."""
        self.edits += 1
        white = next(each for each in self.store.lists() if each.role == "white")
        self.store.entries.delete(random.choice(self.store.entries(white.id, limit=PLATES)).id, "bench")
        self.store.save_entry(ListEntry(0, white.id, f"NEW{self.edits:05d}", "", EARLIEST, LATEST), "bench")

    def plates(self) -> list[str]:
        return _plates(self.store)


@dataclass(slots=True)
class _Slave:
    state: State
    store: Store
    job: Job
    phase: float
    """When in a minute it asks, 0 to 1."""
    next_s: float = 0.0
    polls: int = 0
    looked_at: int = -1
    busy: threading.Lock = field(default_factory=threading.Lock)

    def poll(self) -> None:
        with self.busy:
            run_job(self.state, self.store, Clock(), KINDS, self.job)
            self.polls += 1

    def has(self, wanted: list[str]) -> bool:
        """Looks only after it has asked."""
        if self.looked_at == self.polls:
            return False
        self.looked_at = self.polls
        return _plates(self.store) == wanted


KINDS = find_jobs()


def _part(master: _Master, slaves: list[_Slave], edits: int, every_s: float) -> dict[str, object]:
    """`edits` edits while the slaves go on asking; then waits until all are equal."""
    cpu, (sent, files), polls = master.cpu_s(), master.sent(), sum(each.polls for each in slaves)
    begun = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        _start(slaves, begun)
        due, done = begun, 0
        while done < edits:
            _turn(master, slaves, pool)
            if time.monotonic() >= due:
                master.edit()
                done, due = done + 1, due + every_s
        edited = time.monotonic()
        wanted, late = master.plates(), list(slaves)
        for each in slaves:
            each.looked_at = -1
        while late and time.monotonic() < edited + EQUAL_S:
            _turn(master, slaves, pool)
            late = [each for each in late if not each.has(wanted)]
        equal = time.monotonic()
    after, (sent_after, files_after) = master.cpu_s(), master.sent()
    errors = [str(state.error) for each in slaves if (state := each.store.jobs.state(each.job.id)).is_failing]
    return {
        "edits": edits,
        "seconds": round(equal - begun, 1),
        "equal": len(slaves) - len(late),
        "equal_after_the_last_edit_s": round(equal - edited, 1),
        "asked": sum(each.polls for each in slaves) - polls,
        "files_sent": files_after - files,
        "sent_mb": round((sent_after - sent) / 1e6, 1),
        "master_cpu_s": {name: round(after[name] - cpu[name], 2) for name in after},
        "errors": errors[:3],
    }


def _start(slaves: list[_Slave], now_s: float) -> None:
    for each in slaves:
        each.next_s = now_s + each.phase * MINUTE_S


def _turn(master: _Master, slaves: list[_Slave], pool: ThreadPoolExecutor) -> None:
    """What is due: slaves ask, lists are published."""
    master.publishing.turn()
    now_s = time.monotonic()
    for each in slaves:
        if each.next_s <= now_s and not each.busy.locked():
            each.next_s += MINUTE_S
            pool.submit(each.poll)
    time.sleep(0.05)


def _plates(store: Store) -> list[str]:
    white = next(each for each in store.lists() if each.role == "white")
    return [each.plate for each in store.entries(white.id, limit=10 * PLATES)]


# --- the cameras ------------------------------------------------------------------------------------------------------


@contextmanager
def _master(folder: Path) -> Iterator[_Master]:
    state = State(folder)
    for each in (state.root, state.run, state.host):
        each.mkdir(mode=0o700)
    device, password = DevicePasswords(state.host, Clock()).make("ftp", "slaves", "bench")
    (state.host / "ftp.json").write_text(json.dumps({"enabled": True, "port": _free_port(), "clients": SLAVES}))
    store = Store(state.database, Clock())
    white = next(each for each in store.lists() if each.role == "white")
    for number in range(PLATES):
        store.save_entry(ListEntry(0, white.id, f"OLD{number:05d}", f"number {number}", EARLIEST, LATEST), "bench")
    command = [sys.executable, "-m", "firmware", "--state", str(folder), "--port", "0"]
    host = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    publishing = Publishing(state, store.entries.mark, Clock(), starter(state))
    try:
        url = _ftp_url(state, host)
        yield _Master(state, store, host, device.user, password, int(url.rpartition(":")[2]), publishing)
    finally:
        publishing.close()
        host.terminate()
        host.wait(30)
        store.close()


@contextmanager
def _slaves(folder: Path, master: _Master) -> Iterator[list[_Slave]]:
    slaves = []
    options = {"host": "127.0.0.1", "port": master.port, "user": master.user, "password": master.password}
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        for number in range(SLAVES):
            state = State(folder / f"slave{number}")
            store = Store(state.database, Clock())
            store.settings.put(GeneralSettings(action_addresses="127.0.0.0/8"), "bench")
            white = next(each for each in store.lists() if each.role == "white")
            job = Job(0, white.id, "sincro", True, "minute", True, json.dumps(options))
            job = store.jobs.save(job, KINDS["sincro"].options, "bench")
            own = next_time("minute", midnight, ZoneInfo("UTC"), f"camera {number}")
            slaves.append(_Slave(state, store, job, own.second / 60))
        yield slaves
    finally:
        for each in slaves:
            each.store.close()


def _ftp_url(state: State, host: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and host.poll() is None:
        if state.ftp_status.exists():
            return read_servers(state)["ftp"]
        time.sleep(0.05)
    sys.exit(f"bench: the FTP server did not start; see {state.logs}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


# --- what it costs ----------------------------------------------------------------------------------------------------


def _children(pid: int) -> list[int]:
    return [int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()]
