"""Accounts: who may log in, with scrypt hashes in STATE/host/accounts.json; the first password is random and must be replaced."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path

from board.kit.errors import ConfigError
from board.kit.files import write_whole

ROLES = ("admin", "operator", "viewer")
MIN_PASSWORD = 8
MAX_PASSWORD = 200
MAX_ACCOUNTS = 32
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 14, 8, 1
_HASHING = threading.Semaphore(2)
"""Each hash takes 16 MB: many log-ins at once must not take a small board's memory."""
_REMEMBER_S = 300.0
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Account:
    """`salt` and `hash` in hex; `must_change`: logs in to the pages only to choose a new password."""

    name: str
    role: str
    salt: str
    hash: str
    must_change: bool


class Accounts:
    """Thread-safe; every change is on disk before it counts."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "accounts.json"
        self.initial_file = folder / "initial-password"
        self._lock = threading.Lock()
        self._remember_key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._accounts = self._load()
        if not any(account.role == "admin" for account in self._accounts.values()):
            self.reset_admin()

    def reset_admin(self) -> str:
        """Gives `admin` a new random password, written to the initial-password file; the first log-in must replace it."""
        password = secrets.token_urlsafe(9)
        try:
            write_whole(self.initial_file, f"{password}\n".encode(), 0o600)
        except OSError as why:
            raise ConfigError(
                "{initial_file} cannot be written: {strerror}", initial_file=self.initial_file, strerror=why.strerror
            ) from why
        with self._lock:
            self._store({**self._accounts, "admin": _account("admin", "admin", password, must_change=True)})
        return password

    def check(self, name: str, password: str) -> Account | None:
        """The account when the password is right. Takes equally long for a name that does not exist.

        Right answers are remembered for 5 minutes (as a keyed hash), so that Basic requests do not pay for scrypt each time."""
        with self._lock:
            account = self._accounts.get(name)
        if len(password) > MAX_PASSWORD:
            return None
        said = "\0".join((name, account.hash if account else "", password)).encode("utf-8", "surrogatepass")
        mark = hmac.digest(self._remember_key, said, "sha256")
        with self._lock:
            if account is not None and self._remembered.get(mark, 0.0) > time.monotonic():
                return account
        salt = account.salt if account else "00" * 16
        right = hmac.compare_digest(_hash(password, salt), account.hash if account else "ff" * 32)
        if account is None or not right:
            return None
        with self._lock:
            self._remembered[mark] = time.monotonic() + _REMEMBER_S
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return account

    def get(self, name: str) -> Account | None:
        with self._lock:
            return self._accounts.get(name)

    def all(self) -> tuple[Account, ...]:
        """Sorted by name."""
        with self._lock:
            return tuple(sorted(self._accounts.values(), key=lambda account: account.name))

    def set_password(self, name: str, password: str) -> None:
        """A person chose a new password. ConfigError says why it is not good enough."""
        _check_password(password)
        with self._lock:
            account = self._accounts[name]
            if hmac.compare_digest(_hash(password, account.salt), account.hash):
                raise ConfigError("the new password must differ from the present one")
            fresh = _account(name, account.role, password, must_change=False)
            self._store({**self._accounts, name: fresh})
        if name == "admin":
            self.initial_file.unlink(missing_ok=True)

    def add(self, name: str, role: str, password: str) -> None:
        """A new account; its first log-in must choose another password. ConfigError says what is wrong."""
        if not _NAME.fullmatch(name):
            raise ConfigError("user name: 1 to 32 letters, digits, '.', '_' or '-'")
        if role not in ROLES:
            raise ConfigError("role: must be one of {roles}", roles=", ".join(ROLES))
        _check_password(password)
        with self._lock:
            if name in self._accounts:
                raise ConfigError("user {name} exists already", name=name)
            if len(self._accounts) >= MAX_ACCOUNTS:
                raise ConfigError("there are already {max_accounts} accounts", max_accounts=MAX_ACCOUNTS)
            self._store({**self._accounts, name: _account(name, role, password, must_change=True)})

    def remove(self, name: str) -> None:
        """ConfigError when it does not exist or is the last administrator."""
        with self._lock:
            rest = {key: account for key, account in self._accounts.items() if key != name}
            if len(rest) == len(self._accounts):
                raise ConfigError("there is no user {name}", name=name)
            if not any(account.role == "admin" for account in rest.values()):
                raise ConfigError("{name} is the only administrator", name=name)
            self._store(rest)

    def _store(self, accounts: dict[str, Account]) -> None:
        try:
            write_whole(self._file, json.dumps([asdict(account) for account in accounts.values()], indent=1).encode(), 0o600)
        except OSError as why:
            raise ConfigError("the accounts cannot be stored: {strerror}", strerror=why.strerror) from why
        self._accounts = accounts
        self._remembered.clear()

    def _load(self) -> dict[str, Account]:
        try:
            document = json.loads(self._file.read_text("utf-8"))
            accounts = [Account(**fields) for fields in document]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as why:
            raise ConfigError(
                "{file} is damaged ({why}); remove it to start with a new administrator password", file=self._file, why=why
            ) from why
        return {account.name: account for account in accounts}


def _check_password(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise ConfigError("the password needs at least {min_password} characters", min_password=MIN_PASSWORD)
    if len(password) > MAX_PASSWORD:
        raise ConfigError("the password may have at most {max_password} characters", max_password=MAX_PASSWORD)


def _account(name: str, role: str, password: str, must_change: bool) -> Account:
    salt = secrets.token_hex(16)
    return Account(name, role, salt, _hash(password, salt), must_change)


def _hash(password: str, salt: str) -> str:
    secret = password.encode("utf-8", "surrogatepass")
    with _HASHING:
        return hashlib.scrypt(secret, salt=bytes.fromhex(salt), n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=32).hex()
