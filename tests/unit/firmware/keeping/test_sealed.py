"""Sealed: what was sealed opens with its passphrase, whole or not at all."""

from __future__ import annotations

import io
import random

import pytest

from board.kit.errors import ConfigError
from firmware.keeping import sealed
from firmware.keeping.sealed import MAGIC, PIECE_BYTES, TAG_BYTES, Seal, Unseal

SECRET = "correct horse battery"
HEAD_BYTES = len(MAGIC) + 4 + 16 + 16


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "LOG_N", 10)


def seal(data: bytes, passphrase: str = SECRET) -> bytes:
    out = bytearray()
    made = Seal(passphrase, out.extend)
    made.put(data)
    made.end()
    return bytes(out)


def unseal(data: bytes, passphrase: str = SECRET) -> bytes:
    opened = Unseal(passphrase, io.BytesIO(data))
    return b"".join(iter(lambda: opened.read(1_000_000), b""))


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 200_000])
def test_every_length_opens_as_it_was(size: int) -> None:
    data = random.Random(size).randbytes(size)
    made = seal(data)
    assert unseal(made) == data
    assert len(made) == HEAD_BYTES + size + TAG_BYTES * max(1, -(-size // PIECE_BYTES))


def test_two_backups_of_the_same_share_nothing_and_tell_nothing() -> None:
    one, other = seal(b"scrypt$secret" * 9), seal(b"scrypt$secret" * 9)
    assert one[len(MAGIC) + 4 :] != other[len(MAGIC) + 4 :] and b"secret" not in one


def test_a_wrong_passphrase_is_said_as_such_and_one_typed_on_another_keyboard_is_right() -> None:
    with pytest.raises(ConfigError, match=r"^the passphrase is wrong$") as why:
        unseal(seal(b"x"), "correct horse batterz")
    assert why.value.field == "passphrase"
    assert unseal(seal(b"x", "Pförtner am Tor"), "Pfo\u0308rtner am Tor") == b"x"


def test_no_byte_can_be_changed_and_no_end_cut_off() -> None:
    made = seal(random.Random(1).randbytes(PIECE_BYTES + 40))
    chance = random.Random(2)
    places = {*range(HEAD_BYTES), *(chance.randrange(len(made)) for _ in range(60)), len(made) - 1}
    for place in places:
        changed = bytearray(made)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(ConfigError):
            unseal(bytes(changed))
    for length in (0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + PIECE_BYTES + TAG_BYTES, len(made) - 1):
        with pytest.raises(ConfigError):
            unseal(made[:length])
    with pytest.raises(ConfigError, match="damaged or cut off"):
        unseal(made + b"x")


def test_pieces_cannot_change_places_or_come_from_another_backup() -> None:
    step = PIECE_BYTES + TAG_BYTES
    made = seal(random.Random(3).randbytes(3 * PIECE_BYTES))
    first, second = made[HEAD_BYTES : HEAD_BYTES + step], made[HEAD_BYTES + step : HEAD_BYTES + 2 * step]
    with pytest.raises(ConfigError, match="damaged or cut off after 0 KB"):
        unseal(made[:HEAD_BYTES] + second + first + made[HEAD_BYTES + 2 * step :])
    other = seal(random.Random(3).randbytes(3 * PIECE_BYTES))
    with pytest.raises(ConfigError, match="damaged or cut off after 64 KB"):
        unseal(made[: HEAD_BYTES + step] + other[HEAD_BYTES + step :])


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (0, 2, "this backup has the form 2, which this camera does not know: update it first"),
        (1, 30, "the backup is damaged"),
        (1, 1, "the backup is damaged"),
        (2, 255, "the backup is damaged"),
        (3, 255, "the backup is damaged"),
    ],
    ids=["version", "endless work", "no work", "memory", "rounds"],
)
def test_a_head_cannot_ask_for_endless_work(at: int, value: int, why: str) -> None:
    made = bytearray(seal(b"x"))
    made[len(MAGIC) + at] = value
    with pytest.raises(ConfigError, match=why):
        unseal(bytes(made))


def test_another_file_is_said_to_be_no_backup() -> None:
    with pytest.raises(ConfigError, match=r"^this is no backup of a camera$"):
        unseal(b"\x1f\x8b" * 500)
