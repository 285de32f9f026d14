"""Checker: a package is checked by a process of its own, an uploaded archive as well as an installed one, and the signature of a
licence too, so that the host never loads the library of signatures (8 MB) and never holds a package's files, and whatever a hostile
one takes ends with that process.

`python -P -m firmware.packages.checker [--unsigned] PATH TRUST [KEY...]` prints one JSON line: {"manifest_sha256", "signed_by",
"damage"}, of an archive also {"conf", "hashes", "unpacked_bytes"}, and exit code 0, or {"refused", "damage"} and exit code 1.
`python -P -m firmware.packages.checker --signature` reads a public key (32 bytes), a signature (64 bytes) and what was signed, and
prints {"genuine": true or false}. Anything else counts as not checked."""

from __future__ import annotations

import json
import logging
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from board.kit.child import environment
from board.kit.errors import PackageError
from board.kit.from_json import from_json
from board.kit.words import plain, received
from firmware.packages.keys import PUBLIC_BYTES, SIGNATURE_BYTES, TrustedKeys, genuine
from firmware.packages.records import Slot
from firmware.packages.verify import CONF, HASHES, Verified, as_confirmed, manifest_sha256, verify, verify_tree

LOG = logging.getLogger("packages")

T = TypeVar("T")

WITHIN_S = 180.0
"""For the largest package from a slow SD card, on the slowest board."""
MAX_ANSWER_BYTES = 64 << 10
MAX_ARCHIVE_ANSWER_BYTES = 4 << 20
MAX_MEMORY_BYTES = 1 << 30
"""Address space of that process; its libraries take a tenth of it."""
TRIES = 3
AGAIN_WITHIN_S = 30.0
"""A check that failed because memory was short for a moment must not keep the gate's package off; one that refuses is not
repeated."""
REFUSED = 1
UNSIGNED, OF_SIGNATURE = "--unsigned", "--signature"
"""Words of the command: nobody need have signed it; a signature is checked, no package."""

_COMMAND = (sys.executable, "-P", "-m", "firmware.packages.checker")


class NotChecked(PackageError):
    """Whether the package is what was signed is unknown: its check failed, not the package. It must not run."""


def check_slot(folder: Path, slot: Slot, trust: TrustedKeys, unsigned: bool = True) -> None:
    """check_tree of an installed version, which still has to be the very one that was installed: a card may be another camera's,
    and an older version with a hole has the right signature too. `unsigned`: one that nobody signed then may be so still."""
    check_tree(folder, trust, unsigned=unsigned and not slot.signed_by)
    if manifest_sha256(_read(folder / CONF), _read(folder / HASHES)) != slot.manifest_sha256:
        if slot.signed_by:
            raise PackageError(
                "what lies there is another signed version, not {version}, which was installed here",
                version=slot.version,
            )
        raise PackageError("{conf} or {hashes} was changed", conf=CONF, hashes=HASHES)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        raise NotChecked("{name}: cannot be read: {reason}", name=path.name, reason=why.strerror or why) from why


