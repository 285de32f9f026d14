"""Exports and imports of a list: the form of a job, made from the kind's options (manual 4.4, List tab)."""

from __future__ import annotations

from board.kit.web.forms import fields
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from engine.types import Job
from webui.api.jobs import JobTimes
from webui.choices import board_choices
from webui.portal import Portal
from webui.view.jobs import job_kind, row, stored_job
from webui.view.lists import stored_list
from webui.view.stored_options import stored_options


def _new(portal: Portal, call: Call) -> Answer:
    kind = job_kind(portal, call.query.get("kind", ""))
    interval = "minute" if kind.watches_lists or kind.direction == "import" else "day"
    return _page(portal, call, Job(0, call.id("id"), kind.name, True, interval, True, "{}"))


def _edit(portal: Portal, call: Call) -> Answer:
    return _page(portal, call, stored_job(portal, call.id("id")))


def _page(portal: Portal, call: Call, job: Job) -> Answer:
    kind, owner = job_kind(portal, job.kind), stored_list(portal, job.list_id)
    values = {"enabled": job.enabled, "interval": job.interval, "if_changed": job.if_changed}
    return portal.pages.answer(
        portal,
        call,
        "job",
        Text(kind.label),
        tab="lists",
        job=job,
        kind=kind,
        owner=owner,
        when=fields(JobTimes, values, {}),
        form=fields(kind.options, stored_options(job), board_choices(portal.profile)),
        shown=row(portal, job, portal.store.jobs.state(job.id), portal.zone()) if job.id else None,
    )


TAB = Tab(
    "jobs",
    "Exports and imports",
    0,
    "actions",
    (page("lists/<id>/jobs/new", "actions", _new), page("jobs/<id>", "actions", _edit)),
)
