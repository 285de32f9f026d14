"""Order: what is to be restored or reset, written down and carried out at the host's next start, before anything is read: after a
cut in the middle it is carried out again, so that the camera is as it was before or as it was meant to be.

STATE/host/keeping/ holds staged/ (what a backup holds, in the clear until it is restored or left), order.json (once a person has
confirmed it), notice.json (what was done) and gone-N/ (what is being deleted).
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.files import read_again, sync_folder, write_together, write_whole
from board.kit.from_json import from_json
from board.kit.kept import copy_of
from board.kit.plain import from_plain, to_plain
from board.kit.state import State
from board.kit.words import Text, from_stored, to_stored
from firmware.certificates.own import certificate_files
from firmware.keeping.contents import KEYS, LICENCES, PACKAGES, PEOPLE, SETTINGS, part_of
from firmware.packages.keys import beside_other_keys
from firmware.processes.places import settle_alike

LOG = logging.getLogger("keeping")

RESTORE, RESET = "restore", "reset"

Take = Callable[[str, Path, str], None]
"""(package, folder, user): gives a package what it stored; PackageError when it does not take it."""

PEOPLES = ("accounts.json", "tokens.json", "device-passwords.json", "device-passwords.key")
WITH_PEOPLE = ("initial-password", "token-leads.json", "token-leads.json.copy")
"""What a reset that leaves people leaves beside them; of a restore it is no part."""
LASTING = ("packages", "compiled", "firmware", "trust", "licences", "keeping", "lock", "serial", "camera_id.json", "versions.json")
"""Of STATE/host: what a reset leaves: the packages and what they need, and which camera this is."""
WIRING = ("board.json", "lines.json", "polarity.json", "line_rules.json")
"""Of STATE: how the board is wired. A relay whose polarity was forgotten would hold a gate open."""


@dataclass(frozen=True, slots=True)
class Order:
    """`what`: RESTORE or RESET; `parts`: those to restore (contents.PARTS), or that a reset leaves (PEOPLE); `by`: the user."""

    what: str
    parts: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done, until somebody has taken note of it. `good`: all of it."""

    at: datetime
    text: Text
    good: bool


def folder_of(state: State) -> Path:
    """Made when it is not there."""
    folder = state.host / "keeping"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def staged(state: State) -> Path:
    """The folder of what is to be restored; it is not there when nothing is."""
    return folder_of(state) / "staged"


def give(state: State, order: Order) -> None:
    """From here on it is carried out at the host's next start, whatever happens. ConfigError: it cannot be written down."""
    folder = folder_of(state)
    try:
        os.sync()  # what is staged, which may be many files
        write_whole(folder / "order.json", json.dumps(to_plain(order)).encode(), 0o600)
        sync_folder(folder)
    except OSError as why:
        raise ConfigError("it cannot be written down, and nothing was changed: {reason}", reason=why.strerror) from why


def carry_out(state: State, take: Take) -> None:
    """Does what was ordered, before anything of the host is read; what was staged and not ordered goes."""
    folder = state.host / "keeping"
    if not folder.is_dir():
        return
    try:
        order = _order(folder / "order.json")
        if order is not None:
            settle_alike(state)  # a backup and what a reset leaves lie in STATE itself
            text, good = _DO[order.what](state, order, take)
            LOG.warning("%s, by %s", text, order.by)
            _tell(folder, text, good)
            (folder / "order.json").unlink(missing_ok=True)
            sync_folder(folder)
        _discard(folder, staged(state))
    except OSError as why:  # a full or broken storage must not keep the gate shut
        LOG.error("not done to its end, the next start tries again: %s", why)
        return
    threading.Thread(target=_delete_gone, args=(folder,), name="gone", daemon=True).start()


def notice(state: State) -> Notice | None:
    """What was done last, while nobody has taken note of it."""
    try:
        said = from_json((state.host / "keeping" / "notice.json").read_bytes())
        return Notice(datetime.fromisoformat(said["at"]), from_stored(said["text"]), bool(said["good"]))
    except (OSError, ValueError, TypeError, LookupError):
        return None


def take_note(state: State) -> None:
    """Somebody has read the notice."""
    with suppress(OSError):
        (state.host / "keeping" / "notice.json").unlink(missing_ok=True)


def discard(state: State) -> None:
    """What is staged is not wanted. With it goes the order to restore it, where a start could not carry that out: the next one
    would do so with whatever is staged then."""
    folder = folder_of(state)
    try:
        _withdraw(folder / "order.json")
    except OSError as why:  # then it stays with what it is for
        LOG.error("the order to restore what is not wanted stays: %s", why)
        return
    _discard(folder, staged(state))
    threading.Thread(target=_delete_gone, args=(folder,), name="gone", daemon=True).start()


# --- what is done -----------------------------------------------------------------------------------------------------


