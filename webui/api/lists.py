"""Lists: the lists and their plates with validity and Wiegand number (manual 4.4, List tab)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from board.kit.settings import Settings, option, unfit
from board.kit.typed import typed
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Query, Refused, api, data, number, said, text
from engine import plates
from engine.exchange.local_files import drop_others
from engine.messages import RulesChanged
from engine.plates import EntryForm, entry_of, told
from engine.types import FIXED_ROLES, ListEntry, PlateList
from webui import many_plates
from webui.portal import Portal
from webui.view import shapes
from webui.view.list_forms import LIST_CHOICES, POLICIES, ListForm
from webui.view.lists import entry_data, list_data, list_values, number_bits, stored_list


def _get_lists(portal: Portal, call: Call) -> Answer:
    return data(shapes.PlateLists(lists=[list_data(portal, each) for each in portal.store.lists()]))


def list_of(sent: Mapping[str, Any], stored: PlateList) -> PlateList:
    """What was sent over what is stored (id 0: nothing); SettingsError lists every problem."""
    choices = LIST_CHOICES if stored.role not in FIXED_ROLES else {"list_policy": POLICIES}
    form = filled(ListForm, sent, list_values(stored) if stored.id else {}, choices)
    return PlateList(stored.id, form.name, form.role, form.colour, form.policy, form.fuzzy, form.keep_days)


def _saved_list(portal: Portal, saved: PlateList) -> Answer:
    portal.service.outcome(RulesChanged())
    return data(list_data(portal, saved))


def _add_list(portal: Portal, call: Call) -> Answer:
    return _saved_list(portal, portal.store.lists.save(list_of(call.body, PlateList(0, "", "custom")), call.user))


def _put_list(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        saved = portal.store.lists.save(list_of(call.body, stored_list(portal, call.id("id"))), call.user)
    return _saved_list(portal, saved)


def _delete_list(portal: Portal, call: Call) -> Answer:
    portal.store.lists.delete(stored_list(portal, call.id("id")).id, call.user)
    drop_others(portal.state.exchange, [each.id for each in portal.store.jobs()])
    portal.service.outcome(RulesChanged())
    return data(shapes.Nothing())


# --- API: plates of a list --------------------------------------------------------------------------------------------


class EntriesQuery(Query):
    search: str = text(60, "Only plates that hold this, also in description, owner, e-mail or group.")
    limit: int = number(100, 1, 1000, "At most so many.")
    offset: int = number(0, 0, 10**9, "So many are left out before.")


def _get_entries(portal: Portal, call: Call[EntriesQuery]) -> Answer:
    chosen, zone = stored_list(portal, call.id("id")), portal.zone()
    bits = number_bits(portal, portal.store.rules(chosen.id))[0]
    asked = call.query
    fold = portal.lpr().fold_lookalikes
    count, found = portal.store.entries.found(chosen.id, asked.search, asked.limit, asked.offset, fold)
    return data(shapes.Entries(count=count, entries=[entry_data(portal, each, zone, bits) for each in found]))


def _save_entry(portal: Portal, call: Call, entry_id: int, list_id: int, before: Mapping[str, Any]) -> Answer:
    zone = portal.zone()
    form = filled(EntryForm, call.body, before, {})
    saved = portal.store.entries.save(entry_of(form, entry_id, list_id, zone), call.user)
    return data(entry_data(portal, saved, zone, number_bits(portal, portal.store.rules(list_id))[0]))


def _add_entry(portal: Portal, call: Call) -> Answer:
    return _save_entry(portal, call, 0, stored_list(portal, call.id("id")).id, {})


def _stored_entry(portal: Portal, call: Call) -> ListEntry:
    found = portal.store.entries.get(call.id("id"))
    if found is None:
        raise Refused(404, "There is no such plate; perhaps it was deleted.")
    return found


def _put_entry(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    with portal.store.transaction():  # a car that comes meanwhile takes one of its entries
        stored = _stored_entry(portal, call)
        return _save_entry(portal, call, stored.id, stored.list_id, told(stored, zone))


def _delete_entry(portal: Portal, call: Call) -> Answer:
    portal.store.entries.delete(_stored_entry(portal, call).id, call.user)
    return data(shapes.Nothing())


# --- API: one plate by its name ------------------------------------------------------------------------------------------


class ManyForm(Settings):
    """Many plates at once"""

    ids: list[int] = option([], "Plates", "Ids of plates of this list, 1000 at most.")
    search: str = option("", "Search", "Instead of ids: all plates that this search finds.", max_length=60)
    do: str = option("change", "What", "What is done with them.", choices=("change", "move", "stop", "resume", "delete"))
    to_list: int = option(0, "To list", "Where they are moved to.", ge=0)


CHANGED_TOGETHER = ("valid_from", "valid_until", "group", "entries_left")
"""Fields of EntryForm that may be the same for many plates."""


def _put_many(portal: Portal, call: Call) -> Answer:
    chosen = stored_list(portal, call.id("id"))
    form = filled(ManyForm, {name: value for name, value in call.body.items() if name not in CHANGED_TOGETHER}, {}, {})
    if not form.ids and not typed(form.search):
        raise unfit("ids", "Plates", "none is chosen")
    change = _change(portal, form, {name: call.body[name] for name in CHANGED_TOGETHER if name in call.body})
    ids = form.ids or portal.store.entries.ids(chosen.id, form.search, many_plates.MOST, portal.lpr().fold_lookalikes)
    if len(ids) > many_plates.MOST:
        raise Refused(409, "At most {most} plates can be changed at once: narrow the search.", most=many_plates.MOST)
    outcome = many_plates.carry_out(portal, chosen.id, ids, change, call.user)
    kept = [shapes.KeptPlate(plate=plate, why=why) for plate, why in outcome.kept]
    return data(said(shapes.ManyPlates(done=outcome.done, kept=kept), call.language))


def _change(portal: Portal, form: ManyForm, sent: Mapping[str, Any]) -> many_plates.Change:
    """SettingsError for values that no plate can have."""
    zone, now = portal.zone(), portal.clock.now()
    if form.do == "move":
        target = portal.store.lists.to_fill(form.to_list)
        return lambda entry: replace(entry, list_id=target.id)
    if form.do == "change":
        if not sent:
            raise unfit("do", "What", "nothing is chosen that is to be changed")
        checked = entry_of(filled(EntryForm, {**sent, "plate": "AB1"}, {}, {}), 0, 0, zone)
        if checked.valid_from >= checked.valid_until:
            raise unfit("valid_until", "Valid until", "must be later than Valid from")
        # What was sent over what is stored of each, as for one plate: a limit that is finer than a form shows stays.
        fields = {name: getattr(checked, name) for name in sent}
        return lambda entry: replace(entry, **fields)
    return {"stop": many_plates.stopped(now), "resume": many_plates.resumed(now), "delete": lambda entry: None}[form.do]


def _put_plate(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    with _refusals():
        saved, done = plates.put(portal.store, call.path["list"], call.path["plate"], call.body, zone, call.user)
    bits = number_bits(portal, portal.store.rules(saved.list_id))[0]
    return data(shapes.SetPlate(done=done, entry=entry_data(portal, saved, zone, bits)))


def _delete_plate(portal: Portal, call: Call) -> Answer:
    with _refusals():
        plates.take_out(portal.store, call.path["list"], call.path["plate"], call.user)
    return data(shapes.Nothing())


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except plates.NoSuchPlate as why:
        raise Refused(404, why.text) from why
    except plates.NotPossible as why:
        raise Refused(409, why.text) from why


class RiskQuery(Query):
    countries: str = text(200, "Codes of the countries that strangers come from, such as DE PL; left out: those of the settings.")


def _risk(portal: Portal, call: Call[RiskQuery]) -> Answer:
    """Computed for this very state of the lists: what was found before is given again."""
    chosen = stored_list(portal, call.id("id"))
    if chosen.role in FIXED_ROLES:
        raise Refused(409, "{list_name} holds no plates: it stands for plates of every list or of none.", list_name=chosen.name)
    codes = call.query.countries.upper().replace(",", " ").split() or list(portal.lpr().countries)
    found = portal.risks.of(chosen, codes)
    return data({**asdict(found), "countries": codes})


def _collisions(portal: Portal, call: Call) -> Answer:
    """Plates of any list that send the number of another plate: one car could open for the other."""
    chosen = stored_list(portal, call.id("id"))
    lengths = number_bits(portal, portal.store.rules(chosen.id))
    found = [each for bits in lengths for each in portal.store.entries.collisions(0, bits)]
    shown = [shapes.Collision(number=each.number, plates=[entry.plate for entry in each.entries]) for each in found]
    return data(shapes.Collisions(collisions=shown))


ROUTES = (
    api("GET", "api/lists", "lists", _get_lists, "All lists with their number of plates.", reply=shapes.PlateLists),
    api("POST", "api/lists", "lists", _add_list, "Adds a list.", body=Partial(ListForm), reply=shapes.PlateList),
    api("PUT", "api/lists/<id>", "lists", _put_list, "Changes a list.", body=Partial(ListForm), reply=shapes.PlateList),
    api(
        "DELETE",
        "api/lists/<id>",
        "lists",
        _delete_list,
        "Deletes a list with its plates and actions.",
        reply=shapes.Nothing,
    ),
    api("GET", "api/lists/<id>/entries", "lists", _get_entries, "Plates of a list.", query=EntriesQuery, reply=shapes.Entries),
    api("POST", "api/lists/<id>/entries", "lists", _add_entry, "Adds a plate.", body=Partial(EntryForm), reply=shapes.Entry),
    api(
        "GET",
        "api/lists/<id>/collisions",
        "lists",
        _collisions,
        "Plates that would send the same Wiegand number.",
        reply=shapes.Collisions,
    ),
    api(
        "PUT",
        "api/lists/<list>/plates/<plate>",
        "lists",
        _put_plate,
        "Adds a plate to a list, or changes of it what is sent and leaves the rest; the same as often as it is sent. `list`: its "
        "id or name. 404: there is no such list; 409: it holds no plates, or the body names another plate.",
        body=Partial(EntryForm),
        reply=shapes.SetPlate,
    ),
    api(
        "DELETE",
        "api/lists/<list>/plates/<plate>",
        "lists",
        _delete_plate,
        "Takes a plate out of a list. 404: there is no such list, or the plate is not in it.",
        reply=shapes.Nothing,
    ),
    api(
        "GET",
        "api/lists/<id>/risk",
        "lists",
        _risk,
        "How many of 10,000 made-up plates a list would take for its own; which of its plates are one confused character apart.",
        query=RiskQuery,
        reply=shapes.Risk,
    ),
    api(
        "PUT",
        "api/lists/<id>/many",
        "lists",
        _put_many,
        "Does the same with many plates of a list: changes their validity, group or entries left (valid_from, valid_until, group, "
        "entries_left: those that are sent), moves them to another list, ends their validity now, begins it again or deletes them. "
        "Says which plates stay as they were, and why.",
        body=Partial(ManyForm),
        reply=shapes.ManyPlates,
    ),
    api("PUT", "api/entries/<id>", "lists", _put_entry, "Changes a plate.", body=Partial(EntryForm), reply=shapes.Entry),
    api("DELETE", "api/entries/<id>", "lists", _delete_entry, "Deletes a plate.", reply=shapes.Nothing),
)
