"""List forms: what is typed for a list and for a plate of a list, declared once for the dialogs, the checks and the API."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.settings import Settings, field_validator, option
from board.kit.words import mark
from engine.lists import limit, moment, normalise, written
from engine.types import ListEntry

ROLES = (("custom", mark("Own list")), ("white", mark("Whitelist")), ("black", mark("Blacklist")), ("wish", mark("Wish list")))
ROLE_CHOICES = {"list_role": ROLES}


class ListForm(Settings):
    """List"""

    name: str = option("", "List name", "Shown with every result of a plate in this list.", min_length=1, max_length=60)
    role: str = option(
        "custom",
        "List role",
        "A blacklist keeps the gate shut: IO and Wiegand actions of other lists are withheld for its plates.",
        widget="list_role",
    )
    colour: str = option("#607d8b", "List colour", "Marks the list in the portal.", widget="colour", pattern="^#[0-9a-fA-F]{6}$")


class EntryForm(Settings):
    """Plate"""

    plate: str = option("", "Plate", "Letters and digits; spaces, hyphens and dots do not count.", min_length=1, max_length=20)
    description: str = option("", "Description", "For people: who or what this is.", max_length=200)
    valid_from: str = option("", "Valid from", "Empty: from always. In the camera's time zone.", widget="moment")
    valid_until: str = option(
        "",
        "Valid until",
        "Empty: for ever. Not valid any more from this moment on; a day without a time belongs to it as a whole.",
        widget="moment",
    )
    wiegand_facility: int | None = option(
        None, "Wiegand facility", "Facility or site code that WIEGAND actions send for this plate.", ge=0, le=0xFFFF
    )
    wiegand_card: int | None = option(
        None, "Wiegand card", "Card number that WIEGAND actions send; empty: computed from the plate.", ge=0, le=0xFFFFFFFF
    )

    @field_validator("plate")
    @classmethod
    def _has_characters(cls, plate: str) -> str:
        if not normalise(plate).isalnum():
            raise ConfigError("must be letters and digits")
        return plate

    @field_validator("valid_from", mark("valid_until"))
    @classmethod
    def _is_moment(cls, text: str) -> str:
        if text:
            try:
                moment(text, ZoneInfo("UTC"))
            except OverflowError:
                pass  # past the ends of the calendar: from always, or for ever
            except ValueError as why:
                raise ConfigError("must be a date and time such as 2026-05-31T18:00") from why
        return text


def entry_of(form: EntryForm, entry_id: int, list_id: int, zone: ZoneInfo) -> ListEntry:
    """The list entry that was typed; times without an offset are of `zone`."""
    return ListEntry(
        id=entry_id,
        list_id=list_id,
        plate=form.plate,
        description=form.description,
        valid_from=limit(form.valid_from, zone),
        valid_until=limit(form.valid_until, zone, end=True),
        wiegand_facility=form.wiegand_facility,
        wiegand_card=form.wiegand_card,
    )


def typed(at: datetime, zone: ZoneInfo) -> str:
    """A stored validity limit as it is typed: "2026-05-31T18:00", "" for none."""
    return written(at, zone)
