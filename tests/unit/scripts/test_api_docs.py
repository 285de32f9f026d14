"""API documents: current, valid OpenAPI 3.1, complete, and every answer is what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from board.kit.permissions import PERMISSIONS
from board.kit.web.openapi import merged
from board.kit.web.routes import KNOWN, PUBLIC
from firmware.gateway.app import routes as host_routes
from scripts.api_docs import host_document, outputs, portal_document
from webui.app import api_routes


@cache  # none of it is made when this file is read: every worker of a run does that
def whole() -> dict[str, Any]:
    return merged(host_document(), [portal_document()])


def operations() -> list[tuple[str, str, Any]]:
    return [(path, method, asked) for path, methods in whole()["paths"].items() for method, asked in methods.items()]


def test_what_is_made_of_the_routes_is_current() -> None:
    made = outputs()
    assert len(made) == 4
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run: python scripts/api_docs.py"


@pytest.mark.parametrize("made", [whole, host_document, portal_document], ids=["whole", "host", "portal"])
def test_the_documents_are_valid_openapi(made: Callable[[], dict[str, Any]]) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # it takes long to load

    document = made()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(whole())
    named = {part.partition('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert named <= whole()["components"]["schemas"].keys()


def test_every_address_of_the_api_is_in_it_with_its_permission_and_answer() -> None:
    routes = [route for route in (*host_routes(), *api_routes()) if "api/" in route.path and not route.is_page]
    assert [route.path for route in routes if not route.help or route.reply is None] == []
    assert len(operations()) >= len(routes)
    for path, method, asked in operations():
        assert asked["x-permission"] in (*PERMISSIONS, KNOWN, PUBLIC), (path, method)
        assert "content" in asked["responses"]["2XX"], (path, method)


def test_whatever_changes_something_names_what_it_takes_or_takes_nothing() -> None:
    without = {
        f"{method} {path}" for path, method, asked in operations() if method in ("post", "put") and "requestBody" not in asked
    }
    assert without == {
        "post /anpr/api/configuration/revert",
        "post /anpr/api/database/noted",
        "post /anpr/api/integration/test",
        "post /anpr/api/integration/test/{id}",
        "post /anpr/api/jobs/{id}/accept",
        "post /anpr/api/jobs/{id}/run",
        "post /anpr/api/lane/reset",
        "post /anpr/api/logo/revert",
        "post /anpr/api/restart",
        "post /anpr/api/settings/camera/default",
        "post /anpr/api/settings/general/default",
        "post /anpr/api/settings/lane/default",
        "post /anpr/api/settings/lpr/default",
        "post /anpr/api/settings/recorders/default",
        "post /api/backup/noted",
        "post /api/firmware/back",
        "post /api/https/own",
        "post /api/packages/{name}/{verb}",
    }


def test_passwords_are_write_only() -> None:
    secrets = [
        (name, field)
        for name, schema in whole()["components"]["schemas"].items()
        for field, about in schema.get("properties", {}).items()
        if name.startswith("Anpr") and "password" in field and not about.get("writeOnly")
    ]
    assert secrets == [("AnprConfigurationFile", "passwords")]  # sealed with a passphrase
