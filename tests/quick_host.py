"""Quick host: `python -m firmware` for tests that log in often and are not about what that costs: passwords whose hash takes a
hundredth of the time, and a first pause for who guesses that no slow machine outlives (`python -m tests.quick_host ARGUMENTS`)."""

from __future__ import annotations

import sys

from firmware.__main__ import main
from firmware.people import guesses, passwords

PAUSE_S = 60.0
"""After the fifth wrong password."""

_scrypt = passwords._scrypt


def _scrypt_quickly(secret: bytes, salt: bytes, cost: passwords.Cost) -> str:
    return _scrypt(secret, salt, passwords.Cost(7, 8, 1))


if __name__ == "__main__":
    passwords._scrypt = _scrypt_quickly
    guesses.FIRST_WAIT_S = PAUSE_S
    sys.exit(main())
