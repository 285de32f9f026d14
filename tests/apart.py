"""Apart: a shell in which the users of firmware/install exist, though this machine has them not: another /etc/passwd and /etc/group
lie over its own in a mount namespace. Only root may do that."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

INSTALL = Path(__file__).parents[1] / "firmware" / "install"
FIRST_ID = 64_100


@cache
def users() -> dict[str, list[str]]:
    """{user: its groups} as the install script makes them."""
    text = INSTALL.read_text()
    return {name: groups.split() for name, groups in re.findall(r'^  \[(gatewright[a-z-]*)\]="(.*)"$', text, re.M)}


def number(name: str) -> int:
    """Of the user or group; 0: it is one of the machine's own."""
    names = _names()
    return FIRST_ID + names.index(name) if name in names else 0


def files(folder: Path) -> tuple[Path, Path]:
    """passwd and group with these users besides the machine's own."""
    wanted, own = users(), Path("/etc/group").read_text().splitlines()
    passwd = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith("gatewright")]
    passwd += [f"{name}:x:{number(name)}:{number(name)}::/nonexistent:/usr/sbin/nologin" for name in wanted]
    lines = [line for line in own if line.split(":")[0] not in _names()]
    lines += [f"{name}:x:{number(name)}:{','.join(user for user in wanted if name in wanted[user])}" for name in _names()]
    found = folder / "passwd", folder / "group"
    found[0].write_text("\n".join(passwd) + "\n")
    found[1].write_text("\n".join(lines) + "\n")
    return found


def _names() -> list[str]:
    return [*users(), "gatewright-data", "gatewright-images"]


def inside(folder: Path, *command: str) -> list[str]:
    """The command, where the users exist and may run this Python, even if it lies in root's home."""
    passwd, group = files(folder)
    script = ["mount --make-rprivate /", 'mount --bind "$0" /etc/passwd', 'mount --bind "$1" /etc/group']
    python = Path(sys.base_prefix)
    closed = [each for each in reversed(python.parents) if not each.stat().st_mode & 0o001]
    if closed:
        opened = folder / "opened"
        (opened / python.relative_to(closed[0])).mkdir(parents=True, exist_ok=True)
        script += [f'mount --bind "{python}" "{opened / python.relative_to(closed[0])}"', f'mount --rbind "{opened}" "{closed[0]}"']
    return ["unshare", "--mount", "sh", "-c", " && ".join([*script, 'shift && exec "$@"']), str(passwd), str(group), *command]


@cache
def permitted() -> bool:
    """This user may make such a namespace and change users."""
    command = ["unshare", "--mount", "sh", "-c", "mount --make-rprivate / && setpriv --reuid 1 --regid 1 --clear-groups true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
