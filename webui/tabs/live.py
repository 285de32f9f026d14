"""Live tab: picture, last result, recent passages, board and counters (manual 4.2)."""

from __future__ import annotations

import dataclasses
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.errors import BoardError, ConfigError
from board.types import WiegandCode
from board.wiegand.codes import LAYOUTS, PLATE_BITS, bit_text, decode, decode_plate64
from engine.actions import options_of
from engine.messages import STOPPED, EngineStatus, FireTrigger, ServiceStatus, TriggerAnswer
from engine.store import PassageQuery
from engine.types import Roi, WiegandFrame
from webui.focus import WHOLE
from webui.passages import shown
from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data
from webui.problems import problems

INFO = (
    "Results",
    "Actions",
    "Exports",
    "Imports",
    "Triggers received",
    "Triggers refused",
    "Frames processed",
    "Wiegand frames repeated",
)
"""Counters that the Info panel names while the service does not answer (manual 4.2)."""

MAX_WAIT_S = 30.0


def _page(portal: Portal, call: Call) -> Answer:
    return portal.pages.answer(portal, call, "live", "Live", tab="live")


# --- picture ----------------------------------------------------------------------------------------------------------


def _frame(portal: Portal, call: Call) -> Answer:
    focus = _focus_region(portal) if call.query.get("focus") == "1" else None
    picture = portal.picture.newest(call.number("width", 960, 1, 4096), focus)
    if picture is None:
        raise Refused(503, "No picture yet: the engine has not delivered one. Is its camera there? Logs > Engine says more.")
    age_s = max(0.0, (portal.clock.monotonic_ns() - picture.monotonic_ns) / 1e9)
    headers: tuple[tuple[str, str], ...] = (
        ("X-Frame-Seq", str(picture.seq)),
        ("X-Frame-Size", f"{picture.size[0]}x{picture.size[1]}"),
        ("X-Frame-Age-S", f"{age_s:.1f}"),
    )
    if picture.sharpness is not None:
        headers += (("X-Sharpness", f"{picture.sharpness:.1f}"),)
    if picture.seq == call.number("seq", -1, -1, 2**62):
        return Answer(b"", "image/jpeg", 204, headers)
    return Answer(picture.data, "image/jpeg", 200, headers)


def _focus_region(portal: Portal) -> Roi:
    roi = portal.lpr().roi
    return Roi(*roi) if roi else WHOLE


# --- status -----------------------------------------------------------------------------------------------------------


def _status(portal: Portal, call: Call) -> Answer:
    status = portal.service.status()
    engine = status.engine if status else None
    lpr, zone = portal.lpr(), portal.zone()
    return data(
        {
            "mode": status.mode if status else STOPPED,
            "simulated": portal.profile.simulated,
            "now_local": portal.local(portal.clock.now(), zone),
            "problems": problems(portal, status, zone),
            "info": _info(portal, status, zone),
            "lines": _lines(portal, status, zone),
            "wiegand": _wiegand(portal, status.wiegand, zone) if status and status.wiegand else None,
            "engine": _engine(engine) if engine else None,
            "live": _live(status),
            "roi": lpr.roi,
            "lane_line": lpr.lane_line,
        }
    )


def _engine(engine: EngineStatus) -> dict[str, Any]:
    return {
        "frames_processed": engine.frames_processed,
        "frames_per_s": engine.frames_per_s,
        "read_ms": engine.read_ms,
        "camera": engine.camera,
        "size": engine.size,
    }


def _live(status: ServiceStatus | None) -> dict[str, Any] | None:
    if status is None or status.live is None:
        return None
    reads = [{"text": read.text, "confidence": read.confidence, "box": read.box} for read in status.live.reads]
    return {"frame_seq": status.live.frame_seq, "reads": reads}


