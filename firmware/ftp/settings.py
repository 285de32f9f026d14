"""Settings of the FTP server (manual 5.1, Architecture 1: Configuration/Network/FTP)."""

from __future__ import annotations

import ipaddress

from board.kit.errors import ConfigError
from board.kit.settings import Problem, Settings, field_validator, option
from firmware.ftp.messages import FtpPlan


class FtpSettings(Settings):
    """FTP server"""

    key = "ftp"

    enabled: bool = option(False, "FTP server", "On: cameras that copy this one's lists, and recorders, can log in.")
    port: int = option(
        21,
        "Port",
        "When it is taken, the server listens at the first free one from 2121 on; this page says where.",
        ge=0,
        le=65_535,
    )
    tls: str = option(
        "required",
        "Encryption",
        "required: nobody logs in without TLS (explicit FTPS); offered: plain FTP works too, for cameras that know nothing else. "
        "Passwords and plates then cross the network in the open.",
        choices=("required", "offered"),
    )
    uploads: bool = option(True, "Take files", "Who logs in may store files in the folder, never in that of this camera's lists.")
    room_mb: int = option(256, "Room for files", "All files that others store may take together.", unit="MB", ge=1, le=100_000)
    clients: int = option(100, "Clients at once", "Cameras and programs that may be logged in at the same time.", ge=1, le=500)
    passive_from: int = option(
        50_000, "First passive port", "Data connections use the ports from here; open them in a firewall.", ge=1_024, le=65_535
    )
    passive_to: int = option(50_499, "Last passive port", "Two ports for each client, or more.", ge=1_024, le=65_535)
    public_address: str = option(
        "", "Address behind a router", "The IPv4 address at which clients reach this camera through a router; empty: its own.",
        max_length=15,
    )  # fmt: skip

    @field_validator("public_address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        try:
            return str(ipaddress.IPv4Address(text)) if text else text
        except ValueError as why:
            raise ConfigError("is not an IPv4 address") from why

    def conflicts(self) -> tuple[Problem, ...]:
        if self.passive_to - self.passive_from + 1 < 2 * self.clients:
            return (
                self.conflict(
                    "passive_to", "must be {least} or more for so many clients", least=self.passive_from + 2 * self.clients - 1
                ),
            )
        if self.passive_from <= self.port <= self.passive_to:
            return (self.conflict("port", "is one of the passive ports"),)
        return ()

    def plan(self, bind: str) -> FtpPlan:
        """What the process is told. `bind`: the address on which the camera's own pages are."""
        return FtpPlan(
            bind, self.port, self.tls, self.uploads, self.passive_from, self.passive_to, self.public_address, self.clients,
            self.room_mb << 20,
        )  # fmt: skip
