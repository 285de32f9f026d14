"""Problems: what keeps the camera from its work right now, where, and what to do about it: the top of the Live tab."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from board.kit.clock import CLOCK_KNOWN
from board.kit.words import NOTHING, Text
from engine.messages import NO_LICENSE, EngineStatus, ServiceStatus
from engine.settings.general import SD_CARD
from engine.store import rescue
from webui.portal import Portal
from webui.view import shapes

LOW_SPACE_PCT = 20
"""Below, the manual asks to review the purge options (6.3)."""

ERROR_SHOWN_FOR = timedelta(minutes=5)


def problems(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[shapes.LiveProblem]:
    """Worst first; empty when all is well."""
    if status is None:
        todo = Text("See Logs > Service; start the ANPR package in Package Management.")
        return [_problem("bad", Text("Service"), Text("does not answer, so no car is let in."), todo)]
    found = _of_service(status) + _of_engine(status.engine) + _of_database(portal) + _of_clock(portal)
    todo = Text("Look at the wiring of that line; Logs > Pins says since when.")
    found += [_problem("warn", Text("Board"), text, todo) for text in status.warnings]
    if status.last_error and _is_recent(portal, status.last_error_at):
        text = Text("{error} ({at})", {"error": status.last_error, "at": portal.local(status.last_error_at, zone)})
        found.append(
            _problem("warn", Text("Last error"), text, Text("Logs > Service says more; what actions did stands in Audit."))
        )
    card = status.card or _no_place_for_a_card(portal)
    if card:
        todo = Text("Put it in its place, or choose the camera in General configuration. Pictures stay in the camera meanwhile.")
        found.append(_problem("warn", Text("SD card"), card, todo))
    for name, free in ((Text("SD card"), status.sd_free_pct), (Text("Camera storage"), status.camera_free_pct)):
        if 0 <= free < LOW_SPACE_PCT:
            text = Text("only {free} % is free.", {"free": free})
            found.append(_problem("warn", name, text, Text("See Keep free in General configuration.")))
    return found


def _no_place_for_a_card(portal: Portal) -> Text:
    """The settings may come from a camera that has one."""
    if portal.stored_pictures.card is not None or portal.general().store_images_on != SD_CARD:
        return NOTHING
    return Text("this camera was started without a place for it")


def _of_service(status: ServiceStatus) -> list[shapes.LiveProblem]:
    found = []
    if status.mode == NO_LICENSE:
        todo = Text("Enter a licence on the camera's Package Management page.")
        found.append(_problem("bad", Text("Licence"), Text("there is no LPR licence: nothing is read."), todo))
    if status.pins:
        todo = Text("Outputs are at rest until it works again. Logs > Pins says more.")
        found.append(_problem("bad", Text("Pins"), status.pins, todo))
    if status.storage:
        todo = Text("Free some room, or lower what General configuration keeps. Gates open on meanwhile.")
        found.append(_problem("bad", Text("Storage"), status.storage, todo))
    todo = Text("Check its plug, its power and its settings; it is used again as soon as it is back.")
    found += [_problem("bad", Text(one.device), one.problem, todo) for one in status.devices if one.problem]
    return found


def _of_database(portal: Portal) -> list[shapes.LiveProblem]:
    told = rescue.notice(portal.state.database)
    if told is None:
        return []
    todo = Text("General configuration, Database: restore another copy, or take note of it.")
    return [_problem("bad", Text("Database"), told.text, todo)]


def _of_clock(portal: Portal) -> list[shapes.LiveProblem]:
    """A board without a battery for its clock begins in 1970, or where it stopped, until a time server answers."""
    if portal.clock.now() >= CLOCK_KNOWN:
        return []
    text = Text("The clock was never set since the board was switched on: entries without limits open, those with limits do not.")
    todo = Text("Set it on the camera's page Time; a time server does so by itself.")
    return [_problem("bad", Text("Time"), text, todo)]


def _of_engine(engine: EngineStatus | None) -> list[shapes.LiveProblem]:
    if engine is None:
        todo = Text("It is started again by itself; if this stays, see Logs > Engine.")
        return [_problem("bad", Text("Engine"), Text("is not running: nothing is read."), todo)]
    if engine.camera:
        todo = Text("Check its cable and the Camera settings in LPR configuration.")
        return [_problem("bad", Text("Camera"), engine.camera, todo)]
    todo = Text("The rest holds; change it on the Camera tab.")
    return [_problem("warn", Text("Camera"), note, todo) for note in engine.camera_notes]


def _problem(kind: str, where: Text, text: Text, todo: Text) -> shapes.LiveProblem:
    return {"kind": kind, "where": where, "text": text, "todo": todo}


def _is_recent(portal: Portal, at: datetime | None) -> bool:
    return at is not None and portal.clock.now() - at < ERROR_SHOWN_FOR
