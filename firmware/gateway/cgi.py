"""CGIs of the host: upload_vadp.cgi, vadpctrl.cgi and the packages' parameters, as VIVOTEK's clients expect them (docs/cgi.md).

All others are the ANPR package's (webui/cgi.py), and reach it as its pages do (portals.py)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace

from board.kit.errors import PackageError
from board.kit.web.bodies import form_of
from board.kit.web.parameters import NOT_PARAMETERS, TYPE, done, error, is_wanted, lines, said_twice, wanted_names
from board.kit.web.routes import KNOWN, STREAM, Answer, Call, Refused, Route
from board.kit.words import Text
from firmware import platform_text
from firmware.gateway.portals import forward, package_parameters
from firmware.host import Host
from firmware.packages.management import MAX_PACKAGES, PackageStatus
from firmware.packages.schedules import Schedule
from firmware.packages.uploads import MAX_UPLOAD_BYTES
from firmware.pages.packages import COMMANDS_SAID, record_upload, set_schedule, upload

DONE = {"start": "started", "stop": "stopped", "restart": "restarted", "rollback": "rolled back", "remove": "removed"}
"""What vadpctrl.cgi answers behind "is"."""
SCHEDULE = "vadp_schedule_"
PARAMETER = re.compile(r"vadp_schedule_i([0-9]{1,3})_(enable|begintime|endtime)")
FORM_BYTES = 64 << 10
GROUPS = ("vadp", "capability_vadp", "capability_nvadppkg")
"""Parameters that no package is asked for."""

_HTML = "text/html; charset=utf-8"


def _getparam(host: Host, call: Call) -> Answer:
    """The host's parameters, and behind them those of the package that has CGIs, as far as each may be seen."""
    body, form = _form(call)
    wanted = [*wanted_names(call), *form]
    values = _own(host) if call.may("packages") else {}
    own = lines(values, wanted).encode()
    known = all(any(is_wanted(name, [each]) for name in values) or each.startswith(GROUPS) for each in wanted)
    others = None if wanted and known else package_parameters(host, call, body)
    if not call.may("packages") and others is None:
        raise _forbidden(call)
    return Answer(own + (others or b""), TYPE)


def _setparam(host: Host, call: Call) -> Answer:
    """The packages' schedules; all other parameters are the package's that has CGIs."""
    body, form = _form(call)
    sent = {**call.query, **form}
    asked = {name: value for name, value in sent.items() if name.startswith(SCHEDULE)}
    if not asked:
        return forward(host, replace(call, path={"path": "cgi-bin/admin/setparam.cgi"}), body)
    if not call.may("packages"):
        raise _forbidden(call)
    twice = said_twice([name for name in (*wanted_names(call), *form) if name not in NOT_PARAMETERS])
    if twice:
        return error(400, f"{twice[:60]} is there twice")
    others = sent.keys() - asked.keys() - set(NOT_PARAMETERS)
    if others:
        return error(400, f"{min(others)[:60]} cannot be set together with {SCHEDULE}...: send two requests")
    try:
        wanted = _schedules(host, asked)
        for name, schedule in wanted.items():
            set_schedule(host, call, name, schedule)
    except PackageError as why:
        return error(400, str(why))
    return done(sent, lines(_own(host), list(asked)))


def _forbidden(call: Call) -> Refused:
    return Refused(
        403, "This needs the permission {permission}, which {user} does not have.", permission="packages", user=call.user
    )


def _form(call: Call) -> tuple[bytes, dict[str, str]]:
    """What was posted, for the package that is asked too, and its fields."""
    return form_of(call.environ, FORM_BYTES) if call.method == "POST" else (b"", {})


def _schedules(host: Host, asked: Mapping[str, str]) -> dict[str, Schedule]:
    """{package: what it is to become}; PackageError says what is wrong with which parameter."""
    wanted: dict[str, Schedule] = {}
    for parameter, value in asked.items():
        found = PARAMETER.fullmatch(parameter)
        if found is None:
            raise PackageError("there is no parameter {name}", name=parameter[:60])
        name = host.packages.name_of(int(found[1]))
        before = wanted.get(name, host.packages.schedules.of(name))
        if found[2] == "enable":
            if value not in ("0", "1"):
                raise PackageError("{name} must be 0 or 1", name=parameter)
            wanted[name] = replace(before, enable=value == "1")
        else:
            wanted[name] = replace(before, begin=value) if found[2] == "begintime" else replace(before, end=value)
    return wanted


def _vadpctrl(host: Host, call: Call) -> Answer:
    commands = host.packages.commands()
    _, form = _form(call)
    said, sent = [*wanted_names(call), *form], {**call.query, **form}
    twice = said_twice([name for name in said if name in ("idx", "cmd")])
    if twice:
        return _page(400, f"{twice} is there twice")
    idx, cmd = sent.get("idx", ""), sent.get("cmd", "")
    if cmd not in commands:
        return _page(400, f"cmd must be one of {', '.join(commands)}")
    if not (idx.isascii() and idx.isdigit() and len(idx) < 4):
        return _page(400, "idx must be a number of getparam.cgi?vadp_module")
    try:
        name = host.packages.name_of(int(idx))
        commands[cmd](name)
    except PackageError as why:
        return _page(409, f"{cmd} failed: {why}")
    host.record(call, COMMANDS_SAID[cmd], name)
    return _page(200, f"'{name} is {DONE[cmd]}'")


