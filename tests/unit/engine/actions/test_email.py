"""EMAIL action: the message itself, whatever the texts, and its options; tests/servers/test_email_action.py talks to servers."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiosmtpd.controller import Controller

from board.kit.errors import ConfigError
from board.kit.settings import check
from engine.actions.email import ACTION, EmailOptions
from engine.formats.event import Device
from engine.formats.mail import IMMIX_EVENTS, Attachment, address, addresses, compose, immix
from tests.daemons import free_port
from tests.samples import DEVICE, NOW, ActionPeer, entry, env, event

INJECTIONS = (
    "x\r\nBcc: thief@example.org",
    "x\nBcc: thief@example.org",
    "x\r\n\r\nbody",
    "x\u2028Bcc: a",
    "x\x00\x0b\x0c\x85y",
    "\r\n.\r\n",
)


class Box:
    """Keeps what is delivered, as (sender, receivers, bytes)."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A mail server that takes everything, until it is stopped."""
    controller = Controller(Box(), hostname="127.0.0.1", port=free_port())
    controller.start()
    options = {"host": "127.0.0.1", "port": controller.port, "tls": "none"}
    yield ActionPeer(options, env(images=folder), controller.stop)
    if controller.server is not None:
        controller.stop()


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def composed(plate: str = "HK55EVB", device: Device = DEVICE, **changes: Any) -> EmailMessage:
    values: dict[str, Any] = {
        "sender": "camera@example.org", "receivers": ["a@example.org"], "subject": "Plate", "body": "Hello\n", "attachments": (),
        "delivery_id": "d1",
    }  # fmt: skip
    raw = compose(event(plate), device, **{**values, **changes})
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998
    return read(raw)


def test_the_headers_are_those_of_an_automatic_message() -> None:
    made = composed(receivers=["a@example.org", "b@example.org"])
    assert dict(made.items()) == {
        "Subject": "Plate",
        "From": "Gate north <camera@example.org>",
        "To": "a@example.org, b@example.org",
        "Date": "Fri, 02 Jan 2026 04:04:05 +0100",
        "Message-ID": "<d1@example.org>",
        "Auto-Submitted": "auto-generated",
        "X-Gatewright-Event": "p1",
        "X-Gatewright-Camera": "gw-0123456789ab",
        "X-Gatewright-Site": "Depot",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert made["Date"].datetime.astimezone(UTC) == NOW


def test_texts_of_all_scripts_arrive_as_they_were() -> None:
    text = "차량 12가3456 · машина А123ВС77 · سيارة · Müller 🚗"
    device = Device("gw-1", "Größe, 北門 <x@y>", "", DEVICE.zone)
    made = composed(subject=text, body=f"{text}\n", device=device)
    assert (made["Subject"], made.get_content().replace("\r\n", "\n"), made["From"].addresses[0].display_name) == (
        text,
        f"{text}\n",
        "Größe, 北門 <x@y>",
    )
    assert made["From"].addresses[0].addr_spec == "camera@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "Zufahrt,   ; ب ب ع ١٢٣٤ Zufahrt, ب ب ع ١٢٣٤",
        "粤B·12345 " * 9 + "北門",
        "Müller steht vor dem Tor  Süd in der Straße der Pariser Kommune, Einfahrt für Lieferanten",
        "=?utf-8?q?HK55EVB?= in Guests",
        "x" * 250,
    ],
)
def test_a_subject_keeps_each_of_its_spaces_in_every_mail_program(text: str) -> None:
    raw = compose(
        event(), DEVICE, sender="a@b.org", receivers=["a@b.org"], subject=text, body="", attachments=(), delivery_id="d"
    )  # fmt: skip
    line = raw.partition(b"Subject: ")[2].partition(b"\r\nFrom")[0].decode()
    assert str(make_header(decode_header(line.replace("\r\n", "")))) == text
    assert read(raw)["Subject"] == text


