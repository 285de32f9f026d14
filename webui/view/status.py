"""Status: the camera's state as the Live tab shows it: problems, counters, lines, last Wiegand frame, newest reads.

Source: manual 4.2, Live tab.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from board.kit.errors import BoardError
from board.kit.words import Text, mark
from board.types import WiegandCode
from board.wiegand.codes import LAYOUTS, PLATE_BITS, bit_text, decode, decode_plate64
from engine.messages import STOPPED, EngineStatus, LiveReads, ServiceStatus
from engine.regions import corners_of, masks_of, region_of
from engine.types import WiegandFrame
from webui.portal import Portal
from webui.view import lane, shapes
from webui.view.gate import gate
from webui.view.problems import problems

INFO = (
    mark("Results"),
    mark("Actions"),
    mark("Exports"),
    mark("Imports"),
    mark("Triggers received"),
    mark("Triggers refused"),
    mark("Frames processed"),
    mark("Wiegand frames repeated"),
)
"""Counters that the Info panel names while the service does not answer (manual 4.2, Live tab)."""


def shown(portal: Portal, status: ServiceStatus | None, age_s: float) -> dict[str, Any]:
    """JSON types and Texts; `status` None: the service is gone (mode STOPPED), and was heard last `age_s` ago (-1: not at all).

    What is not so any more is left out; `age_s` in the document says how long ago engine or service were heard last."""
    engine = status.engine if status else None
    lpr, zone = portal.lpr(), portal.zone()
    roi = region_of(lpr)
    return {
        "mode": status.mode if status else STOPPED,
        "simulated": portal.profile.simulated,
        "now_local": portal.local(portal.clock.now(), zone),
        "problems": problems(portal, status, zone),
        "info": _info(portal, status, zone),
        "lines": _lines(portal, status, zone),
        "wiegand": _wiegand(portal, status.wiegand, zone) if status and status.wiegand else None,
        "engine": _engine(engine) if engine else None,
        "age_s": round(age_s if status is None or engine is not None else status.last_engine_age_s, 1),
        "live": reads(status.live) if status is not None and status.live is not None else None,
        "roi": lpr.roi,
        "lane_line": lpr.lane_line,
        "masks": lpr.masks,
        "roi_corners": corners_of(roi) if roi else (),
        "mask_corners": tuple(map(corners_of, masks_of(lpr))),
        "lane": lane.shown(portal, status.lane if status else None),
    }


def _engine(engine: EngineStatus) -> dict[str, Any]:
    return {
        "frames_processed": engine.frames_processed,
        "frames_per_s": engine.frames_per_s,
        "read_ms": engine.read_ms,
        "camera": engine.camera or Text("ok"),
        "size": engine.size,
        "motion_pct": engine.motion_pct,
        "rejected": dict(engine.rejected),
    }


def reads(live: LiveReads) -> dict[str, Any]:
    """What was read in one frame, and where."""
    found = [{"text": read.text, "confidence": read.confidence, "box": read.box} for read in live.reads]
    return {"frame_seq": live.frame_seq, "reads": found}


def _info(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[shapes.InfoRow]:
    counters = status.counters if status else ()
    rows = [_row(Text(each.name), str(each.value), portal.local(each.changed_at, zone)) for each in counters]
    rows = rows or [_row(Text(name), "–", "") for name in INFO]
    engine = status.engine if status else None
    sd, camera = (status.sd_free_pct, status.camera_free_pct) if status else (-1, -1)
    changed = {name: portal.local(at, zone) for name, at in status.changed.items()} if status else {}
    height = engine.last_char_height_px if engine else 0
    rows += [
        _row(Text("Frames lost"), str(engine.frames_lost) if engine else "–", ""),
        _row(Text("Frames late"), str(engine.frames_late) if engine else "–", ""),
        *([_row(Text("Exposure"), Text(engine.preset), "")] if engine and engine.preset else []),
        _row(Text("SD space free (%)"), str(sd) if sd >= 0 else Text("no card") if status else "–", changed.get("sd", "")),
        _row(Text("Camera free space (%)"), str(camera) if camera >= 0 else "–", changed.get("camera", "")),
        _row(Text("Last Size (pixels)"), f"{height:.0f}" if height else "–", changed.get("height", "") if height else ""),
        _row(Text("Mode"), Text(status.mode if status else STOPPED), ""),
    ]
    return rows


def _row(name: Text, value: str | Text, changed: str) -> shapes.InfoRow:
    return {"name": name, "value": value, "changed": changed}


def _lines(portal: Portal, status: ServiceStatus | None, zone: ZoneInfo) -> list[dict[str, Any]]:
    if status is None:
        return []
    opens = gate(portal).output
    settable = {line.name for line in portal.profile.inputs} - {driven for _, driven in portal.profile.wires}
    return [
        {
            "name": line.name,
            "kind": line.kind,
            "active": line.active,
            "changed_at": line.changed_at.isoformat() if line.changed_at else None,
            "changed_local": portal.local(line.changed_at, zone),
            "gate": line.name == opens,
            "settable": portal.profile.simulated and line.kind == "input" and line.name in settable,
        }
        for line in status.lines
    ]


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
