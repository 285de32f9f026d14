"""General configuration tab: device, history and storage, trigger socket and logs (manual 4.6, General configuration tab)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.settings import GeneralSettings
from webui.api.path_images import shown as path_images
from webui.configuration.kept import kept
from webui.logo import can_revert
from webui.path_images import SUFFIXES
from webui.portal import Portal
from webui.tabs._settings import settings_tab
from webui.view.about import about
from webui.view.database import database
from webui.view.storage import LONG_DAYS, storage


def _more(portal: Portal) -> Mapping[str, object]:
    before = kept(portal.state)
    return {
        "storage": storage(portal),
        "long_days": LONG_DAYS,
        "database": database(portal),
        "about": about(portal),
        "before": before.at if before else None,
        "before_by": before.by if before else "",
        "logo_before": can_revert(portal.state),
        "path_images": path_images(portal),
        "path_suffixes": ",".join(SUFFIXES),
    }


TAB = settings_tab("general", "General configuration", 6, GeneralSettings, "general", _more)
