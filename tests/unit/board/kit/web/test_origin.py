"""Whether a request comes from our own pages: the absence of headers proves nothing where a cookie speaks for a person."""

from __future__ import annotations

import pytest

from board.kit.web.origin import Front, check, cookie_name, public_address
from board.kit.web.routes import Call, Refused
from board.kit.web.visitor import BASIC, COOKIE, HOST, NOBODY, TOKEN, Visitor

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux)", "Accept-Language": "en"}
ALONE = Front()
OWN = {"Host": "camera:8080", "Origin": "http://camera:8080"}
PEOPLE = (COOKIE, BASIC, NOBODY)
ALL = ("GET", "HEAD", "POST", "PUT", "DELETE")


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


FETCH = "Sec-Fetch-Site"
XHR = {"X-Requested-With": "page"}
ELSEWHERE, UNKNOWN = "came from another web site", "does not say which page it came from"


@pytest.mark.parametrize(
    ("line", "by", "methods", "headers", "said"),
    [
        (1, (TOKEN, HOST), ALL, {**BROWSER, "Origin": "http://evil.invalid"}, ""),
        (1, (TOKEN, HOST), ALL, {}, ""),
        (2, PEOPLE, ALL, {**BROWSER, FETCH: "same-origin"}, ""),
        (3, PEOPLE, ALL, {**OWN, **XHR, FETCH: "same-site"}, ELSEWHERE),
        (3, PEOPLE, ALL, {**OWN, **XHR, FETCH: "cross-site"}, ELSEWHERE),
        (3, PEOPLE, ALL, {**OWN, FETCH: "of a later standard"}, ELSEWHERE),
        (4, PEOPLE, ALL, {**XHR, "Origin": "null"}, ELSEWHERE),
        (4, PEOPLE, ALL, {FETCH: "none", "Origin": "http://evil.invalid"}, ELSEWHERE),
        (4, PEOPLE, ALL, {**OWN, "Referer": "http://evil.invalid/"}, ELSEWHERE),
        (5, PEOPLE, ALL, {**BROWSER, **OWN}, ""),
        (5, PEOPLE, ALL, {**BROWSER, FETCH: "none", "Referer": "http://camera:8080/lists"}, ""),
        (6, PEOPLE, ALL, {**BROWSER, **XHR}, ""),
        (7, (COOKIE, BASIC), ALL, BROWSER, UNKNOWN),
        (7, (COOKIE, BASIC), ALL, {**BROWSER, FETCH: "none"}, UNKNOWN),
        (8, (COOKIE,), ("GET", "HEAD"), {}, UNKNOWN),
        (8, (COOKIE,), ("GET", "HEAD"), {"User-Agent": "python-requests/2.34", FETCH: "none"}, UNKNOWN),
        (9, (COOKIE,), ("POST", "PUT", "DELETE"), {}, ""),
        (9, (COOKIE,), ("POST", "PUT", "DELETE"), {"User-Agent": "python-requests/2.34"}, ""),
        (9, (BASIC,), ALL, {}, ""),
        (9, (BASIC,), ALL, {"User-Agent": "Mozilla/4.0 (a recorder)"}, ""),
        (9, (NOBODY,), ALL, BROWSER, ""),
    ],
)
def test_the_table_at_the_top_of_the_module_is_what_happens(
    line: int, by: tuple[str, ...], methods: tuple[str, ...], headers: dict[str, str], said: str
) -> None:
    answers = {(one, method): refusal(headers, one, method=method) for one in by for method in methods}
    assert all((said in answer) if said else answer == "" for answer in answers.values()), (line, answers)


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


@pytest.mark.parametrize("origin", ["null", "http://[camera"])
def test_no_public_address_is_proposed_to_who_names_none(origin: str) -> None:
    assert refusal({"Origin": origin}, COOKIE) == "The request came from another web site."


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("HTTPS://Gate.Example/", "https://gate.example"),
        (" https://gate.example:8443/anpr/ ", "https://gate.example:8443"),
        ("https://tür.example", "https://xn--tr-xka.example"),
        ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
    ],
)
def test_a_public_address_is_what_browsers_call_it(typed: str, meant: str) -> None:
    assert public_address(typed) == meant
    assert Front(public=(meant,)).is_own({}, meant)


@pytest.mark.parametrize(
    "typed", ["gate.example", "//gate.example", "ftp://gate.example", "https://", "https://a:b@gate.example", "https://h:x"]
)
def test_a_public_address_without_scheme_or_host_is_refused_at_the_start(typed: str) -> None:
    """It was taken, and every log-in through the proxy refused."""
    with pytest.raises(ValueError, match="is not an address such as"):
        public_address(typed)
