"""No plate is read: the checks in the manual's order (manual 6.4, The system does not recognize license plates)."""

from __future__ import annotations

import re
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from board.kit.servers import read_servers
from board.kit.words import NOTHING, Text, mark
from engine.countries import countries
from engine.messages import EngineStatus, ServiceStatus
from engine.regions import area_pct, region_of
from webui.help._topic import BAD, NEWEST, OK, SAID, WARN, Topic, check, newest
from webui.help.stopped import running
from webui.portal import Portal
from webui.view import shapes
from webui.view.check import BLURRED_PCT, GOOD_HEIGHT_PX, SHARP_PCT

LOG_BYTES = 60_000
LINES = 6
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) [A-Z]+ \w+: ")
LEFT_OUT = re.compile(r"not valid|dropped by the repeat filter|a car left that was read")

FILTERS = {
    "confidence": mark("below the minimum confidence: {count}"), "small": mark("characters too small: {count}"),
    "large": mark("characters too large: {count}"), "characters": mark("too few characters: {count}"),
    "region": mark("not wholly inside the ROI: {count}"), "repeated": mark("repeated plates: {count}"),
}  # fmt: skip


def _no_plate(portal: Portal, plate: str) -> list[shapes.HelpCheck]:
    status, _ = portal.feed.status()
    engine = status.engine if status else None
    found = [
        *running(portal),
        _picture(engine),
        _countries(portal),
        _height(portal, engine),
        _sharpness(portal),
        _roi(portal, engine),
    ]
    mode = portal.lpr().mode
    found += [_motion(portal, engine)] if mode == "MOTION" else []
    found += _trigger(portal, status) if mode == "TRIGGER" else []
    return [*found, _filters(engine), _last_reads(portal)]


def _picture(engine: EngineStatus | None) -> shapes.HelpCheck:
    title = Text("The camera gives pictures")
    if engine is None:
        return check(title, SAID, Text("Not known while the engine is away."))
    if engine.camera:
        todo = Text("Check its cable and the Camera settings in LPR configuration.")
        return check(title, BAD, engine.camera, todo, "/anpr/lpr")
    return check(
        title, OK if engine.frames_per_s > 0 else WARN, Text("{fps} pictures a second.", {"fps": round(engine.frames_per_s, 1)})
    )


def _countries(portal: Portal) -> shapes.HelpCheck:
    lpr, known = portal.lpr(), countries()
    title = Text("Region and countries are the right ones")
    if not lpr.countries:
        todo = Text("Choose those whose plates come by.")
        return check(
            title, WARN, Text("{region}, but no country is chosen.", {"region": Text(lpr.region)}), todo, "/anpr/lpr#countries"
        )
    names = [known[code].name if "-" in code else Text(known[code].name) for code in lpr.countries if code in known]
    found = Text("{region}: {countries}", {"region": Text(lpr.region), "countries": names[:8]})
    return check(title, OK, found, NOTHING, "/anpr/lpr#countries")


def _height(portal: Portal, engine: EngineStatus | None) -> shapes.HelpCheck:
    title = Text("Plates are large enough")
    heights = [each.passage.char_height_px for each in newest(portal) if each.passage.char_height_px]
    small = engine.rejected.get("small", 0) if engine else 0
    least, (good, most) = portal.lpr().min_char_height_px, GOOD_HEIGHT_PX
    todo = Text(
        "Show the calibration pattern on Live: characters belong between its lines, {good} to 40 pixels high. Zoom in, or lower "
        "the minimum character height.", {"good": good},
    )  # fmt: skip
    if not heights:
        text = Text(
            "No car was read yet; {count} reads were smaller than the minimum of {least} pixels.",
            {"count": small, "least": least},
            one="No car was read yet; {count} read was smaller than the minimum of {least} pixels.",
        )
        return check(title, BAD if small else WARN, text, todo, "/anpr/live")
    middle = round(median(heights))
    text = Text(
        "{middle} pixels at the last cars; {count} reads were smaller than the minimum of {least}.",
        {"middle": middle, "count": small, "least": least},
        one="{middle} pixels at the last cars; {count} read was smaller than the minimum of {least}.",
    )
    return check(title, OK if good <= middle <= most else WARN, text, NOTHING if good <= middle <= most else todo, "/anpr/check")


def _sharpness(portal: Portal) -> shapes.HelpCheck:
    title = Text("The picture is sharp")
    edges = [each.look.edge_pct for each in portal.store.passages.looks(NEWEST) if each.look]
    todo = Text("Open the focus aid on Live and turn the lens until its bar is full.")
    if not edges:
        return check(title, SAID, Text("Not known before a car was read."), todo, "/anpr/live#focus")
    edge = median(edges)
    state = OK if edge <= SHARP_PCT else WARN if edge <= BLURRED_PCT else BAD
    found = Text("edges as wide as {edge} % of the character height", {"edge": round(edge)})
    return check(title, state, found, NOTHING if state == OK else todo, "/anpr/live#focus")


