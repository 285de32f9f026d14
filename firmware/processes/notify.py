"""Notify: tells systemd that the host is ready and alive (sd_notify protocol); silent where there is no systemd."""

from __future__ import annotations

import logging
import os
import socket

LOG = logging.getLogger("notify")


def notify(message: str) -> None:
    """Sends e.g. "READY=1" or "WATCHDOG=1" to $NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as why:
            LOG.warning("systemd was not told %s: %s", message, why)
