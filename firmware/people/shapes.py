"""Shapes: what the API of people answers, as types; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import TypedDict

from firmware.people.changes import Change


class Account(TypedDict):
    """`must_change`: it may only choose a password of its own."""

    name: str
    role: str
    permissions: list[str]
    must_change: bool


class Accounts(TypedDict):
    """`roles`: role: its permissions; `permissions`: name: what it allows; `damage`: what was found damaged at the start."""

    accounts: list[Account]
    roles: dict[str, list[str]]
    permissions: dict[str, str]
    damage: list[str]


class NamedRole(TypedDict):
    name: str
    role: str


class Named(TypedDict):
    name: str


class Removed(TypedDict):
    removed: str


class Session(TypedDict):
    """`own`: the one that asks; `agent`: the browser's name for itself, `browser`: as people know it; stamps are UTC (ISO 8601)."""

    id: str
    user: str
    address: str
    agent: str
    browser: str
    started: str
    used: str
    own: bool


class Sessions(TypedDict):
    sessions: list[Session]


class Ended(TypedDict):
    """`ended`: how many sessions."""

    ended: int


class Me(TypedDict):
    """`by`: cookie, basic or token."""

    name: str
    role: str
    permissions: list[str]
    by: str


class Token(TypedDict):
    """`in_force`: what it may do now, which is less when its maker may do less. Stamps are UTC (ISO 8601)."""

    id: str
    name: str
    maker: str
    permissions: list[str]
    in_force: list[str]
    made: str
    expires: str | None
    used: str | None


class Tokens(TypedDict):
    tokens: list[Token]


class NewToken(Token):
    """`token`: the secret, told this once."""

    token: str


class Revoked(TypedDict):
    revoked: str


class DevicePassword(TypedDict):
    """`used`: since the host's start."""

    use: str
    name: str
    user: str
    view_only: bool
    maker: str
    made: str
    used: str | None


class DevicePasswords(TypedDict):
    device_passwords: list[DevicePassword]


class NewDevicePassword(DevicePassword):
    """`password`: told this once."""

    password: str


class Changes(TypedDict):
    changes: list[Change]
