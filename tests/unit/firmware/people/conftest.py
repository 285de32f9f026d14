"""What the tests of accounts share: a hasher that counts."""

from __future__ import annotations

import pytest

from firmware.people.passwords import Hasher


class CountingHasher(Hasher):
    """The real one; `salts` of every hash that it made."""

    def __init__(self) -> None:
        super().__init__()
        self.salts: list[str] = []

    def hash(self, password: str, salt: str, known: bool = True) -> str:
        self.salts.append(salt)
        return super().hash(password, salt, known)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()
