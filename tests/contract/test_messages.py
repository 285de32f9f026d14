"""Messages of every format name the camera, its site and the event, so that thousands can share a broker or a database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.actions import find_kinds
from engine.cli.messages_docs import CAMERA, SAMPLE
from engine.formats import mail, milestone, syslog
from engine.formats.messages import FORMATS, encode

PLATE_ALONE = "SIMPLE"
"""The manual's format: the plate and nothing else."""


OTHERS = {"TEXT", "IMMIX", "JPG", "TEMPLATE"}
"""Texts of the installer, in mails that name the camera in their heads and in requests that offer {camera} and {event}; a picture,
whose file's name says it."""


def _mail() -> bytes:
    return mail.compose(
        SAMPLE, CAMERA, sender="a@example.org", receivers=["b@example.org"], subject="", body="", attachments=[], delivery_id="d"
    )


def _format(name: str) -> Callable[[], bytes]:
    return lambda: encode(name, SAMPLE, CAMERA, lambda file: b"").body


WRITTEN: dict[str, Callable[[], bytes]] = {
    **{name: _format(name) for name in FORMATS if name != PLATE_ALONE},
    "syslog": lambda: syslog.message(SAMPLE, CAMERA, "local0", "notice", ""),
    "mail": _mail,
    "milestone": lambda: milestone.analytics_event(SAMPLE, CAMERA, "d", "", "", b"").encode(),
}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_every_message_names_camera_site_and_event(name: str) -> None:
    body = WRITTEN[name]().decode()
    assert [what for what in (CAMERA.id, CAMERA.name, CAMERA.site, SAMPLE.passage.id) if what not in body] == []


def test_every_kind_that_offers_formats_offers_only_these() -> None:
    offered = {
        choice
        for kind in find_kinds().values()
        for name, info in kind.options.model_fields.items()
        if name == "format"
        for choice in info.choices
    }
    assert offered - OTHERS <= set(FORMATS) and {"JSON", "XML"} <= offered
