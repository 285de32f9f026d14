"""Secrets: which options are passwords or hold some, what of them is shown and written down, and when a stored one may be kept.

A stored password is kept for those it was typed for and for nobody else: when an option that it belongs to (`belongs_to`) changes,
it has to be typed again. Otherwise whoever may change an address, but not read the password, could have it sent to himself.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import quote, unquote, urlsplit

from board.kit.errors import GatewrightError
from board.kit.settings import Problem, Settings
from board.kit.words import Text

PASSWORD = "password"
"""Widget of an option that is a password: it never comes back."""

ADDRESS = "secret_url"
"""Widget of an option that is an address and may hold passwords: it comes back with those hidden."""

HIDDEN = "(hidden)"

AGAIN = Text("enter it again: it was given for another address")
AGAIN_IN = Text("enter the password in it again: it was given for another address")

_IN_ADDRESS = re.compile(
    r"(?<=://)(?P<user>[^/?#\s:@]*:)(?P<secret>[^/?#\s]*)(?=@)"
    r"|(?P<name>[?&/;_](?:\w{0,40}(?:pass?\w{0,40}|pwd|psw\w{0,40}|token|secret|key|auth\w{0,40}|session\w{0,40})|pw|sig\w{0,40})=)"
    r"(?P<value>(?!\{\w+\}(?:[&#;/\s]|$))[^&#;/\s]*)",
    re.IGNORECASE,
)
"""Passwords in an address: before the host, and where cameras take them as parameters ("/user=admin_password=..."); a place such as
{plate} is none."""

_SHORTEST = 4
"""Characters of a secret that is looked for in what others say: shorter ones stand in many words."""

_BEGUN = 6
"""Characters of a secret that is hidden though the rest was cut off."""

T = TypeVar("T")

_TIME = re.compile(r"\d{1,2}:\d\d")

_EVERYTHING = re.compile(r"(?<=://)(?:[^?\s]*|[^/?\s]*\?\S*)@|(?<=\?).+")
"""For what is written down: what may be user and password, as `_is_cut` says, and all that follows a question mark."""


def is_secret(kind: type[Settings], name: str) -> bool:
    """Whether the option is a password."""
    return _widget(kind, name) == PASSWORD


def public(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as a form or the API gives them: passwords are empty, those in addresses hidden."""
    return {name: _public(kind, name, value) for name, value in values.items()}


