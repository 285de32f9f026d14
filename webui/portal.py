"""Portal: what every handler of the portal gets."""

from __future__ import annotations

import threading
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from board.camera import CameraSettings
from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.settings import restart_due
from board.kit.state import State
from board.kit.zones import camera_zone
from board.storage import card_present
from board.types import BoardProfile
from engine.settings import GeneralSettings, LprSettings
from engine.settings.lane import LaneSettings
from engine.stored_pictures import StoredPictures

if TYPE_CHECKING:
    from engine.actions import Kinds
    from engine.exchange.kinds import JobKinds
    from engine.store import Store
    from webui.downloads import Downloads
    from webui.live.feed import Feed
    from webui.live.newest_picture import Picture
    from webui.live.pictures import Pictures
    from webui.page_layout import PageLayout
    from webui.risks import Risks
    from webui.service_client import ServiceClient
    from webui.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Portal:
    """Everything a handler may use. One object per process; its parts are safe to use from several threads."""

    state: State
    clock: Clock
    profile: BoardProfile
    store: Store
    kinds: Kinds
    service: ServiceClient
    feed: Feed
    picture: Picture
    pictures: Pictures
    pages: PageLayout
    jobs: JobKinds
    uploads: Uploads
    downloads: Downloads
    risks: Risks
    stored_pictures: StoredPictures
    changing: threading.RLock = field(default_factory=threading.RLock)
    """Held from what is stored to what was changed of it: of two people who change two fields at once neither loses theirs. The
    database's own lock would keep the gate waiting while what was sent is checked."""

    def close(self) -> None:
        """Ends what it has going on, and closes its files."""
        self.uploads.close()
        self.feed.close()
        self.pictures.close()
        self.picture.close()
        self.store.close()

    def card(self) -> Path | None:
        """The SD card's root while it is there and can be written."""
        card = self.stored_pictures.card
        return card.root if card is not None and card_present(card.root, self.profile.simulated) else None

    def general(self) -> GeneralSettings:
        return self.store.settings(GeneralSettings)

    def lpr(self) -> LprSettings:
        return self.store.settings(LprSettings)

    def restart_due(self) -> list[str]:
        """Titles of the stored settings that engine or service do not run with yet; none while they do not run, as they start with
        what is stored."""
        status, _ = self.feed.status()
        if status is None:
            return []
        stored = (self.lpr(), self.general(), self.store.settings(CameraSettings), self.store.settings(LaneSettings))
        running = [status.settings, *([status.engine.settings] if status.engine else [])]
        return sorted({title for each in running for title in restart_due(stored, each)})

    def zone(self) -> ZoneInfo:
        """The camera's time zone: the system's, unless the settings name another."""
        return camera_zone(self.general().time_zone)

    def local(self, at: datetime | None, zone: ZoneInfo | None = None) -> str:
        """`at` for people: "2026-11-21 08:15:02" in the camera's time zone; "" for None."""
        return at.astimezone(zone or self.zone()).strftime("%Y-%m-%d %H:%M:%S") if at else ""
