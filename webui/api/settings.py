"""Settings of recognition, camera and device, their defaults, and "Restart service".

Sources: manual 4.5, LPR configuration tab; manual 4.6, General configuration tab.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from board.camera import CameraSettings
from board.kit.secrets import public
from board.kit.settings import Settings, unfit
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Refused, Route, api, data
from board.kit.words import Text
from engine.countries import countries
from engine.line_settings import groups
from engine.messages import RestartService, SettingsChanged
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.settings.lane import LaneSettings
from webui.choices import settings_choices
from webui.path_images import PathImages
from webui.portal import Portal
from webui.view import shapes
from webui.view.notes import note_data
from webui.view.shapes import settings_shape

S = TypeVar("S", bound=Settings)

GROUPS: Mapping[str, type[Settings]] = {
    "lpr": LprSettings,
    "camera": CameraSettings,
    "lane": LaneSettings,
    "general": GeneralSettings,
    "recorders": RecorderSettings,
}
"""Name in the address: the settings."""

AT_ONCE = (GeneralSettings, RecorderSettings)
"""Some of it, or all, takes effect without a restart."""

KEPT_BY_DEFAULT: Mapping[str, tuple[str, ...]] = {
    "lpr": ("region", "countries"),
    "general": ("device_name", "camera_id", "site", "time_zone"),
}
"""What the default configuration leaves as it is: without region and countries the camera would ask as on its first day, and which
camera it is, and where, is no matter of taste."""


def _group(name: str, kind: type[Settings]) -> tuple[Route[Portal], ...]:
    def show(portal: Portal, call: Call) -> Answer:
        return _answer(portal, portal.store.settings(kind))

    def change(portal: Portal, call: Call) -> Answer:
        with portal.changing:
            after = changed(portal, kind, call.body)
            portal.store.settings.put(after, call.user)
        return _put(portal, after)

    def default(portal: Portal, call: Call) -> Answer:
        with portal.changing:
            stored = portal.store.settings(kind)
            after = kind(**{each: getattr(stored, each) for each in KEPT_BY_DEFAULT.get(name, ())})
            portal.store.settings.put(after, call.user)
        return _put(portal, after)

    path, title = f"api/settings/{name}", name.upper() if name == "lpr" else name
    shape = settings_shape(kind)  # type: ignore[arg-type]  # mypy takes no class for hashable
    return (
        api("GET", path, "configure", show, f"{title} settings and what waits for a restart.", reply=shape),
        api(
            "PUT", path, "configure", change, f"Changes {title} settings; what is left out stays.", body=Partial(kind), reply=shape
        ),
        api("POST", f"{path}/default", "configure", default, f"{title} settings as on the first day{_kept(name)}.", reply=shape),
    )


def _kept(name: str) -> str:
    titles = [GROUPS[name].model_fields[each].title for each in KEPT_BY_DEFAULT.get(name, ())]
    return f"; {', '.join(titles)} stay" if titles else ""


def changed(portal: Portal, kind: type[S], body: Mapping[str, object]) -> S:
    """The stored settings with what was sent over them; SettingsError with everything that is wrong with it."""
    wanted = filled(kind, body, portal.store.settings(kind).model_dump(), settings_choices(portal.profile))
    if isinstance(wanted, LprSettings):
        _check_countries(wanted, portal.lpr())
        _check_camera(portal, wanted)
    if isinstance(wanted, GeneralSettings):
        _check_interlocks(portal, wanted)
    return wanted


def tell(portal: Portal, *settings: Settings) -> None:
    """The service, of those that take effect at once."""
    if any(isinstance(each, AT_ONCE) for each in settings):
        portal.service.outcome(SettingsChanged())


def _check_countries(wanted: LprSettings, stored: LprSettings) -> None:
    """A region comes with countries (manual 3.3, First access). A camera that an earlier release set up without any keeps reading
    until somebody chooses (Live says so): after an upgrade it must let in whom it let in before."""
    if wanted.region and not wanted.countries and (wanted.region, wanted.countries) != (stored.region, stored.countries):
        raise unfit("countries", "Countries", "choose at least one country or state")
    strange = [code for code in wanted.countries if countries()[code].region != wanted.region]
    if strange:
        raise unfit("countries", "Countries", "{countries}: not in {region}", countries=strange, region=Text(wanted.region))


def _check_interlocks(portal: Portal, wanted: GeneralSettings) -> None:
    """pins takes all rules of lines or none: a name that it does not know would cost the safety loop its guard as well. One that is
    stored, of an output that the board has lost, keeps nobody from changing something else: the service leaves it out."""
    if wanted.interlocks == portal.store.settings(GeneralSettings).interlocks:
        return
    known = sorted(line.name for line in portal.profile.outputs)
    strange = sorted({name for group in groups(wanted.interlocks) for name in group} - set(known))
    if strange:
        title = GeneralSettings.model_fields["interlocks"].title
        raise unfit("interlocks", title, "this camera has no {strange}; it has {known}", strange=strange, known=known[:12])


def _check_camera(portal: Portal, wanted: LprSettings) -> None:
    """A recording stands in for the camera on a simulated board only: it could be any folder of this machine."""
    images = PathImages(portal.state, portal.profile)
    if wanted.connection == "PATH" and not images.are_used:
        raise unfit("connection", "Connection type", "path images stand in for the camera of a simulated board only")
    if wanted.connection == "PATH" and not images.files():
        raise unfit("connection", "Connection type", "upload path images first: General configuration, Maintenance")
    if wanted.camera_url.strip().lower().startswith("replay:") and not portal.profile.simulated:
        raise unfit("camera_url", "Camera URL", "only a simulated board replays recordings")


def _put(portal: Portal, after: Settings) -> Answer:
    tell(portal, after)
    return _answer(portal, after)


def _answer(portal: Portal, settings: Settings) -> Answer:
    shown = public(type(settings), settings.model_dump(mode="json"))
    return data({"settings": shown, "restart_due": portal.restart_due()})


def _restart(portal: Portal, call: Call) -> Answer:
    outcome = portal.service.outcome(RestartService())
    if not outcome.ok:
        raise Refused(503, outcome.note)
    return data({"ok": True, **note_data(outcome.note, call.language)})


ROUTES = (
    *(route for name, kind in GROUPS.items() for route in _group(name, kind)),
    api("POST", "api/restart", "configure", _restart, "Restart service: engine and service start again.", reply=shapes.Outcome),
)
