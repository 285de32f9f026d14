"""Plates: what is told of one plate of a list, and how one is set or taken out from outside, by HTTP or MQTT, without a file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError, GatewrightError
from board.kit.fields import StrictInt
from board.kit.from_json import Twice, from_json
from board.kit.moments import moment
from board.kit.settings import Settings, SettingsError, field_validator, option
from board.kit.typed import folded
from board.kit.web.forms import filled
from board.kit.words import mark, plain
from board.kit.zones import camera_zone
from engine.lists import STRAY, limit, normalise, stray, written
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import FIXED_ROLES, WILDCARDS, ListEntry, PlateList
from engine.week import DAY_MINUTES, schedule

log = logging.getLogger("plates")


class EntryForm(Settings):
    """Plate"""

    plate: str = option(
        "",
        "Plate",
        "Letters and digits; spaces, hyphens and dots do not count. ? stands for one character and * for any number of them.",
        min_length=1,
        max_length=20,
    )
    description: str = option("", "Description", "For people: who or what this is.", max_length=200)
    owner: str = option("", "Owner", "Whose car this is.", max_length=100)
    email: str = option("", "E-mail", "The owner's address.", max_length=254)
    group: str = option("", "Group", "Such as a flat, a company or a department.", max_length=60)
    valid_from: str = option("", "Valid from", "Empty: from always. In the camera's time zone.", widget="moment")
    valid_until: str = option(
        "",
        "Valid until",
        "Empty: for ever. Not valid any more from this moment on; a day without a time belongs to it as a whole.",
        widget="moment",
    )
    entries_left: int | None = option(
        None,
        "Entries left",
        "How often the barrier still opens for it: each opening takes one. Empty: as often as it comes.",
        ge=0,
        le=9999,
    )
    wiegand_facility: int | None = option(
        None, "Wiegand facility", "Facility or site code that WIEGAND actions send for this plate.", ge=0, le=0xFFFF
    )
    wiegand_card: int | None = option(
        None, "Wiegand card", "Card number that WIEGAND actions send; empty: computed from the plate.", ge=0, le=0xFFFFFFFF
    )
    week: list[list[tuple[StrictInt, StrictInt]]] = option(
        [[(0, DAY_MINUTES)]] * 7,
        "Weekly hours",
        "For each day from Monday on the spans of minutes in which the plate is valid; one that ends before it starts is a night.",
        widget="week",
        min_length=7,
        max_length=7,
    )

    @field_validator("plate")
    @classmethod
    def _has_characters(cls, plate: str) -> str:
        key = normalise(plate)
        if stray(key):
            raise ConfigError(STRAY, character=stray(key))
        if not key.strip(WILDCARDS):
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

    @field_validator("week")
    @classmethod
    def _lies_in_its_days(cls, week: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
        schedule(week)
        return week


LONGEST_BODY = 4096
"""Of what a stranger sends for one plate, in bytes."""


class NoSuchPlate(ConfigError):
    """There is no such list, or no such plate in it."""


class NotPossible(ConfigError):
    """What is asked for contradicts what the list is, or itself."""


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
        owner=form.owner,
        email=form.email,
        group=form.group,
        week=schedule(form.week),
        entries_left=form.entries_left,
    )


def told(entry: ListEntry, zone: ZoneInfo) -> dict[str, Any]:
    """The entry as EntryForm takes it."""
    return {
        "plate": entry.plate,
        "description": entry.description,
        "owner": entry.owner,
        "email": entry.email,
        "group": entry.group,
        "valid_from": written(entry.valid_from, zone),
        "valid_until": written(entry.valid_until, zone),
        "entries_left": entry.entries_left,
        "wiegand_facility": entry.wiegand_facility,
        "wiegand_card": entry.wiegand_card,
        "week": [[list(span) for span in day] for day in entry.week.days],
    }


def put(store: Store, which: str, plate: str, sent: Mapping[str, Any], zone: ZoneInfo, by: str) -> tuple[ListEntry, str]:
    """Adds a plate to a list, or changes what was `sent` of it and leaves the rest: (the entry; "added", "changed" or "unchanged").

    `which`: the list's id or name. NoSuchPlate, NotPossible or SettingsError says what is wrong; nothing is changed then."""
    with store.transaction():
        chosen = _list(store, which)
        before = store.entries.at(chosen.id, plate)
        if normalise(str(sent.get("plate", plate))) != normalise(plate):
            raise NotPossible("{plate} and {other} are two plates", plate=plate, other=str(sent["plate"])[:40])
        stored = {"plate": plate} if before is None else told(before, zone)
        form = filled(EntryForm, sent, stored, {})
        saved = store.entries.save(entry_of(form, before.id if before else 0, chosen.id, zone), by)
    return saved, "added" if before is None else "unchanged" if saved == before else "changed"


def take_out(store: Store, which: str, plate: str, by: str) -> ListEntry:
    """Takes a plate out of a list; the entry that it was. NoSuchPlate or NotPossible says why not."""
    with store.transaction():
        chosen = _list(store, which)
        before = store.entries.at(chosen.id, plate)
        if before is None:
            raise NoSuchPlate("{plate} is not in {list_name}", plate=plate[:40], list_name=chosen.name)
        store.entries.delete(before.id, by)
    return before


def answer(store: Callable[[], Store], which: str, plate: str, body: bytes | None, by: str) -> dict[str, Any]:
    """Carries out what a stranger has sent (`body`: a JSON object of EntryForm; None: takes the plate out) and tells what came of
    it, as JSON types. `store()` raises StoreError while there is none."""
    try:
        said = _carried_out(store(), which, plate, body, by)
    except GatewrightError as why:
        problems = why.problems if isinstance(why, SettingsError) else ()
        wrong = [{"field": each.field, "error": str(each.text)} for each in problems]
        said = {"ok": False, "error": str(why), **plain(why.text), "problems": wrong}
    log.info("%s: plate %r of list %r: %s", by, plate[:40], which[:60], said.get("done") or said["error"])
    return said


def _carried_out(store: Store, which: str, plate: str, body: bytes | None, by: str) -> dict[str, Any]:
    zone = camera_zone(store.settings(GeneralSettings).time_zone)
    if body is None:
        return {"ok": True, "done": "deleted", "entry": told(take_out(store, which, plate, by), zone)}
    saved, done = put(store, which, plate, _object(body), zone, by)
    return {"ok": True, "done": done, "entry": told(saved, zone)}


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > LONGEST_BODY:
        raise ConfigError("the message may have {most} bytes at most", most=LONGEST_BODY)
    try:
        sent = from_json(body, unique=True)
    except Twice as why:
        raise ConfigError("message is not JSON: {why}", why=why) from why
    except ValueError as why:
        raise ConfigError("the message is not JSON in UTF-8; an entry without more is {{}}") from why
    if not isinstance(sent, dict):
        raise ConfigError("the message is not a JSON object; an entry without more is {{}}")
    return sent


def _list(store: Store, which: str) -> PlateList:
    lists = store.lists()
    found = next((each for each in lists if str(each.id) == which), None)
    named = next((each for each in lists if folded(each.name) == folded(which)), None)
    if found and named and found is not named:  # whose plate would be let in, or kept out, by the wrong one
        raise NotPossible(
            "{name} is the number of the list {list_name} and the name of another: give that name, or the number of the other one",
            name=which[:60],
            list_name=found.name,
        )
    found = found or named
    if found is None:
        raise NoSuchPlate("there is no list {name}", name=which[:60])
    if found.role in FIXED_ROLES:
        raise NotPossible("{list_name} holds no plates: it stands for plates of every list or of none", list_name=found.name)
    return found
