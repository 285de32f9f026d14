"""Generation: what a list file says about its origin, so that following cameras can tell new from old without a clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.formats.event import Device
from engine.store import Store
from engine.store.jobs import ACCEPTS

NUMBER_DIGITS, DIGEST_DIGITS = 10, 40

_HEAD, _PIECE = 4096, 1 << 16

_TEXT = re.compile(r"(\d{10})-([0-9a-f]{40})-([0-9a-f]{16})((?:-[0-9a-f]{16}){0,32})")


@dataclass(frozen=True, slots=True)
class Generation:
    """`number`: grows with each change of the lists at their source; `digest`: the same for the same lists; `source`: the
    database that wrote the file (engine/store/following.py); `via`: the databases from which that one got the lists."""

    number: int
    digest: str
    source: str
    via: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As written to files; the length is the same for every number and digest."""
        return "-".join((f"{self.number:0{NUMBER_DIGITS}}", self.digest, self.source, *self.via))


def parse(text: str) -> Generation | None:
    """None for a file that no camera of ours has written."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    return Generation(int(found[1]), found[2], found[3], tuple(found[4].split("-")[1:]))


def sources_of(store: Store, list_ids: set[int]) -> tuple[str, ...]:
    """The databases from which this camera imported these lists, each once."""
    states = store.jobs.states()
    jobs = [each for each in store.jobs() if each.enabled and each.list_id in list_ids]
    found = (name for each in jobs for name in states[each.id].memory.get("sources", ()))
    return tuple(dict.fromkeys(str(name) for name in found))


def source_of(store: Store, device: Device) -> str:
    """This camera's own name among those that follow: of its database, and of the board where a copied card brought that along.
    One that is to follow the camera from which its card was copied would else take the lists for its own."""
    name = store.following.source()
    return hashlib.sha256(f"{name} {device.copy}".encode()).hexdigest()[:16] if device.copy else name


def is_whole(path: Path, told: Generation) -> bool:
    """Whether the file is what its writer hashed: neither truncated nor changed on the way."""
    unknown = replace(told, number=0, digest="0" * DIGEST_DIGITS)
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        piece = file.read(_HEAD).replace(told.text.encode(), unknown.text.encode(), 1)
        held = 0  # trailing line ends, all but one, only encode the generation's number in the size
        while piece:
            content = piece.rstrip(b"\n")
            if content:
                hashed.update(b"\n" * held + content)
                held = 0
            held += len(piece) - len(content)
            piece = file.read(_PIECE)
    hashed.update(b"\n")
    return held > 0 and hashed.hexdigest()[:DIGEST_DIGITS] == told.digest


class NotFollowed(ConfigError):
    """The file may be right, but following it could do harm: a person must look first."""


def check_follows(told: Generation | None, memory: Mapping[str, Any], own: str) -> bool:
    """Whether the file provably comes from the same source as the last one and is not older. `memory`: what `remembered`
    returned last time; `own`: the name of this camera's database. NotFollowed: the file has another source or is older;
    ConfigError: it comes from this camera itself."""
    if told is not None and own in (told.source, *told.via):
        raise ConfigError(
            "these lists come from this camera itself: two cameras must not follow each other, not through a third either"
        )
    before = parse(str(memory.get("generation", "")))
    if memory.get(ACCEPTS) or before is None:
        return False
    if told is None or told.source != before.source:
        raise NotFollowed(
            "the file comes from another camera than until now, or that camera has lost its lists (another card); nothing was "
            "changed. If that is right, accept it"
        )
    if told.number < before.number or (told.number == before.number and told.digest != before.digest):
        raise NotFollowed(
            "the camera's lists are older than those that came before (generation {now} after {before}): it was set back; nothing "
            "was changed. If that is right, accept it",
            now=told.number,
            before=before.number,
        )
    return True


def remembered(told: Generation | None) -> dict[str, Any]:
    """What `check_follows` and `sources_of` need next time."""
    return {} if told is None else {"generation": told.text, "sources": [told.source, *told.via]}
