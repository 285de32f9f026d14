"""Jobs: exports and imports of lists as pages and API show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from board.identity import camera_id
from board.kit.secrets import public
from board.kit.web.routes import Refused
from board.kit.words import Language
from engine.dispatch.environment import device_of
from engine.exchange.exporting import UNLISTED
from engine.exchange.kind import JobKind
from engine.exchange.local_files import local_files
from engine.exchange.times import next_run
from engine.formats.event import Device
from engine.store.jobs import JobState
from engine.types import FIXED_ROLES, Job, PlateList
from webui.portal import Portal
from webui.view import shapes
from webui.view.stored_options import stored_options

MOST_FILES = 50
"""Of one job that are listed."""


def device(portal: Portal) -> Device:
    """The camera as files name it."""
    return device_of(portal.general(), camera_id(portal.state))


def stored_job(portal: Portal, job_id: int) -> Job:
    """Refused 404 when it is not there."""
    found = portal.store.jobs.get(job_id)
    if found is None:
        raise Refused(404, "There is no such export or import; perhaps it was deleted.")
    return found


def job_kind(portal: Portal, name: object) -> JobKind[Any]:
    """Refused 404 when this package has no such kind."""
    found = portal.jobs.get(str(name))
    if found is None:
        raise Refused(
            404, "There is no export or import {name!r}; there are {kinds}.", name=str(name)[:40], kinds=", ".join(portal.jobs)
        )
    return found


def job_data(portal: Portal, job: Job, language: Language) -> shapes.Job:
    """For the API; passwords are left out."""
    kind, zone = portal.jobs.get(job.kind), portal.zone()
    state = portal.store.jobs.state(job.id)
    shown = row(portal, job, state, zone)
    return {
        "id": job.id,
        "list_id": job.list_id,
        "kind": job.kind,
        "direction": shown["direction"],
        "enabled": job.enabled,
        "interval": job.interval,
        "if_changed": job.if_changed,
        "options": public(kind.options, stored_options(job)) if kind else {},
        "running": shown["running"],
        "next_local": shown["next"],
        "done_local": shown["done_at"],
        "done": state.done_note.said(language.translate),
        "error_local": shown["error_at"],
        "error": state.error.said(language.translate),
        "failing": state.is_failing,
        "files": [each["name"] for each in shown["files"]],
    }


def row(portal: Portal, job: Job, state: JobState, zone: ZoneInfo) -> dict[str, Any]:
    """A row of the Lists tab: what it did last, what went wrong last, when it runs next, and its files."""
    kind = portal.jobs.get(job.kind)
    files = local_files(portal.state.exchange / str(job.id))[:MOST_FILES]
    return {
        "id": job.id,
        "label": kind.label if kind else job.kind,
        "direction": kind.direction if kind else "export",
        "enabled": job.enabled,
        "interval": job.interval,
        "if_changed": job.if_changed,
        "running": state.running_at is not None or state.asked_at is not None,
        "next": portal.local(_next(portal, job, state, zone), zone) if job.enabled else "",
        "done_at": portal.local(state.done_at, zone),
        "done_note": state.done_note,
        "error_at": portal.local(state.error_at, zone),
        "error": state.error,
        "failing": state.is_failing,
        "files": [{"name": each.name, "kib": -(-each.stat().st_size // 1024)} for each in files],
    }


def _next(portal: Portal, job: Job, state: JobState, zone: ZoneInfo) -> Any:
    kind = portal.jobs.get(job.kind)
    own = f"{camera_id(portal.state)} {job.id}" if kind is not None and kind.spreads else ""
    return next_run(job.interval, min(state.began_at, portal.clock.now()), zone, own, state.is_failing)


def file_of(portal: Portal, job: Job, name: str) -> Path | None:
    """The file of that name that the job has left on the camera."""
    return next((each for each in local_files(portal.state.exchange / str(job.id)) if each.name == name), None)


def fits(kind: JobKind[Any], chosen: PlateList) -> bool:
    """Whether the list can have such a job."""
    return chosen.role not in FIXED_ROLES or (kind.all_lists if chosen.role != UNLISTED else kind.fixed_lists)


def exchange_view(portal: Portal, chosen: PlateList, direction: str, zone: ZoneInfo) -> dict[str, Any]:
    """What the sub-tabs Exports and Imports of a list show."""
    states = portal.store.jobs.states()
    rows = [row(portal, job, states[job.id], zone) for job in portal.store.jobs(chosen.id) if job.id in states]
    return {
        "direction": direction,
        "jobs": [each for each in rows if each["direction"] == direction],
        "kinds": {name: kind for name, kind in portal.jobs.items() if kind.direction == direction and fits(kind, chosen)},
    }
