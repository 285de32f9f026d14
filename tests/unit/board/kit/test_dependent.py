"""Dependent: what is told of an option that makes sense only with another."""

from __future__ import annotations

from typing import Any

import pytest

from board.kit.dependent import dependent_problems, holds
from board.kit.settings import Settings, option


class Gate(Settings):
    url: str = option("http://a/", "URL", "Where.")
    tls: bool = option(False, "TLS", "Whether.")
    ca: str = option("", "Authority", "Whose.", when={"tls": (True,)})
    strict: bool = option(True, "Strict", "How.", when={"url": ("https://",)})
    user: str = option("", "User", "Who.")
    password: str = option("", "Password", "What.", when={"user": ("*",)}, needed={"user": ("admin",)})


@pytest.mark.parametrize(
    ("sent", "stored", "told"),
    [
        ({}, {}, []),
        ({"ca": ""}, {}, []),
        ({"ca": "x"}, {}, ["Authority: makes sense only with TLS: on"]),
        ({"ca": "x", "tls": True}, {}, []),
        ({"ca": "x"}, {"tls": True}, []),
        ({"ca": "x", "tls": False}, {"ca": "x", "tls": True}, []),
        ({"tls": False}, {"ca": "x", "tls": True}, []),
        ({"strict": False}, {}, ["Strict: makes sense only with URL: https://"]),
        ({"strict": False, "url": "HTTPS://a/"}, {}, []),
        ({"password": "x"}, {}, ["Password: makes sense only with User: not empty"]),
        ({"user": "admin"}, {}, ["Password: is needed with User: admin"]),
        ({"user": "admin"}, {"password": "x"}, []),
        ({"user": "guest"}, {}, []),
    ],
)
def test_what_makes_no_sense_or_is_missing_is_told(sent: dict[str, Any], stored: dict[str, Any], told: list[str]) -> None:
    assert [str(each) for each in dependent_problems(Gate, sent, stored, {**stored, **sent})] == told


def test_all_conditions_must_hold() -> None:
    assert holds({}, {})
    assert holds({"a": (1, 2), "b": (True,)}, {"a": 2, "b": True})
    assert not holds({"a": (1, 2), "b": (True,)}, {"a": 2, "b": False})
    assert not holds({"a": (1,)}, {})
