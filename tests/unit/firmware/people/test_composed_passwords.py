"""A password with an umlaut is the same from a keyboard that composes it and from one that does not."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from board.kit.errors import ConfigError
from firmware.people.accounts import Accounts
from firmware.people.passwords import Hasher

pytestmark = pytest.mark.usefixtures("quick_hashes")

COMPOSED = "Grüße vom Tor é"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
def test_either_form_logs_in_whichever_was_chosen(tmp_path: Path, chosen: str) -> None:
    accounts = Accounts(tmp_path)
    accounts.add("anna", "viewer", chosen)
    accounts.set_password("admin", chosen)
    for name in ("anna", "admin"):
        for typed in (COMPOSED, DECOMPOSED):
            assert accounts.check(name, typed) is not None
            assert accounts.remembered(name, typed) is not None
        assert accounts.check(name, "Grusse vom Tor e") is None
    other = DECOMPOSED if chosen == COMPOSED else COMPOSED
    with pytest.raises(ConfigError, match="must differ from the present one"):
        accounts.set_password("admin", other)


def test_its_length_is_that_of_what_people_see(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    longest = "Gr\u00fc\u00dfe vom Tor " + "\u00e9\u00e4" * 90
    accounts.set_password("admin", unicodedata.normalize("NFD", longest))
    assert accounts.check("admin", longest) is not None
    with pytest.raises(ConfigError, match="at least 8 characters"):
        accounts.set_password("admin", unicodedata.normalize("NFD", "üéäöñ"))


def test_one_that_an_earlier_release_took_as_typed_still_logs_in_and_then_in_either_form(tmp_path: Path) -> None:
    Accounts(tmp_path).set_password("admin", "correct horse")
    path = tmp_path / "accounts.json"
    (admin,) = json.loads(path.read_text())
    admin["hash"] = Hasher().hash(DECOMPOSED, admin["salt"])
    path.write_text(json.dumps([admin]))
    accounts = Accounts(tmp_path)
    assert accounts.check("admin", DECOMPOSED) is not None
    assert accounts.check("admin", COMPOSED) is not None
