"""STOPPED or NO LICENSE: what runs (manual 6.1, Modes NO LICENSE and STOPPED)."""

from __future__ import annotations

from board.kit.words import Text, mark
from engine.messages import NO_LICENSE, ServiceStatus
from webui.help._topic import BAD, OK, SAID, Topic, check
from webui.portal import Portal
from webui.view import shapes


def running(portal: Portal, plate: str = "") -> list[shapes.HelpCheck]:
    status, _ = portal.feed.status()
    return [service(status), licence(status), engine_runs(status)]


def service(status: ServiceStatus | None) -> shapes.HelpCheck:
    title = Text("The service runs")
    if status is None:
        todo = Text("Press Restart service in Logs, or Stop and Start on Package Management. Logs > Service says why it ended.")
        return check(title, BAD, Text("It does not answer: the mode is STOPPED."), todo, "/anpr/logs?log=service")
    return check(title, OK, Text("It answers."))


def licence(status: ServiceStatus | None) -> shapes.HelpCheck:
    title = Text("The camera has a licence")
    if status is None:
        return check(title, SAID, Text("Not known while the service is away."))
    if status.mode == NO_LICENSE:
        todo = Text("Enter a licence on the camera's Package Management page, or ask whom you bought the camera from.")
        return check(title, BAD, Text("There is none: the mode is NO LICENSE, and nothing is read."), todo, "/")
    return check(title, OK, Text("It has one."))


def engine_runs(status: ServiceStatus | None) -> shapes.HelpCheck:
    title = Text("The engine reads")
    engine = status.engine if status else None
    if engine is None:
        todo = Text("It is started again by itself; if this stays, Logs > Engine says why.")
        return check(title, BAD, Text("It does not run: the mode is STOPPED."), todo, "/anpr/logs?log=engine")
    found = Text("Mode {mode}, {ms} ms a read.", {"mode": engine.mode, "ms": round(engine.read_ms)})
    return check(title, OK, found)


TOPIC = Topic(
    "stopped",
    4,
    mark("STOPPED or NO LICENSE"),
    mark("What the mode of the Live tab means, and what to do about it."),
    "configure",
    running,
)
