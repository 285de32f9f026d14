"""Help tab: chapter 6 of the manual as pages that look at the camera while they explain (webui/help)."""

from __future__ import annotations

from functools import partial

import webui.help
from board.kit.registry import find
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from webui.help import Topic
from webui.help.milestone import event_names
from webui.portal import Portal

TOPICS = tuple(sorted(find(webui.help, "TOPIC", Topic).values(), key=lambda topic: topic.order))


def _first(portal: Portal, call: Call) -> Answer:
    return _page(next(topic for topic in TOPICS if call.may(topic.permission)), portal, call)


def _page(topic: Topic, portal: Portal, call: Call) -> Answer:
    return portal.pages.answer(
        portal,
        call,
        "help",
        Text(topic.title),
        tab="help",
        topic=topic,
        topics=[each for each in TOPICS if call.may(each.permission)],
        plate=call.query.get("plate", "")[:20] if topic.asks_plate else "",
        names=event_names(portal) if topic.name == "milestone" else (),
    )


TAB = Tab(
    "help",
    "Help",
    12,
    "actions",
    (page("help", "actions", _first), *(page(f"help/{topic.name}", topic.permission, partial(_page, topic)) for topic in TOPICS)),
)
