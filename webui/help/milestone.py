"""Set up Milestone: the steps in XProtect stand in the page, the camera's side is checked here (manual 4.4, List tab)."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.words import NOTHING, Text, mark
from engine.actions import options_of
from webui.help._actions import peer_check, rule_check
from webui.help._topic import BAD, SAID, WARN, Topic, check
from webui.portal import Portal
from webui.view import shapes


def event_names(portal: Portal) -> tuple[str, ...]:
    """Names of the analytics events that its actions send."""
    found = []
    for rule in portal.store.rules():
        if rule.kind == "milestone":
            try:
                found.append(str(getattr(options_of(portal.kinds, rule.kind, rule.options)[1], "message", "")))
            except ConfigError:
                continue  # options of another release
    return tuple(dict.fromkeys(found))


def _milestone(portal: Portal, plate: str) -> list[shapes.HelpCheck]:
    rules = [rule for rule in portal.store.rules() if rule.kind == "milestone"]
    if not rules:
        todo = Text("Lists, a list, Actions, Add action, MILESTONE.")
        return [check(Text("The camera has a Milestone action"), WARN, Text("None yet."), todo, "/anpr/lists")]
    results = portal.store.rules.results()
    found = []
    for rule in rules:
        found.append(rule_check(portal, rule, results.get(rule.id)))
        try:
            _, options = options_of(portal.kinds, rule.kind, rule.options)
        except ConfigError as why:
            found.append(check(Text("Its options"), BAD, why.text, NOTHING, f"/anpr/actions/{rule.id}"))
            continue
        message = str(getattr(options, "message", ""))
        found.append(check(Text("Name of the analytics event to create"), SAID, message, NOTHING, f"/anpr/actions/{rule.id}"))
        peer = peer_check(portal, rule)
        found += [peer] if peer else []
    return found


TOPIC = Topic(
    "milestone",
    5,
    mark("Set up Milestone"),
    mark("What to do in XProtect so that it takes the events of this camera."),
    "actions",
    _milestone,
)
