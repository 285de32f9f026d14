"""Uploads: a file of plates is sent, looked at, and taken into a list when that is wanted (manual 4.4, List tab)."""

from __future__ import annotations

from typing import Any

from board.kit.fields import StrictBool, StrictInt
from board.kit.settings import Settings, option
from board.kit.web.bodies import length_of
from board.kit.web.routes import STREAM, Answer, Call, Refused, api, data, said
from engine.exchange.exporting import lists_of
from engine.exchange.formats import ORDERS
from engine.exchange.hand import HandOrder
from webui.portal import Portal
from webui.uploads import MOST_BYTES
from webui.view import shapes
from webui.view.lists import stored_list


class UploadForm(Settings):
    """How a file is taken in, and whether it is."""

    removes: StrictBool = option(True, "Remove others", "Plates of the list that are not in the file are removed.")
    may_empty: StrictBool = option(False, "May empty the list", "Also takes a file that leaves no plate in a list.")
    most_removed_pct: StrictInt = option(
        50, "Most removed", "More than this share of a list, and more than 5 plates, is not removed.", unit="%", ge=0, le=100
    )
    any_list: StrictBool = option(False, "Any list", "Also takes a file that says to be of a list of another name.")
    dates: str = option("", "Dates such as 5/6/2026", "Which number is the day.", choices=ORDERS)
    apply: StrictBool = option(False, "Apply", "Takes the file in; otherwise it is only said what would change.")


def _upload(portal: Portal, call: Call) -> Answer:
    chosen = stored_list(portal, call.id("id"))
    lists_of(portal.store, chosen)
    if call.content_type.startswith("application/json"):
        raise Refused(422, "Send the file itself as the body, as application/octet-stream.")
    length = length_of(call.environ, MOST_BYTES)
    name = portal.uploads.receive(call.stream, length, HandOrder(chosen.id, call.user))
    return _result(portal, call, name)


def _get(portal: Portal, call: Call) -> Answer:
    return _result(portal, call, call.path["name"])


def _put(portal: Portal, call: Call[object, UploadForm]) -> Answer:
    name, form = call.path["name"], call.body
    before = portal.uploads.order(name)
    portal.uploads.again(name, HandOrder(before.list_id, call.user, **form.model_dump()))
    return _result(portal, call, name)


def _drop(portal: Portal, call: Call) -> Answer:
    portal.uploads.drop(call.path["name"])
    return data(shapes.Nothing())


def _result(portal: Portal, call: Call[Any, Any], name: str) -> Answer:
    order, result = portal.uploads.order(name), portal.uploads.result(name)
    found = shapes.Upload(
        upload=name,
        list_id=order.list_id,
        state=result.state,
        rows=result.count,
        error=result.error,
        refused=result.refused,
        refusals=[shapes.RefusedRow(line=line, reason=why) for line, why in result.rows],
        lists=[shapes.UploadEffect(**each) for each in result.lists],  # type: ignore[typeddict-item]
        unread=list(result.unread),
    )
    return data(said(found, call.language))


ROUTES = (
    api(
        "POST",
        "api/lists/<id>/uploads",
        "lists",
        _upload,
        "Sends a file of plates as the body: XML, CSV or a workbook. Says what it would change as soon as it was looked at.",
        reply=shapes.Upload,
        takes=STREAM,
        max_body_bytes=MOST_BYTES,
    ),
    api("GET", "api/uploads/<name>", "lists", _get, "What has come of an upload so far.", reply=shapes.Upload),
    api(
        "PUT",
        "api/uploads/<name>",
        "lists",
        _put,
        "Looks at an upload again under other terms, or takes it in.",
        body=UploadForm,
        reply=shapes.Upload,
    ),
    api("DELETE", "api/uploads/<name>", "lists", _drop, "Forgets an upload.", reply=shapes.Nothing),
)
