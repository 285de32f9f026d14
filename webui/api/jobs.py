"""Jobs: exports and imports of a list that run by themselves, their files, and lists to download (manual 4.4, List tab)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from board.kit.fields import StrictBool, StrictInt
from board.kit.settings import Settings, SettingsError, option, problems
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Refused, api, data, download
from board.kit.words import Text
from engine.exchange.exporting import write_lists
from engine.exchange.formats import EXTENSIONS
from engine.exchange.kinds import local_matches
from engine.exchange.local_files import drop_others
from engine.exchange.names import path_of
from engine.exchange.trying import Trial, outcome_of
from engine.store.jobs import JobOptions
from engine.store.transfers import DONE
from engine.types import Job
from webui.choices import board_choices
from webui.noted import noted
from webui.portal import Portal
from webui.spreadsheet import WORKBOOK, attachment
from webui.view import shapes
from webui.view.jobs import device, file_of, fits, job_data, job_kind, stored_job
from webui.view.lists import stored_list
from webui.view.notes import note_data
from webui.view.stored_options import stored_options

TYPES = {"XML": "application/xml", "CSV": "text/csv; charset=utf-8", "XLSX": WORKBOOK}

_PIECE = 1 << 16


class JobTimes(Settings):
    enabled: StrictBool = option(True, "Active", "Whether it runs by itself.")
    interval: str = option(
        "day",
        "Interval",
        "Each full minute or hour, the day's at 23:59:59, the week's on Mondays at 00:00:00, the month's on the first at 23:59:59. "
        "What failed is tried again each hour.",
        choices={
            "minute": "every minute",
            "hour": "every hour",
            "day": "every day",
            "week": "every week",
            "month": "every month",
        },
    )
    if_changed: StrictBool = option(True, "Enable if change", "Does nothing as long as nothing has changed.")


class JobForm(JobTimes):
    options: dict[str, Any] = option({}, "Options", "Those of the kind (docs/settings.md); a password left empty stays.")


class JobTest(Settings):
    kind: str = option(..., "Kind", "The kind of export or import, such as ftp_list.", max_length=40)
    list_id: StrictInt = option(..., "List", "The list that it is about.", ge=1, lt=2**63)
    job_id: StrictInt = option(0, "Job", "Whose stored password is used where none is sent.", ge=0, lt=2**63)
    options: dict[str, Any] = option({}, "Options", "Those of the kind (docs/settings.md).")


class NewJob(JobForm):
    kind: str = option(..., "Kind", "The kind of export or import, such as ftp_list.", max_length=40)


def _get(portal: Portal, call: Call) -> Answer:
    chosen = stored_list(portal, call.id("id"))
    return data(shapes.Jobs(jobs=[job_data(portal, job, call.language) for job in portal.store.jobs(chosen.id)]))


def _add(portal: Portal, call: Call) -> Answer:
    kind = job_kind(portal, call.body.get("kind", ""))
    chosen = stored_list(portal, call.id("id"))
    if not fits(kind, chosen):
        raise Refused(422, "{label} cannot be done for {list_name}.", label=Text(kind.label), list_name=chosen.name)
    sent = {name: value for name, value in call.body.items() if name != "kind"}
    return _save(portal, call, sent, Job(0, call.id("id"), kind.name, True, "day", True, "{}"))


def _put(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        return _save(portal, call, call.body, stored_job(portal, call.id("id")))


def job_of(portal: Portal, sent: Mapping[str, Any], stored: Job) -> Job:
    """What was sent over what is stored; SettingsError lists every problem."""
    kind = job_kind(portal, stored.kind)
    values = {"enabled": stored.enabled, "interval": stored.interval, "if_changed": stored.if_changed, **sent}
    found, options = list(problems(JobForm, values)), stored.options
    try:
        body = sent.get("options", {})
        if isinstance(body, dict):  # else the form says so
            options = filled(kind.options, body, stored_options(stored), board_choices(portal.profile)).model_dump_json()
    except SettingsError as why:
        found += why.below("options").problems
    if found:
        raise SettingsError(*found)
    form = JobForm.model_validate(values)
    return replace(stored, enabled=form.enabled, interval=form.interval, if_changed=form.if_changed, options=options)


def _save(portal: Portal, call: Call, sent: Mapping[str, Any], stored: Job) -> Answer:
    kind, changed = job_kind(portal, stored.kind), job_of(portal, sent, stored)
    return data(job_data(portal, portal.store.jobs.save(changed, kind.options, call.user), call.language))


def _test(portal: Portal, call: Call[object, JobTest]) -> Answer:
    """Carries it out as it stands in the form, saved or not."""
    sent = call.body
    kind, chosen = job_kind(portal, sent.kind), stored_list(portal, sent.list_id)
    if not fits(kind, chosen):
        raise Refused(422, "{label} cannot be done for {list_name}.", label=Text(kind.label), list_name=chosen.name)
    stored = portal.store.jobs.get(sent.job_id) if sent.job_id else None
    known = stored_options(stored) if stored is not None and stored.kind == kind.name else {}
    try:
        options = filled(kind.options, sent.options, known, board_choices(portal.profile)).model_dump_json()
    except SettingsError as why:
        raise why.below("options") from why
    trial, began_at = Trial(kind.name, chosen.id, stored.id if stored is not None and known else 0, options), portal.clock.now()
    ok, note = outcome_of(portal.state, trial)
    if ok and kind.direction == "export" and "host" in kind.options.model_fields:  # somebody else has the file now
        with noted(call.user, "a test of an export"):
            portal.store.transfers.add("export", kind.name, 0, chosen.id, chosen.name, call.user, began_at, DONE, note)
    return data({"ok": ok, **note_data(note, call.language)})


def _delete(portal: Portal, call: Call) -> Answer:
    job = stored_job(portal, call.id("id"))
    kind = portal.jobs.get(job.kind)
    portal.store.jobs.delete(job.id, kind.options if kind else JobOptions, call.user)
    drop_others(portal.state.exchange, [each.id for each in portal.store.jobs()])
    return data(shapes.Nothing())


def _run(portal: Portal, call: Call) -> Answer:
    """The service begins it within a second; how it fared stands in the job then."""
    job = stored_job(portal, call.id("id"))
    portal.store.jobs.ask(job.id, call.user)
    return data(job_data(portal, job, call.language))


def _accept(portal: Portal, call: Call) -> Answer:
    """It runs at once; how it fared stands in the job then."""
    job = stored_job(portal, call.id("id"))
    if job_kind(portal, job.kind).direction != "import" or not portal.store.jobs.state(job.id).is_failing:
        raise Refused(422, "Nothing waits to be accepted: this is for an import whose last run failed.")
    portal.store.jobs.accept(job.id, call.user)
    return data(job_data(portal, job, call.language), 202)


def _file(portal: Portal, call: Call) -> Answer:
    job = stored_job(portal, call.id("id"))
    if job.kind == local_matches.JOB.name and not call.may("review"):
        lacks = "This needs the permission {permission}, which {user} does not have."
        raise Refused(403, lacks, permission="review", user=call.user)
    path = file_of(portal, job, call.path["name"])
    if path is None:
        raise Refused(404, "There is no such file; perhaps newer ones have taken its place.")
    with noted(call.user, "a download of an export"):
        portal.store.searches.add(call.user, "download", {"list": str(job.list_id), "file": path.name})
    return _sent(path.open("rb"), path.name, TYPES.get(path.suffix[1:].upper(), "application/octet-stream"))


def _list_file(name: str) -> Any:
    def answer(portal: Portal, call: Call) -> Answer:
        chosen, now = stored_list(portal, call.id("id")), portal.clock.now()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list"
            written = write_lists(path, portal.store, chosen, name, device(portal))
            file = path.open("rb")
        file_name = f"{path_of('{list}', chosen, device(portal), now)[1]}.{EXTENSIONS[name]}"
        note = Text("{name}: {count} plates", {"name": file_name, "count": written.entries}, one="{name}: {count} plate")
        with noted(call.user, "an export of a list"):
            portal.store.transfers.add("export", "hand", 0, chosen.id, chosen.name, call.user, now, DONE, note)
        return _sent(file, file_name, TYPES[name])

    return answer


def _sent(file: IO[bytes], name: str, kind: str) -> Answer:
    size = file.seek(0, 2)
    file.seek(0)
    headers = (("Content-Disposition", attachment(name, "_")), ("Content-Length", str(size)))
    return Answer(_pieces(file), kind, 200, headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


ROUTES = (
    api("GET", "api/lists/<id>/jobs", "actions", _get, "Exports and imports of a list that run by themselves.", reply=shapes.Jobs),
    api("POST", "api/lists/<id>/jobs", "actions", _add, "Adds an export or import.", body=Partial(NewJob), reply=shapes.Job),
    api(
        "PUT",
        "api/jobs/<id>",
        "actions",
        _put,
        "Changes an export or import; what is left out stays.",
        body=Partial(JobForm),
        reply=shapes.Job,
    ),
    api(
        "DELETE",
        "api/jobs/<id>",
        "actions",
        _delete,
        "Deletes an export or import, and the files that it has left on the camera.",
        reply=shapes.Nothing,
    ),
    api(
        "POST",
        "api/jobs/test",
        "actions",
        _test,
        "Tries an export or import, saved or not: an export stores its file, an import says what it would change.",
        body=JobTest,
        reply=shapes.Outcome,
    ),
    api("POST", "api/jobs/<id>/run", "actions", _run, "Has it run now, disabled or not.", reply=shapes.Job),
    api(
        "POST",
        "api/jobs/<id>/accept",
        "actions",
        _accept,
        "For an import that was refused (another camera, older lists, an empty list, another certificate): what comes next counts.",
        reply=shapes.Job,
    ),
    download(
        "jobs/<id>/files/<name>",
        "lists",
        _file,
        "A file that a local export has made; if it holds passages, for who has `review` too.",
    ),
    *(
        download(
            f"lists/<id>/list.{extension}",
            "lists",
            _list_file(name),
            f"The plates of a list, or of all lists for ALL PLATES, as {name}.",
            reply=TYPES[name].split(";")[0],
        )
        for name, extension in EXTENSIONS.items()
    ),
)
