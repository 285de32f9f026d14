"""Package Management: the installed packages, upload, start, stop and licences, with the API behind the page.

Sources: manual 3.2, Management browser; manual 7, Upload the package.
"""

from __future__ import annotations

from typing import Any, TypedDict

from board.kit.errors import PackageError
from board.kit.settings import Settings, option
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, STREAM, Answer, Call, Refused, api, data, page, said
from board.kit.words import Text, mark
from firmware.host import PACKAGES_PAGE, Host
from firmware.menu import APPLICATIONS
from firmware.packages.management import MAX_PACKAGES, PackageStatus
from firmware.packages.schedules import Schedule
from firmware.packages.uploads import MAX_UPLOAD_BYTES
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.packages.versions import NEVER, POLICIES, Unconfirmed
from firmware.pages.keys import by_a_person


class Listing(TypedDict):
    """`card`: there is an SD card; `serial`: the camera's, to which licences are bound; `npackage`: as many packages at most;
    `older`: what becomes of a version that is older than one of before, "ask" or "never"; `unsigned`: packages that nobody whom the
    camera trusts has signed are taken; `limits`: what a package may take of the board, for people; `kernel_limits`: which of
    "memory", "pids" and "cpu" the kernel keeps."""

    packages: list[PackageStatus]
    card: bool
    serial: str
    npackage: int
    older: str
    unsigned: bool
    limits: str
    kernel_limits: list[str]


class OlderForm(Settings):
    older: str = option(..., "Older versions", "ask: somebody has to confirm one; never: none is installed.", choices=POLICIES)


class Older(TypedDict):
    older: str


class UnsignedForm(Settings):
    unsigned: bool = option(..., "Unsigned packages", "true: taken, whoever made them; false: refused.")


class UnsignedAllowed(TypedDict):
    unsigned: bool


class ScheduleForm(Settings):
    enable: bool = option(..., "Runs at these times only", "false: it runs all day.")
    begin: str = option("00:00", "From", "hh:mm, the camera's own time.", max_length=5)
    end: str = option("00:00", "Until", "hh:mm; at or before the beginning: of the next day.", max_length=5)


class Scheduled(TypedDict):
    package: str
    enable: bool
    begin: str
    end: str


class Uploaded(TypedDict):
    """What was installed, and the steps that it took."""

    package: str
    version: str
    status: str
    message: str
    steps: list[str]


class Done(TypedDict):
    package: str
    done: str


class Licensed(TypedDict):
    """`until`: a date, or "no end"."""

    package: str
    until: str


COMMANDS_SAID = {
    "start": mark("package started"),
    "stop": mark("package stopped"),
    "restart": mark("package restarted"),
    "rollback": mark("package rolled back"),
    "remove": mark("package removed"),
}
"""What Changes says of a command."""


def record_upload(host: Host, call: Call[Any, Any], name: str) -> None:
    """Changes says who installed what, and if nobody has signed it."""
    status = next((package for package in host.packages.listing() if package.name == name), None)
    if status is None:
        return  # removed meanwhile: that is recorded
    what = mark("package installed") if status.signed else mark("UNSIGNED package installed")
    host.record(call, what, f"{name} {status.version}")


def _page(host: Host, call: Call) -> Answer:
    packages = host.packages
    return host.page(
        call,
        "vadp",
        Text("Package management"),
        serial=packages.serial,
        report_key=packages.report_key,
        scripts=("upload", "vadp"),
        max_bytes=MAX_ARCHIVE_BYTES,
    )


def _listing(host: Host, call: Call) -> Answer:
    packages = host.packages
    found = said(packages.listing(), call.language)
    return data(
        {
            "packages": found,
            "card": host.card_present(),
            "serial": packages.serial,
            "npackage": MAX_PACKAGES,
            "older": packages.versions.older,
            "unsigned": packages.unsigned.allowed,
            "limits": said(packages.groups.about, call.language),
            "kernel_limits": packages.groups.kept,
        }
    )


def upload(host: Host, call: Call) -> Answer:
    """One JSON object: what was installed, 201, or the refusal, 400; 409 for what has to be confirmed and was not."""
    try:
        with host.uploads.package(call) as order:
            steps = list(host.packages.install(*order))
    except Unconfirmed as why:
        raise Refused(409, why.text) from why
    except PackageError as why:
        raise Refused(400, why.text) from why
    name = str(steps[-1])
    record_upload(host, call, name)
    status = next((package for package in host.packages.listing() if package.name == name), None)
    if status is None:  # somebody has just removed it
        raise Refused(409, "{name} is not installed", name=name)
    body = {
        "package": name,
        "version": status.version,
        "status": status.status,
        "message": Text("{name} is uploaded", {"name": name}),
        "steps": steps[:-1],
    }
    return data(said(body, call.language), 201)


