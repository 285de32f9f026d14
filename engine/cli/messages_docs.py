"""`engine messages`: a sample of every message, made by the formats themselves, as the reference page docs/messages.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from board.kit.from_json import from_json
from board.kit.words import Text
from engine.cli.peer_messages import sections
from engine.formats import mail, syslog
from engine.formats.event import FIELDS, Device
from engine.formats.messages import FORMATS, encode
from engine.lists import EARLIEST, LATEST
from engine.plates import LONGEST_BODY, EntryForm, told
from engine.types import Decision, ListEntry, Match, Passage, PassageImages, PlateEvent, PlateList

HEAD = """# Messages

Printed from the formats themselves by `python -m engine messages --markdown`; a test keeps this page current.

One event is made of each passage, and every format writes that one down. Its `event_id` is the same in all of them, also when a
message is sent again because an answer got lost: a receiver that keeps the ids takes none twice. `camera_id` tells cameras apart;
it comes from the board, stays the same over updates, and a copy of a card in another board gets one of its own (setting Camera
id: your own).

**Many cameras into one broker or database.** Every message names the camera (`camera_id`, `camera_name`, `site`) and the event
(`event_id`), but for SIMPLE, which is the plate and nothing else. The pair of `camera_id` and `event_id` is the key: insert it
once, and leave out what is there already (`INSERT ... ON CONFLICT (camera_id, event_id) DO NOTHING`), as everything is sent at
least once. Order by `time`, which is UTC and the capture's, never by when a message came.

Texts are UTF-8. Plates and descriptions may hold any character; what XML cannot carry (control characters) is U+FFFD instead.
"""

FRAMING = """
## Sockets

SOCKET CLIENT and SOCKET SERVER send these formats one after another over TCP, UTF-8 without a byte order mark. Option Framing:

| framing | what parts messages |
| --- | --- |
| `newline` | a line feed ends each message; none occurs within, as XML and JSON escape it |
| `length` | each begins with its length in bytes as four bytes, the highest first |
| `none` | nothing |

TRIGGER SERVER answers with `OK` and the id of the trigger, or `ERROR` and the reason, and once the car is read with the plate
(`SIMPLE`) or one of the formats; each answer ends with CR LF.
"""

MQTT = """
## MQTT

