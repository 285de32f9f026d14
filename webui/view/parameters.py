"""Parameters: what the portal's getparam.cgi tells and setparam.cgi sets: VIVOTEK's names, and the settings under their own.

Sources: docs/sources.md, VIVOTEK's packages and CGIs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from board.identity import device_serial
from board.kit.dataclass import dataclass
from board.kit.secrets import public
from board.kit.settings import Problem, Settings, SettingsError
from board.kit.web.forms import fields
from board.kit.web.parameters import is_wanted
from board.kit.web.routes import Refused
from board.kit.words import Text
from engine.settings import GeneralSettings
from webui.api.settings import GROUPS as SETTINGS
from webui.api.settings import changed, tell
from webui.choices import settings_choices
from webui.portal import Portal
from webui.view.lines import line_states

MODEL = "Gatewright"
READS = ("MOTION", "FREEFLOW", "TRIGGER")

VIEWER, OPERATOR, ADMIN = 1, 4, 6
"""Security levels, as VIVOTEK numbers them."""

HOSTNAME = "system_hostname"
"""The one parameter of VIVOTEK's that sets something: the device name."""

CONTROLS = ("switch", "number", "text", "select", "lines", "suggest", "region", "countries", "time", "by_line", "pulse_by_line")
"""Settings that a parameter can hold. What is drawn, written in several lines or secret is none."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that begin with `name`. `level`: who sees them; `names`: of which, for people; `values(portal)`: all of them, as
    text."""

    name: str
    level: int
    names: str
    about: str
    values: Callable[[Portal], Mapping[str, str]]


def _info(portal: Portal) -> Mapping[str, str]:
    from engine.release import version

    return {
        "system_info_modelname": MODEL,
        "system_info_extendedmodelname": f"{MODEL} {portal.profile.title}",
        "system_info_serialnumber": device_serial(portal.state),
        "system_info_firmwareversion": version(),
    }


def _hostname(portal: Portal) -> Mapping[str, str]:
    return {HOSTNAME: portal.general().device_name}


def _capability(portal: Portal) -> Mapping[str, str]:
    return {
        "capability_ndi": str(len(portal.profile.inputs)),
        "capability_ndo": str(len(portal.profile.outputs)),
        "capability_nvideoin": "1",
    }


def _status(portal: Portal) -> Mapping[str, str]:
    lines = line_states(portal)
    of_kind = {kind: [each for each in lines if each.kind == kind] for kind in ("input", "output")}
    return {
        **{f"status_di_i{number}": str(int(each.active)) for number, each in enumerate(of_kind["input"])},
        **{f"status_do_i{number}": str(int(each.active)) for number, each in enumerate(of_kind["output"])},
    }


def _event(portal: Portal) -> Mapping[str, str]:
    status, _ = portal.feed.status()
    reads = status is not None and status.mode in READS
    return {"event_i0_name": "LPR", "event_i0_enable": str(int(reads))}


def _settings(group: str) -> Callable[[Portal], Mapping[str, str]]:
    def values(portal: Portal) -> Mapping[str, str]:
        told = public(SETTINGS[group], portal.store.settings(SETTINGS[group]).model_dump())
        return {f"{group}_{name}": _text(told[name]) for name in settable(portal, SETTINGS[group])}

    return values


GROUPS = (
    Group("system_info", VIEWER, "modelname, extendedmodelname, serialnumber, firmwareversion", "What this camera is.", _info),
    Group(HOSTNAME, VIEWER, "", "The device name. It can be set.", _hostname),
    Group("capability", VIEWER, "ndi, ndo, nvideoin", "How many inputs, outputs and cameras there are.", _capability),
    Group("status", VIEWER, "di_i0 ..., do_i0 ...", "Inputs and outputs, numbered from 0: 1 is active, 0 is at rest.", _status),
    Group("event_i0", OPERATOR, "name, enable", "Recognition: 1 while plates are read.", _event),
    *(
        Group(name, ADMIN, "", "The portal's settings, named as in docs/settings.md. They can be set.", _settings(name))
        for name in SETTINGS
    ),
)


def settable(portal: Portal, kind: type[Settings]) -> tuple[str, ...]:
    """Names of the settings that are parameters."""
    form = fields(kind, {}, settings_choices(portal.profile))
    return tuple(each.name for each in form if each.control in CONTROLS)


def values_of(portal: Portal, level: int, wanted: Sequence[str]) -> dict[str, str]:
    """What is asked for, as far as this level may see it. Refused 503 when just that is not known now."""
    found: dict[str, str] = {}
    for group in GROUPS:
        named = [each for each in wanted if is_wanted(each, [group.name]) or is_wanted(group.name, [each])]
        if group.level > level or (wanted and not named):
            continue
        try:
            found |= group.values(portal)
        except Refused:
            if named:
                raise
    return {name: value for name, value in found.items() if is_wanted(name, wanted)}


def set_values(portal: Portal, sent: Mapping[str, str], user: str) -> dict[str, str]:
    """Stores them, all or none; what they are now. SettingsError with everything that is wrong."""
    bodies: dict[str, dict[str, object]] = {}
    wrong: list[Problem] = []
    for name, value in sent.items():
        group, field = _place(portal, name)
        if not group:
            wrong.append(Problem(name, name, Text("there is no such parameter, or it cannot be set")))
            continue
        bodies.setdefault(group, {})[field] = _value(portal, SETTINGS[group], field, value)
    ready = []
    with portal.changing:
        for group, body in bodies.items():
            try:
                ready.append(changed(portal, SETTINGS[group], body))
            except SettingsError as why:
                wrong += [Problem(f"{group}_{each.field}", each.title, each.text) for each in why.problems]
        if wrong:
            raise SettingsError(*wrong)
        with portal.store.transaction():
            for each in ready:
                portal.store.settings.put(each, user)
    tell(portal, *ready)
    now = {group: public(SETTINGS[group], portal.store.settings(SETTINGS[group]).model_dump()) for group in bodies}
    places = {name: _place(portal, name) for name in sent}
    return {name: _text(now[group][field]) for name, (group, field) in places.items()}


def _place(portal: Portal, name: str) -> tuple[str, str]:
    """(group, field) of a parameter that can be set; ("", "") of another."""
    if name == HOSTNAME:
        return GeneralSettings.key, "device_name"
    group, _, field = name.partition("_")
    return (group, field) if group in SETTINGS and field in settable(portal, SETTINGS[group]) else ("", "")


def _value(portal: Portal, kind: type[Settings], name: str, text: str) -> object:
    (field,) = (each for each in fields(kind, {}, settings_choices(portal.profile)) if each.name == name)
    if field.control in ("lines", "countries"):
        return [each.strip() for each in text.split(",") if each.strip()]
    return None if field.optional and not text else text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
