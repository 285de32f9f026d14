"""Check: the first steps of a new camera, and how well it stands."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, api, data, said
from webui.portal import Portal
from webui.view import shapes
from webui.view.check import check
from webui.view.checklist import DONE, checklist


def _steps(portal: Portal, call: Call) -> Answer:
    return data(said({"steps": checklist(portal)}, call.language))


def _done(portal: Portal, call: Call) -> Answer:
    if DONE not in portal.store.counters():
        portal.store.counters.add(DONE)
    return data(shapes.Nothing())


def _check(portal: Portal, call: Call) -> Answer:
    return data(said(dict(check(portal)), call.language))


ROUTES = (
    api(
        "GET",
        "api/first-steps",
        "configure",
        _steps,
        "What is to be done on the first day; none once all is.",
        reply=shapes.FirstSteps,
    ),
    api("DELETE", "api/first-steps", "configure", _done, "Puts the list of first steps away for good.", reply=shapes.Nothing),
    api(
        "GET",
        "api/check",
        "configure",
        _check,
        "How well the camera stands: height, tilt, sharpness and light of the newest cars' plates, with what to change.",
        reply=shapes.Check,
    ),
)
