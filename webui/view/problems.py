"""Problems: what keeps the camera from its work right now, where, and what to do about it: the top of the Live tab."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.messages import NO_LICENSE, EngineStatus, ServiceStatus
from webui.portal import Portal

LOW_SPACE_PCT = 20
"""Below, the manual asks to review the purge options (6.3)."""

ERROR_SHOWN_FOR = timedelta(minutes=5)


def problems(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[dict[str, str]]:
    """{kind: "bad" or "warn", where, text, todo} each, worst first; empty when all is well."""
    if status is None:
        todo = "See Logs > Service; start the ANPR package in Package Management."
        return [_problem("bad", "Service", "does not answer, so no car is let in.", todo)]
    found = _of_service(status) + _of_engine(status.engine)
    found += [
        _problem("warn", "Board", text, "Look at the wiring of that line; Logs > Pins says since when.") for text in status.warnings
    ]
    if status.last_error and _is_recent(portal, status.last_error_at):
        at = portal.local(status.last_error_at, zone)
        found.append(_problem("warn", "Last error", f"{status.last_error} ({at})", "Audit shows every action."))
    for name, free in (("SD card", status.sd_free_pct), ("Camera storage", status.camera_free_pct)):
        if 0 <= free < LOW_SPACE_PCT:
            found.append(_problem("warn", name, f"only {free} % is free.", "See Keep free in General configuration."))
    return found


def _of_service(status: ServiceStatus) -> list[dict[str, str]]:
    found = []
    if status.mode == NO_LICENSE:
        todo = "Enter a licence on the camera's Package Management page."
        found.append(_problem("bad", "Licence", "there is no LPR licence: nothing is read.", todo))
    if status.pins != "ok":
        found.append(_problem("bad", "Pins", status.pins, "Outputs are at rest until it works again. Logs > Pins says more."))
    todo = "Check its plug, its power and its settings; it is used again as soon as it is back."
    found += [_problem("bad", one.device, one.problem, todo) for one in status.devices if one.problem]
    return found


def _of_engine(engine: EngineStatus | None) -> list[dict[str, str]]:
    if engine is None:
        todo = "It is started again by itself; if this stays, see Logs > Engine."
        return [_problem("bad", "Engine", "is not running: nothing is read.", todo)]
    if engine.camera != "ok":
        return [_problem("bad", "Camera", engine.camera, "Check its cable and the Camera settings in LPR configuration.")]
    return [_problem("warn", "Camera", note, "The rest holds; change it on the Camera tab.") for note in engine.camera_notes]


def _problem(kind: str, where: str, text: str, todo: str) -> dict[str, str]:
    return {"kind": kind, "where": where, "text": text, "todo": todo}


def _is_recent(portal: Portal, at: datetime | None) -> bool:
    return at is not None and portal.clock.now() - at < ERROR_SHOWN_FOR
