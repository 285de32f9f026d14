"""Action not triggered: why nothing happened for a plate (manual 6.5, Problem with actions)."""

from __future__ import annotations

from board.kit.words import NOTHING, Text, mark
from engine.lists import comparable, normalise
from engine.messages import ServiceStatus
from engine.store import DeliveryQuery, PassageQuery, StoredPassage
from engine.types import PlateList
from webui.help._actions import peer_check, rule_check
from webui.help._topic import BAD, OK, SAID, WARN, Topic, check, newest
from webui.help.stopped import service
from webui.portal import Portal
from webui.view import shapes

LINES = 6
MOST = 100
"""Passages that are looked through for look-alikes."""


def _no_action(portal: Portal, plate: str) -> list[shapes.HelpCheck]:
    plate = plate or next((each.passage.plate for each in newest(portal)), "")
    if not plate:
        todo = Text("Let a car drive by, or enter its plate above.")
        return [check(Text("A plate was read"), BAD, Text("None yet."), todo, "/anpr/help/no-plate")]
    status, _ = portal.feed.status()
    now, zone = portal.clock.now(), portal.zone()
    finding = portal.store.entries.find(plate, now, portal.lpr().fold_lookalikes, zone)
    lists = [match.list for match in finding.matches]
    names = [each.name for each in lists]
    rules = [rule for each in lists for rule in portal.store.rules(each.id)]
    listed = (
        Text("{plate} is on {lists} now", {"plate": plate, "lists": names})
        if names
        else Text("{plate} is on no list", {"plate": plate})
    )
    found = [service(status), _read(portal, plate), check(Text("The plate is in a list"), SAID, listed, NOTHING, "/anpr/lists")]
    found += [
        check(
            Text("An entry of it does not hold"),
            WARN,
            each.list.name,
            Text("Look at its dates, hours and entries left."),
            f"/anpr/lists/{each.list.id}",
        )
        for each in finding.lapsed
    ]
    if not rules:
        todo = Text("Add an action to one of them, to ALL PLATES, or to NOT IN LIST for plates on no list.")
        found.append(check(Text("A list of it has an action"), BAD, Text("None has."), todo, _actions_of(lists)))
    results = portal.store.rules.results()
    for rule in rules:
        found.append(rule_check(portal, rule, results.get(rule.id)))
        peer = peer_check(portal, rule)
        found += [peer] if peer else []
    return [*found, _deliveries(portal, plate), _pins(status)]


def _actions_of(lists: list[PlateList]) -> str:
    return f"/anpr/lists/{lists[0].id}?view=actions" if lists else "/anpr/lists"


def _read(portal: Portal, plate: str) -> shapes.HelpCheck:
    title = Text("The plate was read, and what was decided")
    last = _last(portal, plate)
    if last is None:
        return check(
            title, BAD, Text("{plate} was not read yet.", {"plate": plate}), Text("See No plate is read."), "/anpr/help/no-plate"
        )
    values = {"at": portal.local(last.passage.at), "decision": last.decision.reason or Text("no action")}
    state = OK if last.decision.outcome == "opened" else WARN
    return check(title, state, Text("At {at}: {decision}", values), NOTHING, "/anpr/review")


def _last(portal: Portal, plate: str) -> StoredPassage | None:
    """The newest passage of the plate, or of one that looks like it where those count as the same."""
    key = normalise(plate)
    found = portal.store.passages.of_key(key, limit=1)
    if portal.lpr().fold_lookalikes:
        alike = portal.store.passages(PassageQuery(plate=plate, limit=MOST))
        found += [each for each in alike if comparable(each.passage.plate) == comparable(plate)]
    return max(found, key=lambda each: each.passage.at, default=None)


def _deliveries(portal: Portal, plate: str) -> shapes.HelpCheck:
    title = Text("What Audit says of the last passage")
    last = _last(portal, plate)
    found = portal.store.deliveries(DeliveryQuery(passage_id=last.passage.id)) if last else []
    if not found:
        return check(title, SAID, Text("No action was due."), NOTHING, "/anpr/audit")
    bad = [each for each in found if each.delivery.state in ("failed", "expired", "withheld")]
    labels = {name: Text(kind.label) for name, kind in portal.kinds.items()}
    said = [
        Text(
            "{action}: {state}, {note}",
            {
                "action": each.rule_name or labels.get(each.delivery.kind, each.delivery.kind),
                "state": Text(each.delivery.state),
                "note": each.delivery.note or "–",
            },
        )
        for each in (bad or found)[:LINES]
    ]
    return check(title, BAD if bad else OK, Text("{deliveries}", {"deliveries": said}), NOTHING, "/anpr/audit")


def _pins(status: ServiceStatus | None) -> shapes.HelpCheck:
    title = Text("Outputs can be switched")
    if status is None:
        return check(title, SAID, Text("Not known while the service is away."))
    if status.pins:
        return check(title, BAD, status.pins, Text("Logs > Pins says more."), "/anpr/logs?log=pins")
    todo = Text("With a multimeter at the output's terminals, press TEST of its action: the level must change for the set time.")
    return check(title, OK, Text("The pins process answers."), todo)


TOPIC = Topic(
    "no-action",
    2,
    mark("Action not triggered"),
    mark("Why did nothing happen for this plate? Each check is made now."),
    "actions",
    _no_action,
    asks_plate=True,
)
