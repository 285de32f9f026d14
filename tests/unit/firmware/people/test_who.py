"""Who: plain passwords, digest and WS-UsernameToken against published vectors, and what is refused."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.kept import Kept
from board.kit.people import (
    PEOPLE_MESSAGES,
    AskHa1,
    CheckDigest,
    CheckPassword,
    CheckToken,
    CheckUsernameToken,
    Ha1,
    Nobody,
    Person,
)
from board.kit.wire import Codec, connect
from firmware.people.accounts import Account
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.leads import Leads
from firmware.people.tokens import Tokens
from firmware.people.who import MAX_ASKERS, VIEW_ONLY, Who, WhoServer, digest_response, ha1, username_token_digest

ADMIN = Account("admin", "admin", "00", "00", False)
RFC_7616 = CheckDigest(
    "onvif", "Mufasa", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "/dir/index.html", "",
    "GET", "10.0.0.9", "MD5", "auth", "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
)  # fmt: skip
"""RFC 7616, 3.9.1; the password is "Circle of Life"."""


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def devices(tmp_path: Path, clock: TestClock) -> DevicePasswords:
    return DevicePasswords(tmp_path, clock)


@pytest.fixture
def tokens(tmp_path: Path, clock: TestClock) -> Tokens:
    return Tokens(tmp_path, {"admin": ADMIN}.get, clock)


@pytest.fixture
def who(devices: DevicePasswords, tokens: Tokens, clock: TestClock) -> Who:
    return Who(devices, tokens, Guesses(clock), clock)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_is_that_of_the_standard(algorithm: str, response: str) -> None:
    assert digest_response(replace(RFC_7616, algorithm=algorithm), "Circle of Life") == response


def test_digest_without_qop_is_that_of_the_older_standard() -> None:
    asked = CheckDigest(
        "onvif", "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "", "GET", ""
    )  # RFC 2069, with the response of its errata 749
    assert digest_response(asked, "CircleOfLife") == "1949323746fe6a43ef61f9606e7febea"


def test_username_token_digest_is_that_of_the_published_vector() -> None:
    nonce = base64.b64encode(bytes(range(16))).decode()
    assert username_token_digest(nonce, "2026-01-02T03:04:05Z", "secret") == "kFEsDyAWyMvuU4XN4w6Dym/sfO4="


def digest(user: str, password: str, **more: str) -> CheckDigest:
    asked = replace(RFC_7616, user=user, **more)
    return replace(asked, response=digest_response(asked, password))


def token(
    user: str, password: str, nonce: bytes = b"0123456789abcdef", created: str = "2026-01-02T03:04:05Z"
) -> CheckUsernameToken:
    coded = base64.b64encode(nonce).decode()
    return CheckUsernameToken(user, username_token_digest(coded, created, password), coded, created, "10.0.0.9")


def test_a_device_is_known_by_password_digest_and_username_token(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    assert who.answer(CheckPassword("onvif", device.user, password, "10.0.0.9")) == Person("Recorder")
    assert who.answer(digest(device.user, password)) == Person("Recorder")
    assert who.answer(digest(device.user, password, algorithm="SHA-256")) == Person("Recorder")
    assert who.answer(digest(device.user, password, qop="")) == Person("Recorder")
    assert who.answer(token(device.user, password)) == Person("Recorder")
    assert devices.last_use(device.user) == "2026-01-02T03:04:05+00:00"


def test_of_one_that_may_only_see_that_is_said(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Screen", "admin", view_only=True)
    assert who.answer(token(device.user, password)) == Person("Screen", ("review", "view"))


def test_another_use_another_request_and_other_words_are_nobody(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    right = digest(device.user, password)
    for asked in (
        CheckPassword("ftp", device.user, password, ""),
        CheckPassword("onvif", device.user, "", ""),
        replace(right, use="nvr", address=""),
        replace(right, uri="/other", address=""),
        replace(right, method="SETUP", address=""),
        replace(right, nonce="x", address=""),
        replace(right, nc="00000002", address=""),
        replace(right, realm="x", address=""),
        replace(right, user="onvif-zzzz", address=""),
        replace(right, algorithm="MD5-sess", address=""),
        replace(digest(device.user, password, qop="auth-int"), address=""),
        replace(right, response="", address=""),
        replace(right, response="\ud800", address=""),
        replace(token(device.user, password), use="ftp", address=""),
        replace(token(device.user, password), digest="\u00e9", address=""),
        replace(token(device.user, password), nonce="", address=""),
        replace(token(device.user, password), nonce="not base64 \u00e9", address=""),
        replace(token(device.user, password), created="", address=""),
        CheckToken("", ""),
        "nonsense",
    ):
        assert who.answer(asked) == Nobody(), asked


def test_a_username_token_is_good_once_and_for_five_minutes(who: Who, devices: DevicePasswords, clock: TestClock) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    assert who.answer(token(device.user, password)) == Person("Recorder")
    assert who.answer(token(device.user, password)) == Nobody(stale=True)
    assert who.answer(token(device.user, password, b"another")) == Person("Recorder")
    clock.advance(300)
    assert who.answer(token(device.user, password, b"a third")) == Person("Recorder")
    assert who.answer(token(device.user, password)) == Nobody(stale=True)
    clock.advance(1)
    assert who.answer(token(device.user, password, b"a fourth")) == Nobody(stale=True)
    for created in ("2026-01-02T03:14:07Z", "yesterday", "2026-01-02T03:03:05+00:00"):
        assert who.answer(token(device.user, password, b"a fifth", created)) == Nobody(stale=True)
    assert who.answer(token(device.user, password, b"a sixth", "2026-01-02T03:09:06.250")) == Person("Recorder")


def test_a_username_token_made_ahead_of_time_is_good_once_for_as_long_as_it_is_fresh(
    who: Who, devices: DevicePasswords, clock: TestClock
) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    ahead = token(device.user, password, created="2026-01-02T03:09:04Z")
    assert who.answer(ahead) == Person("Recorder")
    for number, step_s in enumerate((301, 297)):
        clock.advance(step_s)
        assert who.answer(token(device.user, password, bytes([number]), clock.now().isoformat())) == Person("Recorder")
        assert who.answer(ahead) == Nobody(stale=True)


def test_while_the_clock_is_not_set_any_time_will_do_and_a_nonce_is_good_once_all_the_same(
    devices: DevicePasswords, tokens: Tokens
) -> None:
    clock = TestClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    who = Who(devices, tokens, Guesses(clock), clock)
    device, password = devices.make("onvif", "Recorder", "admin")
    assert who.answer(token(device.user, password)) == Person("Recorder")
    clock.advance(3600)
    assert who.answer(token(device.user, password)) == Nobody(stale=True)
    assert who.answer(token(device.user, password, nonce=b"another")) == Person("Recorder")


def test_a_nonce_that_is_written_in_another_way_is_the_same(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    asked = token(device.user, password)
    assert asked.nonce.endswith("Zg==")
    assert who.answer(asked) == Person("Recorder")
    assert who.answer(replace(asked, nonce=asked.nonce.replace("Zg==", "Zh=="))) == Nobody(stale=True)


def test_who_may_only_see_has_no_other_token_forgotten(
    devices: DevicePasswords, tokens: Tokens, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many right ones of his own pushed out what had been overheard, which then opened the gate."""
    monkeypatch.setattr("firmware.people.who.MAX_NONCES", 8)
    who = Who(devices, tokens, Guesses(clock), clock)
    (opener, its), (viewer, theirs) = devices.make("onvif", "VMS", "admin"), devices.make("onvif", "Wall", "admin", view_only=True)
    overheard = token(opener.user, its)
    assert isinstance(who.answer(overheard), Person)
    for number in range(20):
        assert isinstance(who.answer(token(viewer.user, theirs, b"%016d" % number)), Person)
    assert who.answer(overheard) == Nobody(stale=True)


