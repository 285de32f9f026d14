"""Place: where this device is asked first, behind the host's pages."""

from __future__ import annotations

import os

PATH = "/onvif/device_service"


def web_port() -> int:
    """Of the host's pages."""
    port = os.environ.get("GATEWRIGHT_PORT", "")
    return int(port) if port.isdecimal() else 80