def without_secrets(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as they may be written down: passwords, and those in any address, are hidden."""
    found = {}
    for name, value in values.items():
        if is_secret(kind, name):
            value = HIDDEN if value else ""
        elif isinstance(value, str) and ("://" in value or (_widget(kind, name) == ADDRESS and value.startswith("/"))):
            value = _EVERYTHING.sub(lambda part: f"{HIDDEN}@" if part.group().endswith("@") else HIDDEN, _without_passwords(value))
        found[name] = value
    return found


def for_strangers(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` for somebody who helps from afar: numbers, switches, times and choices as they are; an address without its user,
    path and parameters; of any other text only how long it is: a header or a template may hold a secret that no field says."""
    return {name: _for_strangers(kind, name, value) for name, value in values.items()}


def merged(kind: type[Settings], body: Mapping[str, Any], stored: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """(what was sent over what is stored, what has to be typed again). An empty password and a hidden one keep the stored one."""
    values = {**stored, **{name: value for name, value in body.items() if not (is_secret(kind, name) and value in ("", None))}}
    found = []
    for name, info in kind.model_fields.items():
        title = info.title or name
        if is_secret(kind, name):
            sent = body.get(name) not in ("", None)
            if stored.get(name) and not sent and _has_moved(kind, name, values, stored):
                found.append(Problem(name, title, AGAIN))
        elif _widget(kind, name) == ADDRESS and HIDDEN in str(values.get(name)):
            moved = _has_moved(kind, name, values, stored)
            unhidden = None if moved else _unhidden(str(values[name]), str(stored.get(name) or ""))
            if unhidden is None:
                found.append(Problem(name, title, AGAIN_IN))
            else:
                values[name] = unhidden
    return values, tuple(found)


def discreet(act: Callable[..., T]) -> Callable[..., T]:
    """`act`, which talks to somebody by the options among its arguments; what it gives or raises does without their secrets: a
    peer that refuses may repeat what it was sent, and its words go into logs, Audit and the files for those who help."""

    @wraps(act)
    def acted(*given: Any) -> T:
        options = next(each for each in given if isinstance(each, Settings))
        try:
            return cast(T, _unsaid(act(*given), _secrets_of(options)))
        except GatewrightError as why:
            why.text = _unsaid(why.text, _secrets_of(options))
            why.args = (str(why.text),)
            raise

    return acted


def unsaid(words: str, url: str, user: str, password: str) -> str:
    """The words of whoever was asked by this address and log-in, without their secrets."""
    found = {_secret(part) for part in _IN_ADDRESS.finditer(url)}
    return str(_unsaid(words, _ways(found | _logins(user, password))))


def lost(kind: type[Settings], body: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, str]:
    """{name: address without passwords} of what was sent with hidden ones that are not those stored: they are known to whoever hid
    them alone."""
    found = {}
    for name in kind.model_fields:
        sent = body.get(name)
        if _widget(kind, name) == ADDRESS and isinstance(sent, str) and HIDDEN in sent:
            moved = _has_moved(kind, name, {**stored, **body}, stored)
            if moved or _unhidden(sent, str(stored.get(name) or "")) is None:
                found[name] = sent.replace(HIDDEN, "")
    return found


def holds_one(address: object) -> bool:
    """Whether there is a password in the address."""
    return any(_secret(part) for part in _IN_ADDRESS.finditer(str(address or "")))


def _secrets_of(options: Settings) -> list[str]:
    kind, values = type(options), vars(options)
    found: set[str] = set()
    for name, value in values.items():
        if not isinstance(value, str):
            continue
        if is_secret(kind, name):
            found |= _logins(str(values.get("user") or ""), value)
        else:
            found |= {_secret(part) for part in _IN_ADDRESS.finditer(value)}
    return _ways(found)


def _logins(user: str, password: str) -> set[str]:
    """The password, and what is sent for it by HTTP and SMTP."""
    sent = (password, f"{user}:{password}", f"\0{user}\0{password}")
    return {password, *(b64encode(each.encode()).decode() for each in sent)} if password else set()


def _ways(secrets: set[str]) -> list[str]:
    """In all the ways in which they may stand in an address, the longest first."""
    found = {way for each in secrets for way in (each, quote(each, ""), unquote(each)) if len(way) >= _SHORTEST}
    return sorted(found, key=lambda way: (-len(way), way))


def _unsaid(told: Any, secrets: list[str]) -> Any:
    if isinstance(told, Text):
        return Text(told.key, {name: _unsaid(value, secrets) for name, value in told.values.items()}, told.one)
    if isinstance(told, GatewrightError):
        return _unsaid(told.text, secrets)
    if isinstance(told, list | tuple):
        return [_unsaid(each, secrets) for each in told]
    if is_dataclass(told) and not isinstance(told, type):  # what a kind gives besides a text holds one
        return replace(told, **{field.name: _unsaid(getattr(told, field.name), secrets) for field in fields(told)})
    if not isinstance(told, str):
        return told
    for secret in secrets:
        told = told.replace(secret, HIDDEN)
        begun = next((length for length in range(len(secret) - 1, _BEGUN - 1, -1) if told.endswith(secret[:length])), 0)
        told = told[:-begun] + HIDDEN if begun else told
    return told


def _for_strangers(kind: type[Settings], name: str, value: Any) -> Any:
    if is_secret(kind, name):
        return HIDDEN if value else ""
    field = kind.model_fields.get(name)
    if isinstance(value, list | tuple) and not all(isinstance(each, bool | int | float) for each in value):
        return f"({len(value)} values)"
    if isinstance(value, Mapping):
        return f"({len(value)} values)"
    if not isinstance(value, str) or not value:
        return value
    if (field is not None and (value == field.default or value in field.choices)) or _TIME.fullmatch(value):
        return value
    scheme, separator, rest = value.partition("://")
    if separator and scheme.isalnum() and not _is_cut(rest):
        place = re.split(r"[/?#\s]", rest, maxsplit=1)[0].rpartition("@")[2]
        return f"{scheme}://{place}"
    return f"({len(value)} characters)"


def _public(kind: type[Settings], name: str, value: Any) -> Any:
    if is_secret(kind, name):
        return ""
    if _widget(kind, name) == ADDRESS and isinstance(value, str):
        scheme, separator, rest = value.partition("://")
        return f"{scheme}://{HIDDEN}" if separator and _is_cut(rest) else _without_passwords(value)
    return value


def _is_cut(rest: str) -> bool:
    """`rest`: of an address, after "://". A password that is not written with % may hold what ends a host ("guard:24/68@camera"):
    then nobody knows where it ends. The forms refuse such an address; an earlier release may have stored it."""
    return "@" in "".join(re.split(r"[/?#]", rest, maxsplit=1)[1:])


def _without_passwords(text: str) -> str:
    return _IN_ADDRESS.sub(lambda part: (part["user"] or part["name"]) + HIDDEN if _secret(part) else part.group(), text)


def _secret(part: re.Match[str]) -> str:
    return part["secret"] or part["value"] or ""


def _unhidden(sent: str, stored: str) -> str | None:
    """The address with the stored passwords in the places that are hidden; None when it is not the same server's."""
    kept = [_secret(part) for part in _IN_ADDRESS.finditer(stored) if _secret(part)]
    if _server(sent) != _server(stored) or sent.count(HIDDEN) != len(kept):
        return None
    for secret in kept:
        sent = sent.replace(HIDDEN, secret, 1)
    return sent


def _has_moved(kind: type[Settings], name: str, values: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    belongs_to = kind.model_fields[name].belongs_to
    return any(_whom(kind, each, values) != _whom(kind, each, stored) for each in belongs_to)


def _whom(kind: type[Settings], name: str, values: Mapping[str, Any]) -> object:
    """The part of an option that says to whom a password goes: an address's server, else the whole value."""
    value = values.get(name, kind.model_fields[name].default)
    return _server(value) if isinstance(value, str) and "://" in value else value


def _server(address: str) -> tuple[str, ...]:
    """Scheme, user, host and port."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.username or "", parts.hostname or "", str(parts.port)
    except ValueError:
        return ("", address)


def _widget(kind: type[Settings], name: str) -> str:
    field = kind.model_fields.get(name)
    return field.widget if field else ""
