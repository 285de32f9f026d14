"""Help: the checks of a page of help, made now."""

from __future__ import annotations

from functools import partial

import webui.help
from board.kit.registry import find
from board.kit.web.routes import Answer, Call, Query, Route, api, data, said, text
from webui.help import Topic
from webui.portal import Portal
from webui.view import shapes


class HelpQuery(Query):
    plate: str = text(20, "Whose; empty: of the newest car.")


def _checks(topic: Topic, portal: Portal, call: Call[HelpQuery]) -> Answer:
    found = topic.checks(portal, call.query.plate)
    for each in found:
        if each["href"] and not portal.pages.opens(call.visitor, each["href"]):
            each["href"] = ""  # who manages plates and actions may not open Audit, logs and what administrators are told
    return data(said({"checks": found}, call.language))


def _route(topic: Topic) -> Route[Portal]:
    about = f"{topic.title}: the checks of this page of help, made now."
    return api(
        "GET", f"api/help/{topic.name}", topic.permission, partial(_checks, topic), about, query=HelpQuery, reply=shapes.HelpChecks
    )


ROUTES = tuple(_route(topic) for topic in find(webui.help, "TOPIC", Topic).values())
