"""Storage: the disk or SD card that the camera writes to: room, speed, time of a commit, faults and wear that the kernel tells."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from hil_tests.bench import Bench, percentiles
from hil_tests.machine import Mount, mount_of, wear_of

MOST_BYTES = 32_000_000
SIM_BYTES = 4_000_000
COMMITS = 20
LEAST_FREE_BYTES = 500_000_000
LEAST_MB_S = 2.0
"""A passage is about 0.4 MB of pictures; a class 2 card still writes this."""
CHUNK = os.urandom(1 << 20)


def test_storage(bench: Bench) -> None:
    """Storage: writable, room for pictures, fast enough, no errors told by the kernel."""
    folder = Path(bench.order.sd or bench.state.root)
    mount = mount_of(folder)
    bench.through(f"{mount.kind} on {mount.device}", kernel=mount.device.startswith("/dev/"))
    _check(mount, folder)
    probe = folder / f"gatewright-hil-{os.getpid()}.bin"
    try:
        speed = _write(probe, SIM_BYTES if bench.profile.simulated else MOST_BYTES)
        commits_ms = [_commit(probe) for _ in range(COMMITS)]
    except OSError as why:
        pytest.fail(f"{folder} cannot be written: {why}")
    finally:
        probe.unlink(missing_ok=True)
    if not bench.profile.simulated and speed < LEAST_MB_S:
        pytest.fail(f"{mount.device} writes {speed:.1f} MB/s: under {LEAST_MB_S:g} it cannot keep up with pictures")
    middle, worst = percentiles(commits_ms, 50, 100)
    free = shutil.disk_usage(folder).free / 1e9
    bench.note(f"{mount.device} ({mount.kind}) at {mount.point}: {free:.1f} GB free, writes {speed:.0f} MB/s")
    bench.note(f"4 kB commit p50 {middle:.1f}, worst {worst:.1f} ms")
    bench.note("; ".join(wear_of(mount)))


def _check(mount: Mount, folder: Path) -> None:
    if mount.read_only:
        pytest.fail(f"{mount.point} is mounted read-only: the kernel does that when a card fails; nothing can be stored")
    if mount.errors:
        pytest.fail(f"{mount.device}: the file system counted {mount.errors} errors; replace the card")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        pytest.fail(f"only {free / 1e6:.0f} MB are free at {mount.point}; {LEAST_FREE_BYTES / 1e6:.0f} MB are due")


def _write(path: Path, size: int) -> float:
    """MB/s of `size` random bytes, written and synced."""
    begun = time.monotonic()
    with path.open("wb") as file:
        for _ in range(max(1, size // len(CHUNK))):
            file.write(CHUNK)
        file.flush()
        os.fsync(file.fileno())
        written = file.tell()
    return written / 1e6 / (time.monotonic() - begun)


def _commit(path: Path) -> float:
    """ms of one synced 4 kB write, as a database commit that must last."""
    with path.open("r+b") as file:
        begun = time.monotonic()
        file.write(CHUNK[:4096])
        file.flush()
        os.fsync(file.fileno())
        return (time.monotonic() - begun) * 1000
