"""Document: the portal's part of the camera's OpenAPI document; the host serves all of it as /openapi.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from board.kit.web.routes import KNOWN, Answer, Call, api
from webui.portal import Portal

FILE = Path(__file__).parents[1] / "openapi.json"
"""Made from the routes by scripts/api_docs.py; a test keeps it current."""


def _document(portal: Portal, call: Call) -> Answer:
    return Answer(FILE.read_bytes())


ROUTES = (api("GET", "api/openapi.json", KNOWN, _document, "The portal's part of /openapi.json.", reply=dict[str, Any]),)
