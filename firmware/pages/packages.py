"""Package Management: the installed packages, upload, start, stop and licences, with the API behind the page.

Sources: manual 3.2, Management browser; manual 7, Upload the package.
"""

from __future__ import annotations

from typing import TypedDict

from board.kit.errors import PackageError
from board.kit.settings import Settings, option
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, STREAM, Answer, Call, Refused, api, data, page, said
from board.kit.words import Text
from firmware.host import PACKAGES_PAGE, Host
from firmware.menu import APPLICATIONS
from firmware.packages.management import MAX_PACKAGES, PackageStatus
from firmware.packages.uploads import MAX_UPLOAD_BYTES
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.packages.versions import POLICIES, OlderVersion


class Listing(TypedDict):
    """`card`: there is an SD card; `serial`: the camera's, to which licences are bound; `npackage`: as many packages at most;
    `older`: what becomes of a version that is older than one of before, "ask" or "never"."""

    packages: list[PackageStatus]
    card: bool
    serial: str
    npackage: int
    older: str


class OlderForm(Settings):
    older: str = option(..., "Older versions", "ask: somebody has to confirm one; never: none is installed.", choices=POLICIES)


class Older(TypedDict):
    older: str


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
        }
    )


def upload(host: Host, call: Call) -> Answer:
    """One JSON object: what was installed, 201, or the refusal, 400; 409 for an older version that was not confirmed."""
    try:
        with host.uploads.package(call) as order:
            steps = list(host.packages.install(*order))
    except OlderVersion as why:
        raise Refused(409, why.text) from why
    except PackageError as why:
        raise Refused(400, why.text) from why
    name = str(steps[-1])
    status = next(package for package in host.packages.listing() if package.name == name)
    body = {
        "package": name,
        "version": status.version,
        "status": status.status,
        "message": Text("{name} is uploaded", {"name": name}),
        "steps": steps[:-1],
    }
    return data(said(body, call.language), 201)


def _older(host: Host, call: Call[object, OlderForm]) -> Answer:
    try:
        host.packages.versions.decide(call.body.older)
    except PackageError as why:
        raise Refused(507, why.text) from why
    return data({"older": call.body.older})


def _command(host: Host, call: Call) -> Answer:
    commands, name, verb = host.packages.commands(), call.path["name"], call.path["verb"]
    if verb not in commands:
        raise Refused(404, "There is no command {verb}.", verb=verb[:40])
    try:
        commands[verb](name)
    except PackageError as why:
        raise Refused(409, why.text) from why
    return data({"package": name, "done": verb})


def _licence(host: Host, call: Call) -> Answer:
    name = call.path["name"]
    try:
        until = host.packages.store_licence(name, host.uploads.licence(call))
    except PackageError as why:
        raise Refused(400, why.text) from why
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
            "Uploads a package: multipart/form-data with one file, `save2sd`, and `older` = 1 for an older version (else 409).",
            reply=Uploaded,
            takes=STREAM,
            max_body_bytes=MAX_UPLOAD_BYTES,
        ),
        api(
            "PUT",
            "api/packages/older",
            "packages",
            _older,
            "Says what becomes of a version that is older than one of before.",
            body=OlderForm,
            reply=Older,
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