def _info(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[dict[str, str]]:
    counters = status.counters if status else ()
    rows = [_row(each.name, str(each.value), portal.local(each.changed_at, zone)) for each in counters]
    rows = rows or [_row(name, "–", "") for name in INFO]
    engine = status.engine if status else None
    sd, camera = (status.sd_free_pct, status.camera_free_pct) if status else (-1, -1)
    rows += [
        _row("Frames lost", str(engine.frames_lost) if engine else "–", ""),
        _row("Frames late", str(engine.frames_late) if engine else "–", ""),
        *([_row("Exposure", engine.preset, "")] if engine and engine.preset else []),
        _row("SD space free (%)", str(sd) if sd >= 0 else "no card" if status else "–", ""),
        _row("Camera free space (%)", str(camera) if camera >= 0 else "–", ""),
        _row("Last Size (pixels)", f"{engine.last_char_height_px:.0f}" if engine and engine.last_char_height_px else "–", ""),
        _row("Mode", status.mode if status else STOPPED, ""),
    ]
    return rows


def _row(name: str, value: str, changed: str) -> dict[str, str]:
    return {"name": name, "value": value, "changed": changed[5:]}


# --- board ------------------------------------------------------------------------------------------------------------


def _lines(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[dict[str, Any]]:
    if status is None:
        return []
    gate = _gate_output(portal)
    settable = {line.name for line in portal.profile.inputs} - {driven for _, driven in portal.profile.wires}
    return [
        {
            "name": line.name,
            "kind": line.kind,
            "active": line.active,
            "changed_at": line.changed_at.isoformat() if line.changed_at else None,
            "changed_local": portal.local(line.changed_at, zone),
            "gate": line.name == gate,
            "settable": portal.profile.simulated and line.kind == "input" and line.name in settable,
        }
        for line in status.lines
    ]


def _gate_output(portal: Portal) -> str:
    """The output that lets cars in: what the first enabled action of a list that is no blacklist opens, else the first."""
    black = {each.id for each in portal.store.lists() if each.role == "black"}
    for rule in portal.store.rules():
        if not rule.enabled or rule.list_id in black:
            continue
        try:
            kind, options = options_of(portal.kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release
        output = kind.gate_output(options)
        if output:
            return output
    return portal.profile.outputs[0].name if portal.profile.outputs else ""


def _wiegand(portal: Portal, frame: WiegandFrame, zone: ZoneInfo) -> dict[str, Any]:
    label, facility, card = _decoded(frame.code)
    return {
        "port": frame.port,
        "bits": frame.code.bits,
        "binary": bit_text(frame.code),
        "hex": f"0x{frame.code.value:X}",
        "layout": label,
        "facility": facility,
        "card": card,
        "ok": frame.ok,
        "at_local": portal.local(frame.at, zone),
    }


def _decoded(code: WiegandCode) -> tuple[str, int | None, int | None]:
    """(layout's label, facility, card) of the first layout of that length; ("", None, None) for none. A plate code's label holds
    the plate."""
    if code.bits == PLATE_BITS:
        try:
            return f"Wiegand 64: plate {decode_plate64(code)}", None, None
        except BoardError:
            return "", None, None
    for layout in LAYOUTS.values():
        if layout.bits != code.bits:
            continue
        try:
            facility, card = decode(layout, code)
        except BoardError:
            continue
        return layout.label, facility, card
    return "", None, None


def _set_input(portal: Portal, call: Call) -> Answer:
    from board.gpio.sim import set_input

    active = call.body.get("active")
    if not isinstance(active, bool):
        raise Refused(422, "active: true or false")
    line = next((each for each in portal.profile.inputs if each.name == call.path["name"]), None)
    if line is None or not portal.profile.simulated:
        raise Refused(404, "Only inputs of a simulated board can be set here.")
    set_input(portal.state, line.name, int(active == line.active_high))
    return data({"name": line.name, "active": active})


# --- triggers and passages --------------------------------------------------------------------------------------------


def _trigger(portal: Portal, call: Call) -> Answer:
    wait_s = call.body.get("wait_s", 0)
    if isinstance(wait_s, bool) or not isinstance(wait_s, (int, float)) or not 0 <= wait_s <= MAX_WAIT_S:
        raise Refused(422, "wait_s: a number from 0 to {max_wait_s:.0f}", max_wait_s=MAX_WAIT_S)
    answer = portal.service.ask(FireTrigger(f"http {call.user}", float(wait_s)), TriggerAnswer, wait_s + 5)
    if not answer.accepted:
        return data({"accepted": False, "why": answer.why, "error": f"Trigger refused: {answer.why}"}, 409)
    passage = dataclasses.asdict(answer.passage) if answer.passage else None
    if answer.passage and passage:
        passage["at"] = answer.passage.at.isoformat()
    return data({"accepted": True, "why": "", "trigger_id": answer.trigger_id, "passage": passage})


def _passages(portal: Portal, call: Call) -> Answer:
    after = call.number("after", 0, 0, 2**62)
    found = portal.store.passages(PassageQuery(after_rowid=after, limit=call.number("limit", 20, 1, 100)))
    zone = portal.zone()
    return data(
        {"newest": max((each.rowid for each in found), default=after), "passages": [shown(portal, each, zone) for each in found]}
    )


def _passage(portal: Portal, call: Call) -> Answer:
    found = portal.store.passages.get(call.path["id"])
    if found is None:
        raise Refused(404, "There is no such passage.")
    return data(shown(portal, found, portal.zone()))


TAB = Tab(
    "live",
    "Live",
    1,
    "viewer",
    (
        Route("GET", "live", "viewer", _page),
        Route("GET", "api/status", "viewer", _status, "Mode, errors, counters, lines, last Wiegand frame, newest picture's reads."),
        Route(
            "GET",
            "api/frame",
            "viewer",
            _frame,
            "Newest picture as JPEG, `width` px wide; 204 when its number is still `seq`; with `focus=1` its X-Sharpness.",
        ),
        Route("GET", "api/passages", "viewer", _passages, "Passages with a row over `after`, newest first, at most `limit` (100)."),
        Route("GET", "api/passages/<id>", "viewer", _passage, "One passage."),
        Route(
            "POST",
            "api/trigger",
            "operator",
            _trigger,
            "Fires a trigger; `wait_s` (0 to 30): the answer waits for the passage. 409: refused, `why` says why.",
        ),
        Route("POST", "api/board/inputs/<name>", "operator", _set_input, 'Drives an input of a simulated board, {"active": true}.'),
    ),
)
