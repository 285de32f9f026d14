"""Actions as help looks at them: switched on, in force, what became of them last, and whether their host answers."""

from __future__ import annotations

import time

from board.kit.errors import ConfigError
from board.kit.words import NOTHING, Text
from engine.actions import options_of
from engine.network import Network, reachable
from engine.store import RuleResult
from engine.types import ActionRule
from engine.week import in_force
from webui.help._topic import BAD, OK, WARN, check
from webui.portal import Portal
from webui.view import shapes

CONNECT_S = 2.0


def rule_check(portal: Portal, rule: ActionRule, result: RuleResult | None) -> shapes.HelpCheck:
    title = Text("Action {action}", {"action": rule.name})
    href = f"/anpr/actions/{rule.id}"
    if not rule.enabled:
        return check(title, BAD, Text("It is switched off."), Text("Switch it on in the list's actions."), href)
    if not in_force(rule.week, portal.clock.now(), portal.zone()):
        return check(
            title, BAD, Text("Its schedule does not hold now."), Text("Look at its week, and at the camera's time zone."), href
        )
    done_at = result.done_at if result else None
    if result and result.error_at is not None and result.is_failing:
        values = {"at": portal.local(result.error_at), "error": result.error}
        return check(title, BAD, Text("It failed last, at {at}: {error}", values), Text("Open it and press TEST."), href)
    if done_at is None:
        return check(title, WARN, Text("It is on and in force, and was never carried out."), Text("Open it and press TEST."), href)
    return check(title, OK, Text("It is on and in force; last carried out at {at}.", {"at": portal.local(done_at)}), NOTHING, href)


def peer_check(portal: Portal, rule: ActionRule) -> shapes.HelpCheck | None:
    """Whether the host of an action takes connections; None for kinds without one."""
    try:
        _, options = options_of(portal.kinds, rule.kind, rule.options)
    except ConfigError:
        return None
    host, port = getattr(options, "host", ""), getattr(options, "port", 0)
    if not rule.enabled or not isinstance(host, str) or not host or not isinstance(port, int) or not port:
        return None
    title = Text("{host} takes connections at port {port}", {"host": host, "port": port})
    todo = Text("Check host and port of the action, the cable, and the firewall of that computer.")
    network = Network(lambda: reachable(portal.general().action_addresses))
    try:
        network.connect(host, port, time.monotonic() + CONNECT_S).close()
    except ConfigError as why:
        return check(title, BAD, why.text, todo, f"/anpr/actions/{rule.id}")
    except OSError as why:
        return check(
            title,
            BAD,
            why.strerror or Text("no answer within {seconds:g} s", {"seconds": CONNECT_S}),
            todo,
            f"/anpr/actions/{rule.id}",
        )
    return check(title, OK, Text("It does."))
