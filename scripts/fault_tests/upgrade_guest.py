"""Upgrade guest: what runs in the virtual board whose power is cut: starts the firmware host on its disk, says what is there, then
uploads ever newer versions of the tiny package of release.py, and goes back now and then.

It tells on a port that leaves the machine at once, one JSON object a line: {"looks": true} the disk is there, {"found": {...}} what
runs after the boot, {"row": [n, layout]} a row that the package has committed, and in which layout, {"begins": [old, new]} an
upload or a way back, {"good": version} it runs and has passed its trial.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from scripts.fault_tests import host as host_module
from scripts.fault_tests.host import PASSWORD, Host, until

DISK = Path("/data")
PLAN = Path("/run/out/plan.json")
SLOW_S = 600.0
"""An emulated processor needs minutes for what a board does in seconds."""
ROLL_BACKS = 0.25


def main() -> None:
    plan = json.loads(PLAN.read_text())
    chance = random.Random(plan["seed"])
    host_module.START_S = host_module.ANSWER_S = SLOW_S
    [port_file] = Path("/dev").glob("vport*")
    with port_file.open("w") as port:

        def tell(**what: Any) -> None:
            port.write(json.dumps(what) + "\n")
            port.flush()

        tell(looks=True)
        upgrade(Host(DISK, DISK / "state"), plan, chance, tell)


def upgrade(host: Host, plan: dict[str, Any], chance: random.Random, tell: Callable[..., None]) -> None:
    """Until the power goes."""
    with host:
        found = until(host.tiny, SLOW_S, "an answer of the package")
        package = host.package() or {}
        shown = {
            "shown": package.get("version"),
            "message": str(package.get("message")),
            "left": host.left_behind("packages/TINY"),
        }
        tell(found={**found, **shown})
        newest, row = plan["newest"], plan["row"]
        while True:
            until(lambda: (host.package() or {}).get("slot_state") == "good", SLOW_S, "a good version")
            version = (host.package() or {})["version"]
            tell(good=version)
            row += 1
            answer = requests.post(f"{host.address}tiny/{row}", auth=("admin", PASSWORD), timeout=SLOW_S)
            answer.raise_for_status()
            tell(row=[row, answer.json()["layout"]])
            previous = (host.package() or {}).get("previous")
            if previous and chance.random() < ROLL_BACKS:
                tell(begins=[version, previous])
                host.call("POST", "api/packages/TINY/rollback", {})
            else:
                newest += 1
                archive = PLAN.with_name(f"{newest}.tar.gz").read_bytes()  # made outside: here it takes long
                tell(begins=[version, f"{newest}.0.0"])
                host.upload(archive)
            until(host.tiny, SLOW_S, "an answer of the package")


if __name__ == "__main__":
    main()
