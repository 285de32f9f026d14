"""Hand: an import ordered in the portal: first a preview of its changes, then the import itself.

The folder holds the uploaded `file`, the order (`order.json`, HandOrder) and, during and after the work, the result
(`result.json`, HandResult)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from datetime import datetime
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.files import write_unsynced
from board.kit.from_json import from_json
from board.kit.words import NOTHING, Text, plain, received
from engine.exchange.importing import ListEffect, Order, Result, import_lists
from engine.formats.event import Device
from engine.store import Store
from engine.store.coming import ImportRefused
from engine.store.difference import Terms
from engine.store.transfers import DONE, FAILED

HAND = "hand"
"""What Audit shows instead of a job kind."""

NO_MEMORY = Text("it takes more memory than there is")

READING, PREVIEW = "reading", "preview"


@dataclass(frozen=True, slots=True)
class HandOrder:
    """`user`: who ordered it; `apply`: carry it out, otherwise only preview the changes; the others as in
    engine/exchange/importing.Order."""

    list_id: int
    user: str
    apply: bool = False
    removes: bool = True
    most_removed_pct: int = 50
    may_empty: bool = False
    any_list: bool = False
    dates: str = ""


@dataclass(frozen=True, slots=True)
class HandResult:
    """`state`: READING, PREVIEW (nothing has changed yet), DONE or FAILED (nothing has changed); `count`: rows read so far;
    `error`: why it failed; `rows`: (line, why) of rows that are wrong, `refused`: how many there are; `lists`: what becomes of
    each list; `unread`: headings of columns that say nothing here."""

    state: str = READING
    count: int = 0
    error: Text = NOTHING
    rows: tuple[tuple[int, Text], ...] = ()
    refused: int = 0
    lists: tuple[Mapping[str, Any], ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandFolder:
    """Where both processes find the files of one import."""

    path: Path
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", self.path / "file")

    def order(self) -> HandOrder:
        return HandOrder(**from_json((self.path / "order.json").read_text()))

    def put_order(self, order: HandOrder) -> None:
        self.put(HandResult())
        write_unsynced(self.path / "order.json", json.dumps(asdict(order)).encode())

    def result(self) -> HandResult:
        """OSError if nothing was ordered."""
        said = from_json((self.path / "result.json").read_text())
        said["error"] = received(said["error"])
        said["rows"] = tuple((line, received(why)) for line, why in said["rows"])
        said["lists"] = tuple({**each, "objection": received(each["objection"])} for each in said["lists"])
        said["unread"] = tuple(said["unread"])
        return HandResult(**said)

    def put(self, result: HandResult) -> None:
        said = {
            "state": result.state,
            "count": result.count,
            "error": plain(result.error),
            "rows": [(line, plain(why)) for line, why in result.rows],
            "refused": result.refused,
            "lists": [{**each, "objection": plain(each["objection"])} for each in result.lists],
            "unread": result.unread,
        }
        write_unsynced(self.path / "result.json", json.dumps(said).encode())


def carry_out(store: Store, clock: Clock, path: Path, device: Device) -> None:
    """Carries out the order in the folder. The result is written there and, unless it was a preview, to Audit."""
    folder = HandFolder(path)
    order = folder.order()
    began_at = clock.now()
    chosen = store.lists.get(order.list_id)
    told = ("import", HAND, 0, chosen.id, chosen.name, order.user, began_at)
    terms = Terms(order.removes, order.most_removed_pct, order.may_empty)
    wanted = Order(folder.file, "", terms, order.dates, order.any_list)
    try:
        result = import_lists(
            store,
            chosen,
            wanted,
            device.zone,
            order.user,
            dry=not order.apply,
            progress=lambda count: folder.put(HandResult(count=count)),
        )
    except ImportRefused as why:
        failed = HandResult(FAILED, error=why.text, rows=tuple(why.rows), refused=why.count)
    except GatewrightError as why:
        failed = HandResult(FAILED, error=why.text)
    except MemoryError:
        failed = HandResult(FAILED, error=NO_MEMORY)
    else:
        _say(store, folder, order, told, result)
        return
    folder.put(failed)
    if order.apply:
        store.transfers.add(*told, FAILED, failed.error)


def _say(
    store: Store, folder: HandFolder, order: HandOrder, told: tuple[str, str, int, int, str, str, datetime], result: Result
) -> None:
    if order.apply:
        store.transfers.add(*told, DONE, result.note)
    folder.put(HandResult(DONE if order.apply else PREVIEW, lists=_lists(result), unread=result.unread))
    if order.apply:
        result.settle(store)


def _lists(result: Result) -> tuple[Mapping[str, Any], ...]:
    return tuple(_list(each) for each in result.lists)


def _list(each: ListEffect) -> Mapping[str, Any]:
    effect = each.effect
    return {
        "name": each.name,
        "is_new": each.is_new,
        "objection": each.objection,
        "before": effect.before,
        "after": effect.after,
        "added": effect.added,
        "changed": effect.changed,
        "removed": effect.removed,
        "examples": [asdict(example) for example in effect.examples],
    }
