"""Places: what `{plate}` and the like stand for in the texts that an installer writes: mails, file names, addresses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from board.kit import words
from engine.formats.event import Device, clean, stamp
from engine.formats.serial_text import check_places, fill
from engine.types import PlateEvent

PLACES: Mapping[str, Callable[[PlateEvent, Device], str]] = {
    "plate": lambda event, device: event.passage.plate or "NOPLATE",
    "list": lambda event, device: event.match.list.name,
    "description": lambda event, device: event.match.entry.description if event.match.entry else "",
    "decision": lambda event, device: event.decision.outcome,
    "reason": lambda event, device: str(event.decision.reason),
    "date": lambda event, device: f"{event.passage.at.astimezone(device.zone):%Y-%m-%d}",
    "time": lambda event, device: f"{event.passage.at.astimezone(device.zone):%H-%M-%S}",
    "clock": lambda event, device: f"{event.passage.at.astimezone(device.zone):%H:%M:%S}",
    "stamp": lambda event, device: stamp(event.passage.at.astimezone(device.zone)),
    "country": lambda event, device: event.passage.country,
    "lane": lambda event, device: str(event.passage.lane),
    "direction": lambda event, device: event.passage.direction,
    "confidence": lambda event, device: f"{event.passage.confidence:.0f}",
    "device": lambda event, device: device.name,
    "site": lambda event, device: device.site,
    "camera": lambda event, device: device.id,
    "event": lambda event, device: event.passage.id,
    "what": lambda event, device: event.passage.what,
    "unsure": lambda event, device: event.passage.unsure,
}
"""Place -> what it says; times are local."""

EXPLAINED = (
    "{plate}, {list}, {description}, {date}, {time} (12-30-59), {clock} (12:30:59), {device}, {site} and others are filled in"
)


def check_template(template: str, known: Collection[str] = tuple(PLACES)) -> str:
    """The template as it is; ConfigError names a `{place}` that there is not."""
    return check_places(template, known)


def filled(template: str, event: PlateEvent, device: Device, safe: Callable[[str], str] = clean) -> str:
    """The template with its places filled; `safe` makes each value harmless where it goes."""
    return fill(template, {name: safe(said(event, device)) for name, said in PLACES.items()})


def one_line(text: str) -> str:
    """The text without line ends and other control characters, which would begin something new where it goes."""
    return words.one_line(clean(text))
