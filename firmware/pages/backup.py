"""Backup and reset: what the camera was set to as one encrypted file, back from it, and back to a new camera."""

from __future__ import annotations

from typing import Any, TypedDict

from board.identity import confirmations
from board.kit.errors import ConfigError, PackageError
from board.kit.fields import Password
from board.kit.settings import Settings, option, unfit
from board.kit.web.menu import Tab
from board.kit.web.routes import STREAM, Answer, Call, Elsewhere, Refused, api, data, page, said
from board.kit.words import Text, mark
from firmware.host import Host
from firmware.keeping import order
from firmware.keeping.backups import MAX_BACKUP_BYTES, MAX_PASSPHRASE, MIN_PASSPHRASE, Inside
from firmware.keeping.contents import PARTS, PEOPLE
from firmware.menu import SYSTEM

NAME = "setup/system/backup.html"
SEALED = "application/octet-stream"


class BackupForm(Settings):
    passphrase: Password = option(
        ..., "Passphrase", "Without it nobody can open the backup, nor can you.", max_length=MAX_PASSPHRASE
    )
    passages: bool = option(False, "With passages", "Also the passages and what was decided about them.")
    pictures: bool = option(False, "With pictures", "Also the pictures of these passages: this takes long.")


class RestoreForm(Settings):
    parts: tuple[str, ...] = option((), "Parts", "people, settings, keys, wiring, packages: those that `choices` names.")
    password: Password = option("", "Password", "Your own, once more.", max_length=200)
    made: str = option("", "Made", "When the backup was made that is meant; another one is refused. Empty: whichever waits.")


class ResetForm(Settings):
    mac: str = option("", "MAC address", "One of the camera's with its colons, as the page shows it.", max_length=40)
    password: Password = option("", "Password", "Your own, once more.", max_length=200)
    keep_people: bool = option(False, "Keep accounts", "Accounts, API tokens and device passwords stay.")


class Part(TypedDict):
    """`can`: it can be restored here."""

    name: str
    title: str
    can: bool


class Taken(TypedDict):
    """A backup that was taken in. `made`: UTC (ISO 8601); `own_board`: this board's, so that licences are restored with it;
    `packages`: {name: {"version", and numbers of what it holds}}; `absent`: those that are not installed here; `problems`: of
    packages that do not take it."""

    made: str
    camera: str
    profile: str
    version: str
    own_board: bool
    parts: list[Part]
    choices: list[str]
    packages: dict[str, dict[str, Any]]
    absent: list[str]
    problems: list[str]


class Backup(TypedDict):
    """`inside`: the backup that was taken in and waits, null for none; `notice`: what was restored or reset last, null once it was
    noted; `mac`: what a reset asks for."""

    inside: Taken | None
    notice: str | None
    notice_at: str
    mac: str


class Begun(TypedDict):
    """`restarts`: the host starts again for it."""

    restarts: bool


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, status: int = 200, where: str = "", error: object = "") -> Answer:
    """`where`: the form that `error` is about."""
    return host.page(
        call,
        "backup",
        Text("Backup and reset"),
        status=status,
        here=f"/{NAME}",
        scripts=("backup",),
        where=where,
        error=error,
        inside=host.backups.inside,
        parts=PARTS,
        notice=order.notice(host.state),
        mac=confirmations(host.state)[0],
        least=MIN_PASSPHRASE,
        most=MAX_PASSPHRASE,
        max_bytes=MAX_BACKUP_BYTES,
    )


def _save(host: Host, call: Call) -> Answer:
    sent = call.body
    try:
        if sent.get("passphrase", "") != sent.get("again", ""):
            raise ConfigError("the two passphrases differ", field="again")
        return _made(host, call, sent.get("passphrase", ""), "passages" in sent, "pictures" in sent)
    except (ConfigError, PackageError) as why:
        return _page(host, call, 400, "save", Text("no backup was made: {reason}", {"reason": why}))


def _restore(host: Host, call: Call) -> Answer:
    try:
        parts = [part for part in PARTS if f"part-{part}" in call.body]
        _begin_restore(host, call, parts, call.body.get("password", ""), call.body.get("made", ""))
    except ConfigError as why:
        return _page(host, call, 400, "restore", Text("nothing was restored: {reason}", {"reason": why}))
    return _going(host, call, Text("The backup is being restored"))


def _leave(host: Host, call: Call) -> Answer:
    host.backups.leave()
    raise Elsewhere(f"/{NAME}")


def _reset(host: Host, call: Call) -> Answer:
    sent = call.body
    try:
        _begin_reset(host, call, sent.get("mac", ""), sent.get("password", ""), "keep_people" in sent)
    except ConfigError as why:
        return _page(host, call, 400, "reset", Text("nothing was reset: {reason}", {"reason": why}))
    return _going(host, call, Text("The camera is being reset"))


def _note(host: Host, call: Call) -> Answer:
    order.take_note(host.state)
    raise Elsewhere(f"/{NAME}")


def _going(host: Host, call: Call, title: Text) -> Answer:
    return host.page(call, "going", title, here=f"/{NAME}", scripts=("going",))


# --- both -------------------------------------------------------------------------------------------------------------


def _all(call: Call[Any, Any]) -> None:
    """Whoever restores accounts or reads all secrets must be allowed everything."""
    beyond = [each for each in ("people", "configure", "lists", "actions", "packages") if not call.may(each)]
    if beyond:
        raise Refused(403, "This needs the permissions {beyond} too.", beyond=beyond)


