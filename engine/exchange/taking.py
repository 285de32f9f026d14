"""Taking: what imports that come by themselves have in common once the file is here: their options, and that they take it in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from board.kit.settings import Settings, option
from engine.exchange.formats import IMPORTED, ORDERS
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv
from engine.store.difference import Terms

_PIECE = 1 << 16


class TakingOptions(Settings):
    format: str = option(
        "XML",
        "Format",
        "XML, CSV, XLSX: the list becomes what the file says, other plates are removed; with NOTDELETE they stay.",
        choices=tuple(IMPORTED),
    )
    most_removed_pct: int = option(
        50,
        "Most removed",
        "A file that would remove more than this share of a list, and more than 5 plates, is refused.",
        unit="%",
        ge=0,
        le=100,
    )
    may_empty: bool = option(False, "May empty the list", "Also takes a file that leaves no plate in a list.")
    any_list: bool = option(False, "Any list", "Also takes a file that says to be of a list of another name.")
    dates: str = option(
        "", "Dates such as 5/6/2026", "Which number is the day; empty: files with dates that can mean two days are refused.",
        choices=ORDERS,
    )  # fmt: skip


def take_in(path: Path, options: TakingOptions, env: JobEnv) -> Done:
    """Imports the file unless it is the one that was imported last. Errors as `import_lists`."""
    from engine.exchange.importing import Order, import_lists  # here: the service knows the kinds, and does not import files

    digest = _digest(path)
    if not wanted(env, digest=digest):
        return Done(NOTHING_NEW, env.memory, nothing_new=True)
    name, removes = IMPORTED[options.format]
    terms = Terms(removes, options.most_removed_pct, options.may_empty, follows=True)
    result = import_lists(env.store, env.list, Order(path, name, terms, options.dates, options.any_list), env.device.zone, env.user)
    result.settle(env.store)
    memory = {"digest": digest, "lists": env.store.entries.mark()}
    return Done(result.note, memory, nothing_new=not result.changes and not env.asked and bool(env.memory))


def wanted(env: JobEnv, **seen: object) -> bool:
    """Whether something is to be done: `seen` of the file differs from what the last run remembered by the same names, or the lists
    have been changed here since then, or nobody has said "if changed"."""
    if not env.job.if_changed or env.asked:
        return True
    then = env.memory
    return any(then.get(name) != value for name, value in seen.items()) or then.get("lists") != env.store.entries.mark()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
