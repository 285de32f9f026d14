"""Facts: what the board says of itself: versions, uptime, memory, load, temperature. What it does not say is left empty."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.files import text_of

MODEL = Path("/proc/device-tree/model")
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")


@dataclass(frozen=True, slots=True)
class Facts:
    """`uptime_s`: since the board was switched on; `memory_free_mb`: what programs can still get; `load`: processes that want a
    processor, on average over a minute; `temperature_c`: of the processor, None where nobody says; `undervoltage`: the power supply
    was too weak since the board was switched on, None where nobody says (Raspberry Pi)."""

    board: str
    system: str
    kernel: str
    python: str
    machine: str
    cores: int
    uptime_s: float
    memory_mb: int
    memory_free_mb: int
    load: float
    temperature_c: float | None
    undervoltage: bool | None


def facts(root: Path = Path("/")) -> Facts:
    """As they are now. `root`: another file system for tests."""
    memory = dict(line.split(":", 1) for line in text_of(root / "proc/meminfo").splitlines() if ":" in line)
    uptime = text_of(root / "proc/uptime").split()
    temperature = _number(text_of(root / "sys/class/thermal/thermal_zone0/temp"))
    throttled = text_of(root / THROTTLED.relative_to("/"))
    return Facts(
        text_of(root / MODEL.relative_to("/")), _system(root), platform.release(), sys.version.split()[0],
        platform.machine(), os.cpu_count() or 1, float(uptime[0]) if uptime else 0.0,
        _kb(memory, "MemTotal") >> 10, _kb(memory, "MemAvailable") >> 10, os.getloadavg()[0],
        temperature / 1000 if temperature is not None else None,
        bool(int(throttled, 16) & 0x10001) if throttled else None,
    )  # fmt: skip


def _system(root: Path) -> str:
    lines = dict(line.split("=", 1) for line in text_of(root / "etc/os-release").splitlines() if "=" in line)
    return lines.get("PRETTY_NAME", "").strip('"')


def _kb(memory: dict[str, str], name: str) -> int:
    words = memory.get(name, "").split()
    return int(words[0]) if words and words[0].isdecimal() else 0


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.lstrip("-").isdecimal() else None
