"""Lane: the barrier's lane in the words of the API and the pages."""

from __future__ import annotations

from typing import Any

from engine.messages import LaneStatus
from engine.settings.lane import COUNTS, LaneSettings
from webui.portal import Portal


def shown(portal: Portal, lane: LaneStatus | None) -> dict[str, Any] | None:
    """JSON types and Texts; None while nothing of it is in use, or the service is gone."""
    if lane is None:
        return None
    return {
        "state": lane.state,
        "since_local": portal.local(lane.since),
        "plate": lane.plate,
        "waiting": list(lane.waiting),
        "faults": list(lane.faults),
        "second_camera": lane.second_camera or None,
        "places": [
            {"list_id": each.list_id, "name": each.name, "capacity": each.capacity, "count": each.count, "drift": each.drift}
            for each in lane.places
        ],
    }


def places_of(portal: Portal) -> list[dict[str, Any]]:
    """Of every list, while vehicles are counted."""
    if portal.store.settings(LaneSettings).counts == COUNTS[0]:
        return []
    return [
        {"list_id": each.list_id, "name": each.name, "capacity": each.capacity, "count": each.count, "drift": each.drift}
        for each in portal.store.occupancy()
    ]
