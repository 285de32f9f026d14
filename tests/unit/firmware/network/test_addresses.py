"""What may be tried as an address, how devices are read, and a trial that goes back unless it is kept."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.errors import BoardError, ConfigError
from board.kit.state import State
from firmware.https.service import HttpsService
from firmware.https.settings import HttpsSettings
from firmware.network import trial
from firmware.network.addresses import Wish, checked
from firmware.network.announced import SERVICES, announce
from firmware.network.trial import AddressTrial
from firmware.privileged.network import TRIED, UNIT, WITHIN_S, Network
from tests.waiting import until

ROOT = Path(__file__).parents[4]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("eth0", False, "192.168.1.20"), "address"),
        (Wish("eth0", False, "192.168.1.0/24"), "address"),
        (Wish("eth0", False, "192.168.1.255/24"), "address"),
        (Wish("eth0", False, "127.0.0.1/8"), "address"),
        (Wish("eth0", False, "224.0.0.9/24"), "address"),
        (Wish("eth0", False, "0.0.0.0/24"), "address"),
        (Wish("eth0", False, "nothing"), "address"),
        (Wish("eth0", False, "192.168.1.20/24", "192.168.2.1"), "gateway"),
        (Wish("eth0", False, "192.168.1.20/24", "192.168.1.20"), "gateway"),
        (Wish("eth0", False, "192.168.1.20/24", "", ("8.8.8",)), "servers"),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each.address}-{each.gateway}",
)
def test_what_would_shut_the_camera_off_is_refused_at_its_field(wish: Wish, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked(wish)
    assert refused.value.field == field


def test_dhcp_takes_no_address_along() -> None:
    assert checked(Wish("eth0", True, "junk", "junk", ("junk",))) == Wish("eth0", True)


class Helper:
    """Records what it is asked, and refuses what `refuses` names."""

    is_there = True

    def __init__(self, refuses: str = "") -> None:
        self.asked: list[str] = []
        self.refuses = refuses

    def ask(self, verb: str, **values: object) -> None:
        self.asked.append(verb)
        if verb == self.refuses:
            raise BoardError("nmcli: no")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "BEGINS_AFTER_S", 0.0)


def test_a_trial_is_kept_by_its_code_alone() -> None:
    helper: Any = Helper()
    trying = AddressTrial(helper)
    code = trying.begin(Wish("eth0", True))
    until(lambda: helper.asked == ["network_try"])
    with pytest.raises(ConfigError, match="another change is tried now"):
        trying.begin(Wish("eth0", True))
    with pytest.raises(ConfigError, match="nothing is tried any more"):
        trying.keep("ü" + code[1:])
    assert trying.keep(code) == Wish("eth0", True)
    assert trying.keep(code) == Wish("eth0", True), "a page that is sent twice must not say that the settings of before are back"
    assert helper.asked == ["network_try", "network_keep"]
    trying.begin(Wish("eth0", True))
    with pytest.raises(ConfigError, match="nothing is tried any more"):
        trying.keep(code)


def test_what_is_taken_back_before_it_is_tried_is_not_tried_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[Callable[[], None]] = []
    monkeypatch.setattr(
        trial.threading, "Timer", lambda after_s, act, args: SimpleNamespace(start=lambda: timers.append(lambda: act(*args)))
    )
    helper: Any = Helper()
    trying = AddressTrial(helper)
    trying.begin(Wish("eth0", True))
    trying.back()
    trying.begin(Wish("eth0", False, "192.168.1.20/24"))
    for timer in timers:
        timer()
    assert helper.asked == ["network_back", "network_try"]
    trying.back()
    trying.begin(Wish("eth0", True))
    trying._until_s = 0.0  # the helper hung over another one for so long: nobody waits for it any more, and nobody could keep it
    timers[-1]()
    assert helper.asked == ["network_back", "network_try", "network_back"]


def test_who_takes_a_change_back_while_it_is_being_made_gets_the_settings_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever overtook it there stopped the timer of root, and the camera stayed at an address that nobody wanted."""
    helper: Any = Helper()
    begun, goes_on = threading.Event(), threading.Event()

    def ask(verb: str, **values: object) -> None:
        if verb == "network_try":
            begun.set()
            assert goes_on.wait(20)
        helper.asked.append(verb)

    helper.ask = ask
    trying = AddressTrial(helper)
    trying.begin(Wish("eth0", True))
    assert begun.wait(20)
    with monkeypatch.context() as hung:
        hung.setattr(trial, "MOVED_WITHIN_S", 0.0)
        with pytest.raises(ConfigError, match="another change is tried now"):
            trying.back()
    assert trying.now() is not None
    back = threading.Thread(target=trying.back)
    back.start()
    back.join(0.3)  # it waits
    goes_on.set()
    back.join(20)
    assert helper.asked == ["network_try", "network_back"]


