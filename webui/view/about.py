"""About: which camera this is: version, MAC addresses, board, serial number, licence (manual 4.6, General configuration tab)."""

from __future__ import annotations

import os

from board.identity import camera_id, device_serial, mac_addresses
from board.kit.words import Text
from engine.release import version
from webui.portal import Portal


def about(portal: Portal) -> list[tuple[Text, str | Text]]:
    """(title, value) of each line."""
    licensed = os.environ.get("GATEWRIGHT_LICENSED", "1") != "0"
    return [
        (Text("Version"), version()),
        (Text("MAC address"), ", ".join(mac_addresses()) or "–"),
        (Text("Board"), Text(portal.profile.title)),
        (Text("Serial number"), device_serial(portal.state)),
        (Text("Camera id"), portal.general().camera_id or camera_id(portal.state)),
        (Text("Licence"), Text("in force") if licensed else Text("none: nothing is read")),
    ]
