"""Lists tab: the lists, their plates with validity and Wiegand number, and the actions of each list (manual 4.4, List tab)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from board.kit.web.forms import Field, fields
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text, mark
from engine.plates import EntryForm
from engine.types import ALWAYS, FIXED_ROLES, ListEntry, PlateList
from webui.many_plates import MOST
from webui.portal import Portal
from webui.view.jobs import exchange_view
from webui.view.kinds import in_order
from webui.view.list_forms import LIST_CHOICES, ROLES, ListForm
from webui.view.lists import entry_data, list_values, number_bits, stored_list
from webui.view.rules import rule_row
from webui.view.search import Found

PAGE_SIZE = 50
ALWAYS_TEXT = json.dumps(ALWAYS.days)
BARRIER_TITLES = {"open": mark("Opens"), "refuse": mark("Refuses"), "report": mark("Only reports")}
ROLE_TITLES = {"all": mark("Every plate"), "unlisted": mark("Plates in no list"), **dict(ROLES)}


def _page(portal: Portal, call: Call) -> Answer:
    lists = portal.store.lists()
    wanted = call.id("id") if "id" in call.path else next((each.id for each in lists if each.role == "white"), lists[0].id)
    chosen = stored_list(portal, wanted)
    zone = portal.zone()
    has_plates = chosen.role not in FIXED_ROLES
    views = (*(("plates",) if has_plates else ()), "actions", "exports", *(("imports",) if chosen.role != "unlisted" else ()))
    view = call.query.get("view", "") if call.query.get("view", "") in views else views[0]
    search = call.query.get("search", "")[:60]
    fold = portal.lpr().fold_lookalikes
    counts = {each.id: portal.store.entries.count(each.id) for each in lists}
    page = call.number("page", 1, 1, max(1, -(-counts[chosen.id] // PAGE_SIZE)))
    found, entries = portal.store.entries.found(chosen.id, search, PAGE_SIZE, (page - 1) * PAGE_SIZE, fold)
    last = max(1, -(-found // PAGE_SIZE))
    if page > last:
        page = last
        entries = portal.store.entries(chosen.id, search, PAGE_SIZE, (page - 1) * PAGE_SIZE, fold)
    rules = portal.store.rules(chosen.id)
    results = portal.store.rules.results()
    return portal.pages.answer(
        portal,
        call,
        "lists",
        Text("Lists"),
        tab="lists",
        lists=lists,
        counts=counts,
        chosen=chosen,
        role_title=ROLE_TITLES[chosen.role],
        fixed=not has_plates,
        view=view,
        views=views,
        exchange=exchange_view(portal, chosen, view.removesuffix("s"), zone),
        search=search,
        found=found,
        pager=Found(entries, found, page, last, PAGE_SIZE, urlencode({"search": search})),
        entries=[_row(portal, each, zone, number_bits(portal, rules)[0]) for each in entries],
        entry_names=[name for name in EntryForm.model_fields if name not in ("plate", "week")],
        always=ALWAYS_TEXT,
        targets=[each for each in lists if each.role not in FIXED_ROLES and each.id != chosen.id],
        most_at_once=MOST,
        barrier_title=BARRIER_TITLES[chosen.barrier],
        rules=[rule_row(portal, each, results.get(each.id), zone) for each in rules],
        kinds=portal.kinds,
        kind_order=in_order(portal.kinds),
        entry_form=fields(EntryForm, {"week": ALWAYS_TEXT}, {}),
        new_list_form=fields(ListForm, {}, LIST_CHOICES),
        list_form=_list_form(chosen),
    )


def _row(portal: Portal, entry: ListEntry, zone: ZoneInfo, bits: int) -> dict[str, Any]:
    return {**entry_data(portal, entry, zone, bits), "hours": json.dumps(entry.week.days)}


def _list_form(chosen: PlateList) -> tuple[Field, ...]:
    form = fields(ListForm, list_values(chosen), LIST_CHOICES)
    return tuple(each for each in form if each.name not in ("role", "fuzzy")) if chosen.role in FIXED_ROLES else form


TAB = Tab("lists", "Lists", 3, "lists", (page("lists", "lists", _page), page("lists/<id>", "lists", _page)))
