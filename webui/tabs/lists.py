"""Lists tab: the lists, their plates with validity and Wiegand number, and the actions of each list (manual 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from engine.actions import options_of
from engine.lists.collisions import wiegand_number
from engine.messages import RulesChanged
from engine.types import FIXED_ROLES, ActionRule, ListEntry, PlateList
from webui.forms import Field, blamed, fields, filled
from webui.list_forms import ROLES, EntryForm, ListForm, entry_of, typed
from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data
from webui.search import near

PAGE_SIZE = 50
DEFAULT_BITS = 26
ROLE_TITLES = {"all": "Every plate", "unlisted": "Plates in no list", **dict(ROLES)}
ROLE_CHOICES = {"list_role": ROLES}


def _page(portal: Portal, call: Call) -> Answer:
    lists = portal.store.lists()
    wanted = call.id("id") if "id" in call.path else next((each.id for each in lists if each.role == "white"), lists[0].id)
    chosen = _list(portal, wanted)
    zone = portal.zone()
    has_plates = chosen.role not in FIXED_ROLES
    view = call.query.get("view", "plates") if has_plates else "actions"
    search = call.query.get("search", "")[:60]
    found = portal.store.entries.count(chosen.id, search)
    last = max(1, -(-found // PAGE_SIZE))
    page = call.number("page", 1, 1, last)
    entries = portal.store.entries(chosen.id, search, PAGE_SIZE, (page - 1) * PAGE_SIZE) if view == "plates" else []
    rules = portal.store.rules(chosen.id)
    results = portal.store.rules.results()
    return portal.pages.answer(
        portal,
        call,
        "lists",
        "Lists",
        tab="lists",
        lists=lists,
        counts={each.id: portal.store.entries.count(each.id) for each in lists},
        chosen=chosen,
        role_title=ROLE_TITLES[chosen.role],
        fixed=not has_plates,
        view=view,
        search=search,
        search_query=quote(search),
        found=found,
        page=page,
        last=last,
        near=near(page, last),
        entries=[_entry(portal, each, zone, _number_bits(portal, rules)[0]) for each in entries],
        rules=[_rule(portal, each, results.get(each.id), zone) for each in rules],
        kinds=portal.kinds,
        entry_form=fields(EntryForm, {}, {}),
        new_list_form=fields(ListForm, {}, ROLE_CHOICES),
        list_form=_list_form(chosen),
    )


def _list_form(chosen: PlateList) -> tuple[Field, ...]:
    values = {"name": chosen.name, "role": chosen.role, "colour": chosen.colour}
    form = fields(ListForm, values, ROLE_CHOICES)
    return tuple(each for each in form if each.name != "role") if chosen.role in FIXED_ROLES else form


def _rule(portal: Portal, rule: ActionRule, result: Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "kind": rule.kind,
        "label": portal.kinds[rule.kind].label if rule.kind in portal.kinds else rule.kind,
        "enabled": rule.enabled,
        "always": all(day == ((0, 1440),) for day in rule.week.days),
        "done_at": portal.local(result.done_at, zone) if result else "",
        "done_note": str(result.done_note) if result else "",
        "error_at": portal.local(result.error_at, zone) if result else "",
        "error": str(result.error) if result else "",
        "failing": bool(result and result.error_at and (result.done_at is None or result.error_at > result.done_at)),
    }


def _entry(portal: Portal, entry: ListEntry, zone: ZoneInfo, bits: int) -> dict[str, Any]:
    return {
        "id": entry.id,
        "list_id": entry.list_id,
        "plate": entry.plate,
        "description": entry.description,
        "valid_from": typed(entry.valid_from, zone),
        "valid_until": typed(entry.valid_until, zone),
        "validity": _validity(entry, portal.clock.now()),
        "wiegand_facility": entry.wiegand_facility,
        "wiegand_card": entry.wiegand_card,
        "number": wiegand_number(entry, bits),
    }


def _validity(entry: ListEntry, now: datetime) -> str:
    if now < entry.valid_from:
        return "not yet"
    return "valid" if now < entry.valid_until else "expired"


def _number_bits(portal: Portal, rules: list[ActionRule]) -> list[int]:
    """Lengths of the frames that the list's actions send, in the actions' order; H10301's when none sends a number."""
    found: dict[int, None] = {}
    for rule in rules:
        try:
            kind, options = options_of(portal.kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release
        found[kind.number_bits(options)] = None
    return [bits for bits in found if bits] or [DEFAULT_BITS]


# --- API: lists -------------------------------------------------------------------------------------------------------


def _list(portal: Portal, list_id: int) -> PlateList:
    found = next((each for each in portal.store.lists() if each.id == list_id), None)
    if found is None:
        raise Refused(404, "There is no such list; perhaps it was deleted.")
    return found


def _list_data(portal: Portal, each: PlateList) -> dict[str, Any]:
    entries = portal.store.entries.count(each.id)
    return {"id": each.id, "name": each.name, "role": each.role, "colour": each.colour, "entries": entries}


def _get_lists(portal: Portal, call: Call) -> Answer:
    return data({"lists": [_list_data(portal, each) for each in portal.store.lists()]})


def _save_list(portal: Portal, call: Call, stored: PlateList) -> Answer:
    choices = ROLE_CHOICES if stored.role not in FIXED_ROLES else {}
    before = {"name": stored.name, "role": stored.role, "colour": stored.colour}
    form = filled(ListForm, call.body, before if stored.id else {}, choices)
    try:
        saved = portal.store.lists.save(PlateList(stored.id, form.name, form.role, form.colour), call.user)
    except ConfigError as why:
        raise blamed(ListForm, why) from why
    portal.service.outcome(RulesChanged())
    return data(_list_data(portal, saved))


def _add_list(portal: Portal, call: Call) -> Answer:
    return _save_list(portal, call, PlateList(0, "", "custom"))


def _put_list(portal: Portal, call: Call) -> Answer:
    return _save_list(portal, call, _list(portal, call.id("id")))


def _delete_list(portal: Portal, call: Call) -> Answer:
    portal.store.lists.delete(_list(portal, call.id("id")).id, call.user)
    portal.service.outcome(RulesChanged())
    return data({})


# --- API: plates of a list --------------------------------------------------------------------------------------------


def _get_entries(portal: Portal, call: Call) -> Answer:
    chosen, zone = _list(portal, call.id("id")), portal.zone()
    bits = _number_bits(portal, portal.store.rules(chosen.id))[0]
    search = call.query.get("search", "")[:60]
    limit, offset = call.number("limit", 100, 1, 1000), call.number("offset", 0, 0, 10**9)
    found = [_entry(portal, each, zone, bits) for each in portal.store.entries(chosen.id, search, limit, offset)]
    return data({"count": portal.store.entries.count(chosen.id, search), "entries": found})


def _save_entry(portal: Portal, call: Call, entry_id: int, list_id: int, before: Mapping[str, Any]) -> Answer:
    zone = portal.zone()
    form = filled(EntryForm, call.body, before, {})
    try:
        saved = portal.store.entries.save(entry_of(form, entry_id, list_id, zone), call.user)
    except ConfigError as why:
        raise blamed(EntryForm, why) from why
    return data(_entry(portal, saved, zone, _number_bits(portal, portal.store.rules(list_id))[0]))


def _add_entry(portal: Portal, call: Call) -> Answer:
    return _save_entry(portal, call, 0, _list(portal, call.id("id")).id, {})


def _stored_entry(portal: Portal, call: Call) -> ListEntry:
    found = portal.store.entries.get(call.id("id"))
    if found is None:
        raise Refused(404, "There is no such plate; perhaps it was deleted.")
    return found


def _put_entry(portal: Portal, call: Call) -> Answer:
    stored, zone = _stored_entry(portal, call), portal.zone()
    before = EntryForm(
        plate=stored.plate,
        description=stored.description,
        valid_from=typed(stored.valid_from, zone),
        valid_until=typed(stored.valid_until, zone),
        wiegand_facility=stored.wiegand_facility,
        wiegand_card=stored.wiegand_card,
    )
    return _save_entry(portal, call, stored.id, stored.list_id, before.model_dump())


def _delete_entry(portal: Portal, call: Call) -> Answer:
    portal.store.entries.delete(_stored_entry(portal, call).id, call.user)
    return data({})


def _collisions(portal: Portal, call: Call) -> Answer:
    """Plates of any list that send the number of another plate: one car could open for the other."""
    chosen = _list(portal, call.id("id"))
    lengths = _number_bits(portal, portal.store.rules(chosen.id))
    found = [each for bits in lengths for each in portal.store.entries.collisions(0, bits)]
    return data({"collisions": [{"number": each.number, "plates": [entry.plate for entry in each.entries]} for each in found]})


TAB = Tab(
    "lists",
    "Lists",
    3,
    "operator",
    (
        Route("GET", "lists", "operator", _page),
        Route("GET", "lists/<id>", "operator", _page),
        Route("GET", "api/lists", "operator", _get_lists, "All lists with their number of plates."),
        Route("POST", "api/lists", "operator", _add_list, "Adds a list: name, role (custom, white, black, wish), colour."),
        Route("PUT", "api/lists/<id>", "operator", _put_list, "Changes a list."),
        Route("DELETE", "api/lists/<id>", "operator", _delete_list, "Deletes a list with its plates and actions."),
        Route("GET", "api/lists/<id>/entries", "operator", _get_entries, "Plates of a list: `search`, `limit` (1000), `offset`."),
        Route(
            "POST",
            "api/lists/<id>/entries",
            "operator",
            _add_entry,
            "Adds a plate: plate, description, valid_from, valid_until (camera's time zone, or with an offset), "
            "wiegand_facility, wiegand_card.",
        ),
        Route("GET", "api/lists/<id>/collisions", "operator", _collisions, "Plates that would send the same Wiegand number."),
        Route("PUT", "api/entries/<id>", "operator", _put_entry, "Changes a plate."),
        Route("DELETE", "api/entries/<id>", "operator", _delete_entry, "Deletes a plate."),
    ),
)
