"""Whoever is not logged in is asked for a password, but not by a browser's own box because a page went on asking."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.web.routes import Answer, Call, Refused, Route, data
from firmware.gateway.admission import admit
from firmware.people.auth import Auth

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux)", "Accept-Language": "de"}


def challenged(headers: dict[str, str]) -> bool:
    def nothing(host: object, call: Call) -> Answer:
        return data({})

    host: Any = SimpleNamespace(auth=SimpleNamespace(visitor=lambda call: None, challenge=Auth.challenge))
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    call: Call = Call(method="GET", environ=environ, address="/anpr/api/frame")
    with pytest.raises(Refused) as why:
        admit(host, call, Route("GET", "anpr/api/frame", "view", nothing))
    assert why.value.status == 401
    return why.value.headers == Auth.challenge


@pytest.mark.parametrize(
    "headers",
    [
        {"Referer": "http://camera:8080/anpr/live"},  # a picture, an EventSource and fetch, by HTTP too
        {"Origin": "http://camera:8080"},
        {"X-Requested-With": "page"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_a_page_whose_session_is_over_brings_up_no_box_whose_password_the_browser_keeps(headers: dict[str, str]) -> None:
    assert not challenged({**BROWSER, **headers})


@pytest.mark.parametrize("headers", [{}, {"User-Agent": "curl/8"}, {**BROWSER, "Sec-Fetch-Dest": "document"}, BROWSER])
def test_programs_and_addresses_that_a_person_types_are_challenged(headers: dict[str, str]) -> None:
    assert challenged(headers)
