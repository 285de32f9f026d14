"""Whether a request comes from our own pages: the absence of headers proves nothing where a cookie speaks for a person."""

from __future__ import annotations

import pytest

from board.kit.web.origin import Front, check, cookie_name
from board.kit.web.people import BASIC, COOKIE, NOBODY, TOKEN, Visitor
from board.kit.web.routes import Call, Refused

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux)", "Accept-Language": "en"}
ALONE = Front()
OWN = {"Host": "camera:8080", "Origin": "http://camera:8080"}


def call(headers: dict[str, str], peer: str = "10.0.0.9", method: str = "GET") -> Call:
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return Call(method=method, environ={"REMOTE_ADDR": peer, **environ})


def refusal(headers: dict[str, str], by: str, front: Front = ALONE, peer: str = "10.0.0.9", method: str = "GET") -> str:
    try:
        check(call({"Host": "camera:8080", **headers}, peer, method), Visitor("anna", "admin", by=by), front)
    except Refused as why:
        assert why.status == 403
        return str(why)
    return ""


def test_a_session_needs_a_proof_and_the_absence_of_all_headers_is_none() -> None:
    assert "does not say which page it came from" in refusal({}, COOKIE)
    assert "does not say which page it came from" in refusal({"Sec-Fetch-Site": "none"}, COOKIE)
    assert "does not say which page it came from" in refusal(BROWSER, COOKIE, method="POST")


def test_a_program_with_a_sessions_cookie_may_change_something_by_anything_but_a_get() -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert refusal({}, COOKIE, method=method) == ""
        assert refusal({"User-Agent": "python-requests/2.34"}, COOKIE, method=method) == ""
        assert "another web site" in refusal({"Origin": "null"}, COOKIE, method=method)
    assert "does not say which page" in refusal({"User-Agent": "python-requests/2.34"}, COOKIE, method="HEAD")


@pytest.mark.parametrize(
    "headers",
    [OWN, {"Referer": "http://camera:8080/lists"}, {"Sec-Fetch-Site": "same-origin"}, {"X-Requested-With": "page"}],
    ids=lambda headers: next(reversed(headers)),
)
def test_a_session_acts_with_any_proof_that_only_our_own_pages_can_give(headers: dict[str, str]) -> None:
    assert refusal(headers, COOKIE) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://wiki:8080"},
        {"Origin": "http://camera:9090"},
        {"Origin": "http://camera"},
        {"Origin": "null"},
        {"Origin": "http://[camera"},
        {"Referer": "http://evil.invalid/camera:8080"},
        {"Origin": "http://camera:8080", "Referer": "http://evil.invalid/"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://camera:8080"},
        {"Origin": "http://evil.invalid", "X-Requested-With": "page"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("by", [COOKIE, BASIC, NOBODY])
def test_another_site_another_port_and_none_at_all_are_refused_for_everybody(headers: dict[str, str], by: str) -> None:
    assert "another web site" in refusal(headers, by)


def test_programs_act_without_any_header_and_a_browser_that_remembers_a_password_does_not() -> None:
    assert refusal({}, BASIC) == ""
    assert refusal({"User-Agent": "curl/8.0"}, BASIC) == ""
    assert "does not say" in refusal(BROWSER, BASIC)
    assert refusal({**BROWSER, **OWN}, BASIC) == ""


def test_an_api_token_needs_no_proof_as_no_browser_sends_it_by_itself() -> None:
    assert refusal({**BROWSER, "Origin": "http://evil.invalid"}, TOKEN) == ""


def test_behind_a_proxy_the_text_names_both_sides_and_the_public_address_makes_it_work() -> None:
    plain = {"Host": "127.0.0.1:8080", "Origin": "https://gate.example:8443"}
    text = refusal(plain, COOKIE)
    assert "https://gate.example:8443" in text and "Host 127.0.0.1:8080" in text and "--public-address" in text
    assert refusal(plain, COOKIE, Front(public=("https://gate.example:8443/",))) == ""
    assert refusal({**plain, "Origin": "https://gate.example"}, COOKIE, Front(public=("https://gate.example:8443",))) != ""


def test_the_forwarded_host_counts_from_a_trusted_proxy_only() -> None:
    headers = {"Host": "127.0.0.1:8080", "Origin": "https://gate.example", "X-Forwarded-Host": "gate.example"}
    assert refusal(headers, COOKIE) != ""
    assert refusal(headers, COOKIE, Front(trusts="10.0.0.1".__eq__)) != ""
    assert refusal(headers, COOKIE, Front(trusts="10.0.0.9".__eq__)) == ""


@pytest.mark.parametrize("origin", ["https://gate.example", "https://gate.example:443", "https://GATE.example"])
@pytest.mark.parametrize("host", ["gate.example", "gate.example:443"])
def test_a_port_that_the_scheme_has_anyway_may_be_named_or_not(origin: str, host: str) -> None:
    assert refusal({"Host": host, "Origin": origin}, COOKIE) == ""


def test_the_cookie_is_marked_secure_where_the_browser_speaks_tls() -> None:
    trusted = Front(trusts="10.0.0.9".__eq__)
    assert trusted.is_secure(call({"Host": "gate.example", "X-Forwarded-Proto": "https"}).environ)
    assert not trusted.is_secure(call({"Host": "gate.example", "X-Forwarded-Proto": "http"}).environ)
    assert not Front().is_secure(call({"Host": "gate.example", "X-Forwarded-Proto": "https"}).environ)
    assert Front(public=("https://gate.example",)).is_secure(call({"Host": "gate.example"}).environ)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("camera", "s"),
        ("camera:80", "s"),
        ("gate.example:443", "s"),
        ("camera:8081", "s_8081"),
        ("[::1]:8082", "s_8082"),
        ("", "s"),
    ],
)
def test_the_port_stands_in_the_cookies_name_as_cookies_know_no_ports(host: str, name: str) -> None:
    assert cookie_name("s", host) == name
