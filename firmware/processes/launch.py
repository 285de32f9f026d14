"""Launch: how the host starts a process: as its own user, or each as a user of its own where there is a starter (starter.py)."""

from __future__ import annotations

import json
import logging
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from board.kit.words import Text
from firmware.processes.groups import Group
from firmware.processes.starter import PREFIX, STARTER

LOG = logging.getLogger("supervisor")

CHILD = Path(__file__).with_name("child.py")
READ_BYTES = 65_536
CHECK = "check"
"""Name, and so the user, of a script of a package that is run once: before the package is switched to, for what it stores."""
ANSWERS_WITHIN_S = 10.0
"""The starter forks a process in milliseconds; on a board that swaps it takes longer."""
KILLED_WITHIN_S = 5.0
"""What hangs in a driver of the kernel does not end by SIGKILL either: nobody waits for it longer."""
LOST = -signal.SIGKILL
"""Exit code of a process whose starter is gone: it ended with it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started. `name`: of the process, and so of its user; `starts`: processes that it may have started itself;
    `tells`: what it writes to stdout counts as said, too; `group`: where its limits are kept, with what it starts."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    starts: tuple[str, ...] = ()
    tells: bool = False
    group: Group | None = None


class Child(Protocol):
    """A process that runs. `said`: file number of its stderr, -1 once that is closed; `fileno`: readable when it has died."""

    pid: int
    said: int

    def fileno(self) -> int: ...

    def died(self) -> bool:
        """Whether that is what `fileno` was readable for."""

    def hear(self) -> bytes:
        """What it said on stderr since; b"" when there is nothing now."""

    def terminate(self) -> None:
        """Asks it to end."""

    def kill(self) -> None:
        """Ends it with all that it started."""

    def reap(self) -> int:
        """Its exit code, negative for a signal; waits until it is gone, and what is left of its group ends."""


Launch = Callable[[Order], Child]
"""OSError: it cannot be started."""


def launch_alike(order: Order) -> Child:
    """As the host's own user."""
    return _Own(order)


def exit_text(code: int) -> Text:
    """Of a process that ended with it, for people."""
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return Text("killed by {signal}", {"signal": name})
    return Text("exit code {code}", {"code": code})


def killed(child: Child, within_s: float) -> bool:
    """Ends it with all that it started; False: it hangs in the kernel, and is left behind."""
    child.kill()
    deadline = time.monotonic() + within_s
    dies = select.poll()
    dies.register(child.fileno(), select.POLLIN)
    while dies.poll(max(0.0, deadline - time.monotonic()) * 1000):
        if child.died():
            child.reap()
            return True
    return False


def run_to_end(launch: Launch, order: Order, within_s: float) -> tuple[int, str]:
    """Its exit code and the end of what it said. TimeoutError: it took longer, and was ended; OSError: it cannot be started."""
    child = launch(order)
    poll = select.poll()
    poll.register(child.fileno(), select.POLLIN)
    said, turns = b"", 0
    while not poll.poll(100):
        said = (said + child.hear())[-READ_BYTES:]
        turns += 1
        if turns * 0.1 > within_s:
            if not killed(child, KILLED_WITHIN_S):
                LOG.error("%s does not end: it hangs in the kernel, and is left behind", order.name)
            raise TimeoutError
    while data := child.hear():
        said = (said + data)[-READ_BYTES:]
    return child.reap(), said.decode("utf-8", "replace")


class _Said:
    """The end of a pipe that a process has as stderr."""

    def __init__(self, number: int) -> None:
        self.said = number
        os.set_blocking(number, False)

    def hear(self) -> bytes:
        if self.said < 0:
            return b""
        try:
            data = os.read(self.said, READ_BYTES)
        except OSError:
            return b""  # nothing more now
        if not data:
            self.close()
        return data

    def close(self) -> None:
        if self.said >= 0:
            os.close(self.said)
            self.said = -1


