"""Storage: what is kept and how far back it will reach (manual, Appendix 1)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, api, data
from webui.portal import Portal
from webui.view import shapes
from webui.view.storage import storage


def _storage(portal: Portal, call: Call) -> Answer:
    return data(storage(portal))


ROUTES = (api("GET", "api/storage", "configure", _storage, "What is kept, and how far back it will reach.", reply=shapes.Storage),)
