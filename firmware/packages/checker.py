"""Checker: an installed package is checked by a process of its own, so that the host never loads the library of signatures (8 MB)
and never holds a package's files.

`python -P -m firmware.packages.checker FOLDER TRUST [KEY...]` prints one JSON line: {"manifest_sha256", "signed_by", "damage"} and
exit code 0, or {"refused", "damage"} and exit code 1. Anything else counts as not checked."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from board.kit.errors import PackageError
from board.kit.words import plain, received
from firmware.packages.keys import TrustedKeys
from firmware.packages.verify import CONF, HASHES, manifest_sha256, verify_tree

LOG = logging.getLogger("packages")

WITHIN_S = 180.0
"""For the largest package from a slow SD card, on the slowest board."""
MAX_ANSWER_BYTES = 64 << 10
TRIES = 3
AGAIN_WITHIN_S = 30.0
"""A check that failed because memory was short for a moment must not keep the gate's package off; one that refuses is not
repeated."""
REFUSED = 1

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-P", "-m", "firmware.packages.checker")


class NotChecked(PackageError):
    """Whether the package is what was signed is unknown: its check failed, not the package. It must not run."""


def check_tree(folder: Path, trust: TrustedKeys, command: Sequence[str] = _COMMAND) -> None:
    """verify_tree in a process of its own: returns when the package is still what was signed. PackageError names what is damaged,
    NotChecked says that the check itself failed, more than once. What it found about damaged keys is told to `trust`."""
    began_s = time.monotonic()
    for left in reversed(range(TRIES)):
        try:
            _check_once(folder, trust, command)
        except NotChecked as why:
            if not left or time.monotonic() - began_s > AGAIN_WITHIN_S:
                raise
            LOG.warning("%s: %s; it is checked again", folder, why)
        else:
            return


def _check_once(folder: Path, trust: TrustedKeys, command: Sequence[str]) -> None:
    status, output = _answer([*command, str(folder), str(trust.folder), *map(str, trust.more)])
    try:
        refused, damage, answer = _parsed(output, status)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as why:
        raise NotChecked("the check of the package ended with code {code} and gave no answer", code=status) from why
    if refused is None and not _confirms(answer, status, folder):
        raise NotChecked("the check of the package ended with code {code} and gave no answer", code=status)
    trust.tell(damage)
    if refused is not None:
        raise refused


def _parsed(output: bytes, status: int) -> tuple[PackageError | None, list[PackageError], dict[str, Any]]:
    """(why it is refused, damaged keys, the rest of the answer)."""
    answer = json.loads(output)
    damage = [PackageError(received(each)) for each in answer.pop("damage")]
    return PackageError(received(answer["refused"])) if status == REFUSED else None, damage, answer


def _answer(command: Sequence[str]) -> tuple[int, bytes]:
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}, timeout=WITHIN_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as why:
        raise NotChecked("the check of the package took longer than {limit_s:.0f} s", limit_s=WITHIN_S) from why
    except OSError as why:
        raise NotChecked("the check of the package cannot be started: {reason}", reason=why.strerror or why) from why
    return done.returncode, done.stdout if len(done.stdout) <= MAX_ANSWER_BYTES else b""


def _confirms(answer: dict[str, Any], status: int, folder: Path) -> bool:
    """Whether it says, in full, that exactly the package in `folder` is right."""
    if status != 0 or set(answer) != {"manifest_sha256", "signed_by"}:
        return False
    try:
        right = manifest_sha256((folder / CONF).read_bytes(), (folder / HASHES).read_bytes())
    except OSError:
        return False
    signer = answer["signed_by"]
    return answer["manifest_sha256"] == right and isinstance(signer, str) and bool(re.fullmatch(r"[0-9a-f]{64}", signer))


def main(arguments: Sequence[str]) -> int:
    """The process that checks: FOLDER, the folder of trusted keys, further key files."""
    folder, trusted, *more = map(Path, arguments)
    damage: Sequence[PackageError] = ()
    said: dict[str, object]
    try:
        keys, damage = TrustedKeys(trusted, more).look()
        verified = verify_tree(folder, keys)
    except PackageError as why:
        said = {"refused": plain(why.text)}
    else:
        said = {"manifest_sha256": verified.manifest_sha256, "signed_by": verified.signed_by}
    print(json.dumps({**said, "damage": [plain(each.text) for each in damage]}))
    return REFUSED if "refused" in said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