class _Own(_Said):
    def __init__(self, order: Order) -> None:
        says, its = os.pipe2(os.O_CLOEXEC)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), *order.command],
                cwd=order.folder, env=order.environment, stdin=subprocess.DEVNULL, stderr=its, start_new_session=True,
                stdout=its if order.tells else subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            os.close(says)
            raise
        finally:
            os.close(its)
        super().__init__(says)
        self.pid = self._popen.pid
        self._pidfd = os.pidfd_open(self.pid)

    def fileno(self) -> int:
        return self._pidfd

    def died(self) -> bool:
        return True

    def terminate(self) -> None:
        self._popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # not yet a group of its own, or all gone
        except PermissionError:
            LOG.warning("process group %d belongs to somebody else", self.pid)

    def reap(self) -> int:
        gone = select.poll()
        gone.register(self._pidfd, select.POLLIN)
        gone.poll()
        self.kill()  # before the reaping the number cannot belong to anyone else
        code = self._popen.wait()
        os.close(self._pidfd)
        self.close()
        return code


class Starter:
    """The way to the starter. Thread-safe: each order is one message, and each process has a socket of its own."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders

    @classmethod
    def of_environment(cls) -> Starter | None:
        """The one that this process was given at its start, which it keeps to itself; None without one."""
        number = os.environ.pop(STARTER, "")
        if not number:
            return None
        orders = socket.socket(fileno=int(number))
        orders.set_inheritable(False)
        return cls(orders)

    def lacks(self, names: Iterable[str]) -> list[str]:
        """Of these processes: the users that this machine has not."""
        return [PREFIX + name for name in names if not _is_user(PREFIX + name)]

    def alive(self) -> bool:
        """It is still there: without it nothing can be started any more."""
        poll = select.poll()
        poll.register(self._orders, 0)
        return not poll.poll(0)

    def launch(self, order: Order) -> Child:
        """As the user gatewright-NAME."""
        return _Apart(self._orders, order)


class _Apart(_Said):
    def __init__(self, orders: socket.socket, order: Order) -> None:
        self._code: int | None = None
        self._told, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        says, stderr = os.pipe2(os.O_CLOEXEC)
        fds = [1, 2] if order.tells else [2]
        message = {
            "name": order.name, "command": order.command, "cwd": str(order.folder), "env": dict(order.environment),
            "fds": fds, "may_start": order.starts, "group": str(order.group.path) if order.group is not None else "",
        }  # fmt: skip
        try:
            socket.send_fds(
                orders,
                [json.dumps(message).encode()],
                [its.fileno(), *([stderr, stderr] if order.tells else [stderr])],
                socket.MSG_NOSIGNAL,
            )
            answer = self._answer()
            if "pid" not in answer:
                raise OSError(0, str(answer.get("error", "its starter does not answer")))
        except OSError:
            os.close(says)
            self._told.close()
            raise
        finally:
            its.close()
            os.close(stderr)
        super().__init__(says)
        self.pid = int(answer["pid"])

    def fileno(self) -> int:
        return self._told.fileno()

    def died(self) -> bool:
        if self._code is None:
            self._answer(0.0)
        return self._code is not None

    def terminate(self) -> None:
        self._tell(b"term")

    def kill(self) -> None:
        self._tell(b"kill")

    def reap(self) -> int:
        while self._code is None:
            self._answer(None)
        self._told.close()
        self.close()
        return self._code

    def _tell(self, word: bytes) -> None:
        with suppress(OSError):  # it is gone: that is seen by whoever waits for its end
            self._told.send(word, socket.MSG_NOSIGNAL)

    def _answer(self, within_s: float | None = ANSWERS_WITHIN_S) -> dict[str, Any]:
        """{} when none comes in time; the exit code is kept."""
        self._told.settimeout(within_s)
        try:
            found = from_json(self._told.recv(4096) or b"null")
        except (BlockingIOError, TimeoutError):
            return {}
        except OSError:
            found = None
        answer: dict[str, Any] = {"code": LOST} if found is None else found
        self._code = answer.get("code", self._code)
        return answer


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