def test_a_name_keeps_its_spaces_and_is_one_sender() -> None:
    sender = "camera-of-the-northern-gate@post.stadtwerke-beispielstadt-am-see.example"
    for name in ("Zufahrt, Nord-Ost-Tiefgarage-Stadtwerke", 'Tor "Nord", <x>', "بوابة الشمال مدخل الزوار ١٢٣٤ (ب) ; 北門", ""):
        device = Device("gw-1", name, "", DEVICE.zone)
        raw = compose(
            event(), device, sender=sender, receivers=[sender], subject="", body="", attachments=(), delivery_id="d"
        )  # fmt: skip
        found = email.message_from_bytes(raw)["From"].replace("\r\n", "")
        [(said, spec)] = getaddresses([found])
        assert (str(make_header(decode_header(said))), spec) == (name, sender)
    raw = compose(event(), DEVICE, sender="a@b.org", receivers=["a@b.org"], subject="", body="", attachments=(), delivery_id="d")
    assert f"\r\nFrom: {DEVICE.name} <a@b.org>\r\n".encode() in raw  # one line where it fits: receivers of alarms may look for it


@pytest.mark.parametrize("nasty", INJECTIONS)
def test_no_text_adds_a_header_or_a_part(nasty: str) -> None:
    device = Device("gw-1", nasty, nasty, DEVICE.zone)
    plain = composed(attachments=[Attachment("a.jpg", b"x", "image/jpeg")])
    made = composed(nasty, device, subject=nasty, body=nasty, attachments=[Attachment(nasty, b"x", "image/jpeg")])
    assert made.keys() == plain.keys()
    assert [part.keys() for part in made.iter_parts()] == [part.keys() for part in plain.iter_parts()]
    assert [part.get_content_type() for part in made.walk()] == ["multipart/mixed", "text/plain", "image/jpeg"]
    assert len(made["From"].addresses) == len(made["To"].addresses) == 1


def test_a_picture_keeps_its_bytes_and_a_harmless_name() -> None:
    content = bytes(range(256)) * 40
    made = composed(attachments=[Attachment("../Ü?/HK 55.jpg", content, "image/jpeg")])
    [part] = made.iter_attachments()
    assert (part.get_filename(), part.get_content_type(), part.get_content()) == ("..____HK_55.jpg", "image/jpeg", content)


