"""The stored settings as processes that serve recorders get them from the service."""

from __future__ import annotations

from engine.dispatch.environment import device_of
from engine.messages import ServerSettings
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
from engine.store import Store


def for_servers(store: Store, camera_id: str) -> ServerSettings:
    """`camera_id`: the one made from the board's serial number. StoreError if the store cannot be read."""
    general = store.settings(GeneralSettings)
    device = device_of(general, camera_id)
    recorders = store.settings(RecorderSettings).model_dump()
    return ServerSettings(
        camera_id=device.id,
        camera_name=device.name,
        site=device.site,
        time_zone=general.time_zone,
        action_addresses=general.action_addresses,
        video_size=store.settings(LprSettings).video_size,
        **recorders,
    )
