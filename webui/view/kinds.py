"""Kinds: what the actions are for, in words of the trade, so that nobody has to know their short names."""

from __future__ import annotations

from dataclasses import dataclass

from board.kit.words import mark
from engine.actions import Kinds


@dataclass(frozen=True, slots=True)
class Purpose:
    """`icon`: the name of a drawing in webui/templates/icons.html; `title`, `help`: for people."""

    icon: str
    title: str
    help: str


PURPOSES = {
    "io": Purpose("gate", mark("Open a gate or switch a siren"), mark("Switches an output of this camera for some time.")),
    "wiegand": Purpose("card", mark("Send a Wiegand number"), mark("To an access controller on this camera's D0 and D1.")),
    "http": Purpose("net", mark("Call a web address"), mark("Tells any server or cloud by HTTP, with pictures if wanted.")),
    "email": Purpose("mail", mark("Send an e-mail"), mark("With the plate and its pictures.")),
    "display": Purpose("screen", mark("Show a text on a display"), mark("On an LED display at the serial line.")),
    "ftp": Purpose("file", mark("Store a file on a server"), mark("Picture and data by FTP or FTPS.")),
    "mqtt": Purpose("net", mark("Publish by MQTT"), mark("For Home Assistant, Node-RED and other automation.")),
    "onvif": Purpose("video", mark("Tell recorders by ONVIF"), mark("As an event that recorders subscribe to.")),
    "milestone": Purpose("video", mark("Tell Milestone XProtect"), mark("As an analytics event with its picture.")),
    "vast2": Purpose("video", mark("Tell VAST2"), mark("By our own JSON, which VAST2 was never seen to take.")),
    "socket_client": Purpose("net", mark("Send to a program by TCP"), mark("The camera connects to it for each car.")),
    "socket_server": Purpose("net", mark("Let programs listen by TCP"), mark("They connect and get every car.")),
    "trigger_server": Purpose("net", mark("Answer a trigger by TCP"), mark("Who triggers gets the plate on the same connection.")),
    "syslog": Purpose("file", mark("Write to a log server"), mark("By syslog, over UDP, TCP or TLS.")),
    "ask": Purpose("ask", mark("Ask a server before opening"), mark("It says yes or no within the time that you give it.")),
    "camera": Purpose("video", mark("Tell another camera"), mark("The second camera of a lane.")),
    "osdp": Purpose("card", mark("Send a card by OSDP"), mark("To an access controller, encrypted, over RS-485.")),
    "two_n": Purpose("card", mark("Tell a 2N intercom"), mark("It opens as if a card had been shown.")),
    "wiegand_vivotek": Purpose("card", mark("Send to VIVOTEK's Wiegand converter"), mark("Over a serial line or HTTP.")),
}
"""By the kind's name, the usual ones first."""


def in_order(kinds: Kinds) -> list[str]:
    """Names of the kinds as a menu has them."""
    known = [name for name in PURPOSES if name in kinds]
    return [*known, *(name for name in kinds if name not in PURPOSES)]