def _restore(state: State, order: Order, take: Take) -> tuple[Text, bool]:
    """Every step may be done twice: the file that is there already is the one that is wanted."""
    root = staged(state)
    if not root.is_dir():  # without it, all that the camera has would be taken for what the backup does not hold
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root))
    wanted: dict[Path, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        part = part_of(name)
        if path.is_file() and part in order.parts and part != PACKAGES:
            target, data = state.root / name, path.read_bytes()
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            wanted[_BESIDE[part](target, data, wanted) if part in _BESIDE else target] = data
    # a full storage leaves what there was: not accounts of the backup beside settings of before
    write_together([(target, data, 0o600) for target, data in wanted.items()])
    for folder in sorted({target.parent for target in wanted}):
        sync_folder(folder)
    if SETTINGS in order.parts:
        _forget_settings(state, root)
    if PEOPLE in order.parts:
        _forget(state.host, [name for name in PEOPLES if not (root / "host" / name).exists()])
        (state.host / "initial-password").unlink(missing_ok=True)
    problems = []
    for folder in sorted((root / PACKAGES).glob("*")) if PACKAGES in order.parts else ():
        try:
            take(folder.name, folder, order.by)
        except GatewrightError as why:
            LOG.error("%s: %s", folder.name, why)
            problems.append(why.text)
    if problems:
        return Text("the backup was restored, but for this: {problems}", {"problems": problems}), False
    return Text("the backup was restored"), True


def _behind_licence(target: Path, data: bytes, soon: Mapping[Path, bytes]) -> Path:
    """The licence that is here may be the later one: of it and its copy the one that lasts longer counts
    (firmware/packages/licences.py)."""
    return copy_of(target) if target.exists() else target


_BESIDE: Mapping[str, Callable[[Path, bytes, Mapping[Path, bytes]], Path]] = {KEYS: beside_other_keys, LICENCES: _behind_licence}
"""{part whose files come beside those of the camera: where one goes that would lie at `target`, together with those of `soon`}."""


def _forget_settings(state: State, root: Path) -> None:
    """What is as on the first day has no file in the backup: a server that was off then is not left on, nor another certificate in
    force. The camera's own certificate is none of these: it is made where there is none."""
    own = [path.name for path in astuple(certificate_files(state.tls))]
    for folder in (state.host, state.tls):
        names = [path.relative_to(state.root).as_posix() for path in folder.glob("*") if path.is_file() and path.name not in own]
        if gone := [Path(name).name for name in names if part_of(name) == SETTINGS and not (root / name).exists()]:
            _forget(folder, gone)


def _forget(folder: Path, names: Sequence[str]) -> None:
    """With the second copies of these files (board/kit/kept.py)."""
    for name in names:
        for path in (folder / f"{name}.copy", folder / name):
            path.unlink(missing_ok=True)
    sync_folder(folder)


def _reset(state: State, order: Order, take: Take) -> tuple[Text, bool]:
    """What is not known to last goes, so that nothing new is forgotten here."""
    kept = (*LASTING, *PEOPLES, *(f"{name}.copy" for name in PEOPLES), *WITH_PEOPLE) if PEOPLE in order.parts else LASTING
    lasting = {*kept, *(f"{name}.copy" for name in LASTING)}
    folder = folder_of(state)
    for path in state.host.iterdir():
        if path.name not in lasting:
            _discard(folder, path)
    for path in state.root.iterdir():
        if path.name not in {*WIRING, "host", state.run.name, "sim"}:
            _discard(folder, path)
    for path in state.run.iterdir() if state.run.is_dir() else ():
        if path.is_file():  # what processes hand to the next ones of their kind
            path.unlink(missing_ok=True)
    sync_folder(state.host)
    sync_folder(state.root)
    if PEOPLE in order.parts:
        return Text("the camera was reset; its accounts stayed"), True
    return Text("the camera was reset"), True


_DO: Mapping[str, Callable[[State, Order, Take], tuple[Text, bool]]] = {RESTORE: _restore, RESET: _reset}


def _withdraw(path: Path) -> None:
    """Of a reset nothing is staged: it stays."""
    try:
        order = _order(path)
    except OSError:
        order = None
    if order is None or order.what != RESET:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def _order(path: Path) -> Order | None:
    try:
        found = from_plain(Order, from_json(read_again(path.read_bytes)))
    except FileNotFoundError:
        return None
    except ValueError as why:  # replaced as a whole: no power cut does that
        LOG.error("%s is damaged, nothing is done: %s", path, why)
        return None
    return found if found.what in _DO else None


def _tell(folder: Path, text: Text, good: bool) -> None:
    document = {"at": datetime.now(UTC).isoformat(), "text": to_stored(text), "good": good}
    try:
        write_whole(folder / "notice.json", json.dumps(document).encode(), 0o600)
    except OSError as why:
        LOG.error("no page will say it: %s", why)


def _discard(folder: Path, path: Path) -> None:
    """Out of the way at once; deleted afterwards, as it may take minutes."""
    if not path.exists() and not path.is_symlink():
        return
    number = 0
    while (target := folder / f"gone-{number}").exists():
        number += 1
    try:
        path.replace(target)
    except OSError:  # another file system is mounted there
        shutil.rmtree(path, ignore_errors=True)


def _delete_gone(folder: Path) -> None:
    for path in sorted(folder.glob("gone-*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
