"""Relays: what a client's "active" means for each output: a pulse (ONVIF: Monostable) or held until "inactive" (Bistable).

A pulse is the default: a barrier must not stay open since a recorder was switched off in between. Which level is active belongs to
the wiring, so that no client changes it (OutputPolarity of the actions).
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from board.kit.files import write_whole

log = logging.getLogger("vms.onvif")

PULSE_S = (0.1, 600.0)
DURATION = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6}(?:\.\d{1,6})?)S)?)?")


@dataclass(frozen=True, slots=True)
class Relay:
    """`pulse_s`: of a pulse; kept also while the output is held."""

    is_pulse: bool = True
    pulse_s: float = 1.0


class Relays:
    """Kept in the file at `path`; what cannot be read there is as at the first start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def of(self, output: str) -> Relay:
        return self._known.get(output, Relay())

    def put(self, output: str, relay: Relay) -> None:
        """OSError: it is not kept, and nothing has changed."""
        known = {**self._known, output: relay}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, json.dumps({name: asdict(each) for name, each in known.items()}).encode())
        self._known = known


def seconds(duration: str) -> float | None:
    """Of an xs:duration without years and months; None for anything else."""
    found = DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + rest


def _read(path: Path) -> dict[str, Relay]:
    try:
        document = json.loads(path.read_text("utf-8"))
        return {str(name): _checked(each) for name, each in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, LookupError) as why:
        log.error("%s is not usable: outputs are pulsed again (%s)", path, why)
        return {}


def _checked(stored: Any) -> Relay:
    is_pulse, pulse_s = stored["is_pulse"], stored["pulse_s"]
    if not isinstance(is_pulse, bool) or not isinstance(pulse_s, int | float) or not PULSE_S[0] <= pulse_s <= PULSE_S[1]:
        raise ValueError("not the settings of a relay")
    return Relay(is_pulse, float(pulse_s))
