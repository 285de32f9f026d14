"""What processes that serve recorders are told of the settings."""

from __future__ import annotations

from pathlib import Path

from engine.messages import EVERY_PASSAGE, UP_TO_ONE
from engine.service.for_servers import for_servers
from engine.settings import GeneralSettings
from engine.settings.recorders import NVR_CONFIDENCE, ONVIF_EVENTS
from tests.samples import new_store


def test_they_get_names_and_every_setting_of_recorders_and_know_the_choices_by_the_same_words(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.settings.put(GeneralSettings(device_name="Gate", site="Depot", action_addresses="127.0.0.1"), "admin")
    told = for_servers(store, "gw-1")
    store.close()
    assert (told.camera_id, told.camera_name, told.site, told.action_addresses) == ("gw-1", "Gate", "Depot", "127.0.0.1")
    assert (told.onvif_events, told.nvr_confidence) == (EVERY_PASSAGE, UP_TO_ONE) == (ONVIF_EVENTS[0], NVR_CONFIDENCE[0])
