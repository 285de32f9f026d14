"""Lower: where the root file system lies read-only below one in memory (`firmware/install --read-only`), what the helper has
changed of the system is copied down, or the next start would forget it.

The helper's own view of the file systems is closed to that: systemd runs `python -P -m firmware.privileged.lower PATH...`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path("/media/root-ro")
"""overlayroot mounts the real one there."""
FSTAB = "etc/fstab"
"""overlayroot has a version of its own in memory: only the lines of the helper's mark are kept."""
MARK = "# gatewright sd"
CLOCKS = (
    "sysinit.target.wants/systemd-timesyncd.service", "dbus-org.freedesktop.timesync1.service",
    "multi-user.target.wants/chrony.service", "chronyd.service",
)  # fmt: skip
"""Links of /etc/systemd/system that come and go as time servers are followed or not (timedatectl(1), set-ntp)."""
_FOLLOWED = tuple(f"etc/systemd/system/{each}" for each in CLOCKS)
VERBS = {
    "zone": ("etc/localtime", "etc/timezone"),
    "servers": ("etc/systemd/timesyncd.conf.d", *_FOLLOWED),
    "time": _FOLLOWED,
    "name": ("etc/hostname", "etc/hosts"),
    "network_keep": ("etc/NetworkManager/system-connections", "etc/netplan"),  # netplan's in Raspberry Pi OS trixie
    "format": (FSTAB,),
    "mount": (FSTAB,),
}
"""{verb of the helper: what it changes}"""
ALLOWED = {path for paths in VERBS.values() for path in paths}


def is_there(root: Path = ROOT) -> bool:
    return root.is_mount()


def copy(paths: Sequence[str], run: Callable[[Sequence[str]], object], source: Path = Path("/"), root: Path = ROOT) -> None:
    """Each of ALLOWED is below `root` as it is below `source`: also gone, if it is gone. ValueError: it is none of them."""
    for path in paths:
        if path not in ALLOWED:
            raise ValueError(f"{path} is not kept")
    run(("mount", "-o", "remount,rw", str(root)))
    try:
        for path in paths:
            (_merge if path == FSTAB else _replace)(source / path, root / path)
    finally:
        run(("mount", "-o", "remount,ro", str(root)))


def _replace(now: Path, kept: Path) -> None:
    """File by file, so that a power cut leaves each as it was or as it is."""
    is_folder = now.is_dir() and not now.is_symlink()
    if is_folder != (kept.is_dir() and not kept.is_symlink()):
        _remove(kept)
    if is_folder:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copystat(now, kept)
        names = [path.name for path in now.iterdir()]
        for name in names:
            _replace(now / name, kept / name)
        for path in kept.iterdir():
            if path.name not in names:
                _remove(path)
    elif now.is_symlink() or now.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f".{kept.name}.gatewright")
        _remove(fresh)
        shutil.copy2(now, fresh, follow_symlinks=False)
        if not fresh.is_symlink():
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
        fresh.replace(kept)
    else:
        _remove(kept)


def _merge(now: Path, kept: Path) -> None:
    """The lines of the mark as they are now, all others as they were."""
    others = [line for line in kept.read_text().splitlines() if not line.endswith(MARK)]
    fresh = kept.with_name(f"{kept.name}.gatewright")
    with fresh.open("w") as file:
        file.write("\n".join([*others, *(line for line in now.read_text().splitlines() if line.endswith(MARK)), ""]))
        file.flush()
        os.fsync(file.fileno())  # without it a power cut could leave the system without a line of its own
    fresh.chmod(0o644)
    fresh.replace(kept)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main(words: Sequence[str]) -> int:
    copy(words, lambda command: subprocess.run(command, check=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
