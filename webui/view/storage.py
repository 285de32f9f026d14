"""Storage: what is kept, and how far back it will reach at the rate of the last 24 hours (manual, Appendix 1)."""

from __future__ import annotations

from datetime import timedelta

from board.kit.files import space
from engine.settings.general import SD_CARD
from engine.store import PassageQuery
from webui.portal import Portal
from webui.view import shapes

SAMPLE = 20
"""Passages whose pictures are weighed."""

USUAL_BYTES = 130_000
"""Of a passage's pictures where none is stored yet: the larger end of JPEGs (manual, Appendix 1)."""

LONG_DAYS = 3650
"""Beyond these ten years a forecast says no more."""

RATES = (100, 1_000, 10_000)
"""Cars a day that the manual's table has."""


def storage(portal: Portal) -> shapes.Storage:
    """The forecast, of the card where pictures go there. Both the pictures' storage and the database count: where they are one,
    together."""
    general = portal.general()
    card = portal.card() if general.store_images_on == SD_CARD else None
    total, free = space(card or portal.state.images)
    passages = portal.store.passages
    a_day = passages.page(PassageQuery(since=portal.clock.now() - timedelta(days=1)), 1, 1).total
    each = _bytes_of_a_passage(portal, with_row=card is None)
    spare = free - total * general.keep_free_pct // 100
    oldest = next(iter(passages.oldest(PassageQuery(), 1)), None)
    kept = (portal.store.card.count() if card else _pictured(portal)) * each
    return {
        "on_card": card is not None,
        "total_bytes": total,
        "free_bytes": free,
        "passages_a_day": a_day,
        "bytes_a_passage": each,
        "oldest_at": portal.local(oldest.passage.at) if oldest else "",
        "days_until_full": _days(spare, a_day * each),
        "reaches_days": _days(spare + kept, a_day * each),
        "table": [{"passages_a_day": rate, "reaches_days": _days(spare + kept, rate * each)} for rate in RATES],
    }


def _bytes_of_a_passage(portal: Portal, with_row: bool) -> int:
    """`with_row`: what the database keeps of it lies on the same storage."""
    images = [one.passage.images for one in portal.store.passages(PassageQuery(limit=SAMPLE))]
    size_of = portal.stored_pictures.size
    pictured = [weight for each in images if (weight := size_of(each.full) + size_of(each.plate))]
    of_pictures = sum(pictured) // len(pictured) if pictured else USUAL_BYTES
    if not with_row:
        return of_pictures
    first, last = portal.store.passages.ends()
    rows = last - first + 1
    size, free = portal.store.db.size_bytes()
    of_row = (size - free) // rows if rows > SAMPLE else 0
    return of_row + of_pictures


def _pictured(portal: Portal) -> int:
    """Passages from the oldest one with pictures on."""
    oldest = next(iter(portal.store.passages.oldest_pictured(1)), None)
    return portal.store.passages.ends()[1] - oldest.rowid + 1 if oldest else 0


def _days(spare: int, a_day: int) -> float | None:
    """None: for ever, as nothing comes."""
    return round(max(0, spare) / a_day, 1) if a_day else None