| topic | payload | retained |
| --- | --- | --- |
| `gatewright/{camera}/plates` (option Topic; also `{name}` `{site}` `{list}` `{plate}`) | one event, in the format | if chosen |
| `gatewright/{camera}/status` (option Status topic) | `online`, `offline` (the broker says it as the camera's last will) | yes |
| `homeassistant/event/{camera}/.../config` | discovery for Home Assistant, if chosen | yes |

MQTT 5, QoS 1, or 0 at a broker that acknowledges nothing. Content type and message expiry (what is left of the action's maximum
age) are set; user properties are `delivery_id` (the same in every repetition), `event_id`, `camera_id` and `site`, so that a
bridge can sort messages without opening them. `{camera}` is the camera's id: a subscriber to `gatewright/+/plates` gets
every camera, one to `site-a/+/plates` those whose option Topic says `site-a/{camera}/plates`. The client's id is made of the
camera's: when two cameras use one, the broker ends one connection for the other, and the Audit tab of both says so.
"""

ASKED = """
## Asking a server (ASK)

The question is the event in one of the formats above; nothing is decided yet, so that `decision` is empty. Over HTTP it is
posted, and the answer is the body of a response with status 200. Over MQTT 5 it is published to the topic, with the answer
topic as response topic and the event's id as correlation data, and the answer is published there, not retained. An answer is
at most 4096 bytes:

```json
{"event_id": "5f0c8a52-6f0e-4f0e-9a55-0d9c54a0c3c1", "allow": true, "reason": "office hours"}
```

`event_id` is the question's: an answer to another one counts for nothing. `allow` is true or false; `reason` may be missing,
and 120 characters of it stand in Audit. With a secret the question carries `X-Signature-256: sha256=` and the HMAC-SHA256 of
its body in hexadecimal (over MQTT as a user property of that name), and the answer must carry the same of its own body. What
comes after the time limit opens nothing.

All actions ASK that are due ask at the same time, each within its own limit. One answer that refuses is enough: nothing opens,
and nobody waits for the others; so it is with a server that gives none, where its action says *refuse*. Else, of several
actions of one list, a yes also counts for those that got no answer: a second server can stand in for the first.
"""

PICTURES = """Pictures are JPEG, shortened in these samples; one that was not stored or is deleted already is missing or empty."""

CAMERA = Device(
    "gw-0123456789ab", "Gate north", "Depot", ZoneInfo("Europe/Berlin"), (("VIVOTEK Building No.", "192"), ("Operator", "A & B"))
)
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00..."

_WHITE = PlateList(4, "WHITELIST", "white")
_ENTRY = ListEntry(7, 4, "HK 55 EVB", "Mr. Müller", EARLIEST, LATEST)
_MATCH = Match(_WHITE, _ENTRY)

SAMPLE = PlateEvent(
    passage=Passage(
        id="5f0c8a52-6f0e-4f0e-9a55-0d9c54a0c3c1",
        plate="HK55EVB",
        confidence=93.4,
        country="DE",
        region="",
        lane=1,
        direction="approach",
        char_height_px=31.5,
        at=datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        monotonic_ns=0,
        trigger_id="",
        trigger_cause="",
        votes=2,
        box=(512, 430, 178, 50),
        size=(1280, 960),
        images=PassageImages("2026-01-02/03/full.jpg", "2026-01-02/03/plate.jpg"),
        plate_colour="white",
    ),
    matches=(_MATCH, Match(PlateList(1, "ALL PLATES", "all"), None)),
    match=_MATCH,
    decision=Decision("opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]})),
)


def main(arguments: Sequence[str]) -> int:
    """Prints the page; 0."""
    parser = argparse.ArgumentParser(prog="python -m engine messages", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="the page docs/messages.md (without it the formats' names)")
    chosen = parser.parse_args(arguments)
    print(markdown() if chosen.markdown else names(), end="")
    return 0


def names() -> str:
    return "".join(f"{name}: {each.label}\n" for name, each in FORMATS.items())


def markdown() -> str:
    """The page docs/messages.md."""
    page = f"{HEAD}\n## Fields\n\n| field | what it says |\n| --- | --- |\n"
    page += "".join(f"| `{name}` | {what} |\n" for name, what in FIELDS.items())
    page += f"\n## Formats\n\n{PICTURES}\n"
    for name, each in FORMATS.items():
        body = encode(name, SAMPLE, CAMERA, lambda file: PICTURE if file else b"").body.decode()
        if each.extension == "json":
            body = json.dumps(from_json(body), ensure_ascii=False, indent=2)
        elif each.extension == "xml":
            tree = ElementTree.fromstring(body)
            ElementTree.indent(tree)
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(tree, "unicode")}'
        page += f"\n### {each.label} (`{name}`)\n\n`{each.content_type}`\n\n```{each.extension}\n{body.rstrip()}\n```\n"
        if each.extension != "txt":
            page += "\nIt is sent on one line.\n"
    return page + _without_plate() + FRAMING + ASKED + MQTT + _syslog() + _mail() + sections(SAMPLE, CAMERA, PICTURE) + _plates()


def _without_plate() -> str:
    """An event that is no car."""
    passage = replace(
        SAMPLE.passage,
        plate="",
        confidence=0.0,
        country="",
        lane=0,
        direction="",
        char_height_px=0.0,
        votes=0,
        plate_colour="",
        event="input",
        trigger_cause="input DI2 active",
        images_at=SAMPLE.passage.at - timedelta(seconds=41),
    )
    happened = Decision("reported", Text("{input} became {level}", {"input": "DI2", "level": Text("active")}))
    event = PlateEvent(passage, (), Match(PlateList(1, "ALL PLATES", "all"), None), happened)
    body = json.dumps(from_json(encode("JSON", event, CAMERA, lambda file: b"").body), ensure_ascii=False, indent=2)
    return f"""
### An event without a plate (`JSON`)

What happened stands in `event` and `decision`; an input, a timer or an event of the lane comes with the newest pictures that there
are, and `images_time` says when they were taken.

```json
{body}
```
"""


def _plates() -> str:
    """What the action MQTT takes and answers about plates."""
    fields = "".join(f"| `{name}` | {each.help} |\n" for name, each in EntryForm.model_fields.items())
    sample = {"owner": "Mr. Müller", "valid_until": "2026-05-31T18:00", "entries_left": 3}
    said = replace(_ENTRY, owner="Mr. Müller", valid_until=datetime(2026, 5, 31, 16, tzinfo=UTC), entries_left=3)
    done = {"ok": True, "done": "added", "entry": told(said, CAMERA.zone)}
    wrong = {
        "ok": False,
        "error": "there is no list GUESTS",
        "key": "there is no list {name}",
        "values": {"name": "GUESTS"},
        "problems": [],
    }
    shown = [json.dumps(each, ensure_ascii=False) for each in (sample, done, wrong)]
    return f"""
## Plates over MQTT

With the option *Change plates* of an enabled MQTT action, the camera takes messages from its broker. `...` is
`gatewright/CAMERA/lists/LIST/plates/PLATE` (option *Plates topic*); LIST is a list's name or id.

| topic | body | what it does |
| --- | --- | --- |
| `.../set` | JSON object, {LONGEST_BODY} bytes at most, with any of the fields below | adds or changes the plate; the rest stays |
| `.../delete` | not looked at | takes the plate out of the list |
| `.../result` | JSON object | the camera's answer, with the asker's correlation data (MQTT 5) |

```json
{shown[0]}
```

The answers; `done` is added, changed, unchanged or deleted, and `problems` names fields that are wrong:

```json
{shown[1]}
{shown[2]}
```

| field | what it says |
| --- | --- |
{fields}
Messages that the broker has retained are not carried out. What is sent while the camera is away is lost: an answer that does not
come within a few seconds means that it has to be sent again. Whoever the broker lets publish there lets cars in.
"""


def _syslog() -> str:
    line = syslog.message(SAMPLE, CAMERA, "local0", "notice", "HK55EVB in WHITELIST at Gate north")
    text = line.replace(syslog.BOM, b"").decode()
    return f"""
## Syslog

RFC 5424, in one line; a byte order mark stands before the text. What is empty is left out of the structured data.
Over TCP and TLS each message is preceded by its length in octets and a space.

```text
{text}
```
"""


def _mail() -> str:
    text = mail.immix(SAMPLE, CAMERA, 1, mail.IMMIX_EVENTS[0], "HK55EVB in WHITELIST")
    sample = mail.compose(
        SAMPLE,
        CAMERA,
        sender="camera@example.org",
        receivers=["gate@example.org"],
        subject="HK55EVB in WHITELIST",
        body=text,
        attachments=[],
        delivery_id="0b6f9c1e-8a3b-4c5d-9e7f-102030405060",
    )
    return f"""
## Mail

Subject and text are the installer's; this is one for Immix. Date and Message-ID stay the same when a mail is sent again.
Whom the server refuses for now (4xx) gets it later, and who has it already does not get it again; whom it refuses for good
(5xx) is named in Audit.

```text
{sample.decode().replace(chr(13), "").rstrip()}
```
"""
