"""Environment: the one place that gives an action what it may use, for a delivery of the outbox and for a TEST alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.settings import Settings
from board.kit.zones import camera_zone
from board.serial import SerialLines
from engine.actions import ActionEnv, ActionKind, Pins
from engine.actions._kind import SetPlate
from engine.actions._parts import Parts
from engine.dispatch.peers import Peers
from engine.dispatch.replies import Replies
from engine.formats.event import Device
from engine.formats.infoplate import infoplate
from engine.formats.messages import Messages
from engine.network import Network
from engine.settings import GeneralSettings
from engine.stored_pictures import StoredPictures


class Environment:
    """`vms`: the socket for events of its ports; `camera_id`: the board's own; `general()`: the settings now; StoreError when they
    cannot be read; `plates`: of ActionEnv."""

    def __init__(
        self,
        clock: Clock,
        pins: Pins,
        serial: SerialLines,
        images: StoredPictures,
        peers: Peers,
        replies: Replies,
        network: Network,
        vms: Path,
        camera_id: str,
        general: Callable[[], GeneralSettings],
        plates: SetPlate,
    ) -> None:
        self._clock = clock
        self._pins = pins
        self._serial = serial
        self._images = images
        self._peers = peers
        self._replies = replies
        self._network = network
        self._vms = vms
        self._camera_id = camera_id
        self._general = general
        self._plates = plates
        self._messages = Messages()
        self._parts = Parts()

    def plain(self, delivery_id: str, not_after: datetime, not_after_ns: int, peer: Any = None) -> ActionEnv:
        """Everything that a kind needs to open a peer, and that a delivery needs besides its peer."""
        general = self._general()
        return ActionEnv(
            clock=self._clock,
            pins=self._pins,
            images=self._images,
            device=device_of(general, self._camera_id),
            delivery_id=delivery_id,
            not_after=not_after,
            not_after_ns=not_after_ns,
            serial=self._serial,
            peer=peer,
            replies=self._replies,
            network=self._network,
            messages=self._messages,
            vms=self._vms,
            plates=self._plates,
            parts=self._parts,
        )

    def env(self, kind: ActionKind[Any], options: Settings, delivery_id: str, not_after: datetime, not_after_ns: int) -> ActionEnv:
        """For one delivery. DeliveryError if the kind's peer cannot be opened."""
        peer = self._peers.get(kind, options, lambda: self.plain(delivery_id, not_after, not_after_ns))
        return self.plain(delivery_id, not_after, not_after_ns, peer)


def device_of(general: GeneralSettings, camera_id: str) -> Device:
    """The camera as its messages name it; `camera_id` is the board's own, which a setting may replace."""
    return Device(
        id=general.camera_id or camera_id,
        name=general.device_name,
        site=general.site,
        zone=camera_zone(general.time_zone),
        columns=infoplate(general.info_columns),
    )
