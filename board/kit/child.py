"""Child: what every process of ours that another of ours starts by `python -m` needs."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that our packages lie in."""


def environment() -> dict[str, str]:
    """Ours, in which our packages are found from any working directory, also with `python -P`."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}
