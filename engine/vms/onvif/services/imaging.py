"""Imaging: says that the picture is set in the camera's own pages (ONVIF Imaging Service Specification).

Exposure, focus and light are set for reading plates (board/camera/_settings.py); a recorder that changed them would cost reads.
"""

from __future__ import annotations

from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import READ, Call, Operation, Service
from engine.vms.onvif.services._video import check_source
from engine.vms.onvif.soap import wrong
from engine.vms.onvif.xml import Xml, tag


def _empty(name: str, child: str) -> Operation:
    """An answer in which everything may be left out, as here."""

    def answer(camera: Camera, call: Call) -> Xml:
        check_source(call.body.word("VideoSourceToken"))
        return tag(f"timg:{name}Response", tag(f"timg:{child}"))

    return Operation(name, READ, answer)


def _set_imaging_settings(camera: Camera, call: Call) -> Xml:
    check_source(call.body.word("VideoSourceToken"))
    wanted = call.body.first("ImagingSettings")
    if wanted is not None and wanted.children:
        raise wrong("ter:InvalidArgVal", "the picture is set in the camera's own pages, for plates", "ter:SettingsInvalid")
    return tag("timg:SetImagingSettingsResponse")


SERVICE = Service(
    prefix="timg",
    path="/onvif/imaging_service",
    version=(2, 60),
    operations=(
        _empty("GetImagingSettings", "ImagingSettings"),
        _empty("GetOptions", "ImagingOptions"),
        _empty("GetMoveOptions", "MoveOptions"),
        _empty("GetStatus", "Status"),
        Operation("SetImagingSettings", READ, _set_imaging_settings),
    ),
    capabilities=lambda camera: tag("timg:Capabilities", ImageStabilization=False, Presets=False),
    category="Imaging",
)
