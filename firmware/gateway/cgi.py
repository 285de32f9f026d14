"""CGIs: upload_vadp.cgi, vadpctrl.cgi and getparam.cgi as VIVOTEK's clients expect them (protocols.md 1.1, 1.5)."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import unquote

from bottle import Bottle, HTTPResponse, request

from board.kit.errors import PackageError
from firmware import platform_text
from firmware.packages.management import MAX_PACKAGES, Packages, PackageStatus
from firmware.packages.uploads import Uploads
from firmware.people.auth import Auth, answer

DONE = {"start": "started", "stop": "stopped", "restart": "restarted", "rollback": "rolled back", "remove": "removed"}
"""What vadpctrl.cgi answers behind "is"."""
_HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def routes(app: Bottle, auth: Auth, packages: Packages, uploads: Uploads) -> None:
    """Adds the three CGIs to `app`; all are for administrators (security level 6)."""
    commands = packages.commands()

    def getparam() -> HTTPResponse:
        auth.api("packages")
        wanted = [unquote(part.partition("=")[0]) for part in request.query_string.split("&") if part]
        return HTTPResponse(parameter_lines(packages.listing(), wanted), headers=_TEXT)

    def vadpctrl() -> HTTPResponse:
        auth.api("packages", acts=True)
        idx, cmd = request.query.get("idx", ""), request.query.get("cmd", "")
        if cmd not in commands:
            return _page(400, f"cmd must be one of {', '.join(commands)}")
        if not (idx.isascii() and idx.isdigit() and len(idx) < 4):
            return _page(400, "idx must be a number of getparam.cgi?vadp_module")
        try:
            name = packages.name_of(int(idx))
            commands[cmd](name)
        except PackageError as why:
            return _page(409, f"{cmd} failed: {why}")
        return _page(200, f"'{name} is {DONE[cmd]}'")

    def upload_vadp() -> HTTPResponse:
        auth.api("packages")
        if "application/json" in request.get_header("Accept", ""):
            return upload_json(packages, uploads)
        receiving = ExitStack()
        try:
            archive, storage = receiving.enter_context(uploads.package())
            steps = packages.install(archive, storage)
            first = next(steps)  # signature and contents: what is wrong here can still be told by the status
        except PackageError as why:
            receiving.close()
            return _page(400, f"upload failed: {why}")
        return HTTPResponse(_Progress(receiving, first, steps), headers=_HTML)

    app.route("/cgi-bin/admin/getparam.cgi", ["GET", "POST"], getparam)
    app.route("/cgi-bin/admin/vadpctrl.cgi", ["GET", "POST"], vadpctrl)
    app.route("/cgi-bin/admin/upload_vadp.cgi", "POST", upload_vadp)


def upload_json(packages: Packages, uploads: Uploads) -> HTTPResponse:
    """One JSON object: what was installed, 201, or {"error"}, 400."""
    try:
        with uploads.package() as (archive, storage):
            steps = list(packages.install(archive, storage))
    except PackageError as why:
        return answer(400, str(why))
    name = steps[-1]
    status = next(package for package in packages.listing() if package.name == name)
    body = {
        "package": name,
        "version": status.version,
        "status": status.status,
        "message": f"{name} is uploaded",
        "steps": steps[:-1],
    }
    return HTTPResponse(json.dumps(body), status=201, headers={"Content-Type": "application/json; charset=utf-8"})


def parameter_lines(listing: tuple[PackageStatus, ...], wanted: list[str]) -> str:
    """`name='value'` and CR LF per line, for every group or name in `wanted` (all without one); nothing else."""
    values = parameters(listing)
    if wanted:
        values = {name: value for name, value in values.items() if any(name == w or name.startswith(f"{w}_") for w in wanted)}
    return "".join(f"{name}='{_value(value)}'\r\n" for name, value in values.items())


def parameters(listing: tuple[PackageStatus, ...]) -> dict[str, str]:
    """The groups `capability`, `vadp` and `vadp_module` in their fixed order; lengths as documented."""
    values = {
        "capability_vadp_npackage": str(MAX_PACKAGES),
        "vadp_version": platform_text(),
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
            "licmsg": package.license_message[:128],
            "path": package.storage[:40],
            "initscr": "initscr",
            "status": package.status,
            "statmsg": package.message[:128],
            "vvtklicensemec": package.mechanism[:40],
        }
        values |= {f"vadp_module_i{package.idx}_{field}": value for field, value in fields.items()}
    return values


def _value(text: str) -> str:
    # Parsers take what stands between the first and the last quote of a line.
    return "".join(character if character.isprintable() else " " for character in text).replace("'", "\u2019")


def _page(status: int, text: str) -> HTTPResponse:
    body = f"<html><body><pre>{html.escape(text, quote=False)}</pre></body></html>\n"
    return HTTPResponse(body, status=status, headers=_HTML)


class _Progress:
    """The upload's page while it is written: a dot per step, last line `'ANPR is uploaded'`. The installation is finished
    even when the client has gone."""

    def __init__(self, receiving: ExitStack, first: str, steps: Iterator[str]) -> None:
        self._receiving = receiving
        self._last = first
        self._steps = steps

    def __iter__(self) -> Iterator[bytes]:
        yield b"<html><body><pre>\n"
        try:
            for step in self._steps:
                yield f"{html.escape(self._last, quote=False)}<script>document.write('.')</script>\n".encode()
                self._last = step
        except PackageError as why:
            yield f"upload failed: {html.escape(str(why), quote=False)}\n</pre></body></html>\n".encode()
            return
        yield f"'{self._last} is uploaded'\n</pre></body></html>\n".encode()

    def close(self) -> None:
        try:
            for _ in self._steps:
                pass
        except PackageError:
            pass  # nobody is there to be told; the log has it
        self._receiving.close()
