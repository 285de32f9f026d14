"""API reference: docs/api.md made from the routes themselves: `python -m webui.api_docs > docs/api.md`."""

from __future__ import annotations

import sys

from board.kit.permissions import PERMISSIONS
from webui.app import api_routes

HEAD = """# API of the portal

Made from the routes by `python -m webui.api_docs`; a test keeps it current.

Every page of the portal uses these addresses, so whatever a page does a program can do. They lie behind the camera's
log-in: a session cookie, or HTTP Basic. Each needs a permission:

| permission | allows to |
| --- | --- |
{permissions}
- Requests that change something carry a JSON object as `application/json`; anything else is refused (415). One without a
  body needs no content type.
- An error is `{{"error": "text for people", "problems": [{{"field", "title", "text"}}]}}`; 422 lists every problem of a form
  at once, and nothing was stored.
- Stamps named `at` are UTC (ISO 8601); `*_local` are texts in the camera's time zone.
- Passwords never come back; an empty password in a request keeps the stored one.

| method | address | permission | what it does |
| --- | --- | --- | --- |
"""


def reference() -> str:
    """The page."""
    permissions = "".join(f"| {name} | {text[0].lower()}{text[1:]} |\n" for name, text in PERMISSIONS.items())
    routes = sorted((route for route in api_routes() if route.help), key=lambda route: (route.path, route.method))
    lines = "".join(f"| {route.method} | `/anpr/{route.path}` | {route.permission} | {route.help} |\n" for route in routes)
    return HEAD.format(permissions=permissions) + lines


if __name__ == "__main__":
    sys.stdout.write(reference())
