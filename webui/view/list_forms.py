"""List forms: what is typed for a list, declared once for the dialogs, the checks and the API; a plate's is in engine/plates.py."""

from __future__ import annotations

from board.kit.fields import StrictBool
from board.kit.settings import Settings, option
from board.kit.words import mark
from engine.store.lists import MOST_DAYS

ROLES = (("custom", mark("Own list")), ("white", mark("Whitelist")), ("black", mark("Blacklist")), ("wish", mark("Wish list")))
POLICIES = (
    ("", mark("As its role says")),
    ("open", mark("Open: its actions may open the barrier")),
    ("refuse", mark("Refuse: nothing opens the barrier for its plates")),
    ("report", mark("Report: its actions do not open the barrier")),
)
LIST_CHOICES = {"list_role": ROLES, "list_policy": POLICIES}


class ListForm(Settings):
    """List"""

    name: str = option("", "List name", "Shown with every result of a plate in this list.", min_length=1, max_length=60)
    role: str = option(
        "custom",
        "List role",
        "What messages call the list. By itself a blacklist refuses, a wish list reports, and the others open.",
        widget="list_role",
    )
    policy: str = option(
        "",
        "Barrier",
        "What the list means for the barrier. A list that refuses wins over all that open; its own actions, such as a siren, act "
        "all the same. One that reports opens nothing and lets the others decide.",
        widget="list_policy",
    )
    fuzzy: StrictBool = option(
        False,
        "One character off",
        "A plate that differs from a listed one in one easily confused character (B and 8, for example) counts as that one, unless "
        "another listed plate is as close; a list that refuses counts all the same. Off: it is only told as the reason why the "
        "barrier stays shut.",
    )
    keep_days: int = option(
        0,
        "Keep passages",
        "Passages of plates in this list are deleted after so many days, with their pictures; 0: as the general configuration "
        "says. Of several lists the longest time counts.",
        unit="days",
        zero="as set in general",
        ge=0,
        le=MOST_DAYS,
    )
    colour: str = option("#607d8b", "List colour", "Marks the list in the portal.", widget="colour", pattern="^(#[0-9a-fA-F]{6})?$")
