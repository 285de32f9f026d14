"""Starter: starts each process as a user of its own, for a host that has no privilege to do so itself.

`python -I -S starter.py HOST_USER PROGRAM ARGS...` is started by systemd with the capabilities to change users. It splits: what
systemd watches gives these up and becomes the host (HOST_USER, PROGRAM), its child stays and is told by the host, over the socket
pair whose number is in GATEWRIGHT_STARTER, what to start. It imports nothing of ours and reads nothing but that socket pair and
the list of users; the only users that it knows are those called gatewright-NAME, none of them root or the host's. It can be told
to run any program as them, so that what takes over the host takes over these, but never the machine.

An order is one message of at most MAX_ORDER bytes of JSON: {"name", "command", "cwd", "env", "fds", "may_start", "group"} with open
files: first a socket for this process (`_Child`), then those that it has under the numbers `fds`. `may_start`: names of processes
that it may have started in turn, by such orders over the socket whose number is in its GATEWRIGHT_CHILDREN. `group`: the control
group that it and they join (firmware/processes/groups.py), "": none; as the host's user joins it, who could do no less by itself.

On a process's own socket it is told "term" or "kill" (the whole group); it answers {"pid"} or {"error"} at first, and {"code"} at
the end. Whoever closes that socket ends the process.
"""

import contextlib
import fcntl
import json
import os
import pwd
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

PREFIX = "gatewright-"
STARTER, CHILDREN = "GATEWRIGHT_STARTER", "GATEWRIGHT_CHILDREN"
"""Environment: where the host, and a process that may have others started, finds its socket to this program."""
MAX_ORDER = 128 << 10
MAX_FDS = 8
MAX_PROCESSES = 64
UMASK = 0o007
"""What a process makes is shared by the group of the folder it lies in (firmware/processes/places.py)."""
ENDS_WITHIN_S = 5.0
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAP_AMBIENT = 1, 4, 8, 47
PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT = 10, 18
CAPABILITY_VERSION_3 = 0x20080522
"""linux/prctl.h, linux/capability.h"""
OPENS_PORTS = (CAP_NET_BIND_SERVICE,)
RIGHTS = {"ftp": (CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT), "service": OPENS_PORTS, "vms": OPENS_PORTS}
"""{process: its capabilities}: to listen below port 1024, and to shut itself into a folder (firmware/ftp/confine.py)."""


def main(words: list[str]) -> None:
    """Becomes the host; never returns."""
    host = pwd.getpwnam(words[0])
    here, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        here.close()
        serve(theirs, host.pw_uid)
        os._exit(0)
    theirs.close()
    become(host, OPENS_PORTS)
    os.set_inheritable(here.fileno(), True)
    os.execve(words[1], words[1:], {**os.environ, STARTER: str(here.fileno())})


def become(user: pwd.struct_passwd, rights: tuple[int, ...]) -> None:
    """This process is that user with its groups and, of these capabilities, those that it has, for good."""
    import ctypes

    _prctl(PR_SET_KEEPCAPS, 1)
    if (os.getuid(), os.getgid()) != (user.pw_uid, user.pw_gid):
        os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
        os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
        os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    kept = sum(1 << each for each in rights) & _permitted()
    # For version 3 two sets of (effective, permitted, inheritable), the low 32 bits first.
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)) != 0:
        raise OSError(0, "the capabilities cannot be given up")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for each in rights:
        if kept & 1 << each:
            _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, each)
    _prctl(PR_SET_KEEPCAPS, 0)


def _permitted() -> int:
    import ctypes

    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    found = (ctypes.c_uint32 * 6)()
    return int(found[1]) if ctypes.CDLL(None).capget(header, found) == 0 else 0


def _prctl(option: int, value: int, more: int = 0) -> None:
    import ctypes  # here: the host imports this module for its names alone

    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0))


def serve(orders: socket.socket, host_uid: int) -> None:
    """Until the host is gone; then every process gets SIGTERM and, after a while, SIGKILL."""
    os.setsid()
    _prctl(PR_SET_DUMPABLE, 0)  # the host, of the same user, must not look into it
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # it ends with the host, which ends its processes in their order
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    starter = _Starter(orders, host_uid, woken)
    while starter.turn():
        pass
    starter.end()