def test_who_keeps_a_change_that_is_just_being_taken_back_keeps_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper keeps whatever is tried then: it kept addresses at which nobody had reached the camera."""
    helper: Any = Helper()
    trying = AddressTrial(helper)
    code = trying.begin(Wish("eth0", True))
    until(lambda: helper.asked == ["network_try"])
    later, wait = Wish("eth0", False, "192.168.1.20/24"), trying._wait_for_the_helper

    def wait_while_another_page_is_faster() -> None:
        monkeypatch.setattr(trying, "_wait_for_the_helper", wait)
        trying.back()
        trying.begin(later)
        until(lambda: len(helper.asked) == 3)
        wait()

    monkeypatch.setattr(trying, "_wait_for_the_helper", wait_while_another_page_is_faster)
    with pytest.raises(ConfigError, match="nothing is tried any more"):
        trying.keep(code)
    assert helper.asked == ["network_try", "network_back", "network_try"]
    now = trying.now()
    assert now is not None and now[0] is later
    trying.back()  # nothing holds the helper


@pytest.mark.parametrize("verb", ["network_keep", "network_back"])
def test_networkmanager_that_hangs_holds_no_page(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Whoever kept a change or took it back waited up to five minutes, and while one was kept every page of addresses with him."""
    helper: Any = Helper()
    goes_on = threading.Event()

    def ask(asked: str, **values: object) -> None:
        helper.asked.append(asked)
        assert asked != verb or goes_on.wait(20)

    helper.ask = ask
    trying = AddressTrial(helper)
    code = trying.begin(Wish("eth0", True))
    until(lambda: helper.asked == ["network_try"])
    monkeypatch.setattr(trial, "MOVED_WITHIN_S", 0.05)
    said: list[str] = []

    def order() -> None:
        try:
            trying.keep(code) if verb == "network_keep" else trying.back()
        except ConfigError as why:
            said.append(str(why))

    thread = threading.Thread(target=order)
    thread.start()
    try:
        until(lambda: said)
        assert said == ["the system has not answered yet: look again in a minute"]
        assert (trying.now() is None) is (verb == "network_back"), "a page sees how it is meanwhile"
        with pytest.raises(ConfigError, match="another change is tried now"):
            trying.back()  # nothing overtakes what hangs
    finally:
        goes_on.set()
        thread.join(20)
    monkeypatch.setattr(trial, "MOVED_WITHIN_S", 20.0)
    trying.back()
    if verb == "network_keep":
        assert trying.now() is None and trying.keep(code) == Wish("eth0", True), "who looks again is told that it was kept"
        assert helper.asked == ["network_try", "network_keep"]


def test_a_refusal_that_comes_after_its_minute_ends_no_later_trial() -> None:
    helper: Any = Helper()
    begun, goes_on = threading.Event(), threading.Event()

    def ask(verb: str, **values: object) -> None:
        helper.asked.append(verb)
        if len(helper.asked) == 1:
            begun.set()
            assert goes_on.wait(20)
            raise BoardError("nmcli: no")

    helper.ask = ask
    trying = AddressTrial(helper)
    trying.begin(Wish("eth0", True))
    assert begun.wait(20)
    trying._until_s = 0.0  # its minute is over
    later = Wish("eth0", False, "192.168.1.20/24")
    trying.begin(later)
    goes_on.set()
    until(lambda: len(helper.asked) == 2)
    now = trying.now()
    assert now is not None and now[0] is later


def test_a_trial_that_the_system_refuses_says_why_and_is_over() -> None:
    helper: Any = Helper("network_try")
    trying = AddressTrial(helper)
    trying.begin(Wish("eth0", True))
    until(lambda: bool(trying.problem))
    assert (str(trying.problem), trying.now()) == ("nmcli: no", None)