def test_two_devices_may_use_the_same_nonce(who: Who, devices: DevicePasswords) -> None:
    for name in ("Recorder", "Monitor"):
        device, password = devices.make("onvif", name, "admin")
        assert who.answer(token(device.user, password)) == Person(name)


def test_a_token_says_whose_it_is_and_what_it_may_do(who: Who, tokens: Tokens) -> None:
    _, secret = tokens.make("VMS", ["view", "open"], ADMIN)
    assert who.answer(CheckToken(secret, "10.0.0.9")) == Person("admin (VMS)", ("open", "view"))
    assert who.answer(CheckToken(secret + "x", "10.0.0.9")) == Nobody()


def test_wrong_ones_have_to_wait_longer_and_longer_and_the_right_one_does_not(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("ftp", "Pictures", "admin")
    wrong = CheckPassword("ftp", device.user, "guess", "2001:db8::1")
    assert [who.answer(wrong) for _ in range(6)] == [Nobody()] * 5 + [Nobody(wait_s=1.0)]
    assert who.answer(replace(wrong, address="2001:db8::2")) == Nobody(wait_s=1.0)
    assert who.answer(replace(wrong, password=password)) == Person("Pictures")
    assert [who.answer(replace(wrong, address="")) for _ in range(9)] == [Nobody()] * 9


def test_ha1_is_given_for_one_realm_and_use(who: Who, devices: DevicePasswords) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    assert who.answer(AskHa1("onvif", device.user, "camera")) == Ha1(ha1(device.user, "camera", password, "MD5"))
    assert who.answer(AskHa1("onvif", device.user, "camera", "SHA-256")) == Ha1(ha1(device.user, "camera", password, "SHA-256"))
    assert len(ha1("u", "r", "p", "MD5")) == 32
    for asked in (AskHa1("ftp", device.user, "camera"), AskHa1("onvif", "x", "camera"), AskHa1("onvif", device.user, "c", "MD4")):
        assert who.answer(asked) == Ha1("")


@pytest.mark.usefixtures("leak_free")
def test_so_many_askers_have_a_thread_and_the_others_wait_for_it(tmp_path: Path, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.people.who.ASKER_SILENT_S", 60.0)
    server = WhoServer(tmp_path / "people.sock", who)
    server.start()
    askers = [connect(tmp_path / "people.sock", Codec(PEOPLE_MESSAGES)) for _ in range(MAX_ASKERS + 2)]

    def threads() -> int:
        return sum(thread.name == "people-asker" for thread in threading.enumerate())

    end = time.monotonic() + 10
    while threads() < MAX_ASKERS and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    assert threads() == MAX_ASKERS
    askers[0].send(CheckToken("gw_x", ""))
    assert askers[0].receive(20) == Nobody()
    askers[-1].send(CheckToken("gw_x", ""))
    for asker in askers[:-1]:
        asker.close()
    assert askers[-1].receive(20) == Nobody()
    askers[-1].close()
    server.close()


def test_a_token_that_may_have_been_used_before_the_start_is_not_taken_again(
    devices: DevicePasswords, tokens: Tokens, clock: TestClock
) -> None:
    """Nonces are not kept: whoever overheard one that opened the gate would cut the power and send it again."""
    device, password = devices.make("onvif", "Recorder", "admin")
    overheard = token(device.user, password)
    clock.advance(30)
    again = Who(devices, tokens, Guesses(clock), clock)
    assert again.answer(overheard) == Nobody(stale=True)
    assert again.answer(token(device.user, password, b"anew", "2026-01-02T03:04:35Z")) == Person("Recorder")
    clock.advance(60)
    assert again.answer(token(device.user, password, b"slow", "2026-01-02T03:04:40Z")) == Person("Recorder")


def test_by_a_clock_that_is_ahead_too_no_token_of_before_the_start_opens_the_gate(
    tmp_path: Path, devices: DevicePasswords, tokens: Tokens, clock: TestClock
) -> None:
    """Its time is later than the start, so that it counted as new; its recorder is not held up, and may see in any case."""
    device, password = devices.make("onvif", "Recorder", "admin")
    ahead = [f"2026-01-02T03:0{minute}:05Z" for minute in (8, 9)]  # of a clock that is four minutes ahead
    before = Who(devices, tokens, Guesses(clock), clock)
    overheard = token(device.user, password, b"overheard", ahead[0])
    assert before.answer(overheard) == Person("Recorder")
    clock.advance(58)
    devices = DevicePasswords(tmp_path, clock)
    again = Who(devices, tokens, Guesses(clock), clock)
    clock.advance(2)
    assert again.answer(overheard) == Person("Recorder", VIEW_ONLY)
    assert again.answer(token(device.user, password, b"its next", ahead[1])) == Person("Recorder")
    other, its = devices.make("onvif", "Terminal", "admin")
    assert again.answer(token(other.user, its, b"on time", "2026-01-02T03:04:05Z")) == Nobody(stale=True)
    assert again.answer(token(other.user, its, b"on time", "2026-01-02T03:05:05Z")) == Person("Terminal")
    clock.advance(250)
    assert again.answer(token(device.user, password, b"set right", "2026-01-02T03:09:15Z")) == Person("Recorder")


def test_a_clock_that_was_not_set_yet_lags_and_nobody_is_ahead_of_it(
    tmp_path: Path, devices: DevicePasswords, tokens: Tokens
) -> None:
    device, password = devices.make("onvif", "Recorder", "admin")
    lagging = TestClock(follows=False)
    who = Who(devices, tokens, Guesses(lagging), lagging)
    assert who.answer(token(device.user, password, created="2026-01-02T03:08:05Z")) == Person("Recorder")
    assert DevicePasswords(tmp_path, lagging).leads.before_s(device.user) == 0


def test_a_lead_is_written_only_when_it_is_greater_than_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    monkeypatch.setattr(Kept, "write", lambda kept, value: written.append(value))
    leads = Leads(tmp_path)
    for lead_s in (0.4, 1.0, 2.5, 2.9, 3.0, 3.1, 2.0):
        leads.seen("recorder", lead_s, ["recorder"])
    leads.seen("viewer", 9.0, ["viewer"])
    assert written == [{"recorder": 3}, {"recorder": 4}, {"viewer": 9}]
    assert leads.before_s("recorder") == 0
