"""Asking: what an answer, its absence and the lists come to; no car waits longer than the limit, and no late answer opens."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import DeliveryError, PeerRefused, StorageFull
from board.kit.settings import Settings
from engine.actions import ActionEnv, ActionKind, find_kinds
from engine.actions._kind import Answer
from engine.dispatch.asking import Asker, Verdicts
from engine.types import ActionRule, Conditions, Passage, PlateEvent
from tests.dispatch_camera import Camera
from tests.samples import ALL, BLACK, NOW, NOW_NS, UNLISTED, WHITE, entry, environment, passage, rule
from tests.waiting import until

Server = Callable[[PlateEvent], Answer]


def yes(event: PlateEvent) -> Answer:
    return Answer(True, "welcome")


def no(event: PlateEvent) -> Answer:
    return Answer(False, "debts")


def dead(event: PlateEvent) -> Answer:
    raise DeliveryError("no connection")


def broken(event: PlateEvent) -> Answer:
    raise PeerRefused("it answers 500")


def wild(event: PlateEvent) -> Answer:
    raise ZeroDivisionError


@dataclass
class Gate:
    """A camera whose asking kind asks `server`."""

    camera: Camera
    asker: Asker
    server: Server = yes
    others: dict[str, Server] = field(default_factory=dict)
    """By host."""

    asked: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def save(self, *rules: ActionRule) -> None:
        for each in rules:
            self.camera.store.rules.save(each, "anna")
        self.asker.use(self.camera.store.rules())

    def come(self, one: Passage) -> None:
        self.asker.ask(one, self.take)

    def take(self, one: Passage, verdicts: Verdicts) -> None:
        self.camera.intake.take(one, verdicts=verdicts)
        self.taken.append(one.id)

    def outcome(self, plate: str = "STRANGER", **changes: Any) -> tuple[str, str]:
        one = passage(plate, **changes)
        self.come(one)
        until(lambda: one.id in self.taken, "the decision")
        stored = self.camera.store.passages.get(one.id)
        assert stored is not None
        return stored.decision.outcome, str(stored.decision.reason)

    def states(self) -> list[tuple[str, str]]:
        return [(state, note) for state, _, note in self.camera.states()]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    def ask(event: PlateEvent, options: Settings, env: ActionEnv) -> Answer:
        made.asked.append(event.passage.plate)
        return made.others.get(str(options.host), made.server)(event)  # type: ignore[attr-defined]

    kinds = find_kinds()
    asking: ActionKind[Any] = replace(kinds["ask"], ask=ask, open=None)
    kinds = {**kinds, "ask": asking}
    camera = Camera(tmp_path, kinds)
    surroundings = environment(tmp_path, camera.pins, camera.clock, kinds)
    asker = Asker(lambda: camera.store, kinds, surroundings, camera.clock, lambda its_id: camera.bypass.held(its_id) is not None)
    made = Gate(camera, asker)
    camera.store.entries.save(entry("LISTED1"), "anna")
    camera.store.entries.save(entry("BANNED1", BLACK), "anna")
    camera.store.entries.save(entry("BANNED2", BLACK), "anna")
    camera.store.entries.save(entry("BANNED2"), "anna")
    yield made
    until(lambda: not made.asker._waiting, "the end of all questions")
    camera.store.close()


def test_a_clock_that_is_set_after_the_picture_lets_nobody_in_unasked(gate: Gate) -> None:
    gate.save(asking(), rule(ALL))
    gate.server = no
    ahead = gate.camera.clock.now() - timedelta(days=1)
    assert gate.outcome("STRANGER", at=ahead) == ("refused", "asked judge.example: refused")
    assert gate.asked == ["STRANGER"]


@pytest.mark.parametrize("server", [yes, no])
def test_nobody_is_asked_again_about_a_car_that_cannot_be_stored(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    gate.save(asking(), rule(ALL))
    gate.server, full = server, [StorageFull("storage is full")]
    add = gate.camera.store.add_passage
    monkeypatch.setattr(gate.camera.store, "add_passage", lambda *its: add(*its) if not full else raise_one(full.pop()))
    gate.come(passage("STRANGER"))
    until(lambda: not full and not gate.asker._waiting, "the answer")
    outcome, _ = gate.outcome("STRANGER")
    assert (outcome, gate.asked) == ("opened" if server is yes else "refused", ["STRANGER"])
    results = gate.camera.store.rules.results()
    assert any("judge.example" in str(each.done_note) for each in results.values())


def raise_one(error: Exception) -> Any:
    raise error


def asking(list_id: int = ALL, otherwise: str = "local list", timeout_s: float = 5.0) -> ActionRule:
    return rule(list_id, "ask", "Judge", host="judge.example", otherwise=otherwise, timeout_s=timeout_s)


def test_an_answer_that_repeats_the_password_is_kept_without_it(gate: Gate) -> None:
    gate.server = lambda event: Answer(False, "token s3cret.gate is out of date")
    told = {"host": "judge.example", "authentication": "bearer", "password": "s3cret.gate"}
    gate.save(rule(ALL, "ask", "Judge", **told))
    gate.outcome()
    (result,) = gate.camera.store.rules.results().values()
    assert re.sub(MS, "", str(result.done_note)) == "asked judge.example: refused,: token (hidden) is out of date"


def test_who_is_asked_gets_the_match_of_the_actions_own_list(gate: Gate) -> None:
    seen: list[int] = []

    def judge(event: PlateEvent) -> Answer:
        seen.append(event.match.list.id)
        return yes(event)

    gate.server = judge
    gate.save(asking(WHITE), asking(ALL))
    gate.outcome("LISTED1")
    assert sorted(seen) == [ALL, WHITE]


MS = r" after \d+ ms"


@pytest.mark.parametrize(
    ("server", "otherwise", "plate", "expected"),
    [
        (yes, "local list", "STRANGER", ("opened", "asked judge.example: allowed")),
        (yes, "local list", "LISTED1", ("opened", "asked judge.example: allowed")),
        (no, "local list", "STRANGER", ("refused", "asked judge.example: refused")),
        (no, "local list", "LISTED1", ("refused", "asked judge.example: refused")),
        (dead, "local list", "STRANGER", ("refused", "asked judge.example: no answer that counts (no connection)")),
        (
            dead,
            "local list",
            "LISTED1",
            ("opened", "LISTED1 is on WHITELIST, ALL PLATES (asked judge.example: no answer that counts (no connection))"),
        ),
        (dead, "refuse", "STRANGER", ("refused", "asked judge.example: no answer that counts (no connection)")),
        (dead, "refuse", "LISTED1", ("refused", "asked judge.example: no answer that counts (no connection)")),
        (broken, "refuse", "LISTED1", ("refused", "asked judge.example: no answer that counts (it answers 500)")),
        (
            wild,
            "refuse",
            "LISTED1",
            ("refused", "asked judge.example: no answer that counts (unexpected error: ZeroDivisionError)"),
        ),
        (yes, "local list", "BANNED1", ("withheld", "the plate is on BLACKLIST")),
        (yes, "local list", "BANNED2", ("withheld", "the plate is on BLACKLIST")),
    ],
)
def test_an_answer_decides_and_without_one_the_lists_or_nobody(
    gate: Gate, server: Server, otherwise: str, plate: str, expected: tuple[str, str]
) -> None:
    gate.server = server
    gate.save(asking(otherwise=otherwise), rule(ALL, name="Every plate"), rule(WHITE, name="White"))
    assert gate.outcome(plate) == expected
    assert gate.asked == ([] if plate.startswith("BANNED") else [plate])
    opened = [state for state, note in gate.states()[1:] if state == "pending"]
    assert bool(opened) is (expected[0] == "opened")


@pytest.mark.parametrize(
    ("otherwise", "is_readable", "plate", "outcome"),
    [
        ("local list", True, "STRANGER", "withheld"),
        ("local list", True, "LISTED1", "opened"),
        ("refuse", True, "LISTED1", "withheld"),
        ("local list", False, "STRANGER", "withheld"),
        ("local list", False, "LISTED1", "opened"),
        ("refuse", False, "LISTED1", "withheld"),
    ],
)
def test_who_should_have_been_asked_and_was_not_lets_no_stranger_in(
    gate: Gate, otherwise: str, is_readable: bool, plate: str, outcome: str
) -> None:
    """The action was saved a moment ago, or its options are of another release."""
    gate.camera.store.rules.save(asking(otherwise=otherwise), "anna")
    gate.camera.store.rules.save(rule(ALL), "anna")
    if not is_readable:
        gate.camera.store.db.execute("UPDATE rules SET options = json_set(options, '$.of_tomorrow', 1) WHERE kind = 'ask'")
    gate.camera.intake.take(passage(plate))
    stored = gate.camera.store.passages.get("p1")
    assert stored is not None
    assert stored.decision.outcome == outcome


def test_a_yes_for_a_plate_on_a_list_asks_for_no_more_than_the_list_does(gate: Gate) -> None:
    gate.save(asking(WHITE), rule(WHITE))
    assert gate.outcome("LISTED1", id="p1") == ("opened", "asked judge.example: allowed")
    assert gate.outcome("STRANGER", id="p2") == ("refused", "STRANGER is on no list")
    assert gate.asked == ["LISTED1"]


def test_a_plate_one_character_off_is_vouched_for_by_nobody(gate: Gate) -> None:
    gate.server = dead
    gate.save(asking(), rule(ALL))
    assert gate.outcome("LI5TED1")[0] == "refused"


def test_audit_says_who_decided_how_long_it_took_and_in_which_words(gate: Gate) -> None:
    gate.save(asking(), rule(ALL))
    gate.outcome(id="p1")
    gate.server = no
    gate.outcome(id="p2")
    gate.server = broken
    gate.outcome(id="p3")
    gate.outcome("BANNED1", id="p4")
    told = [(state, note) for state, note in gate.states()[::2]]
    assert [state for state, _ in told] == ["done", "done", "failed", "withheld"]
    patterns = [
        f"asked judge.example: allowed,{MS}: welcome",
        f"asked judge.example: refused,{MS}: debts",
        r"asked judge.example: no answer that counts \(it answers 500\); the lists of the camera decide",
        "nobody was asked: the plate is on BLACKLIST",
    ]
    for (_, note), pattern in zip(told, patterns, strict=True):
        assert re.fullmatch(pattern, note), note
    (result,) = [each for each in gate.camera.store.rules.results().values() if each.rule_id == 1]
    assert (result.done_at, result.error_at) == (NOW - timedelta(microseconds=1), NOW), "the clock stands, and the error came last"
    assert str(result.error).endswith("the lists of the camera decide")


def test_a_car_waits_no_longer_than_the_limit_and_a_late_answer_opens_nothing(gate: Gate) -> None:
    answer = threading.Event()

    def late(event: PlateEvent) -> Answer:
        answer.wait(20)
        return Answer(True)

    gate.server = late
    gate.save(asking(timeout_s=0.2), rule(ALL))
    assert gate.outcome() == ("refused", "asked judge.example: no answer that counts (no answer in 0.2 s)")
    answer.set()
    until(lambda: not gate.asker._breaker._busy, "the late answer")
    assert gate.taken == ["p1"]
    assert [state for state, _ in gate.states()] == ["failed", "withheld"]


def test_a_dead_server_is_not_asked_for_each_car_but_again_after_a_while(gate: Gate) -> None:
    gate.server = dead
    gate.save(asking(), rule(ALL))
    gate.outcome(id="p1")
    assert gate.outcome(id="p2") == ("refused", "judge.example was not asked: it did not answer before")
    gate.camera.clock.advance(2.1)
    gate.server = yes
    later = gate.camera.clock.now()
    assert gate.outcome(id="p3", at=later) == ("opened", "asked judge.example: allowed")
    assert gate.outcome(id="p4", at=later) == ("opened", "asked judge.example: allowed")
    assert gate.asked == ["STRANGER"] * 3


def test_where_the_camera_can_start_no_thread_nobody_is_asked_and_no_car_waits_for_good(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was never decided about, and nobody was asked about those that followed."""
    gate.save(asking(), rule(ALL))
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "asking":
            raise RuntimeError("can't start new thread")
        real(thread)

    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", start)
        assert gate.outcome("LISTED1", id="p1")[0] == "opened"
        said = gate.outcome(id="p2")
    assert said == ("refused", "asked judge.example: no answer that counts (unexpected error: RuntimeError)")
    assert gate.asked == []
    assert gate.outcome(id="p3")[0] == "opened"