def test_immix_reads_its_alarm() -> None:
    body = immix(event(), DEVICE, 21, "VehicleDetected", "HK55EVB <in> A&B\r\n</Alarm>")
    assert body == (
        "<Alarm>\n<VersionInfo>1</VersionInfo>\n<Input1>21</Input1>\n<EventType>VehicleDetected</EventType>\n"
        "<ExtraText>HK55EVB &lt;in&gt; A&amp;B  &lt;/Alarm&gt;</ExtraText>\n<DateTime>2026-01-02T03:04:05Z</DateTime>\n"
        "<Location>Depot</Location>\n<URL></URL>\n</Alarm>\n"
    )
    assert [each.tag for each in ElementTree.fromstring(body)][:3] == ["VersionInfo", "Input1", "EventType"]
    assert check(EmailOptions, {}).immix_event == IMMIX_EVENTS[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@example.org", ["a@example.org"]),
        (
            "a@example.org, b@example.org;c@example.org\nA+b.c@x.example.org,",
            ["a@example.org", "b@example.org", "c@example.org", "A+b.c@x.example.org"],
        ),
        ("a@example.org\na@example.org", ["a@example.org"]),
        ("wache@münchen.example", ["wache@xn--mnchen-3ya.example"]),
        ("S23375@ImmixAlarms.com", ["S23375@ImmixAlarms.com"]),
        ("a@example.org.", ["a@example.org"]),
    ],
)
def test_receivers_are_read_from_a_text(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b",
        "a@",
        "a b@c.org",
        "a@b@c.org",
        "Me <a@b.org>",
        "a@b.org>\r",
        "a..b@c.org",
        "ü@b.org",
        "a@b.org\x00",
        "a@[1.2.3.4]",
        "a@b..org",
        "a@b.org..",
    ],
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a mail address such as "):
        address(text)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"to": " , "}, "Receivers: must name at least one mail address"),
        ({"to": ""}, "Receivers: must name at least one mail address"),
        ({"to": "a@b.org, x"}, "Receivers: 'x' is not a mail address"),
        ({"sender": "x"}, "Sender: 'x' is not a mail address"),
        ({"subject": "{nobody}"}, r"Subject: there is no \{nobody\}"),
        ({"body": "{nobody}"}, r"Text: there is no \{nobody\}"),
        ({"host": "smtp://x"}, "Host: must be a host name"),
        ({"tls": "ssl"}, "Encryption: must be one of starttls, tls, none"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check(EmailOptions, options)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_a_peer_is_host_and_port(tls: str, port: int) -> None:
    assert ACTION.peer(EmailOptions(host="mail.example", tls=tls)) == f"mail.example:{port}"


@pytest.mark.parametrize(
    ("to", "mail", "envelope", "header"),
    [
        ("gate@example.org", "anna@example.com", ["gate@example.org", "anna@example.com"], "gate@example.org"),
        ("gate@example.org", "", ["gate@example.org"], "gate@example.org"),
        ("gate@example.org", "gate@example.org", ["gate@example.org"], "gate@example.org"),
        ("", "anna@münchen.example", ["anna@xn--mnchen-3ya.example"], "anna@xn--mnchen-3ya.example"),
    ],
)
def test_the_plates_own_address_gets_the_mail_unseen_by_the_others(
    tmp_path: Path, to: str, mail: str, envelope: list[str], header: str
) -> None:
    with mailbox() as (box, options):
        settings = EmailOptions(**options, to=to, to_entry=True, images="none")
        said = ACTION.deliver(event(listed=entry("HK55EVB", email=mail)), settings, env(images=tmp_path))
        assert str(said).endswith(f"took the mail for {', '.join(envelope)}")
    ((_, receivers, raw),) = box.got
    assert (receivers, read(raw)["To"]) == (envelope, header)


def test_without_an_address_nothing_is_sent_and_a_plate_that_only_looks_alike_gets_no_mail(tmp_path: Path) -> None:
    near = event(listed=entry("HK55EV8", email="otto@example.com"))
    near = replace(near, matches=tuple(replace(match, distance=1) for match in near.matches))
    with mailbox() as (box, options):
        settings = EmailOptions(**options, to="", to_entry=True, images="none")
        for each in (near, event(listed=entry("HK55EVB")), event()):
            said = ACTION.deliver(each, settings, env(images=tmp_path))
            assert str(said) == "nothing was sent: the plate's entry has no e-mail address"
    assert box.got == []


@pytest.mark.parametrize("wrong", ["jörg@example.org", "anna@example..org", "anna@gate_1.org"])
def test_a_plates_own_address_that_is_none_costs_nobody_else_the_mail(tmp_path: Path, wrong: str) -> None:
    listed = event(listed=entry("HK55EVB", email=wrong))
    with mailbox() as (box, options):
        said = ACTION.deliver(listed, EmailOptions(**options, to_entry=True, images="none"), env(images=tmp_path))
        assert str(said).endswith(f"took the mail for gate@example.org, but not for {wrong}")
        with pytest.raises(ConfigError, match=f"'{wrong}' is not a mail address"):
            ACTION.deliver(listed, EmailOptions(**options, to="", to_entry=True, images="none"), env(images=tmp_path))
    assert [receivers for _, receivers, _ in box.got] == [["gate@example.org"]]


@contextmanager
def mailbox() -> Iterator[tuple[Box, dict[str, Any]]]:
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, {"host": "127.0.0.1", "port": controller.port, "tls": "none"}
    controller.stop()
