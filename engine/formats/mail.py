"""Mail: a passage as an Internet message (RFC 5322, MIME), for people or for a central station that runs Immix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.formats.event import Device, clean
from engine.formats.places import filled, one_line
from engine.formats.xml_text import IN_TEXT
from engine.types import PlateEvent

if TYPE_CHECKING:
    from email.message import EmailMessage

LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

BETWEEN = r"[,;\n]"
"""What parts addresses."""

MOST_SUBJECT = 250

MOST_PLAIN = 60
"""Characters of a header's text that go into its line as they are."""

MOST_LINE = 78
"""Characters of a line (RFC 5322, 2.1.1), if it can be folded."""

SPECIAL = re.compile(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]")
"""What a name beside an address may only hold in quotes."""

IMMIX_EVENTS = (
    "VehicleDetected", "AccessGranted", "AccessDenied", "InputAlarm", "IntruderDetected", "LogicalEvent", "MotionDetected",
    "ObjectDetected", "ObjectEntered", "ObjectExited", "PanicAlarm", "SensorAlarm", "SystemEvent", "Tailgating", "TestAlarm",
)  # fmt: skip
"""Of the event types that Immix knows, those that a gate may mean."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`name`: of the file, any text; `content_type`: "image/jpeg"."""

    name: str
    content: bytes
    content_type: str


def address(text: str) -> str:
    """ "gate@example.org", as mail servers take it: a domain of other letters in its ASCII form (IDNA), without the dot that may
    end it elsewhere. ConfigError: it is none."""
    local, _, domain = text.strip().removesuffix(".").rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    if not LOCAL_PART.fullmatch(local) or len(local) > 64 or not DOMAIN.fullmatch(ascii_domain) or len(ascii_domain) > 253:
        raise ConfigError("{text!r} is not a mail address such as gate@example.org", text=text.strip()[:80])
    return f"{local}@{ascii_domain}"


def addresses(text: str) -> list[str]:
    """Those in a text, between commas, semicolons or line ends, each once. ConfigError: one is wrong, or there is none."""
    found = list(dict.fromkeys(address(each) for each in re.split(BETWEEN, text) if each.strip()))
    if not found:
        raise ConfigError("must name at least one mail address")
    return found


def sorted_out(text: str) -> tuple[list[str], list[str]]:
    """(those of `addresses`, what is there and is none)."""
    found: dict[str, None] = {}
    wrong: dict[str, None] = {}
    for each in filter(str.strip, re.split(BETWEEN, text)):
        try:
            found[address(each)] = None
        except ConfigError:
            wrong[each.strip()] = None
    return list(found), list(wrong)


def compose(
    event: PlateEvent,
    device: Device,
    *,
    sender: str,
    receivers: Sequence[str],
    subject: str,
    body: str,
    attachments: Sequence[Attachment],
    delivery_id: str,
) -> bytes:
    """The message in lines of ASCII. `subject` and `body` as they are said; no text of them, of the camera or of a file's name can
    add a header. The same for every try of one delivery: its date is the capture's."""
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP

    texts = [_line("Subject", one_line(subject)[:MOST_SUBJECT].strip()), _sender(one_line(device.name).strip(), sender)]
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    message["To"] = [Address(addr_spec=each) for each in receivers]
    message["Date"] = event.passage.at.astimezone(device.zone)
    message["Message-ID"] = f"<{delivery_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody is to answer that he is on holiday
    for name, value in (("Event", event.passage.id), ("Camera", device.id), ("Site", device.site)):
        if value:
            texts.append(_line(f"X-Gatewright-{name}", one_line(value).strip()))
    message.set_content(clean(body.replace("\r\n", "\n")))
    for each in attachments:
        _attach(message, each)
    return "".join(texts).encode("ascii") + message.as_bytes()


def _line(name: str, text: str) -> str:
    """A header with a text of one line in encoded words (RFC 2047) where it needs them: EmailMessage's own lose spaces between two
    such words, and take what only looks like one for one."""
    return f"{name}: {_words(name, text)}\r\n"


def _sender(name: str, spec: str) -> str:
    """The header From, with a name of one line."""
    from email.utils import quote

    said = _words("From", name)
    if said == name:  # plain words
        said = f'"{quote(name)}"' if SPECIAL.search(name) else name
    if not name:
        return f"From: {spec}\r\n"
    line = f"From: {said} <{spec}>"
    return f"{line}\r\n" if len(line) <= MOST_LINE else f"From: {said}\r\n <{spec}>\r\n"


def _words(name: str, text: str) -> str:
    from email.header import Header

    if text.isascii() and "=?" not in text and "  " not in text and len(text) <= MOST_PLAIN:
        return text
    return Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def immix(event: PlateEvent, device: Device, number: int, kind: str, text: str) -> str:
    """The body that Immix reads: its alarm `number`, one of IMMIX_EVENTS and what the operator sees."""
    said = {
        "VersionInfo": "1",
        "Input1": str(number),
        "EventType": kind,
        "ExtraText": text,
        "DateTime": f"{event.passage.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "Location": device.site,
        "URL": "",
    }
    inside = "".join(f"<{name}>{one_line(value).translate(IN_TEXT)}</{name}>\n" for name, value in said.items())
    return f"<Alarm>\n{inside}</Alarm>\n"


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    kind, _, subkind = attachment.content_type.partition(";")[0].partition("/")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", attachment.name)
    message.add_attachment(attachment.content, maintype=kind, subtype=subkind, filename=name)


def said(template: str, event: PlateEvent, device: Device) -> str:
    """A template of ours with its places filled, each with one line."""
    return filled(template, event, device, one_line)