def test_a_server_that_answers_nonsense_is_asked_for_each_car(gate: Gate) -> None:
    gate.server = broken
    gate.save(asking(), rule(ALL))
    for number in range(3):
        gate.outcome(id=f"p{number}")
    assert len(gate.asked) == 3


def test_a_car_that_needs_no_answer_does_not_wait_for_one_that_does(gate: Gate) -> None:
    answer = threading.Event()

    def slow(event: PlateEvent) -> Answer:
        answer.wait(20)
        return Answer(True)

    gate.server = slow
    gate.save(replace(asking(), conditions=Conditions(lane=1)), rule(ALL))
    gate.come(passage("SLOW1", id="p1", lane=1))
    gate.come(passage("SLOW1", id="p1", lane=1))  # the engine sends it again
    gate.come(passage("FAST1", id="p2", lane=2))
    assert gate.taken == ["p2"]
    answer.set()
    until(lambda: len(gate.taken) == 2, "the other one")
    gate.come(passage("SLOW1", id="p1", lane=1))
    assert (gate.asked, sorted(gate.taken)) == (["SLOW1"], ["p1", "p1", "p2"])
    assert len(gate.camera.states()) == 3


@pytest.mark.parametrize(
    "one",
    [
        passage("", id="p1", trigger_id="t1"),
        passage("LISTED1", id="p1", event="list_mismatch"),
        passage("STRANGER", id="p1", at=NOW - timedelta(minutes=1), monotonic_ns=NOW_NS - 60_000_000_000),
    ],
    ids=["no plate", "another event", "of a minute ago"],
)
def test_nobody_is_asked_about_what_can_open_no_gate(gate: Gate, one: Passage) -> None:
    gate.save(asking(), rule(ALL))
    gate.come(one)
    assert (gate.asked, gate.taken) == ([], ["p1"])


