"""What the tests of accounts share: a hasher that counts."""

from __future__ import annotations

import hashlib

import pytest

from firmware.people import passwords
from firmware.people.passwords import COST, Cost, Hasher


class CountingHasher(Hasher):
    """The real one; `salts` of every hash that it made."""

    def __init__(self) -> None:
        super().__init__()
        self.salts: list[str] = []

    def hash(self, password: str, salt: str, known: bool = True, cost: Cost = COST) -> str:
        self.salts.append(salt)
        return super().hash(password, salt, known, cost)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt with hardly any work, for tests of everything but the hashes."""

    def scrypt(secret: bytes, salt: bytes, cost: Cost) -> str:
        return hashlib.scrypt(secret, salt=salt + bytes((cost.log_n,)), n=16, r=1, p=1, dklen=32).hex()

    monkeypatch.setattr(passwords, "_scrypt", scrypt)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()
