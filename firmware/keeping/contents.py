"""Contents: which files of the host belong into a backup, and what of a backup may be put back: both sides ask one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from board.kit.from_json import from_json
from board.kit.state import State
from board.kit.words import mark

PEOPLE, SETTINGS, KEYS, WIRING, LICENCES, PACKAGES = "people", "settings", "keys", "wiring", "licences", "packages"

PARTS: Mapping[str, str] = {
    PEOPLE: mark("Accounts, API tokens and device passwords"),
    SETTINGS: mark("Settings and certificates of the camera itself"),
    KEYS: mark("Trusted keys of package vendors"),
    WIRING: mark("Lines of your own, polarity and limits of the outputs"),
    LICENCES: mark("Licences of packages"),
    PACKAGES: mark("What the packages store: lists, actions, settings"),
}
"""In this order: {name: what it is}."""

CHOSEN = (PEOPLE, SETTINGS, KEYS, WIRING, PACKAGES)
"""What a person chooses from; licences belong to their board and follow by themselves."""

NOT_SETTINGS = ("camera_id.json", "versions.json", "unsigned.json", "token-leads.json")
"""Of STATE/host: which camera it is, which versions were installed here, that it takes packages of nobody, and how far the clocks
of recorders were ahead: a restore is a start like any other, before which somebody may have overheard a token."""

_DEVICE_KEY = "host/device-passwords.key"
"""JSON; the keys of certificates are PEM."""

_PLACES = (
    (PEOPLE, r"host/(accounts|tokens|device-passwords)\.json|host/device-passwords\.key"),
    (KEYS, r"host/trust/[A-Za-z0-9._-]+\.pub"),
    (WIRING, r"(polarity|line_rules|lines)\.json"),
    (LICENCES, r"host/licences/[A-Za-z0-9_-]+\.json"),
    (PACKAGES, r"packages/[A-Za-z0-9_-]+/.+"),
    (SETTINGS, r"host/[a-z][a-z0-9_-]*\.json|host/tls/[A-Za-z0-9._-]+(?<!\.copy)"),
)
"""(part, names of its files in a backup; but for those of packages they lie at the same place below STATE); first match wins."""

MAX_BYTES = 1 << 20
"""Of one file of the host."""


def part_of(name: str) -> str:
    """The part that a file belongs to, "" when no backup holds such a file."""
    if name.removeprefix("host/") in NOT_SETTINGS:
        return ""
    return next((part for part, pattern in _PLACES if re.fullmatch(pattern, name)), "")


def own_files(state: State) -> Iterator[tuple[str, Path]]:
    """(name, file) of everything of the host that belongs into a backup."""
    for pattern in ("*.json", "host/*.json", "host/*.key", "host/trust/*", "host/tls/*", "host/licences/*"):
        for path in sorted(state.root.glob(pattern)):
            name = path.relative_to(state.root).as_posix()
            if part_of(name) and path.is_file() and not path.is_symlink():
                yield name, path
    for path in (state.polarity_file, state.line_rules_file):
        if path.parent != state.root and path.is_file():
            yield path.name, path  # a backup knows nothing of users: there it lies where it does without them


def check(name: str, data: bytes) -> None:
    """ValueError, TypeError or LookupError when this is not what such a file holds."""
    if name.endswith(".json") or name == _DEVICE_KEY:
        document = from_json(data.decode("utf-8"))
        _CHECKS.get(name, lambda _: None)(document)
    elif name.endswith(".pub") and not data.startswith(b"-----BEGIN PUBLIC KEY-----"):
        raise ValueError("it is no key")


def _accounts(document: Any) -> None:
    from firmware.people.accounts import parse

    parse(document)


def _tokens(document: Any) -> None:
    from firmware.people.tokens import parse

    parse(document)


def _devices(document: Any) -> None:
    from firmware.people.device_passwords import parse

    parse(document)


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "host/accounts.json": _accounts,
    "host/tokens.json": _tokens,
    "host/device-passwords.json": _devices,
}
