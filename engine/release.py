"""Release: the version of the package that this process runs from."""

from __future__ import annotations

from pathlib import Path

UNPACKED = "development"
"""Of a checkout."""


def version() -> str:
    """ "0.2.0", UNPACKED without a package.conf."""
    try:
        lines = (Path(__file__).parents[2] / "package.conf").read_text("utf-8").splitlines()
    except OSError:
        return UNPACKED
    return next((line.partition("=")[2].strip() for line in lines if line.startswith("version")), UNPACKED)
