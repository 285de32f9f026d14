"""CGIs below /cgi-bin/: inputs, outputs, picture and parameters, as integrators script VIVOTEK's cameras (docs/cgi.md).

The host authenticates and passes them on (firmware/gateway/portals.py); those of packages are its own. A GET that changes something
is for programs alone, which send a password or token of their own: a picture on any page makes a browser send a GET.

Sources: docs/sources.md, VIVOTEK's packages and CGIs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from board.kit.errors import GatewrightError
from board.kit.settings import SettingsError
from board.kit.web.parameters import NOT_PARAMETERS, TYPE, done, error, lines, said_twice, wanted_names
from board.kit.web.routes import FORM, Answer, Call, Refused, Route
from engine.actions.io import LONGEST_MS
from engine.messages import Outcome, SwitchOutput
from engine.types import PRESENT_S
from webui.order_age import ordered_ns
from webui.portal import Portal
from webui.view.lines import line_states
from webui.view.parameters import ADMIN, OPERATOR, VIEWER, set_values, values_of

ROOT = "/cgi-bin/"

SWITCH_WITHIN_S = 5.0
FULL_WIDTH_PX = 4096

RESOLUTION = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")


def guard(portal: Portal, call: Call) -> None:
    """For what changes something: Refused when no program sends it by a password or token of its own."""
    if not call.visitor.is_program:
        raise Refused(
            403,
            "This address is for programs: send a password by HTTP Basic or an API token. A browser's session opens no gate by an "
            "address alone.",
        )


# --- inputs and outputs -----------------------------------------------------------------------------------------------


def _states(kind: str, prefix: str) -> Callable[[Portal, Call], Answer]:
    def answer(portal: Portal, call: Call) -> Answer:
        known = {f"{prefix}{number}": each.active for number, each in _numbered(portal, kind, line_states(portal))}
        wanted = [name for name in _sent(call) if name.lower().startswith(prefix)]
        strange = [name for name in wanted if name not in known]
        if strange:
            return error(400, f"there is no {strange[0][:12]}; this camera has {', '.join(known) or 'none'}")
        return Answer("".join(f"{name}={int(known[name])}\r\n" for name in wanted or known).encode(), TYPE)

    return answer


def _setdo(portal: Portal, call: Call) -> Answer:
    sent = _sent(call)
    known = {f"do{number}": line.name for number, line in _numbered(portal, "output", portal.profile.outputs)}
    orders = {name: state for name, state in sent.items() if re.fullmatch(r"do[0-9]+", name)}
    pulse = sent.get("pulse_ms")
    if not orders:
        return error(400, f"say which output and what: {next(iter(known), 'do1')}=1 switches it on, 0 off")
    wrong = _misread(call, (*known, "pulse_ms"))
    if wrong:
        return error(400, wrong)
    for name, state in orders.items():
        if name not in known:
            return error(400, f"there is no {name[:12]}; this camera has {', '.join(known) or 'none'}")
        if state not in ("0", "1"):
            return error(400, f"{name} must be 0 or 1")
    if pulse is not None and not (re.fullmatch(r"[0-9]{1,7}", pulse) and 10 <= int(pulse) <= LONGEST_MS):
        return error(400, f"pulse_ms must be 10 to {LONGEST_MS}")
    carried_out = ""
    for name, state in orders.items():
        do = "off" if state == "0" else "pulse" if pulse else "on"
        who = call.user, call.visitor.address, "CGI", ""
        order = SwitchOutput(known[name], do, int(pulse or 500), *who, ordered_ns(call))
        outcome = portal.service.ask(order, Outcome, SWITCH_WITHIN_S)
        if not outcome.ok:
            return error(409, f"{name}: {outcome.note}", carried_out)
        carried_out += f"{name}={state}\r\n"
    return done(sent, carried_out)


def _misread(call: Call, known: Sequence[str]) -> str:
    """What is said twice, or in a name that nobody takes: without its pulse a gate would stay open."""
    names = [*wanted_names(call), *call.body]
    twice = said_twice([name for name in names if name in known])
    if twice:
        return f"{twice} is there twice"
    meant = [name for name in names if name.lower().startswith(("do", "pulse")) and not re.fullmatch(r"do[0-9]+", name)]
    strange = next((name for name in meant if name not in known), "")
    return f"there is no {strange[:12]}; there are {', '.join(known)}" if strange else ""


def _numbered(portal: Portal, kind: str, lines_: Sequence[Any]) -> list[tuple[int, Any]]:
    """With the numbers that CGIs give them: those of `kind` in the order of the board."""
    first = portal.general().cgi_first_line
    return list(enumerate((each for each in lines_ if getattr(each, "kind", kind) == kind), first))


# --- picture ----------------------------------------------------------------------------------------------------------


def _picture(portal: Portal, call: Call) -> Answer:
    """The portal's own encoding of this width, which all who watch share."""
    asked = _sent(call).get("resolution", "")
    found = RESOLUTION.fullmatch(asked)
    if asked and not found:
        return error(400, "resolution must be like 640x480")
    picture = portal.picture.newest(int(found[1]) if found else FULL_WIDTH_PX)
    if picture is None or picture.age_s(portal.clock.monotonic_ns()) > PRESENT_S:
        raise Refused(503, "No picture yet: the engine has not delivered one. Is its camera there? Logs > Engine says more.")
    return Answer(picture.data, "image/jpeg")


