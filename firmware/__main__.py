"""Host: `python -m firmware --state DIR` runs the camera's host; `python -m firmware install FILE` installs a package while it
is off.

The host that runs may be one that was uploaded (firmware/update/): then this process becomes that before it loads anything."""

from __future__ import annotations

import os
import sys

LETTER = "GATEWRIGHT_FIRMWARE"
"""As in firmware/update/versions.py."""


def main(arguments: list[str] | None = None) -> int:
    """0 after a clean stop; 1 when it broke or cannot run now; 2 for a wrong command line."""
    words = sys.argv[1:] if arguments is None else arguments
    if LETTER not in os.environ and words[:1] != ["install"]:
        _become(words)
    from firmware.run import main as run

    return run(words)


def _become(words: list[str]) -> None:
    """Returns when the host that is built in, this one, is to run."""
    from itertools import pairwise
    from pathlib import Path

    places = [word.partition("=")[2] or after for word, after in pairwise([*words, ""]) if word.startswith("--state")]
    try:
        if not any((Path(each) / "host" / "firmware" / "HOST").is_dir() for each in places):
            return
        from firmware.update.choice import become

        become(words)
    except Exception as why:  # whatever is wrong with what was uploaded, or with the card: this host runs
        print(f"firmware: the host that is built in runs: {type(why).__name__}: {why}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
