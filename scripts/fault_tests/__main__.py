"""Fault tests: kills, power cuts and hostile packages at random, and what is left after them.

`./scripts/faults --only kill --times 500`, `./scripts/faults --only power-cut --times 50`; all parts without `--only`. Exit code 1,
and the state folder is kept, if something did not hold. The same `--seed` chooses the same moments, as far as a computer can.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scripts.fault_tests import contained, kill, packages, power_cut, upgrade, upgrade_cut, whole

PARTS: dict[str, tuple[Callable[..., dict[str, Any]], int]] = {
    "kill": (kill.run, 500),
    "power-cut": (power_cut.run, 50),
    "packages": (packages.run, 10_000),
    "upgrade": (upgrade.run, 200),
    "host-upgrade": (partial(upgrade.run, kind="host"), 200),
    "upgrade-cut": (upgrade_cut.run, 50),
    "contained": (contained.run, 1),
}
"""{name: (what runs it, how often by default)}"""


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--only", choices=tuple(PARTS), help="this part (default: all)")
    usual = ", ".join(f"{name} {times}" for name, (_, times) in PARTS.items())
    parser.add_argument("--times", type=int, help=f"how many kills, power cuts, packages ... (default: {usual})")
    parser.add_argument("--seed", type=int, help="chooses the moments (default: another one each time, which is said)")
    parser.add_argument("--whole", action="store_true", help="kill: the whole camera, recognition and portal included, by triggers")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    parser.add_argument("--folder", type=Path, help="where the state lies meanwhile (default: a temporary folder)")
    options = parser.parse_args(words)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    summary: dict[str, Any] = {"seed": seed}
    for name in [options.only] if options.only else list(PARTS):
        part, times = PARTS[name]
        if name == "kill" and options.whole:
            part = whole.run
        summary[name] = _run(name, part, options.times or times, seed, options.folder)
    if options.json:
        print(json.dumps(summary))
    return 1 if any(part.get("violations") for part in summary.values() if isinstance(part, dict)) else 0


def _run(name: str, part: Callable[..., dict[str, Any]], times: int, seed: int, parent: Path | None) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix=f"gatewright-{name}-", dir=parent))

    def say(text: str) -> None:
        print(f"{name}: {text}", file=sys.stderr, flush=True)

    say(f"{times} times, seed {seed}, state in {folder}")
    found = part(times, seed, folder, say)
    for violation in found["violations"]:
        say(f"VIOLATED: {violation}")
    if found["violations"]:
        found["state"] = str(folder)
        say(f"the state is kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    say(found.get("skipped") or ", ".join(f"{key} {value}" for key, value in found.items() if key != "violations"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
