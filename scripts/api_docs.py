"""API reference: makes docs/api.md, docs/cgi.md and both openapi.json from the routes: `python scripts/api_docs.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from board.kit.permissions import PERMISSIONS  # noqa: E402
from board.kit.web.openapi import Document, document, merged  # noqa: E402
from board.kit.web.routes import Route  # noqa: E402
from firmware.gateway.app import routes as host_routes  # noqa: E402
from firmware.gateway.cgi import GROUPS as HOST_GROUPS  # noqa: E402
from vadp_package import __version__  # noqa: E402
from webui import cgi  # noqa: E402
from webui.app import api_routes  # noqa: E402
from webui.view.parameters import GROUPS  # noqa: E402

CGI = cgi.ROOT.removeprefix("/")

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


CGIS = """# CGIs

Made from the routes by `scripts/api_docs.py`; tests keep it current. Addresses that integrators script on VIVOTEK's cameras; a new
program is better served by the [API](api.md), whose errors are data.

Each is asked by GET or by POST with a form. They lie behind the camera's log-in: HTTP Basic, or an API token as
`Authorization: Bearer`. Answers are lines of text with CR LF, `name='value'` for parameters and `do1=1` for outputs; an error
about what was sent begins with `ERROR: `, has status 400 or 409 and follows what was carried out before it.
`vadpctrl.cgi` and `upload_vadp.cgi` answer a page of HTML, as VIVOTEK's do; its `<pre>` says `'ANPR is started'` or what was wrong.

- What changes something is for programs alone: a browser's session is refused (403), and so is a password that a browser
  remembers, because a picture on any page makes a browser send a GET. The portal's pages use the API.
- `setdo.cgi` needs the permission `open`, which a viewer does not have (VIVOTEK's cameras ask for a viewer). Interlocks, the safety
  loop and the longest times on hold as for every other order; Audit says who switched what, when and from where.
- `do1=1` holds the output until `do1=0`, until its longest time on is over, or until the service ends. For a barrier use
  `do1=1&pulse_ms=500`: it ends by itself, also when the script dies.
- `do1` and `di1` are the first lines of the board, or `do0` and `di0`, as *First line in CGIs* of General configuration says. In
  the group `status` they are always numbered from 0, as on VIVOTEK's cameras.

| address | permission | what it does |
| --- | --- | --- |
{routes}
## Parameters

`getparam.cgi?system_info&status_do_i0` asks for groups and names. The paths `anonymous` and `viewer` see the level 1, `operator`
also 4, `admin` all; nothing is told without a log-in. `setparam.cgi?system_hostname=Gate` sets what can be set.

| group | level | of it | what it is |
| --- | --- | --- | --- |
{groups}"""


def host_document() -> Document:
    """The host's part, but for its CGIs."""
    routes = [route for route in host_routes() if not route.path.startswith(CGI)]
    return document("Gatewright", "A licence plate camera that opens gates by itself.", __version__, "/", "", routes)


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


def cgi_reference() -> str:
    """docs/cgi.md."""
    host = [(route.path, route) for route in host_routes() if route.path.startswith(CGI) and route.help]
    portal = [(CGI + route.path, route) for route in cgi.ROUTES]
    merged_by_package = f"{CGI}admin/getparam.cgi"
    known: dict[str, Route[Any]] = {**dict(portal), **dict(host)}
    about = known[merged_by_package].help
    rows = [
        f"| `/{path}` | {'packages, configure' if path == merged_by_package else route.permission} "
        f"| {about if path == merged_by_package else route.help} |\n"
        for path, route in sorted(known.items())
    ]
    alike: dict[tuple[int, str, str], list[str]] = {}
    for each in GROUPS:
        alike.setdefault((each.level, each.names, each.about), []).append(f"`{each.name}`")
    alike[6, "", "The packages of the camera (docs/install.md)."] = [f"`{name}`" for name in HOST_GROUPS]
    groups = [f"| {', '.join(names)} | {level} | {of_it} | {about} |\n" for (level, of_it, about), names in alike.items()]
    return CGIS.format(routes="".join(rows), groups="".join(groups))


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
        ROOT / "docs" / "cgi.md": cgi_reference(),
    }


if __name__ == "__main__":
    for path, content in outputs().items():
        path.write_text(content, encoding="utf-8")