def check_signature(public: bytes, signature: bytes, message: bytes, command: Sequence[str] = _COMMAND) -> bool:
    """`genuine` in a process of its own; NotChecked says that the check itself failed, more than once."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False

    def once() -> bool:
        status, output = _answer([*command, OF_SIGNATURE], MAX_ANSWER_BYTES, public + signature + message)
        said = {b'{"genuine": true}\n': True, b'{"genuine": false}\n': False}.get(output) if status == 0 else None
        if said is None:
            raise _no_answer(status)
        return said

    return _tried("a licence", once)


def check_tree(folder: Path, trust: TrustedKeys, command: Sequence[str] = _COMMAND, unsigned: bool = False) -> str:
    """verify_tree in a process of its own: returns who signed the package when it is still that, "" for nobody, if it may be
    `unsigned`. PackageError names what is damaged, NotChecked says that the check itself failed, more than once. What it found
    about damaged keys is told to `trust`."""

    def confirmed(answer: dict[str, Any]) -> str:
        _confirm(answer, manifest_sha256((folder / CONF).read_bytes(), (folder / HASHES).read_bytes()), unsigned)
        return str(answer["signed_by"])

    return _checked(folder, trust, _command(command, unsigned), MAX_ANSWER_BYTES, confirmed)


def check_archive(archive: Path, trust: TrustedKeys, command: Sequence[str] = _COMMAND, unsigned: bool = False) -> Verified:
    """verify in a process of its own; the errors are those of check_tree."""

    def confirmed(answer: dict[str, Any]) -> Verified:
        conf, hashes, size = answer.pop("conf").encode(), answer.pop("hashes").encode(), answer.pop("unpacked_bytes")
        _confirm(answer, manifest_sha256(conf, hashes), unsigned)
        if type(size) is not int:
            raise TypeError("unpacked_bytes is no number")
        return as_confirmed(conf, hashes, answer["signed_by"], size)

    return _checked(archive, trust, _command(command, unsigned), MAX_ARCHIVE_ANSWER_BYTES, confirmed)


def _command(command: Sequence[str], unsigned: bool) -> Sequence[str]:
    return [*command, UNSIGNED] if unsigned else command


def _confirm(answer: dict[str, Any], identity: str, unsigned: bool) -> None:
    """ValueError or TypeError unless it says, in full, that exactly the package of this identity is right."""
    if set(answer) != {"manifest_sha256", "signed_by"} or answer["manifest_sha256"] != identity:
        raise ValueError("it does not speak of this package")
    if not re.fullmatch(r"[0-9a-f]{64}", answer["signed_by"]) and not (unsigned and answer["signed_by"] == ""):
        raise ValueError("it names no key")


def _checked(
    path: Path, trust: TrustedKeys, command: Sequence[str], most_bytes: int, confirmed: Callable[[dict[str, Any]], T]
) -> T:
    """What `confirmed` makes of the answer; whatever it raises, the package is not checked."""
    whole = [*command, str(path), str(trust.folder), *map(str, trust.more)]
    return _tried(path, lambda: _check_once(whole, trust, most_bytes, confirmed))


def _tried(what: object, once: Callable[[], T]) -> T:
    began_s = time.monotonic()
    tries = 0
    while True:
        tries += 1
        try:
            return once()
        except NotChecked as why:
            if tries == TRIES or time.monotonic() - began_s > AGAIN_WITHIN_S:
                raise
            LOG.warning("%s: %s; it is checked again", what, why)


def _check_once(command: Sequence[str], trust: TrustedKeys, most_bytes: int, confirmed: Callable[[dict[str, Any]], T]) -> T:
    status, output = _answer(command, most_bytes)
    try:
        refused, damage, answer = _parsed(output, status)
        found = confirmed(answer) if refused is None else None
    except (ValueError, LookupError, TypeError, AttributeError, OSError) as why:
        raise _no_answer(status) from why
    trust.tell(damage)
    if refused is not None:
        raise refused
    return cast(T, found)


def _no_answer(status: int) -> NotChecked:
    return NotChecked("the check ended with code {code} and gave no answer", code=status)


def _parsed(output: bytes, status: int) -> tuple[PackageError | None, list[PackageError], dict[str, Any]]:
    """(why it is refused, damaged keys, the rest of the answer)."""
    if status not in (0, REFUSED):
        raise ValueError("it neither confirms nor refuses")
    answer = from_json(output)
    damage = [PackageError(received(each)) for each in answer.pop("damage")]
    return PackageError(received(answer["refused"])) if status == REFUSED else None, damage, answer


def _answer(command: Sequence[str], most_bytes: int, told: bytes = b"") -> tuple[int, bytes]:
    try:
        done = subprocess.run(command, input=told, stdout=subprocess.PIPE, env=environment(), timeout=WITHIN_S, check=False)
    except subprocess.TimeoutExpired as why:
        raise NotChecked("the check took longer than {limit_s:.0f} s", limit_s=WITHIN_S) from why
    except OSError as why:
        raise NotChecked("the check cannot be started: {reason}", reason=why.strerror or why) from why
    return done.returncode, done.stdout if len(done.stdout) <= most_bytes else b""


def main(arguments: Sequence[str]) -> int:
    """The process that checks: an archive or a folder, the folder of trusted keys, further key files; or a signature."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    status, said = judged(arguments, sys.stdin.buffer)
    print(json.dumps(said))
    return status


def judged(arguments: Sequence[str], told: BinaryIO) -> tuple[int, dict[str, object]]:
    """Its exit code and what it says."""
    if arguments[0] == OF_SIGNATURE:
        public, signature, message = (told.read(size) for size in (PUBLIC_BYTES, SIGNATURE_BYTES, -1))
        return 0, {"genuine": genuine(public, signature, message)}
    unsigned = arguments[0] == UNSIGNED
    path, trusted, *more = map(Path, arguments[unsigned:])
    damage: Sequence[PackageError] = ()
    said: dict[str, object]
    try:
        keys, damage = TrustedKeys(trusted, more).look()
        verified = verify_tree(path, keys, unsigned) if path.is_dir() else verify(path, keys, unsigned=unsigned)
    except PackageError as why:
        said = {"refused": plain(why.text)}
    else:
        said = {"manifest_sha256": verified.manifest_sha256, "signed_by": verified.signed_by}
        if not path.is_dir():
            said |= {"conf": verified.conf.decode(), "hashes": verified.hashes.decode(), "unpacked_bytes": verified.unpacked_bytes}
    return REFUSED if "refused" in said else 0, {**said, "damage": [plain(each.text) for each in damage]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