def test_what_acts_otherwise_is_not_held_back_by_a_no(gate: Gate) -> None:
    gate.server = no
    gate.save(asking(), rule(ALL, "syslog"))
    assert gate.outcome() == ("reported", "STRANGER is on no list (asked judge.example: refused)")
    assert [state for state, _ in gate.states()] == ["done", "pending"]


def second(gate: Gate, server: Server, list_id: int = ALL, otherwise: str = "local list") -> ActionRule:
    """Another action that asks, of a server of its own."""
    gate.others["second.example"] = server
    return rule(list_id, "ask", "Second", host="second.example", otherwise=otherwise, timeout_s=5.0)


SILENT = "asked judge.example: no answer that counts (no connection)"


@pytest.mark.parametrize(
    ("first", "other", "otherwise", "list_id", "expected"),
    [
        (yes, yes, "local list", ALL, ("opened", "asked judge.example: allowed")),
        (yes, no, "local list", ALL, ("refused", "asked second.example: refused")),
        (no, yes, "local list", ALL, ("refused", "asked judge.example: refused")),
        (dead, yes, "local list", ALL, ("opened", "asked second.example: allowed")),
        (dead, no, "local list", ALL, ("refused", "asked second.example: refused")),
        (dead, dead, "local list", ALL, ("refused", SILENT)),
        (dead, yes, "refuse", ALL, ("refused", SILENT)),
        (dead, yes, "local list", UNLISTED, ("refused", SILENT)),
    ],
)
def test_of_several_servers_a_refusal_wins_and_one_stands_in_for_another_of_its_list(
    gate: Gate, first: Server, other: Server, otherwise: str, list_id: int, expected: tuple[str, str]
) -> None:
    gate.server = first
    gate.save(asking(otherwise=otherwise), second(gate, other, list_id), rule(ALL))
    assert gate.outcome() == expected


def test_several_servers_are_asked_at_the_same_time(gate: Gate) -> None:
    both = threading.Barrier(2, timeout=20)

    def meets(event: PlateEvent) -> Answer:
        both.wait()
        return Answer(True)

    gate.server = meets
    gate.save(asking(), second(gate, meets), rule(ALL))
    assert gate.outcome() == ("opened", "asked judge.example: allowed")
    assert [state for state, _ in gate.states()] == ["done", "done", "pending"]


def test_nobody_waits_for_another_answer_once_one_has_refused(gate: Gate) -> None:
    answer = threading.Event()

    def slow(event: PlateEvent) -> Answer:
        answer.wait(20)
        return Answer(True)

    gate.server = no
    gate.save(asking(), second(gate, slow), rule(ALL))
    assert gate.outcome() == ("refused", "asked judge.example: refused")
    assert [state for state, _ in gate.states()] == ["done", "withheld", "withheld"]
    assert gate.states()[1][1] == "nobody waited for its answer: it was decided by another one"
    answer.set()
    until(lambda: not gate.asker._breaker._busy, "the late answer")
    assert gate.taken == ["p1"]
