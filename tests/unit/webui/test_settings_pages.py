"""Pages of settings: their default configuration, and what General configuration says of the camera."""

from __future__ import annotations

import pytest

from board.camera import CameraSettings
from board.identity import device_serial, mac_addresses
from engine.settings import GeneralSettings, LprSettings
from engine.settings.lane import LaneSettings
from tests.unit.webui.portal_caller import Caller
from webui.api.settings import GROUPS, KEPT_BY_DEFAULT

CHANGED = {
    "lpr": LprSettings(region="Europe", countries=("DE",), min_confidence_pct=55),
    "camera": CameraSettings(),
    "lane": LaneSettings(stuck_s=700),
    "general": GeneralSettings(device_name="North", time_zone="Europe/Vienna", image_quality_pct=40),
}


@pytest.mark.parametrize("name", CHANGED)
def test_every_page_of_settings_has_its_default_configuration(caller: Caller, name: str) -> None:
    kind, before = GROUPS[name], CHANGED[name]
    caller.portal.store.settings.put(before, "admin")
    assert 'id="default"' in caller.get(name).text
    assert caller.send("POST", f"api/settings/{name}/default", {}).status == 200
    kept = {each: getattr(before, each) for each in KEPT_BY_DEFAULT.get(name, ())}
    assert caller.portal.store.settings(kind) == kind(**kept)


def test_version_mac_board_serial_and_licence_stand_in_one_place(caller: Caller) -> None:
    page = caller.get("general").text
    about = page[page.index('id="about"') :]
    for said in ("development", *mac_addresses(), caller.portal.profile.title, device_serial(caller.state), "in force"):
        assert said in about, said


@pytest.mark.parametrize("name", ["lpr", "setup"])
def test_countries_whose_script_no_photograph_shows_are_called_untested(caller: Caller, name: str) -> None:
    chips = caller.get(name).text.split('<label class="chip"')[1:]
    untested = {chip.partition('value="')[2][:2] for chip in chips if ">untested<" in chip.partition("</label>")[0]}
    assert len(chips) > 100
    assert untested == {"JP", "KR", "TH"}


@pytest.mark.parametrize(("groups", "status"), [("DO1 DO2", 200), ("DO1 DO9", 422), ("DO1 DI1", 422), ("", 200)])
def test_interlocks_of_outputs_that_the_board_lacks_are_refused(caller: Caller, groups: str, status: int) -> None:
    """pins takes all rules of lines or none: the guard of the safety loop would be lost with them."""
    reply = caller.send("PUT", "api/settings/general", {"interlocks": groups})
    assert reply.status == status
    assert status == 200 or "it has DO1, DO2" in reply.json["error"]


def test_an_interlock_of_an_output_that_the_board_has_lost_keeps_nobody_from_changing_something_else(caller: Caller) -> None:
    general = caller.portal.store.settings(GeneralSettings)
    caller.portal.store.settings.put(general.model_copy(update={"interlocks": "DO1 DO9"}), "before")
    assert caller.send("PUT", "api/settings/general", {"device_name": "Gate 2"}).status == 200
    assert caller.send("PUT", "api/settings/general", {"interlocks": "DO2 DO9"}).status == 422


@pytest.mark.parametrize(
    ("sent", "status"), [({"arming": "DI1"}, 422), ({"safety": "DI2"}, 422), ({}, 200), ({"counts": "vehicles in"}, 200)]
)
def test_a_lane_with_inputs_names_the_output_that_opens(caller: Caller, sent: dict[str, str], status: int) -> None:
    """Without it the gate would open as if there were no loops, and nothing would say so."""
    reply = caller.send("PUT", "api/settings/lane", {"open_output": "", **sent})
    assert reply.status == status, reply.text
