"""Menu: the host's pages in the groups of the camera's Configuration: Applications, Network, Security, System."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.web.menu import Tab
from board.kit.web.routes import Call
from board.kit.words import mark

APPLICATIONS = mark("Applications")
NETWORK = mark("Network")
SECURITY = mark("Security")
SYSTEM = mark("System")
GROUPS = (APPLICATIONS, NETWORK, SECURITY, SYSTEM)
"""In the menu's order. The pages of a group lie below /setup/application/, /setup/network/, /setup/security/, /setup/system/."""


@dataclass(frozen=True, slots=True)
class Group:
    """`title`: one of GROUPS; `tabs`: its pages in their order."""

    title: str
    tabs: tuple[Tab[Any], ...]


def menu(tabs: Iterable[Tab[Any]]) -> tuple[Group, ...]:
    """Pages with an `order`, in groups."""
    shown = sorted((tab for tab in tabs if tab.order), key=lambda tab: tab.order)
    return tuple(Group(title, tuple(tab for tab in shown if tab.group == title)) for title in GROUPS)


def menu_for(groups: tuple[Group, ...], call: Call) -> tuple[Group, ...]:
    """What the visitor may see of it; nothing while a password is to be chosen."""
    if call.visitor.must_change:
        return ()
    seen = (Group(each.title, tuple(tab for tab in each.tabs if call.may(tab.permission))) for each in groups)
    return tuple(each for each in seen if each.tabs)
