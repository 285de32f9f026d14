"""API reference: docs/api.md made from the routes themselves: `python -m webui.api_docs > docs/api.md`."""

from __future__ import annotations

import sys

import webui.tabs
from board.kit.registry import find
from webui.portal import Tab

HEAD = """# API of the portal

Made from the routes by `python -m webui.api_docs`; a test keeps it current.

Every page of the portal uses these addresses, so whatever a page does a program can do. They lie behind the camera's
log-in: a session cookie, or HTTP Basic. The role is the least one that may call (viewer, operator, admin).

- Requests that change something carry a JSON object as `application/json`; anything else is refused (415).
- An error is `{"error": "text for people", "problems": [{"field", "title", "text"}]}`; 422 lists every problem of a form
  at once, and nothing was stored.
- Stamps named `at` are UTC (ISO 8601); `*_local` are texts in the camera's time zone.
- Passwords never come back; an empty password in a request keeps the stored one.

| method | address | role | what it does |
| --- | --- | --- | --- |
"""


def reference() -> str:
    """The page."""
    tabs = find(webui.tabs, "TAB", Tab).values()
    routes = sorted((r for tab in tabs for r in tab.routes if r.path.startswith("api/")), key=lambda r: (r.path, r.method))
    return HEAD + "".join(f"| {r.method} | `/anpr/{r.path}` | {r.role} | {r.help} |\n" for r in routes)


if __name__ == "__main__":
    sys.stdout.write(reference())