class System:
    """What root executes; `fails`: the first words of what does not work."""

    def __init__(self, fails: tuple[str, ...] = ()) -> None:
        self.done: list[tuple[str, ...]] = []
        self.fails = fails

    def __call__(self, *words: str) -> str:
        self.done.append(words)
        if self.fails and words[: len(self.fails)] == self.fails:
            raise ValueError("it failed")
        return "5d1e-uuid" if "GENERAL.CON-UUID" in words else ""


FIXED = {"device": "eth0", "dhcp": False, "address": "10.0.0.7/24", "gateway": "10.0.0.1", "servers": ["10.0.0.1"]}
WORDS = ("ipv4.method", "manual", "ipv4.addresses", "10.0.0.7/24", "ipv4.gateway", "10.0.0.1", "ipv4.dns", "10.0.0.1")


def test_root_sets_the_way_back_before_it_changes_the_device_and_the_profile_only_when_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    system = System()
    root = Network(system, tmp_path, lambda: 0.0)
    root.verbs["network_try"](FIXED)
    exactly = "--timer-property=AccuracySec=100ms"
    assert system.done[1:] == [
        ("systemd-run", "--collect", f"--on-active={WITHIN_S}s", exactly, f"--unit={UNIT}", "nmcli", "device", "reapply", "eth0"),
        ("nmcli", "device", "modify", "eth0", *WORDS),
    ]
    system.done.clear()
    Network(system, tmp_path, lambda: 10.0).verbs["network_keep"]({})
    assert system.done == [
        ("nmcli", "-g", "GENERAL.CON-UUID", "device", "show", "eth0"),
        ("nmcli", "connection", "modify", "uuid", "5d1e-uuid", *WORDS),
        ("systemctl", "stop", f"{UNIT}.timer"),
    ]
    with pytest.raises(ValueError, match="nothing is tried"):
        Network(system, tmp_path, lambda: 11.0).verbs["network_keep"]({})


def test_root_keeps_nothing_after_the_minute(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    system = System()
    Network(system, tmp_path, lambda: 0.0).verbs["network_try"](FIXED)
    with pytest.raises(ValueError, match="too late"):
        Network(system, tmp_path, lambda: WITHIN_S + 0.1).verbs["network_keep"]({})
    assert not any(words[:3] == ("nmcli", "connection", "modify") for words in system.done)


def test_the_minute_begins_with_the_timer_however_long_the_change_takes(tmp_path: Path) -> None:
    """Else the new settings could be kept for the next start when the old ones are back."""
    (tmp_path / "run").mkdir()
    now_s = [0.0]

    def slow(*words: str) -> str:
        now_s[0] += 20.0
        return "5d1e-uuid"

    Network(slow, tmp_path, lambda: now_s[0]).verbs["network_try"](FIXED)
    now_s[0] = 20.0 + WITHIN_S + 0.1
    with pytest.raises(ValueError, match="too late"):
        Network(System(), tmp_path, lambda: now_s[0]).verbs["network_keep"]({})


def test_root_goes_back_at_once_from_a_change_that_failed_or_leaves_that_to_the_timer(tmp_path: Path) -> None:
    """NetworkManager may have begun it, or do it still."""
    system = System(("nmcli", "device", "modify"))
    with pytest.raises(ValueError, match="it failed"):
        Network(system, tmp_path).verbs["network_try"](FIXED)
    assert system.done[-2:] == [("nmcli", "device", "reapply", "eth0"), ("systemctl", "stop", f"{UNIT}.timer")]
    system = System(("nmcli",))
    with pytest.raises(ValueError, match="it failed"):
        Network(system, tmp_path).verbs["network_try"](FIXED)
    assert system.done[-1] == ("nmcli", "device", "reapply", "eth0")


def test_root_tries_nothing_when_there_is_no_way_back(tmp_path: Path) -> None:
    system = System(("systemd-run",))
    with pytest.raises(ValueError, match="it failed"):
        Network(system, tmp_path).verbs["network_try"](FIXED)
    assert not any(words[:3] == ("nmcli", "device", "modify") for words in system.done)
    assert not (tmp_path / TRIED.relative_to("/")).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "eth0;x"},
        {"device": "--help"},
        {"address": "10.0.0.7/24 x"},
        {"gateway": "-x"},
        {"servers": ["a"]},
        {"device": 7},
    ],
    ids=json.dumps,
)
def test_root_takes_no_word_that_is_not_an_address_or_a_device(tmp_path: Path, wrong: dict[str, object]) -> None:
    system = System()
    with pytest.raises(ValueError):
        Network(system, tmp_path).verbs["network_try"]({**FIXED, **wrong})
    assert system.done == []


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a" * 64, "a.b", 7])
def test_root_names_the_board_only_as_hosts_are_named(tmp_path: Path, name: object) -> None:
    system = System()
    with pytest.raises(ValueError, match="name"):
        Network(system, tmp_path).verbs["name"]({"name": name})
    assert system.done == []


