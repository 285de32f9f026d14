"""Network: the addresses that are barred in every spelling, what an administrator permits, and deadlines of look-ups."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from board.kit.errors import ConfigError
from engine.network import EVERYTHING, MOST_LOOKUPS, Network, is_allowed, reachable
from tests.waiting import until


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("0.0.0.0", 0)) as made:
        yield made


def soon() -> float:
    return time.monotonic() + 10


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1",
        "0.0.0.0", "0", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::",
        "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "0.1.2.3",
    ],
)  # fmt: skip
def test_the_camera_itself_and_what_only_it_sees_are_barred_however_they_are_spelt(host: str) -> None:
    with pytest.raises(ConfigError, match="actions may not reach it unless an administrator permits it"):
        Network(lambda: ()).connect(host, 9, soon())


@pytest.mark.parametrize("address", ["192.168.1.10", "10.0.0.1", "172.16.0.1", "8.8.8.8", "2001:db8::1", "fd00::1"])
def test_a_server_of_the_site_or_of_the_internet_may_be_reached(address: str) -> None:
    assert is_allowed(address, ())


def test_the_cameras_own_address_on_its_network_is_barred() -> None:
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but loopback")
    assert not is_allowed(own, ())
    assert not is_allowed(f"::ffff:{own}", ())


def own_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(found).is_loopback else found


def test_the_refusal_does_not_say_whether_somebody_listens_there(listener: socket.socket) -> None:
    said = []
    for port in (listener.getsockname()[1], 9):
        with pytest.raises(ConfigError) as why:
            Network(lambda: ()).connect("127.0.0.1", port, soon())
        said.append(str(why.value))
    assert said[0] == said[1]
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("permitted", ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8, 127.0.0.1", "::1 127.0.0.1"])
def test_what_an_administrator_permits_is_reached_in_every_spelling(listener: socket.socket, permitted: str) -> None:
    network = Network(lambda: reachable(permitted))
    for host in ("127.0.0.1", "2130706433", "localhost"):
        network.connect(host, listener.getsockname()[1], soon()).close()


def test_a_permitted_neighbour_permits_no_other() -> None:
    with pytest.raises(ConfigError):
        Network(lambda: reachable("127.0.0.2")).connect("127.0.0.1", 9, soon())


def test_what_is_no_address_is_named() -> None:
    with pytest.raises(ConfigError, match="'gate' is no address and no network"):
        reachable("127.0.0.1 gate")


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def resolver(host: object, *rest: object, **named: object) -> object:
        if host != "rebinding.example":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        if named.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (("127.0.0.2", "127.0.0.1")[len(asked) > 1], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    network = Network(lambda: ("127.0.0.2",))
    with network.connect("rebinding.example", listener.getsockname()[1], soon()) as sock:
        assert (sock.getpeername()[0], asked) == ("127.0.0.2", ["rebinding.example"])
    with pytest.raises(ConfigError, match=r"rebinding\.example is the camera itself"):
        network.connect("rebinding.example", listener.getsockname()[1], soon())


def test_a_dead_name_server_costs_the_deadline_and_a_bounded_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def resolver(host: object, *rest: object, **named: object) -> object:
        if not named.get("flags"):
            release.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    network = Network(lambda: ())
    try:
        for number in range(MOST_LOOKUPS + 4):
            with pytest.raises(OSError, match="the name server does not answer"):
                network.connect(f"nvr{number}.example", 80, time.monotonic() + 0.01)
        assert sum(thread.name == "look-up" for thread in threading.enumerate()) == MOST_LOOKUPS
    finally:
        release.set()
    end = soon()
    while any(thread.name == "look-up" for thread in threading.enumerate()) and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(OSError, match="Name or service not known"):
        network.connect("nvr.example", 80, soon())


def test_a_name_is_looked_up_again_after_the_camera_could_start_no_thread_for_it(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked for it afterwards waited for that look-up, until the process ended."""
    real = socket.getaddrinfo

    def resolver(host: object, *rest: object, **named: object) -> object:
        if host == "nvr.example" and named.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return real("127.0.0.1" if host == "nvr.example" else host, *rest, **named)  # type: ignore[arg-type]

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    network, port = Network(lambda: EVERYTHING), listener.getsockname()[1]
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", start)
        with pytest.raises((OSError, RuntimeError)):
            network.connect("nvr.example", port, soon())
    network.connect("nvr.example", port, time.monotonic() + 2.0).close()


def test_a_name_that_its_server_knows_no_longer_is_forgotten(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have its address by now: for an hour he was told of cars, and given the password."""
    real, says = socket.getaddrinfo, [0]

    def resolver(host: object, *rest: object, **named: object) -> object:
        if host != "nvr.example":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        if says[0] or named.get("flags"):
            raise socket.gaierror(says[0] or socket.EAI_NONAME, "no address")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    network, port = Network(lambda: EVERYTHING), listener.getsockname()[1]
    for says[0] in (0, socket.EAI_AGAIN):
        network.connect("nvr.example", port, soon()).close()
    for says[0] in (socket.EAI_NONAME, socket.EAI_AGAIN):
        with pytest.raises(OSError, match="no address"):
            network.connect("nvr.example", port, soon())


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("fails", ["late", "at once"])
def test_a_name_server_that_answers_later_than_anybody_can_wait_is_heard_the_next_time(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, local: bool, fails: str
) -> None:
    """The first of two is down, so that each look-up takes five seconds: a server that is asked about cars was never reached."""
    release = threading.Event()
    answers = True

    def resolver(host: object, *rest: object, **named: object) -> object:
        if host != "ask.example":
            return real(host, *rest, **named)  # type: ignore[arg-type]
        if not named.get("flags"):
            if fails == "late" or answers:
                release.wait(20)
            if answers:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    network, port = Network(lambda: EVERYTHING), listener.getsockname()[1]

    def connected() -> socket.socket:
        return (network.local() if local else network).connect("ask.example", port, time.monotonic() + 0.4)

    try:
        with pytest.raises(OSError, match="the name server does not answer"):
            connected()
        release.set()
        until(lambda: all(thread.name != "look-up" for thread in threading.enumerate()))
        release.clear()
        answers = False
        with connected() as sock:
            assert sock.getpeername() == ("127.0.0.1", port)
    finally:
        release.set()


def test_an_address_that_leads_nowhere_leaves_time_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name has an IPv6 address first, and the site's network takes such packets and drops them."""
    given: list[float] = []

    def connect(where: tuple[str, int], timeout: float) -> socket.socket:
        given.append(timeout)
        if ":" in where[0]:
            raise TimeoutError
        return socket.socket()

    network = Network(tuple)
    monkeypatch.setattr(network, "_look_up", lambda host, end_s: ["2001:4860:4860::8888", "93.184.216.34"])
    monkeypatch.setattr(socket, "create_connection", connect)
    network.connect("mail.example.org", 25, time.monotonic() + 10).close()
    assert len(given) == 2 and given[0] <= 5.0
    network.connect("mail.example.org", 25, time.monotonic() + 10).close()
    assert len(given) == 3, "each message waited for half of its time"
