"""Which passages ONVIF's clients are told: each topic once, with the picture, whoever comes first: the passage or its action."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pytest

from board.kit.clock import TestClock
from engine.formats.onvif import DETECTOR, LICENSE_PLATE, MAKERS, Notification
from engine.vms.notifications import KEPT, KNOWN, WAIT_S, Notifications
from tests.samples import event
from tests.turned_loop import TurnedLoop


class Desk:
    def __init__(self) -> None:
        self.loop = TurnedLoop(TestClock())
        self.every = False
        self.subscribed: set[str] | None = {"1"}
        self.told: list[tuple[str, str, object]] = []
        self.viewed: list[list[tuple[str, str]]] = []
        """What viewers of the metadata track get, document by document."""
        self.answers: list[int] = []
        self.notifications = Notifications(
            self.loop,  # type: ignore[arg-type]
            lambda: self._publish if self.subscribed is not None else None,
            lambda make: self.viewed.append([(str(each.data["EventId"]), each.topic) for each in make()]),
            lambda: self.every,
        )

    def _publish(self, made: Sequence[Notification], plate: str) -> set[str]:
        self.told += [(str(each.data["EventId"]), each.topic, each.data.get("ImageURI")) for each in made]
        return self.subscribed or set()

    def stored(self, id: str) -> None:
        self.notifications.tell(event(id=id), f"/LPR/{id}.jpg")

    def action(self, id: str, *topics: str) -> None:
        made = [asdict(MAKERS[topic](event(id=id), "")) for topic in topics or (LICENSE_PLATE,)]
        self.notifications.take(json.dumps({"id": id, "notifications": made}).encode(), self.answers.append)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_every_passage_is_told_when_it_is_stored_and_its_action_tells_nothing_more(desk: Desk) -> None:
    desk.every, desk.subscribed = True, {"1", "2"}
    desk.stored("a")
    assert desk.told == [("a", LICENSE_PLATE, "/LPR/a.jpg"), ("a", DETECTOR, None)]
    desk.action("a", LICENSE_PLATE, DETECTOR)
    assert (len(desk.told), desk.answers, desk.loop.timers) == (2, [2], [])


def test_by_an_action_only_its_passages_and_its_topics_are_told(desk: Desk) -> None:
    desk.stored("a")
    desk.stored("b")
    desk.action("b", DETECTOR)
    desk.action("b", DETECTOR, LICENSE_PLATE)
    assert desk.told == [("b", DETECTOR, None), ("b", LICENSE_PLATE, "/LPR/b.jpg")]
    assert desk.viewed == [[("b", DETECTOR)], [("b", LICENSE_PLATE)]]
    assert desk.answers == [1, 1]


def test_the_metadata_track_is_told_once_too_where_nobody_has_subscribed(desk: Desk) -> None:
    desk.every, desk.subscribed = True, None
    desk.stored("a")
    desk.action("a", LICENSE_PLATE, DETECTOR)
    assert (desk.viewed, desk.told, desk.answers) == ([[("a", LICENSE_PLATE), ("a", DETECTOR)]], [], [0])


def test_an_action_that_comes_first_waits_for_its_passage_and_the_picture(desk: Desk) -> None:
    desk.action("a")
    assert (desk.told, desk.answers) == ([], [])
    desk.stored("a")
    desk.loop.advance(WAIT_S)
    assert (desk.told, desk.answers) == ([("a", LICENSE_PLATE, "/LPR/a.jpg")], [1])


def test_the_test_of_an_action_has_no_passage_and_is_told_after_a_moment(desk: Desk) -> None:
    desk.every = True
    desk.action("test")
    desk.loop.advance(WAIT_S)
    assert (desk.told, desk.answers) == ([("test", LICENSE_PLATE, None)], [1])


def test_a_passage_that_comes_too_late_for_its_action_is_not_told_again(desk: Desk) -> None:
    desk.every = True
    desk.action("a")
    desk.loop.advance(WAIT_S)
    desk.stored("a")
    assert desk.told == [("a", LICENSE_PLATE, None), ("a", DETECTOR, None)]


def test_while_no_client_has_ever_asked_nothing_is_made(desk: Desk) -> None:
    desk.every, desk.subscribed = True, None
    desk.stored("a")
    desk.action("a")
    assert (desk.told, desk.answers) == ([], [0])


def test_passages_are_known_for_longer_than_their_pictures_are_there(desk: Desk) -> None:
    desk.stored("a")
    desk.action("a")
    for number in range(KNOWN - 1):
        desk.stored(f"p{number}")
    desk.action("a")
    desk.action("p0")
    desk.loop.advance(WAIT_S)
    desk.action(f"p{KNOWN - KEPT - 1}")
    assert desk.told[1:] == [("p0", LICENSE_PLATE, None), (f"p{KNOWN - KEPT - 1}", LICENSE_PLATE, f"/LPR/p{KNOWN - KEPT - 1}.jpg")]