@pytest.mark.parametrize(
    ("hosts", "after"),
    [
        (
            "127.0.0.1\tlocalhost\n127.0.1.1\told old.example\n::1\tlocalhost",
            "127.0.0.1\tlocalhost\n127.0.1.1\tgate-7\n::1\tlocalhost\n",
        ),
        ("127.0.0.1 localhost\n", "127.0.0.1 localhost\n127.0.1.1\tgate-7\n"),
    ],
    ids=["of before", "none"],
)
@pytest.mark.parametrize("fails", [(), ("systemctl",)], ids=["avahi", "no avahi"])
def test_the_boards_new_name_is_announced_and_known_to_itself(
    tmp_path: Path, hosts: str, after: str, fails: tuple[str, ...]
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text(hosts)
    system = System(fails)
    Network(system, tmp_path).verbs["name"]({"name": "gate-7"})
    assert system.done == [("hostnamectl", "set-hostname", "gate-7"), ("systemctl", "try-restart", "avahi-daemon")]
    assert (tmp_path / "etc/hosts").read_text() == after


def test_the_network_is_told_at_which_ports_the_pages_are(tmp_path: Path) -> None:
    """firmware/install says the usual ones, which another program may have, or a page of the camera others."""
    place = tmp_path / SERVICES.relative_to("/")
    place.parent.mkdir(parents=True)
    installed = re.search(r"""put "\$names" <<'EOF'\n(.*?)EOF\n""", (ROOT / "firmware/install").read_text(), re.S)
    assert installed is not None
    place.write_text(installed[1])
    root = Network(System(), tmp_path)
    helper: Any = SimpleNamespace(is_there=True, ask=lambda verb, **ports: root.verbs[verb](ports))
    before = place.stat()
    announce(helper, 80, 443, place)
    assert place.stat() == before  # nobody was asked
    announce(helper, 8080, 8443, place)
    assert place.read_text() == installed[1].replace(">80<", ">8080<").replace(">443<", ">8443<")
    assert place.stat().st_mode & 0o777 == 0o644
    announce(helper, 80, 0, place)
    assert ">80<" in place.read_text() and "_https" not in place.read_text()
    for wrong in ("80", True, -1, 65_536, None):
        with pytest.raises(ValueError, match="ports"):
            root.verbs["ports"]({"http": wrong, "https": 0})
    place.unlink()
    announce(helper, 80, 443, place)
    root.verbs["ports"]({"http": 80, "https": 443})
    assert not place.exists()  # where avahi is not told of the camera, that stays so


def test_the_network_is_told_again_once_https_moves_or_ends(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def tell(http: int, https: int) -> None:
        told.append((http, https))
        if len(told) == 1:
            raise BoardError("this is no request")  # of a helper of before

    server: Any = SimpleNamespace(port=8080, also_at=lambda listener, tls: listener.close(), not_at=lambda listener: None)
    state = State(tmp_path)
    state.host.mkdir()
    state.run.mkdir()
    service = HttpsService(state, "127.0.0.1", Clock(), tell=tell)
    service.change(HttpsSettings(enabled=False))
    told.clear()
    service.start(server)
    until(lambda: told == [(8080, 0)])
    service.certificates = SimpleNamespace(there=True, context=None)  # type: ignore[assignment]
    service.change(HttpsSettings(port=free_port()))
    until(lambda: told == [(8080, 0), (8080, service.settings.port)])
    service.change(HttpsSettings(enabled=False))
    until(lambda: told[2:] == [(8080, 0)])
