"""Announced: at which ports avahi tells the network that the camera's pages are."""

from __future__ import annotations

from pathlib import Path

from board.kit.files import text_of
from firmware.machine.root import Helper

SERVICES = Path("/etc/avahi/services/gatewright.service")
"""firmware/install puts it there, with the usual ports; avahi sees each change of it by itself."""

GROUP = """\
<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<!-- The camera is found by its name, and as http://NAME.local/. -->
<service-group>
  <name replace-wildcards="yes">Gatewright %h</name>
{services}</service-group>
"""
SERVICE = "  <service><type>_{kind}._tcp</type><port>{port}</port><txt-record>path=/</txt-record></service>\n"


def announced(http: int, https: int) -> str:
    """What stands in the file; 0: not there."""
    ports = (("http", http), ("https", https))
    return GROUP.format(services="".join(SERVICE.format(kind=kind, port=port) for kind, port in ports if port))


def announce(helper: Helper, http: int, https: int, path: Path = SERVICES) -> None:
    """Has root say it, where avahi says something else of this camera. BoardError: the helper refuses."""
    if text_of(path) not in ("", announced(http, https).strip()) and helper.is_there:
        helper.ask("ports", http=http, https=https)