def _older(host: Host, call: Call[object, OlderForm]) -> Answer:
    if call.body.older != NEVER:
        by_a_person(call)
    try:
        host.packages.versions.decide(call.body.older)
    except PackageError as why:
        raise Refused(507, why.text) from why
    host.record(call, mark("older versions of packages"), call.body.older)
    return data({"older": call.body.older})


def _unsigned(host: Host, call: Call[object, UnsignedForm]) -> Answer:
    allowed = call.body.unsigned
    if allowed:
        by_a_person(call)
    try:
        host.packages.unsigned.allow(allowed)
    except PackageError as why:
        raise Refused(507, why.text) from why
    host.record(call, mark("UNSIGNED PACKAGES ALLOWED") if allowed else mark("unsigned packages refused"))
    return data({"unsigned": allowed})


def _schedule(host: Host, call: Call[object, ScheduleForm]) -> Answer:
    name = call.path["name"]
    try:
        schedule = set_schedule(host, call, name, Schedule(call.body.enable, call.body.begin, call.body.end))
    except PackageError as why:
        raise Refused(400, why.text) from why
    return data({"package": name, "enable": schedule.enable, "begin": schedule.begin, "end": schedule.end})


def set_schedule(host: Host, call: Call[Any, Any], name: str, schedule: Schedule) -> Schedule:
    """Puts it in force, and Changes says who did. PackageError: nothing is changed."""
    host.packages.schedule(name, schedule)
    about = f"{name} {schedule.begin}-{schedule.end}" if schedule.enable else name
    host.record(call, mark("schedule of a package on") if schedule.enable else mark("schedule of a package off"), about)
    return schedule


def _command(host: Host, call: Call) -> Answer:
    commands, name, verb = host.packages.commands(), call.path["name"], call.path["verb"]
    if verb not in commands:
        raise Refused(404, "There is no command {verb}.", verb=verb[:40])
    try:
        commands[verb](name)
    except PackageError as why:
        raise Refused(409, why.text) from why
    host.record(call, COMMANDS_SAID[verb], name)
    return data({"package": name, "done": verb})


def _licence(host: Host, call: Call) -> Answer:
    name = call.path["name"]
    try:
        until = host.packages.store_licence(name, host.uploads.licence(call))
    except PackageError as why:
        raise Refused(400, why.text) from why
    host.record(call, mark("licence of a package stored"), name)
    return data(said({"package": name, "until": until}, call.language), 201)


TAB = Tab(
    PACKAGES_PAGE.removeprefix("/"),
    "Package management",
    1,
    "packages",
    (
        page(PACKAGES_PAGE.removeprefix("/"), "packages", _page),
        api("GET", "api/packages", KNOWN, _listing, "The installed packages with their states and processes.", reply=Listing),
        api(
            "POST",
            "api/packages",
            "packages",
            upload,
            "Uploads a package: multipart/form-data with one file, `save2sd`, and `older` = 1 to confirm an older version, another "
            "vendor's, or one without a licence (else 409).",
            reply=Uploaded,
            takes=STREAM,
            max_body_bytes=MAX_UPLOAD_BYTES,
        ),
        api(
            "PUT",
            "api/packages/older",
            "packages",
            _older,
            "Says what becomes of a version that is older than one of before. A token can only say never.",
            body=OlderForm,
            reply=Older,
        ),
        api(
            "PUT",
            "api/packages/unsigned",
            "packages",
            _unsigned,
            "Says whether packages are taken that nobody whom this camera trusts has signed. A token can only switch it off.",
            body=UnsignedForm,
            reply=UnsignedAllowed,
        ),
        api(
            "PUT",
            "api/packages/<name:re:[A-Za-z0-9_-]+>/schedule",
            "packages",
            _schedule,
            "Sets the hours of the day in which the package runs.",
            body=ScheduleForm,
            reply=Scheduled,
        ),
        api(
            "POST",
            "api/packages/<name:re:[A-Za-z0-9_-]+>/licence",
            "packages",
            _licence,
            "Stores a licence: the file as multipart/form-data or as the body itself.",
            reply=Licensed,
            takes=STREAM,
        ),
        api(
            "POST",
            "api/packages/<name:re:[A-Za-z0-9_-]+>/<verb:re:[a-z]+>",
            "packages",
            _command,
            "Does what `verb` says: start, stop, restart, rollback or remove.",
            reply=Done,
        ),
    ),
    APPLICATIONS,
)
