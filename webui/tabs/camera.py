"""Camera tab: exposure by day and by infra-red night, focus, flicker, turning and cutting of the camera's picture."""

from __future__ import annotations

from board.camera import CameraSettings
from webui.forms import fields, filled, groups
from webui.portal import Answer, Call, Portal, Route, Tab, data
from webui.tabs.lpr import choices, store


def _page(portal: Portal, call: Call) -> Answer:
    form = fields(CameraSettings, _stored(portal).model_dump(), choices(portal))
    return portal.pages.answer(portal, call, "settings", "Camera", tab="camera", groups=groups(form), path="settings/camera")


def _get(portal: Portal, call: Call) -> Answer:
    return data({"settings": _stored(portal).model_dump(mode="json"), "restart_due": sorted(portal.restart_due)})


def _put(portal: Portal, call: Call) -> Answer:
    stored = _stored(portal)
    return store(portal, call, stored, filled(CameraSettings, call.body, stored.model_dump(), choices(portal)))


def _stored(portal: Portal) -> CameraSettings:
    return portal.store.settings(CameraSettings)


TAB = Tab(
    "camera",
    "Camera",
    5,
    "admin",
    (
        Route("GET", "camera", "admin", _page),
        Route("GET", "api/settings/camera", "admin", _get, "Camera settings and what waits for a restart."),
        Route(
            "PUT", "api/settings/camera", "admin", _put, "Changes camera settings; what is left out stays. 422 lists every problem."
        ),
    ),
)
