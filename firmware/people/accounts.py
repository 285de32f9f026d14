"""Accounts: who may log in, with scrypt hashes in STATE/host/accounts.json; the first password is random and must be replaced."""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.files import write_whole
from board.kit.kept import Kept
from board.kit.permissions import ROLES
from board.kit.plain import known
from board.kit.words import Text
from firmware.people.passwords import COST, MAX_PASSWORD, Hasher, check_new, composed, cost_of

LOG = logging.getLogger("people")

MAX_ACCOUNTS = 32
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
REMEMBER_S = 300.0
_REMEMBERED = 64
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Account:
    """`salt` and `hash` in hex; `must_change`: may only choose a new password."""

    name: str
    role: str
    salt: str
    hash: str
    must_change: bool

    @property
    def permissions(self) -> frozenset[str]:
        return ROLES[self.role]


class Accounts:
    """Thread-safe. Every change is on disk before it counts; whoever reads never waits for the disk or a hash."""

    def __init__(self, folder: Path, hasher: Hasher | None = None, clock: Clock | None = None) -> None:
        self.initial_file = folder / "initial-password"
        self.damage: Text | None = None
        """What was wrong with the stored accounts at the start, for the pages; None: nothing."""
        self._hasher = hasher or Hasher()
        self._clock = clock or Clock()
        self._changing = threading.Lock()
        self._remembering = threading.Lock()
        self._remember_key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._kept = Kept(folder / "accounts.json", parse, _plain)
        self._accounts = self._load()

    def _load(self) -> dict[str, Account]:
        found = self._kept.read()
        self._accounts = found.value or {}
        self.damage = found.damage
        if found.value is None:
            self.damage = self._begin(found.damage)
        if self.damage is not None:
            LOG.error("%s", self.damage)
        return self._accounts

    def _begin(self, damage: Text | None) -> Text | None:
        """A camera without accounts gets its first one. When the disk does not take it nobody can log in, but gates still open."""
        try:
            self.reset_admin()
        except ConfigError as why:
            return Text("nobody can log in until the camera starts again with a disk that takes accounts: {why}", {"why": why})
        if damage is None:
            return None
        return Text(
            "{damage}; all accounts are lost, and admin has a new first password: {path}",
            {"damage": damage, "path": self.initial_file},
        )

    def reset_admin(self) -> str:
        """Gives `admin` a new random password, written to the initial-password file; the first log-in must replace it."""
        password = secrets.token_urlsafe(9)
        try:
            write_whole(self.initial_file, f"{password}\n".encode(), 0o600)
        except OSError as why:
            raise ConfigError("{path} cannot be written: {reason}", path=self.initial_file, reason=why.strerror) from why
        fresh = self._account("admin", "admin", password, must_change=True)
        with self._changing:
            self._store({**self._accounts, "admin": fresh})
        return password

    def remembered(self, name: str, password: str) -> Account | None:
        """The account when these were right within the last 5 minutes: Basic requests do not pay for a hash each time."""
        account = self._accounts.get(name)
        if account is None:
            return None
        mark = self.mark(account, password)
        with self._remembering:
            until_s = self._remembered.get(mark)
            if until_s is not None and until_s <= self._now_s():
                del self._remembered[mark]
                until_s = None
        return account if until_s is not None else None

    def check(self, name: str, password: str, known: bool = True) -> Account | None:
        """The account when the password is right, remembered for 5 minutes; as much work for a name that does not exist.

        `known`: this address logged in before, which gives it a place when many wait. Busy when too many do."""
        account = self._accounts.get(name)
        if len(composed(password)) > MAX_PASSWORD or len(password) > 4 * MAX_PASSWORD:
            return None
        # Of each cost that any account has: otherwise the time would tell whose hash is of an earlier release.
        costs = {COST, *(cost_of(each.hash) for each in self._accounts.values())}
        salt = account.salt if account else "00" * 16
        hashes = {cost: self._hasher.hash(composed(password), salt, known, cost) for cost in costs}
        right = account is not None and hmac.compare_digest(hashes[cost_of(account.hash)], account.hash)
        if not right and password != composed(password):  # an earlier release took it as it was typed
            typed = {cost: self._hasher.hash(password, salt, known, cost) for cost in costs}
            right = account is not None and hmac.compare_digest(typed[cost_of(account.hash)], account.hash)
        now = self._accounts.get(name)
        if account is None or not right or now is None or now.salt != account.salt:  # each password has a salt of its own
            return None
        account = now  # of another role, or with its hash made anew by somebody else's log-in
        if account.hash != hashes[COST]:
            account = self._renewed(account, hashes[COST])
        mark = self.mark(account, password)
        with self._remembering:
            self._remembered[mark] = self._now_s() + REMEMBER_S
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return account

    def _renewed(self, account: Account, hashed: str) -> Account:
        """The account with a hash of today's cost; as it was when that cannot be stored or somebody else has just changed it."""
        fresh = replace(account, hash=hashed)
        with self._changing:
            if self._accounts.get(account.name) != account:
                return account
            try:
                self._store({**self._accounts, account.name: fresh})
            except ConfigError as why:
                LOG.warning("%s keeps the hash of an earlier release: %s", account.name, why)
                return account
        return fresh

    def mark(self, account: Account | None, password: str, name: str = "") -> bytes:
        """A keyed hash of these credentials, to recognise them without keeping them."""
        said = "\0".join((account.name if account else name, account.hash if account else "", password))
        return hmac.digest(self._remember_key, said.encode("utf-8", "surrogatepass"), "sha256")

    def get(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def all(self) -> tuple[Account, ...]:
        """Sorted by name."""
        return tuple(sorted(self._accounts.values(), key=lambda account: account.name))

    def set_password(self, name: str, password: str, before: Account | None = None) -> Account:
        """A person chose a new password; the account with it. ConfigError says why it is not good enough, or that somebody else
        has chosen one since the account was as `before`."""
        return self._replace_password(name, password, must_change=False, before=before)

    def give_password(self, name: str, password: str) -> None:
        """An administrator chose one for who forgot it: the next log-in must choose another. ConfigError as above."""
        self._replace_password(name, password, must_change=True)

    def _replace_password(self, name: str, password: str, must_change: bool, before: Account | None = None) -> Account:
        password = composed(password)
        check_new(password, name)
        account = self._accounts.get(name)
        if account is None:
            raise ConfigError("there is no user {name}", name=name)
        if before is not None and account.salt != before.salt:  # each password has one of its own
            raise ConfigError("user {name} was changed meanwhile: try again", name=name)
        if hmac.compare_digest(self._hasher.hash(password, account.salt, cost=cost_of(account.hash)), account.hash):
            raise ConfigError("the new password must differ from the present one", field="new")
        fresh = self._account(name, account.role, password, must_change)
        with self._changing:
            if self._accounts.get(name) != account:
                raise ConfigError("user {name} was changed meanwhile: try again", name=name)
            self._store({**self._accounts, name: fresh})
        if name == "admin":
            self.initial_file.unlink(missing_ok=True)
        return fresh

    def add(self, name: str, role: str, password: str) -> None:
        """A new account; its first log-in must choose another password. ConfigError says what is wrong."""
        if not NAME.fullmatch(name):
            raise ConfigError("user name: 1 to 32 letters, digits, '.', '_' or '-'", field="user")
        if role not in ROLES:
            raise ConfigError("role: must be one of {roles}", field="role", roles=", ".join(sorted(ROLES)))
        password = composed(password)
        check_new(password, name)
        self._check_room(name)
        fresh = self._account(name, role, password, must_change=True)
        with self._changing:
            self._check_room(name)
            self._store({**self._accounts, name: fresh})

    def set_role(self, name: str, role: str) -> None:
        """ConfigError when there is no such user or role, or when no administrator would be left."""
        if role not in ROLES:
            raise ConfigError("role: must be one of {roles}", field="role", roles=", ".join(sorted(ROLES)))
        with self._changing:
            account = self._accounts.get(name)
            if account is None:
                raise ConfigError("there is no user {name}", name=name)
            self._store_with_an_admin(name, {**self._accounts, name: replace(account, role=role)})

    def remove(self, name: str) -> None:
        """ConfigError when it does not exist or is the last administrator."""
        with self._changing:
            if name not in self._accounts:
                raise ConfigError("there is no user {name}", name=name)
            self._store_with_an_admin(name, {key: account for key, account in self._accounts.items() if key != name})

    def _check_room(self, name: str) -> None:
        if name in self._accounts:
            raise ConfigError("user {name} exists already", field="user", name=name)
        if len(self._accounts) >= MAX_ACCOUNTS:
            raise ConfigError("there are already {most} accounts", most=MAX_ACCOUNTS)

    def _store_with_an_admin(self, name: str, accounts: dict[str, Account]) -> None:
        if not any(account.role == "admin" for account in accounts.values()):
            raise ConfigError("{name} is the only administrator", name=name)
        self._store(accounts)

    def _store(self, accounts: dict[str, Account]) -> None:
        try:
            self._kept.write(accounts)
        except OSError as why:
            raise ConfigError("the accounts cannot be stored: {reason}", reason=why.strerror) from why
        self._accounts = accounts  # what is remembered holds the hash of the account, and so counts no more

    def _account(self, name: str, role: str, password: str, must_change: bool) -> Account:
        salt = secrets.token_hex(16)
        return Account(name, role, salt, self._hasher.hash(password, salt), must_change)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def parse(document: Any) -> dict[str, Account]:
    """The accounts of a stored document by their names; ValueError, TypeError or LookupError when it is not right."""
    accounts = [Account(**known(Account, fields)) for fields in document]
    for account in accounts:
        words = (account.name, account.role, account.salt, account.hash)
        if not all(isinstance(word, str) for word in words) or not isinstance(account.must_change, bool):
            raise TypeError("a field is of the wrong type")
        if account.role not in ROLES or not _HEX.fullmatch(account.salt) or not _HEX.fullmatch(account.hash):
            raise ValueError(f"the account {account.name[:32]!r} is not right")
        cost_of(account.hash)
    if not any(account.role == "admin" for account in accounts):
        raise ValueError("it holds no administrator")
    return {account.name: account for account in accounts}


def _plain(accounts: dict[str, Account]) -> object:
    return [asdict(account) for account in accounts.values()]