def _roi(portal: Portal, engine: EngineStatus | None) -> shapes.HelpCheck:
    title = Text("Plates lie inside the ROI")
    roi = region_of(portal.lpr())
    if roi is None:
        return check(title, OK, Text("No ROI is drawn: the whole picture is read."), NOTHING, "/anpr/lpr")
    outside = engine.rejected.get("region", 0) if engine else 0
    area = round(area_pct(roi))
    found = Text(
        "It covers {area} % of the picture; {count} reads were not wholly inside.",
        {"area": area, "count": outside},
        one="It covers {area} % of the picture; {count} read was not wholly inside.",
    )
    todo = Text("Draw it larger, or reset it, so that whole plates lie inside.")
    return check(title, WARN if outside or area < 10 else OK, found, todo if outside or area < 10 else NOTHING, "/anpr/lpr")


def _motion(portal: Portal, engine: EngineStatus | None) -> shapes.HelpCheck:
    title = Text("Something moves in the picture")
    threshold = portal.lpr().motion_threshold
    if threshold >= 100:
        return check(
            title, BAD, Text("The motion threshold is 100: nothing is ever read."), Text("Lower it, 3 is usual."), "/anpr/lpr"
        )
    if engine is None:
        return check(title, SAID, Text("Not known while the engine is away."))
    values = {"pct": engine.motion_pct, "threshold": threshold}
    found = Text("{pct} % of the picture changed in the last second, threshold {threshold} %.", values)
    todo = Text("Let a car drive by and look here: if the figure stays below the threshold, lower that.")
    moving = engine.motion_pct > threshold
    return check(title, OK if moving else SAID, found, NOTHING if moving else todo, "/anpr/lpr")


def _trigger(portal: Portal, status: ServiceStatus | None) -> list[shapes.HelpCheck]:
    general, lpr = portal.general(), portal.lpr()
    counters = {each.name: each for each in status.counters} if status else {}
    received, refused = counters.get("Triggers received"), counters.get("Triggers refused")
    address = read_servers(portal.state).get("trigger", "")
    port = Text("The trigger socket listens")
    if not general.trigger_port:
        listens = check(port, SAID, Text("It is switched off (port 0)."), NOTHING, "/anpr/general")
    elif not address:
        todo = Text(
            "Another program may have the port {port}: choose another one in General configuration.", {"port": general.trigger_port}
        )
        listens = check(port, BAD, Text("It does not."), todo, "/anpr/general")
    else:
        values = {"port": address.rpartition(":")[2], "message": general.trigger_message}
        todo = Text(
            "Try it from the sender's computer: telnet to port {port} and type {message}; the answer is OK or why not.", values
        )
        listens = check(port, OK, address, todo, "/anpr/general")
    count = received.value if received else 0
    when = portal.local(received.changed_at) if received and received.changed_at else ""
    found = Text(
        "{count}, the last one at {at}; {refused} refused.",
        {"count": count, "at": when or "–", "refused": refused.value if refused else 0},
    )
    todo = Text("Logs > Service has a line for each trigger: search for the word trigger.")
    came = check(Text("Triggers are received"), OK if count else BAD, found, todo, "/anpr/logs?log=service")
    line = Text("{input}, when it becomes {edge}.", {"input": lpr.trigger_input, "edge": Text(lpr.trigger_edge)})
    by_input = check(
        Text("The input that triggers"),
        SAID,
        line if lpr.trigger_io else Text("None: triggers by input are off."),
        NOTHING,
        "/anpr/lpr",
    )
    return [listens, came, by_input]


def _filters(engine: EngineStatus | None) -> shapes.HelpCheck:
    title = Text("The filters let plates through")
    if engine is None:
        return check(title, SAID, Text("Not known while the engine is away."))
    left = [Text(FILTERS[name], {"count": count}) for name, count in engine.rejected.items() if count and name in FILTERS]
    if not left:
        return check(title, OK, Text("Nothing was left out since the engine's start."), NOTHING, "/anpr/lpr")
    todo = Text("A plate that was read once and not again is held back by the filter time or the captures of LPR configuration.")
    return check(title, SAID, Text("Left out since the engine's start: {filters}", {"filters": left}), todo, "/anpr/lpr")


def _last_reads(portal: Portal) -> shapes.HelpCheck:
    title = Text("The last reads that were left out")
    zone = portal.zone()
    lines = [_for_people(portal, line, zone) for line in _tail(portal) if LEFT_OUT.search(line)][-LINES:]
    if not lines:
        return check(title, SAID, Text("None in the newest part of the Service log."), NOTHING, "/anpr/logs?log=service")
    return check(title, SAID, "\n".join(lines), NOTHING, "/anpr/logs?log=service")


def _for_people(portal: Portal, line: str, zone: ZoneInfo) -> str:
    """A line of a log with local time, and without what only programs look for."""
    begin = LINE.match(line)
    if begin is None:
        return line
    return f"{portal.local(datetime.fromisoformat(begin[1]), zone)} {line[begin.end() :]}"


def _tail(portal: Portal) -> list[str]:
    try:
        with (portal.state.logs / "service.log").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - LOG_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[1:]
    except OSError:
        return []


TOPIC = Topic(
    "no-plate",
    1,
    mark("No plate is read"),
    mark("The checks of the manual in their order, each made now. Put right what is red first."),
    "configure",
    _no_plate,
)
