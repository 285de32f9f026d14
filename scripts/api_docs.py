"""API reference: makes docs/api.md, firmware/openapi.json and webui/openapi.json from the routes: `python scripts/api_docs.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from board.kit.permissions import PERMISSIONS  # noqa: E402
from board.kit.web.openapi import Document, document, merged  # noqa: E402
from firmware.gateway.app import routes as host_routes  # noqa: E402
from vadp_package import __version__  # noqa: E402
from webui.app import api_routes  # noqa: E402

HEAD = """# API

Made from the routes by `scripts/api_docs.py`; tests keep it current. The same as OpenAPI 3.1, with every field: `GET /openapi.json`
of the camera.

Every page uses these addresses, so whatever a page does a program can do. They lie behind the camera's log-in: HTTP Basic, an API
token as `Authorization: Bearer`, or the session of a browser. Each needs a permission:

| permission | allows to |
| --- | --- |
{permissions}
- A body is a JSON object as `application/json`; anything else is refused (415). A request without a body needs no content type.
- An error is `{{"error": "text for people", "key", "values", "problems": [{{"field", "title", "text"}}]}}`; 422 lists every
  problem of a form at once, and nothing was stored.
- Stamps named `at` or `..._at` are UTC (ISO 8601); `..._local` are texts in the camera's time zone.
- Passwords never come back; an empty password in a request keeps the stored one.
- A browser must prove that one of the camera's own pages asks for a change: it sends `Sec-Fetch-Site` or `Origin`, or the script
  adds `X-Requested-With`. A program with a session's cookie may POST, PUT and DELETE without them; the whole rule stands in
  `board/kit/web/origin.py`.

| method | address | permission | what it does | asks |
| --- | --- | --- | --- | --- |
"""


def host_document() -> Document:
    """The host's part."""
    return document("Gatewright", "A licence plate camera that opens gates by itself.", __version__, "/", "", host_routes())


def portal_document() -> Document:
    """The ANPR package's part."""
    return document("Gatewright ANPR", "The ANPR portal.", __version__, "/anpr/", "Anpr", api_routes())


def reference(whole: Document) -> str:
    """docs/api.md."""
    permissions = "".join(f"| {name} | {text[0].lower()}{text[1:]} |\n" for name, text in PERMISSIONS.items())
    lines = [
        f"| {method.upper()} | `{path}` | {asked['x-permission']} | {asked['summary']} | {_fields(whole, asked)} |\n"
        for path, methods in sorted(whole["paths"].items())
        for method, asked in sorted(methods.items())
    ]
    return HEAD.format(permissions=permissions) + "".join(lines)


def _fields(whole: Document, asked: Document) -> str:
    """Names of the query and of the body."""
    names = [each["name"] for each in asked["parameters"] if each["in"] == "query"]
    schema = asked.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = whole["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    fields = list(schema.get("properties", {}))
    shown = [f"`{name}`" for name in (*names, *fields[:8])]
    return ", ".join(shown) + (" ..." if len(fields) > 8 else "")


def outputs() -> dict[Path, str]:
    """{file: what stands in it}."""
    host, portal = host_document(), portal_document()
    return {
        ROOT / "firmware" / "openapi.json": json.dumps(host, indent=1, ensure_ascii=False) + "\n",
        ROOT / "webui" / "openapi.json": json.dumps(portal, indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs" / "api.md": reference(merged(host, [portal])),
    }


if __name__ == "__main__":
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
