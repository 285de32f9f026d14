"""Quick host: `python -m firmware` for tests that log in often and are not about what that costs: passwords whose hash takes a
hundredth of the time, and a first pause for who guesses that no slow machine outlives (`python -m tests.quick_host ARGUMENTS`)."""

from __future__ import annotations

import os
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
    # HTTPS makes a certificate first: tests that are about it ask for it by the environment.
    sys.exit(main(sys.argv[1:] + ([] if "GATEWRIGHT_TEST_HTTPS" in os.environ or "install" in sys.argv[1:2] else ["--no-https"])))