class _Child:
    """A process, and the socket of whoever had it started."""

    def __init__(self, pid: int, user: pwd.struct_passwd, told: socket.socket) -> None:
        self.pid = pid
        self.user = user
        self.told = told

    def hear(self) -> bool:
        """Does as it is told; False: nobody is there any more."""
        try:
            word = self.told.recv(16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if word == b"term":
            self.signal(signal.SIGTERM)
        elif word == b"kill":
            self.signal(signal.SIGKILL, True)
        return bool(word)

    def signal(self, number: int, group: bool = False) -> None:
        kill = os.killpg if group else os.kill
        as_user(self.user, lambda: kill(self.pid, number))

    def over(self) -> bool:
        """Tells how it ended, if it did; what is left of its group ends with it."""
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        self.signal(signal.SIGKILL, True)  # before it is reaped: the number cannot belong to anyone else
        _tell(self.told, {"code": os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])})
        self.told.close()
        return True


class _Starter:
    def __init__(self, orders: socket.socket, host_uid: int, woken: int) -> None:
        self._host = orders
        self._host_uid = host_uid
        self._woken = woken
        self._orders: dict[int, tuple[socket.socket, tuple[str, ...] | None, str]] = {orders.fileno(): (orders, None, "")}
        """{number: (socket, names that may be started over it, None: every one; control group of whoever has it)}"""
        self._children: dict[int, _Child] = {}
        self._left: list[tuple[_Child, float]] = []

    def turn(self) -> bool:
        """Waits for the next thing and does it; False: the host is gone."""
        poll = select.poll()
        for number in (*self._orders, *self._children, self._woken):
            poll.register(number, select.POLLIN)
        for number, _ in poll.poll(1000 if self._left else None):
            if number == self._woken:
                os.read(self._woken, 512)
            elif number in self._orders:
                if not self._take(*self._orders[number]):
                    if number == self._host.fileno():
                        return False
                    self._orders.pop(number)[0].close()
            elif number in self._children and not self._children[number].hear():
                self._let_go(number)
        self._reap()
        return True

    def end(self) -> None:
        """Of everything: SIGTERM, then SIGKILL."""
        for number in tuple(self._children):
            self._let_go(number)
        until = time.monotonic() + ENDS_WITHIN_S
        while self._left and time.monotonic() < until:
            time.sleep(0.05)
            self._reap()
        for child, _ in self._left:
            child.signal(signal.SIGKILL, True)

    def _let_go(self, number: int) -> None:
        child = self._children.pop(number)
        child.signal(signal.SIGTERM)
        self._left.append((child, time.monotonic() + ENDS_WITHIN_S))

    def _reap(self) -> None:
        for number, child in tuple(self._children.items()):
            if child.over():
                del self._children[number]
        self._left = [each for each in self._left if not each[0].over()]
        for child, until in self._left:
            if time.monotonic() > until:
                child.signal(signal.SIGKILL, True)

    def _take(self, orders: socket.socket, names: tuple[str, ...] | None, group: str) -> bool:
        """One order; False: nobody is there any more."""
        try:
            data, fds, flags, _ = socket.recv_fds(orders, MAX_ORDER, MAX_FDS, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        for fd in fds:
            os.set_inheritable(fd, False)
        if not fds:
            return True
        told = socket.socket(fileno=fds[0])
        try:
            self._start(json.loads(data), told, fds[1:], names, group, flags)
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as why:
            _tell(told, {"error": str(getattr(why, "strerror", None) or why) or type(why).__name__})
            told.close()
        finally:
            for fd in fds[1:]:
                os.close(fd)
        return True

    def _start(
        self, order: dict[str, Any], told: socket.socket, fds: list[int], names: tuple[str, ...] | None, group: str, flags: int
    ) -> None:
        if flags & socket.MSG_CTRUNC or len(order["fds"]) != len(fds):
            raise ValueError("the open files did not come along")
        if len(self._children) + len(self._left) >= MAX_PROCESSES:
            raise ValueError("too many processes run")
        name = order["name"]
        if names is not None and name not in names:
            raise ValueError(f"{name} is not its to start")
        user = user_of(name, self._host_uid)
        order["group"] = str(order.get("group", "")) if names is None else group  # only the host says where
        env = {str(key): str(value) for key, value in order["env"].items()}
        targets = dict(zip(map(int, order["fds"]), fds, strict=True))
        asks = None
        if order["may_start"]:
            asks, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            number = max([2, *targets]) + 1
            targets[number], env[CHILDREN] = its.fileno(), str(number)
        try:
            pid = self._fork(order, user, env, targets)
        finally:
            if asks is not None:
                its.close()
        if asks is not None:
            self._orders[asks.fileno()] = (asks, tuple(order["may_start"]), order["group"])
        self._children[told.fileno()] = _Child(pid, user, told)
        _tell(told, {"pid": pid})

    def _fork(self, order: dict[str, Any], user: pwd.struct_passwd, env: dict[str, str], targets: dict[int, int]) -> int:
        """The number of the new process, once it runs the program; OSError says why it does not."""
        failed, says = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            says = _moved(says, 1 + max([2, *targets]))
            try:
                _run(order, user, env, targets, parent)
            except BaseException as why:
                os.write(says, str(getattr(why, "strerror", None) or why).encode()[:200] or b"it failed")
            os._exit(127)
        os.close(says)
        try:
            reason = os.read(failed, 200)
        finally:
            os.close(failed)
        if reason:
            os.waitpid(pid, 0)
            raise OSError(0, reason.decode("utf-8", "replace"))
        return pid


def _run(order: dict[str, Any], user: pwd.struct_passwd, env: dict[str, str], targets: dict[int, int], parent: int) -> None:
    """In the new process: becomes the program."""
    os.setsid()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(each, signal.SIG_DFL)
    os.umask(UMASK)
    _join(order["group"])
    become(user, RIGHTS.get(order["name"], ()))
    # Only now: a change of user takes it back. It reaches whom the starter may signal: under the camera's unit, without that right,
    # systemd ends what is left, once the host has seen that its starter is gone and has ended.
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise OSError(0, "its starter is gone")
    kept = {number: _moved(fd, 1 + max([2, *targets])) for number, fd in targets.items()}
    for number, fd in kept.items():
        os.dup2(fd, number, inheritable=True)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        if standard not in targets:
            os.dup2(nothing, standard, inheritable=True)
    os.chdir(order["cwd"])
    command = list(map(str, order["command"]))
    os.execve(command[0], command, env)


def _join(group: str) -> None:
    """What the kernel does not let it join must not keep a gate's process from running."""
    if group:
        with contextlib.suppress(OSError):
            number = os.open(f"{group}/cgroup.procs", os.O_WRONLY)
            os.write(number, b"0")
            os.close(number)


def _moved(fd: int, high: int) -> int:
    """A copy of `fd` above every number that is still wanted."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, high)


def user_of(name: str, host_uid: int) -> pwd.struct_passwd:
    """The user of the process `name`; LookupError or ValueError when there is none that it may become."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,20}", name):
        raise ValueError("it has no name of a process")
    try:
        user = pwd.getpwnam(PREFIX + name)
    except KeyError:
        raise LookupError(f"there is no user {PREFIX}{name}") from None
    if user.pw_uid in (0, host_uid) or user.pw_gid == 0:
        raise ValueError(f"the user {PREFIX}{name} is none of its own")
    return user


def as_user(user: pwd.struct_passwd, act: Callable[[], object]) -> None:
    """Does it in a process of that user: so no right to signal others is needed here."""
    pid = os.fork()
    if pid == 0:
        try:
            become(user, ())
            act()
        except BaseException:
            pass
        os._exit(0)
    os.waitpid(pid, 0)


def _tell(told: socket.socket, answer: dict[str, object]) -> None:
    with contextlib.suppress(OSError):
        told.send(json.dumps(answer).encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


if __name__ == "__main__":
    main(sys.argv[1:])
