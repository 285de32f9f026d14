"""Tokens: what programs log in with (`Authorization: Bearer`): random, stored as a hash, for some permissions, often for a time.

A token may do what it was given and its maker still may: it ends when its maker is removed, and loses what its maker loses.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.kept import Kept
from board.kit.moments import moment
from board.kit.permissions import PERMISSIONS
from board.kit.plain import known
from board.kit.words import Text
from firmware.people.accounts import Account

LOG = logging.getLogger("people")

MAX_TOKENS = 64
MAX_NAME = 40
PREFIX = "gw_"
"""So that a token is recognised where it should not be (a log, a repository)."""
STORE_USE_EVERY_S = 3_600.0
"""The last use is exact while the host runs; it is written this often at most, to spare the card."""
_ID = re.compile(r"[0-9a-f]{8}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """`hash`: SHA-256 of the secret, in hex (256 random bits need no slow hash); stamps in UTC, ISO 8601, "" for none."""

    id: str
    name: str
    maker: str
    permissions: tuple[str, ...]
    hash: str
    made: str
    expires: str
    used: str


class Tokens:
    """Thread-safe; every change is on disk before it counts. `account`: gives the account of a name, None when there is none."""

    def __init__(self, folder: Path, account: Callable[[str], Account | None], clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._changing = threading.Lock()
        self._kept = Kept(folder / "tokens.json", parse, _plain)
        found = self._kept.read()
        self.damage: Text | None = found.damage
        if found.damage is not None:
            lost = Text("{damage}; make the tokens of programs again", {"damage": found.damage})
            self.damage = found.damage if found.value is not None else lost
            LOG.error("%s", self.damage)
        self._tokens: dict[str, Token] = {token.hash: token for token in found.value or ()}
        """{hash: token}; replaced as a whole."""
        self._used: dict[str, str] = {}
        """{id: last use}, as far as it is newer than what is stored."""
        self._stored_s = self._now_s()
        self.end_of_makers(token.maker for token in self._tokens.values() if account(token.maker) is None)

    def make(self, name: str, permissions: Iterable[str], maker: Account, expires: str = "") -> tuple[Token, str]:
        """The token and its secret, which is told only now. ConfigError says what is wrong."""
        wanted = tuple(sorted(set(permissions)))
        _check_name(name)
        unknown = [each for each in wanted if each not in PERMISSIONS]
        if unknown or not wanted:
            raise ConfigError("permissions: one or more of {known}", field="permissions", known=", ".join(PERMISSIONS))
        beyond = [each for each in wanted if each not in maker.permissions]
        if beyond:
            raise ConfigError("{maker} may not give {beyond}", field="permissions", maker=maker.name, beyond=", ".join(beyond))
        until = self._until(expires)
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(4), name, maker.name, wanted, _hash(secret), self._stamp(), until, "")
        with self._changing:
            lasting = self._lasting()
            if any(each.name == name for each in lasting.values()):
                raise ConfigError("there is a token {name} already", field="name", name=name)
            if len(lasting) >= MAX_TOKENS:
                raise ConfigError("there are already {most} tokens: revoke one", most=MAX_TOKENS)
            if self._account(maker.name) is None:
                raise ConfigError("there is no user {name}", name=maker.name)
            ended = [each for each in self._tokens.values() if self._expired(each) and each.name != name]
            ended.sort(key=lambda each: datetime.fromisoformat(each.expires))
            # What has expired stays as long as there is room: the clock may be years ahead.
            still = {each.hash: each for each in ended[max(0, len(lasting) + 1 + len(ended) - MAX_TOKENS) :]}
            self._store({**still, **lasting, token.hash: token})
        return token, secret

    def find(self, secret: str) -> tuple[Token, frozenset[str]] | None:
        """The token and what it may do now; None when there is none, it has expired, or nothing is left of what it may do."""
        token = self._tokens.get(_hash(secret))
        if token is None or not self._in_force(token):
            return None
        permissions = self.permissions(token)
        if not permissions:
            return None
        self._used[token.id] = self._stamp()
        return token, permissions

    def permissions(self, token: Token) -> frozenset[str]:
        """What `token` may do now: what it was given and its maker still may."""
        maker = self._account(token.maker)
        return frozenset(token.permissions) & maker.permissions if maker is not None else frozenset()

    def lasts(self, token_id: str, permissions: frozenset[str]) -> bool:
        """It is there, has not expired, and still may do all of `permissions`."""
        token = next((each for each in self._tokens.values() if each.id == token_id), None)
        return token is not None and self._in_force(token) and permissions <= self.permissions(token)

    def all(self) -> tuple[Token, ...]:
        """The tokens that have not expired, by name."""
        return tuple(sorted(map(self._with_use, self._lasting().values()), key=lambda token: token.name))

    def revoke(self, token_id: str) -> Token:
        """ConfigError when there is none with this id."""
        with self._changing:
            token = next((each for each in self._tokens.values() if each.id == token_id), None)
            if token is None:
                raise ConfigError("there is no token {id}", id=token_id[:20])
            self._store({key: each for key, each in self._tokens.items() if each.id != token_id})
        return token

    def end_of_makers(self, makers: Iterable[str]) -> None:
        """Their tokens go for good: an account of the same name, made later, does not bring them back."""
        gone = set(makers)
        with self._changing:
            kept = {key: token for key, token in self._tokens.items() if token.maker not in gone}
            if len(kept) == len(self._tokens):
                return
            try:
                self._store(kept)
            except ConfigError as why:
                LOG.error("%s", why)
                self._tokens = kept  # without its maker a token is worth nothing anyway

    @property
    def due(self) -> bool:
        """There are last uses to be written down: once an hour at most."""
        return bool(self._used) and self._now_s() - self._stored_s >= STORE_USE_EVERY_S

    def keep(self, at_once: bool = False) -> None:
        """Writes down the last uses that are due, or all `at_once`, for which a card may take long: no request waits for it."""
        if not (self.due or (at_once and self._used)):
            return
        self._stored_s = self._now_s()
        with self._changing:
            written = dict(self._used)
            try:
                self._store({key: self._with_use(token) for key, token in self._tokens.items()})
            except ConfigError as why:
                LOG.warning("%s", why)
                return
        for token_id, used in written.items():
            if self._used.get(token_id) == used:  # else it was used again meanwhile
                del self._used[token_id]

    def _with_use(self, token: Token) -> Token:
        used = self._used.get(token.id)
        return replace(token, used=used) if used else token

    def _lasting(self) -> dict[str, Token]:
        return {key: token for key, token in self._tokens.items() if not self._expired(token)}

    def _expired(self, token: Token) -> bool:
        return bool(token.expires) and datetime.fromisoformat(token.expires) <= self._clock.now()

    def _in_force(self, token: Token) -> bool:
        """As an entry of a list, one that has an end neither holds nor has ended while nobody knows the time: the power of a board
        without a clock that keeps it is cut quickly."""
        return not token.expires or (self._clock.now() >= CLOCK_KNOWN and not self._expired(token))

    def _until(self, expires: str) -> str:
        if not expires:
            return ""
        try:
            until = end_of(expires)
        except (ValueError, TypeError) as why:
            raise ConfigError("expires: write it as 2027-01-31 or 2027-01-31T18:00:00+01:00", field="expires") from why
        if until <= self._clock.now():
            raise ConfigError("expires: it lies in the past", field="expires")
        return until.isoformat(timespec="seconds")

    def _store(self, tokens: dict[str, Token]) -> None:
        try:
            self._kept.write(tuple(tokens.values()))
        except OSError as why:
            raise ConfigError("the tokens cannot be stored: {reason}", reason=why.strerror) from why
        self._tokens = tokens

    def _stamp(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def end_of(text: str, zone: tzinfo = UTC) -> datetime:
    """When something ends that lasts until `text`, a day or a moment, of `zone` unless it has an offset. A day belongs to it as a
    whole. ValueError for any other text; what lies past the end of the calendar is its end."""
    try:
        return moment(text, zone, end=True)
    except OverflowError:
        return (datetime.max if text >= "2" else datetime.min).replace(microsecond=0, tzinfo=UTC)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise ConfigError("name: 1 to {most} characters that can be printed", field="name", most=MAX_NAME)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse(document: Any) -> tuple[Token, ...]:
    """The tokens of a stored document; ValueError, TypeError or LookupError when it is not right."""
    tokens = tuple(Token(**{**known(Token, fields), "permissions": tuple(fields["permissions"])}) for fields in document)
    for token in tokens:
        words = (*asdict(token).values(),)
        if not all(isinstance(word, str) for word in (*words[:3], *token.permissions, *words[4:])):
            raise TypeError("a field is of the wrong type")
        if not _ID.fullmatch(token.id) or not _HASH.fullmatch(token.hash):
            raise ValueError("a token is not right")
        if token.expires and datetime.fromisoformat(token.expires).tzinfo is None:
            raise ValueError("a stamp is not right")
    return tokens


def _plain(tokens: tuple[Token, ...]) -> object:
    return [asdict(token) for token in tokens]
