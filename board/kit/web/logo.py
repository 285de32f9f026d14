"""Logo: the installer's own picture in the head of every page of host and portal (manual 4.6, General configuration tab)."""

from __future__ import annotations

from pathlib import Path

from board.kit.state import State


def logo_file(state: State) -> Path:
    """A small PNG that the portal has made of what was uploaded; not there: pages show ours."""
    return state.portal_files / "logo.png"


def logo_mark(state: State) -> str:
    """Changes with the logo, so that browsers fetch it anew; "" without one."""
    try:
        return f"{logo_file(state).stat().st_mtime_ns:x}"
    except OSError:
        return ""
