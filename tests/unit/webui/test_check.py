"""Check page, first steps and the gate opened by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.settings import LprSettings
from engine.types import PassageImages, PlateLook
from tests.samples import NOW, entry, passage
from tests.unit.webui.portal_caller import Caller
from webui.view.checklist import TESTED

GOOD = PlateLook(1.0, 9.0, 30, 210, False)


def cars(caller: Caller, count: int, look: PlateLook | None = GOOD, height_px: float = 30.0, first: int = 0) -> None:
    for number in range(first, first + count):
        one = passage(
            f"BA{number:03}CD", id=f"p{number}", at=NOW + timedelta(seconds=number), char_height_px=height_px, look=look,
            images=PassageImages(),
        )  # fmt: skip
        caller.portal.store.add_passage(one, ())


def measures(caller: Caller, half: int = 0) -> dict[str, tuple[str, str]]:
    found = caller.get("api/check").json["halves"][half]["measures"]
    return {each["title"]: (each["state"], each["advice"]) for each in found}


def test_a_camera_that_stands_well_is_told_so(caller: Caller) -> None:
    cars(caller, 6)
    assert set(measures(caller).values()) == {("ok", "Good.")}
    assert measures(caller, 1) == {}
    assert "From the newest 6 cars" in caller.get("check").text


@pytest.mark.parametrize(
    ("look", "height_px", "title", "state", "advice"),
    [
        (GOOD, 15, "Character height", "bad", "Zoom in or mount the camera nearer: 25 pixels are a good reference."),
        (GOOD, 22, "Character height", "warn", "Zoom in a little: 25 pixels are a good reference."),
        (GOOD, 80, "Character height", "warn", "Zoom out"),
        (replace(GOOD, tilt_deg=8.0), 30, "Tilt of the plates", "warn", "Turn the camera by 8° clockwise"),
        (replace(GOOD, tilt_deg=-20.0), 30, "Tilt of the plates", "bad", "Turn the camera by 20° anticlockwise"),
        (replace(GOOD, edge_pct=22.0), 30, "Sharpness", "warn", "Turn the lens with the focus aid of the Live tab"),
        (replace(GOOD, bright=255), 30, "Exposure", "bad", "Shorten the exposure or lower the gain"),
        (replace(GOOD, bright=70), 30, "Exposure", "bad", "Lengthen the exposure"),
    ],
    ids=["small", "low", "high", "tilted", "upside", "blurred", "burnt", "dark"],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_to_change(
    caller: Caller, look: PlateLook, height_px: float, title: str, state: str, advice: str
) -> None:
    cars(caller, 6, look, height_px)
    found = measures(caller)
    assert found[title][0] == state and found[title][1].startswith(advice)
    assert [name for name, each in found.items() if each[0] != "ok"] == [title]


def test_cars_of_the_night_are_judged_apart_and_few_cars_not_at_all(caller: Caller) -> None:
    cars(caller, 6)
    cars(caller, 4, replace(GOOD, night=True, edge_pct=40.0), first=100)
    assert measures(caller, 1) == {}
    cars(caller, 1, replace(GOOD, night=True, edge_pct=40.0), first=200)
    assert measures(caller, 1)["Sharpness"][0] == "bad"
    assert "cars move while the picture is taken" in measures(caller, 1)["Sharpness"][1]
    assert measures(caller)["Sharpness"] == ("ok", "Good.")


def test_one_small_car_in_ten_below_the_minimum_is_said(caller: Caller) -> None:
    caller.portal.store.settings.put(LprSettings(region="Europe", countries=("DE",), min_char_height_px=20), "admin")
    cars(caller, 8)
    cars(caller, 2, GOOD, 18, first=50)
    assert measures(caller)["Character height"] == ("bad", "Zoom in: one car in ten is near or below the minimum of 20 pixels.")


def test_a_camera_without_any_measured_car_says_what_to_do(caller: Caller) -> None:
    cars(caller, 3, None)
    assert caller.get("api/check").json["cars"] == 0
    assert "No car has been measured yet" in caller.get("check").text


def done(caller: Caller) -> dict[str, bool]:
    return {each["name"]: each["done"] for each in caller.get("api/first-steps").json["steps"]}


def test_the_first_steps_are_done_one_by_one_and_then_gone_for_good(caller: Caller) -> None:
    assert done(caller) == {
        "countries": True, "sharp": False, "height": False, "read": False, "listed": False, "tested": False,
    }  # fmt: skip
    cars(caller, 3, replace(GOOD, edge_pct=30.0), 15)
    assert [name for name, is_done in done(caller).items() if is_done] == ["countries", "read"]
    cars(caller, 10, first=20)
    assert [name for name, is_done in done(caller).items() if not is_done] == ["listed", "tested"]
    caller.portal.store.entries.save(entry("BA001CD"), "admin")
    caller.portal.store.counters.add(TESTED)
    assert set(done(caller).values()) == {True}
    assert done(caller) == {}
    cars(caller, 30, None, 10, first=100)
    assert done(caller) == {}


def test_the_first_steps_can_be_put_away(caller: Caller) -> None:
    assert caller.send("DELETE", "api/first-steps", {}).status == 200
    assert done(caller) == {}
    assert caller.send("DELETE", "api/first-steps", {}, "operator").status == 403


def test_the_gate_is_opened_by_hand_with_a_reason_only(caller: Caller) -> None:
    refused = caller.send("POST", "api/gate", {"reason": ""}, "operator")
    assert (refused.status, refused.json["problems"][0]["field"]) == (422, "reason")
    assert caller.send("POST", "api/gate", {"reason": "Delivery"}, "viewer").status == 403
    assert caller.send("POST", "api/gate", {"reason": "Delivery"}, "operator").status == 503  # no service runs


def test_an_order_that_comes_late_opens_nothing(caller: Caller) -> None:
    """The line was cut on its way, and the gate would open for nobody, minutes later."""
    now_ms = caller.get("api/gate", "operator").json["now_ms"]
    asked = {503: (now_ms, now_ms - 9_000), 409: (now_ms - 60_000, now_ms + 60_000), 400: ("soon", -1, "9" * 30)}
    for path, body in (("api/gate", {"reason": "Delivery"}), ("api/board/outputs/DO1", {}), ("api/trigger", {"wait_s": 0})):
        for status, stamps in asked.items():
            for each in stamps:
                sent = json.dumps(body).encode()
                assert caller.call("POST", path, "operator", sent, HTTP_X_ORDERED_MS=str(each)).status == status, (path, each)


def reads(
    caller: Caller, plate: str, minutes: list[int], box: tuple[int, int, int, int] = (100, 40, 160, 40), shift: int = 0
) -> None:
    for number, minute in enumerate(minutes):
        x, y, width, height = box
        at, images = NOW + timedelta(minutes=minute), PassageImages(plate=f"{minute}.jpg")
        there = (x + shift * number, y, width, height)
        one = passage(plate, id=f"{plate}{minute}", at=at, look=GOOD, images=images, box=there)
        caller.portal.store.add_passage(one, ())


def test_a_text_that_stands_in_the_picture_for_an_hour_is_shown_with_the_mask_of_its_place(caller: Caller) -> None:
    reads(caller, "EXIT24", [0, 10, 20, 30, 60], shift=1)
    (found,) = caller.get("api/check").json["standing"]
    assert (found["plate"], found["times"], found["picture"]) == ("EXIT24", 5, "/anpr/images/60.jpg")
    # 104 to 264 and 40 to 80 of 1280 x 960, and a quarter more on each side
    assert found["mask"] == [0.05, 0.0312, 0.2375, 0.0938]
    page = caller.get("check").text
    assert "Texts that stand in the picture" in page and 'data-mask="[0.05, 0.0312, 0.2375, 0.0938]"' in page


def test_cars_that_come_by_and_texts_of_less_than_an_hour_stand_nowhere(caller: Caller) -> None:
    reads(caller, "BA123CD", [0, 10, 20, 30, 60], shift=8)
    reads(caller, "QUICK1", [0, 10, 20, 30, 59])
    reads(caller, "FEW111", [0, 10, 20, 60])
    reads(caller, "AWAY11", [0, 10, 20, 30, 60])
    reads(caller, "AWAY11", [70, 71], (700, 500, 160, 40))
    assert caller.get("api/check").json["standing"] == []
    assert "Texts that stand" not in caller.get("check").text


def test_a_text_under_a_mask_is_not_shown_and_its_mask_leaves_the_others_as_they_are(caller: Caller) -> None:
    square, corners = (0.5, 0.5, 0.9, 0.9), ((0.5, 0.5), (0.9, 0.5), (0.7, 0.9))
    settings = LprSettings(region="Europe", countries=("DE",), masks=(square,), mask_corners=(corners,))
    caller.portal.store.settings.put(settings, "admin")
    reads(caller, "EXIT24", [0, 10, 20, 30, 60])
    (found,) = caller.get("api/check").json["standing"]
    stored = caller.get("api/settings/lpr").json["settings"]["masks"]
    caller.send("PUT", "api/settings/lpr", {"masks": [*stored, found["mask"]]})
    assert caller.get("api/check").json["standing"] == []
    after = caller.portal.lpr()
    assert after.masks == (square, tuple(found["mask"])) and after.mask_corners == (corners,)
