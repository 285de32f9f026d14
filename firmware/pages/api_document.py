"""API document: everything that programs may ask of this camera, as OpenAPI: the host's part and those of its packages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from board.kit.from_json import from_json
from board.kit.web.menu import Tab
from board.kit.web.openapi import merged
from board.kit.web.routes import PUBLIC, Answer, Call, api, data
from firmware.host import Host

OWN = Path(__file__).parents[1] / "openapi.json"
"""Made from the routes by scripts/api_docs.py; a test keeps it current."""


def _document(host: Host, call: Call) -> Answer:
    return data(merged(_own(), host.packages.documents()))


@cache
def _own() -> dict[str, Any]:
    document: dict[str, Any] = from_json(OWN.read_bytes())
    return document


TAB = Tab(
    "openapi.json",
    "API",
    0,
    PUBLIC,
    (api("GET", "openapi.json", PUBLIC, _document, "This document: the host and its packages.", reply=dict[str, Any]),),
)