# --- parameters -------------------------------------------------------------------------------------------------------


def _getparam(level: int) -> Callable[[Portal, Call], Answer]:
    def answer(portal: Portal, call: Call) -> Answer:
        wanted = [*wanted_names(call), *call.body]
        return Answer(lines(values_of(portal, level, wanted)).encode(), TYPE)

    return answer


def _setparam(portal: Portal, call: Call) -> Answer:
    sent = _sent(call)
    twice = said_twice([name for name in (*wanted_names(call), *call.body) if name not in NOT_PARAMETERS])
    if twice:
        return error(400, f"{twice[:60]} is there twice")
    try:
        now = set_values(portal, {name: value for name, value in sent.items() if name not in NOT_PARAMETERS}, call.user)
    except SettingsError as why:
        return error(400, "; ".join(f"{each.field}: {each.text}" for each in why.problems))
    except GatewrightError as why:
        return error(507, str(why))
    return done(sent, lines(now))


# ----------------------------------------------------------------------------------------------------------------------


def _sent(call: Call) -> Mapping[str, str]:
    """Of the query and of a form."""
    return {**call.query, **call.body}


def _both(
    path: str, permission: str, answer: Callable[[Portal, Call], Answer], about: str, changes: bool = False
) -> tuple[Route[Portal], ...]:
    """By GET and by POST with a form."""
    return tuple(Route(method, path, permission, answer, about, changes=changes, takes=FORM) for method in ("GET", "POST"))


ROUTES: tuple[Route[Portal], ...] = (
    *_both(
        "dido/setdo.cgi",
        "open",
        _setdo,
        "`do1=1` switches output 1 on and holds it, `do1=0` off; several at once. `pulse_ms=500` (ours): on for so long only. "
        "`return=/page`: where to go afterwards.",
        changes=True,
    ),
    *_both("dido/getdi.cgi", "view", _states("input", "di"), "Inputs as `di1=0`, 1 while active: those that are named, else all."),
    *_both("dido/getdo.cgi", "view", _states("output", "do"), "Outputs as `do1=0`, 1 while on: those that are named, else all."),
    *_both(
        "viewer/video.jpg",
        "view",
        _picture,
        "The newest picture as JPEG. `resolution=640x480`: about so wide; `quality`, `channel` and `streamid` are accepted.",
    ),
    *(
        route
        for path, permission, level in (
            ("anonymous", "view", VIEWER),
            ("viewer", "view", VIEWER),
            ("operator", "open", OPERATOR),
            ("admin", "configure", ADMIN),
        )
        for route in _both(
            f"{path}/getparam.cgi",
            permission,
            _getparam(level),
            "Parameters as `name='value'`, those of the groups and names in the query, else all that this path may see.",
        )
    ),
    *_both(
        "admin/setparam.cgi",
        "configure",
        _setparam,
        "Sets parameters, all or none: `general_device_name=Gate`; answers what they are now.",
        changes=True,
    ),
)
"""Below ROOT. Roles are the path's: what a viewer of VIVOTEK's may do with outputs, only an operator may here."""