def _upload_vadp(host: Host, call: Call) -> Answer:
    if "application/json" in call.header("Accept"):
        return upload(host, call)
    receiving = ExitStack()
    try:
        steps = host.packages.install(*receiving.enter_context(host.uploads.package(call)))
        first = next(steps)  # signature and contents: what is wrong here can still be told by the status
    except PackageError as why:
        receiving.close()
        return _page(400, f"upload failed: {why}")
    return Answer(_Progress(receiving, first, steps, lambda name: record_upload(host, call, name)), _HTML)


_CONTROL = Route(
    "GET",
    "cgi-bin/admin/vadpctrl.cgi",
    "packages",
    _vadpctrl,
    "Starts, stops, restarts, removes or rolls back the package number `idx`, as `cmd` says.",
    changes=True,
    takes=STREAM,
)
_PARAMETERS = Route(
    "GET", "cgi-bin/admin/getparam.cgi", KNOWN, _getparam, "Parameters of the packages and of the camera.", takes=STREAM
)
_SETTING = Route(
    "GET",
    "cgi-bin/admin/setparam.cgi",
    KNOWN,
    _setparam,
    "Sets a package's hours: `vadp_schedule_i0_enable=1&vadp_schedule_i0_begintime=07:30`; answers what they are now.",
    changes=True,
    takes=STREAM,
)
ROUTES: tuple[Route[Host], ...] = (
    _CONTROL,
    replace(_CONTROL, method="POST"),
    _PARAMETERS,
    replace(_PARAMETERS, method="POST"),
    _SETTING,
    replace(_SETTING, method="POST"),
    Route(
        "POST",
        "cgi-bin/admin/upload_vadp.cgi",
        "packages",
        _upload_vadp,
        "Uploads a package: multipart/form-data with one file and `save2sd`.",
        changes=True,
        takes=STREAM,
        max_body_bytes=MAX_UPLOAD_BYTES,
    ),
)
"""For administrators (security level 6). VIVOTEK's clients start and stop by GET, so these GETs count as changes."""


def _own(host: Host) -> dict[str, str]:
    return parameters(host.packages.listing(), host.packages.serial)


def parameters(listing: tuple[PackageStatus, ...], serial: str) -> dict[str, str]:
    """The groups `capability` and `vadp` with `vadp_module`, `vadp_schedule`, `vadp_event` and `vadp_hyperlink`, in a fixed order;
    lengths as documented. `serial`: what a licence is ordered for. Packages have no events for an event manager of the camera: what
    they see is sent by their own rules."""
    values = {
        "capability_vadp_npackage": str(MAX_PACKAGES),
        "capability_nvadppkg": str(MAX_PACKAGES),
        "vadp_version": platform_text(),
        "vadp_number": serial[:128],
        "vadp_module_number": str(len(listing)),
        "vadp_module_order": ",".join(str(package.idx) for package in listing if package.enabled),
    }
    for package in listing:
        fields = {
            "enable": "1" if package.enabled else "0",
            "name": package.name,
            "extendedname": package.extendedname[:40],
            "url": package.url[:120],
            "vendor": package.vendor[:40],
            "vendorurl": package.vendorurl[:120],
            "version": package.version[:40],
            "license": package.license[:40],
            "licmsg": str(package.license_message)[:128],
            "path": package.storage[:40],
            "initscr": "initscr",
            "status": package.status,
            "statmsg": str(package.message)[:128],
            "vvtklicensemec": package.mechanism[:40],
        }
        values |= {f"vadp_module_i{package.idx}_{field}": value for field, value in fields.items()}
    for package in listing:
        hours = package.schedule
        fields = {"enable": "1" if hours.enable else "0", "begintime": hours.begin, "endtime": hours.end}
        values |= {f"vadp_schedule_i{package.idx}_{field}": value for field, value in fields.items()}
    values["vadp_event_ntrigger"] = "0"
    for number, package in enumerate(each for each in listing if each.url):
        fields = {
            "moduleidx": str(package.idx),
            "title": package.extendedname[:40],
            "url": package.url[:120],
            "status": package.status,
        }
        values |= {f"vadp_hyperlink_i{number}_{field}": value for field, value in fields.items()}
    return values


def _page(status: int, text: str) -> Answer:
    body = f"<html><body><pre>{html.escape(text, quote=False)}</pre></body></html>\n"
    return Answer(body.encode(), _HTML, status)


class _Progress:
    """The upload's page while it is written: a dot per step, last line `'ANPR is uploaded'`. The installation is finished
    even when the client has gone."""

    def __init__(self, receiving: ExitStack, first: Text, steps: Iterator[Text], done: Callable[[str], None]) -> None:
        self._receiving = receiving
        self._done = done
        self._refused = self._finished = False
        self._last = first
        self._steps = steps

    def __iter__(self) -> Iterator[bytes]:
        yield b"<html><body><pre>\n"
        try:
            for step in self._steps:
                yield f"{html.escape(str(self._last), quote=False)}<script>document.write('.')</script>\n".encode()
                self._last = step
        except PackageError as why:
            self._refused = True
            yield f"upload failed: {html.escape(str(why), quote=False)}\n</pre></body></html>\n".encode()
            return
        self._finish()
        yield f"'{self._last} is uploaded'\n</pre></body></html>\n".encode()

    def close(self) -> None:
        try:
            for step in self._steps:
                self._last = step
        except PackageError:
            pass  # nobody is there to be told; the log has it
        else:
            self._finish()
        self._receiving.close()

    def _finish(self) -> None:
        """Once, when the package is installed."""
        if not self._refused and not self._finished:
            self._finished = True
            self._done(str(self._last))
