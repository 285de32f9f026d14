"""Taking: what scheduled imports have in common once the file is fetched: their options and the import itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.settings import option
from board.kit.words import Text
from engine.exchange.formats import IMPORTED, ORDERS
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv
from engine.store.difference import Terms
from engine.store.jobs import ACCEPTS, JobOptions

SETTLED_S = 2.0
"""Modification times have whole seconds."""

_PIECE = 1 << 16


class TakingOptions(JobOptions):
    format: str = option(
        "XML",
        "Format",
        "XML, CSV, XLSX: the list becomes what the file says, other plates are removed; with NOTDELETE they stay.",
        choices={
            "XML": "XML",
            "XML_NOTDELETE": "XML_NOTDELETE: other plates stay",
            "CSV": "CSV",
            "CSV_NOTDELETE": "CSV_NOTDELETE: other plates stay",
            "XLSX": "XLSX",
            "XLSX_NOTDELETE": "XLSX_NOTDELETE: other plates stay",
        },
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
        choices={ORDERS[0]: "refuse them", ORDERS[1]: "the day comes first", ORDERS[2]: "the month comes first"},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taking:
    """How a file is imported. `terms`: what it may change; `trusted`: what it may change once it is proven that the camera
    which wrote the last file wrote this one later."""

    format: str
    terms: Terms
    trusted: Terms
    dates: str = ""
    any_list: bool = False


def taking(options: TakingOptions) -> Taking:
    """The limits of the options apply to every file."""
    name, removes = IMPORTED[options.format]
    terms = Terms(removes, options.most_removed_pct, options.may_empty, follows=True)
    return Taking(name, terms, terms, options.dates, options.any_list)


def take_in(path: Path, how: Taking, env: JobEnv) -> Done:
    """Imports the file unless it is the one imported last. Errors as for `import_lists` and `check_follows`."""
    # Imported here: the service loads the kinds but imports no files.
    from engine.exchange.generation import check_follows, is_whole, parse, remembered, source_of
    from engine.exchange.importing import Order, import_lists
    from engine.exchange.plate_files.reading import head_of

    digest = _digest(path)
    if not wanted(env, digest=digest):
        return Done(NOTHING_NEW, env.memory, nothing_new=True)
    head = head_of(path)
    told = parse(head.stamp.generation)
    if told is not None and not is_whole(path, told):
        raise ConfigError("the file is not whole: it was cut off, or changed on its way")
    proven = check_follows(told, env.memory, source_of(env.store, env.device))
    terms = how.trusted if proven else how.terms
    if env.memory.get(ACCEPTS):
        terms = replace(terms, most_removed_pct=100, may_empty=True)
    gone = tuple(name for name in env.memory.get("names", ()) if name not in head.lists) if proven and terms.removes else ()
    order = Order(path, how.format, terms, how.dates, how.any_list, gone)
    result = import_lists(env.store, env.list, order, env.device.zone, env.user, dry=env.test)
    if env.test:
        refused = result.objection
        if refused:
            raise ConfigError("nothing would be imported; {why}", why=refused)
        return Done(Text("it would be imported, nothing has changed yet: {note}", {"note": result.note}))
    result.settle(env.store)
    memory = {"digest": digest, "lists": env.store.entries.mark(), "names": list(head.lists), **remembered(told)}
    return Done(result.note, memory, nothing_new=not result.changes and not env.asked and bool(env.memory))


def wanted(env: JobEnv, **seen: object) -> bool:
    """Whether there is work: `seen` of the file differs from what the last run remembered under the same names, or the lists
    have changed here since, or "if changed" is off."""
    if not env.job.if_changed or env.asked:
        return True
    then = env.memory
    return any(then.get(name) != value for name, value in seen.items()) or then.get("lists") != env.store.entries.mark()


def seen(env: JobEnv, there: Mapping[str, object], exact: bool) -> dict[str, object]:
    """What to remember of the state `there` of a file that was fetched. `exact`: another content is another size (exporting.SIZES).

    Otherwise the file may have changed once more within the second that its time tells: only when it is found the same at another
    time, and is fetched once more, does its state stand for its content."""
    now_s = env.clock.now().timestamp()
    before, at_s = env.memory.get("seen") or (None, 0.0)
    if exact or (before == there and abs(now_s - at_s) >= SETTLED_S):
        return {"there": there}
    return {"there": {}, "seen": (there, now_s)}


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