def _made(host: Host, call: Call[Any, Any], passphrase: str, passages: bool, pictures: bool) -> Answer:
    _all(call)
    body = host.backups.make(passphrase, passages, pictures)
    about = "with pictures" if passages and pictures else "with passages" if passages else "settings"
    host.record(call, mark("backup made"), about)
    name = f'attachment; filename="{confirmations(host.state)[0].replace(":", "")}.gwbackup"'
    return Answer(body, SEALED, headers=(("Content-Disposition", name),))


def _begin_restore(host: Host, call: Call[Any, Any], parts: list[str], password: str, made: str) -> None:
    _all(call)
    host.auth.confirm(call, password)
    wanted = host.backups.restore(parts, call.visitor.name, made)
    host.record(call, mark("backup restored"), ", ".join(wanted))


def _begin_reset(host: Host, call: Call[Any, Any], mac: str, password: str, keep_people: bool) -> None:
    _all(call)
    if mac.strip().lower() not in confirmations(host.state):
        raise unfit("mac", "MAC address", "is not this camera's")
    host.auth.confirm(call, password)
    order.give(host.state, order.Order(order.RESET, (PEOPLE,) if keep_people else (), call.visitor.name))
    about = "accounts stay" if keep_people else ""
    host.record(call, mark("camera reset"), about)
    host.restart.ask()


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    inside, told = host.backups.inside, order.notice(host.state)
    found = {
        "inside": _taken(inside) if inside is not None else None,
        "notice": told.text if told else None,
        "notice_at": told.at.isoformat() if told else "",
        "mac": confirmations(host.state)[0],
    }
    return data(said(found, call.language))


def _taken(inside: Inside) -> dict[str, object]:
    return {
        "made": inside.made,
        "camera": inside.camera,
        "profile": inside.profile,
        "version": inside.version,
        "own_board": inside.own_board,
        "parts": [
            {"name": part, "title": Text(PARTS[part]), "can": part in inside.choices} for part in PARTS if part in inside.parts
        ],
        "choices": inside.choices,
        "packages": inside.packages,
        "absent": inside.absent,
        "problems": inside.problems,
    }


def _post(host: Host, call: Call[object, BackupForm]) -> Answer:
    form = call.body
    return _made(host, call, form.passphrase, form.passages, form.pictures)


def _take_in(host: Host, call: Call) -> Answer:
    _all(call)
    try:
        with host.uploads.file(call, MAX_BACKUP_BYTES, 2) as (path, fields):
            inside = host.backups.take_in(path, fields.get("passphrase", ""))
    except (ConfigError, PackageError) as why:
        raise Refused(400, why.text) from why
    host.record(call, mark("backup opened"), f"{inside.camera} {inside.made}")
    return data(said(_taken(inside), call.language), 201)


def _post_restore(host: Host, call: Call[object, RestoreForm]) -> Answer:
    _begin_restore(host, call, list(call.body.parts), call.body.password, call.body.made)
    return data({"restarts": True}, 202)


def _delete(host: Host, call: Call) -> Answer:
    host.backups.leave()
    return _get(host, call)


def _post_reset(host: Host, call: Call[object, ResetForm]) -> Answer:
    _begin_reset(host, call, call.body.mac, call.body.password, call.body.keep_people)
    return data({"restarts": True}, 202)


def _noted(host: Host, call: Call) -> Answer:
    order.take_note(host.state)
    return _get(host, call)


TAB = Tab(
    NAME,
    "Backup and reset",
    4,
    "system",
    (
        page(NAME, "system", _show),
        page("setup/system/backup/save", "system", _save, method="POST"),
        page("setup/system/backup/restore", "system", _restore, method="POST"),
        page("setup/system/backup/leave", "system", _leave, method="POST"),
        page("setup/system/backup/reset", "system", _reset, method="POST"),
        page("setup/system/backup/note", "system", _note, method="POST"),
        api("GET", "api/backup", "system", _get, "The backup that was taken in, and what was restored last.", reply=Backup),
        api(
            "POST",
            "api/backup",
            "system",
            _post,
            "Makes a backup, encrypted with the passphrase: the file. Needs all permissions.",
            body=BackupForm,
            reply=SEALED,
        ),
        api(
            "POST",
            "api/backup/open",
            "system",
            _take_in,
            "Takes a backup in and says what is in it; nothing is changed: multipart/form-data with one file and `passphrase`.",
            reply=Taken,
            takes=STREAM,
            max_body_bytes=MAX_BACKUP_BYTES,
        ),
        api(
            "POST",
            "api/backup/restore",
            "system",
            _post_restore,
            "Restores parts of the backup that was taken in; the camera starts again.",
            body=RestoreForm,
            reply=Begun,
        ),
        api("DELETE", "api/backup", "system", _delete, "Forgets the backup that was taken in.", reply=Backup),
        api("POST", "api/backup/noted", "system", _noted, "Takes note of what was restored or reset.", reply=Backup),
        api(
            "POST",
            "api/reset",
            "system",
            _post_reset,
            "Resets the camera to a new one's state; packages, licences, trusted keys and the wiring stay. It starts again.",
            body=ResetForm,
            reply=Begun,
        ),
    ),
    SYSTEM,
)
