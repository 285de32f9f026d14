"""Fault tests: what their verdicts call a violation, what a disk holds after a cut, what the world outside of a board remembers."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.fault_tests import __main__ as command
from scripts.fault_tests.evidence import DELAYED, GATE, Car, Found, Sent, StoredCar, verdict
from scripts.fault_tests.power_cut import FORGOTTEN_S, SAFE_S, World
from scripts.fault_tests.write_log import DISCARD, ENTRY, FLUSH, FUA, MAGIC, SECTOR, SUPER, entries, replay

S = 1_000_000_000
CAR = Car("ABCD1234", 10 * S, 20 * S)
GOOD = Found(
    "ok",
    [StoredCar("p1", "ABCD1234", 11 * S)],
    [
        Sent("d1", "p1", GATE, "done", 12 * S),
        Sent("d2", "p1", DELAYED, "done", 12 * S + 300_000_000),
        Sent("d3", "p1", "server", "done", None),
    ],
    {GATE: [12 * S + 1000], DELAYED: [12 * S + 300_002_000]},
)
TOLD = {"d3": "p1"}


def wrong(found: Found, once_there: set[str] | None = None, told: dict[str, str] | None = None) -> list[str]:
    return verdict(found, [CAR], once_there or {"p1"}, TOLD if told is None else told, ["server"])


def sent(number: int, **changes: object) -> Found:
    each = list(GOOD.sent)
    each[number] = replace(each[number], **changes)  # type: ignore[arg-type]
    return replace(GOOD, sent=each)


def test_a_run_in_which_all_held_has_no_violations() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (lambda: wrong(replace(GOOD, integrity="row 3 missing")), "the database is damaged: row 3 missing"),
        (lambda: wrong(GOOD, {"p0", "p1"}), "passage p0 was stored and is gone"),
        (lambda: wrong(GOOD, told=TOLD | {"d0": "p0"}), "passage p0 was told and is gone"),
        (lambda: wrong(GOOD, told={}), "server was not told of passage p1: done"),
        (lambda: wrong(GOOD, told={"d3": "p2"}), "server got passage p2 under the key of p1"),
        (lambda: wrong(replace(GOOD, sent=GOOD.sent[:2])), "passage p1 has no delivery for server"),
        (lambda: wrong(sent(0, begun_ns=22 * S)), "DO1 of passage p1 began 11.000 s after the picture"),
        (lambda: wrong(sent(0, begun_ns=10 * S)), "DO1 of passage p1 began -1.000 s after the picture"),
        (lambda: wrong(sent(0, begun_ns=None)), "DO1 never went on for ABCD1234"),
        (
            lambda: wrong(replace(GOOD, opened_ns={**GOOD.opened_ns, GATE: [12 * S, 14 * S]})),
            "DO1 went on 2 times while ABCD1234 stood there",
        ),
        (
            lambda: wrong(replace(GOOD, opened_ns={**GOOD.opened_ns, DELAYED: [13 * S, 30 * S]})),
            f"DO2 went on at {30 * S} without a delivery of its own",
        ),
        (
            lambda: wrong(replace(GOOD, sent=[*GOOD.sent, Sent("d4", "p1", DELAYED, "done", 13 * S)])),
            "DO2 was to go on 2 times for ABCD1234",
        ),
        (lambda: wrong(replace(GOOD, passages=[], sent=[], opened_ns={GATE: [], DELAYED: []})), "ABCD1234 gave no passage"),
    ],
)  # fmt: skip
def test_what_did_not_hold_is_said(case: Callable[[], list[str]], said: str) -> None:
    assert said in case()


def a_log(path: Path, *writes: tuple[int, int, bytes]) -> Path:
    """(sector, flags, data) each."""
    parts = [SUPER.pack(MAGIC, 1, len(writes), SECTOR).ljust(SECTOR, b"\0")]
    for sector, flags, data in writes:
        parts += [ENTRY.pack(sector, len(data) // SECTOR, flags, 0).ljust(SECTOR, b"\0"), data]
    path.write_bytes(b"".join(parts))
    return path


def of(letter: bytes) -> bytes:
    return letter * SECTOR


class Chance(random.Random):
    """Keeps nothing that is not sure."""

    def choice(self, seq: object) -> float:  # type: ignore[override]
        return 0.0


def test_a_flushed_write_is_on_the_disk_and_a_later_one_may_be_lost(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", (0, 0, of(b"a")), (1, 0, of(b"b")), (0, FLUSH, b""), (0, 0, of(b"c")), (2, FUA, of(b"d")))
    image = tmp_path / "disk"
    image.write_bytes(of(b".") * 3)
    lost = replay(log, image, Chance())
    assert image.read_bytes() == of(b"a") + of(b"b") + of(b"d")
    assert (lost.unflushed, lost.lost) == (2, 1)


def test_a_later_write_to_the_same_place_wins_and_a_discard_writes_nothing(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", (0, 0, of(b"a")), (0, DISCARD, b""), (0, 0, of(b"b")), (0, FLUSH, b""))
    (tmp_path / "disk").write_bytes(of(b"."))
    replay(log, tmp_path / "disk", Chance())
    assert (tmp_path / "disk").read_bytes() == of(b"b")


def test_the_log_ends_with_what_was_on_its_way_when_the_power_went(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", (0, 0, of(b"a")), (1, 0, of(b"b") * 2))
    log.write_bytes(log.read_bytes()[:-SECTOR])
    assert [write and write.at for write in entries(log)] == [0]
    log.write_bytes(log.read_bytes()[: 3 * SECTOR] + of(b"\0"))
    assert [write and write.at for write in entries(log)] == [0]
    log.write_bytes(struct.pack("<QQQI", 1, 2, 3, 4).ljust(SECTOR))
    with pytest.raises(ValueError, match="is no write log"):
        list(entries(log))


def test_the_pulse_of_a_car_that_comes_at_once_is_not_a_second_one_of_the_car_before() -> None:
    at_once = CAR.left_ns + 30_000_000
    after = StoredCar("p9", "NEXT0001", CAR.left_ns + 1_000_000)
    next_one = Sent("d9", "p9", GATE, "done", at_once)
    found = replace(
        GOOD,
        passages=[*GOOD.passages, after],
        sent=[*GOOD.sent, next_one],
        opened_ns={**GOOD.opened_ns, GATE: [*GOOD.opened_ns[GATE], at_once + 1000]},
    )
    second = "DO1 went on 2 times while ABCD1234 stood there"
    assert second not in verdict(found, [CAR], {"p1", "p9"}, {}, ())
    before_it_left = replace(next_one, begun_ns=CAR.left_ns - 1)
    assert second in verdict(replace(found, sent=[*GOOD.sent, before_it_left]), [CAR], {"p1", "p9"}, {}, ())


class Told:
    """A world that hears one thing a second."""

    def __init__(self) -> None:
        self.world = World()
        self.now = 100.0
        self.boot()

    def boot(self, *passages: str) -> None:
        self.world.begin()
        self.hear(found={"integrity": "ok", "passages": list(passages)})
        self.hear(up=True)

    def hear(self, **what: object) -> None:
        self.now += 1.0
        self.world.hear(what, self.now)

    def wait(self, seconds: float, turns_each_s: float = 10.0, syncs_each_s: float = 2.0) -> None:
        self.now += seconds
        for what, each_s in (("turn", turns_each_s), ("synced", syncs_each_s)):
            for _ in range(round(seconds * each_s)):
                self.world.hear({what: True}, self.now)

    def cut(self, after_s: float, turns_each_s: float = 10.0, syncs_each_s: float = 2.0) -> None:
        self.wait(after_s, turns_each_s, syncs_each_s)
        self.world.cut(self.now)


def test_a_passage_that_was_safe_must_be_there_after_the_cut_and_a_younger_one_need_not() -> None:
    told = Told()
    told.hear(stored="old")
    told.wait(SAFE_S)
    told.hear(stored="young")
    told.cut(0.5)
    told.boot("old")
    assert told.world.wrong == []
    told.cut(0.5)
    told.boot()
    assert [wrong.partition(" was told")[0] for wrong in told.world.wrong] == ["passage old"]


@pytest.mark.parametrize(("cut_after_s", "wrong", "doubtful"), [(0.1, 0, 1), (SAFE_S, 1, 0)])
def test_a_second_opening_is_excused_only_if_the_power_went_at_once(cut_after_s: float, wrong: int, doubtful: int) -> None:
    told = Told()
    told.hear(came="A")
    told.hear(opened="A")
    told.cut(cut_after_s)
    told.boot()
    told.hear(opened="A")
    assert (len(told.world.wrong), told.world.doubtful) == (wrong, doubtful)


@pytest.mark.parametrize(("turns_each_s", "syncs_each_s"), [(0.2, 2.0), (10.0, 0.03)])
def test_a_guest_without_a_processor_or_a_disk_is_told_from_a_camera_that_forgets(turns_each_s: float, syncs_each_s: float) -> None:
    told = Told()
    told.hear(stored="lost")
    told.hear(came="A")
    told.hear(opened="A")
    told.cut(60.0, turns_each_s, syncs_each_s)
    told.boot()
    told.hear(opened="A")
    assert (told.world.wrong, told.world.starved, told.world.doubtful) == ([], 2, 1)
    told.hear(opened="A")
    assert len(told.world.wrong) == 1, "twice in one boot is no matter of time"


def test_two_openings_in_one_boot_an_opening_without_a_car_and_a_forgotten_car_are_violations() -> None:
    told = Told()
    told.hear(came="A")
    told.hear(opened="A")
    told.hear(opened="A")
    told.hear(opened="")
    told.hear(came="B")
    told.cut(FORGOTTEN_S + 1)
    assert [wrong.partition(",")[0] for wrong in told.world.wrong] == [
        "the gate opened again for A",
        "the gate opened without a car",
        "B was not let in",
    ]


def test_the_command_says_what_did_not_hold_and_keeps_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[tuple[int, int]] = []

    def part(times: int, seed: int, folder: Path, say: Callable[[str], None]) -> dict[str, object]:
        given.append((times, seed))
        return {"kills": times, "violations": ["the gate opened twice"] if seed == 7 else []}

    monkeypatch.setattr(command, "PARTS", {"kill": (part, 500)})
    assert command.main(["--only", "kill", "--seed", "6", "--folder", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir()) == []
    assert command.main(["--only", "kill", "--times", "3", "--seed", "7", "--json", "--folder", str(tmp_path)]) == 1
    [kept] = tmp_path.iterdir()
    said = capsys.readouterr()
    assert f'"state": "{kept}"' in said.out and "VIOLATED: the gate opened twice" in said.err
    assert given == [(500, 6), (3, 7)]
