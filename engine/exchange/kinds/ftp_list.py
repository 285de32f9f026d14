"""FTP list (export): puts a list on an FTP server, for other cameras and systems (manual 4.4, List tab; 5, Camera list
synchronization)."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, count

from board.kit.errors import ConfigError
from board.kit.settings import field_validator, option
from board.kit.words import Text
from engine.actions import check_json
from engine.actions._ftp import FtpServer, session
from engine.exchange.formats import EXTENSIONS
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.names import PATH, check_name, path_of
from engine.store.jobs import JobOptions


class FtpListOptions(FtpServer, JobOptions):
    format: str = option("XML", "Format", "The same for the master and all of its slaves.", choices=tuple(EXTENSIONS))
    name: str = option("{list}", "File name", PATH, max_length=200)
    further: bool = option(
        True,
        "Further columns",
        "Also owner, e-mail, group, hours, entries left and Wiegand numbers, and what other cameras of this kind need to follow.",
    )
    timeout_s: float = option(120.0, "Timeout", "Longest time for the whole transfer.", unit="s", ge=5, le=3600)

    @field_validator("name")
    @classmethod
    def _is_path(cls, text: str) -> str:
        return check_name(text)


def _run(options: FtpListOptions, env: JobEnv) -> Done:
    from engine.exchange.exporting import write_lists  # imported here: the service loads the kinds but writes no files

    path, lists = env.scratch / "list", env.store.entries.mark()
    written = write_lists(path, env.store, env.list, options.format, env.device, options.further, followed=options.further)
    folders, file, shared = _file(env)
    known = (written.digest, shared) == (env.memory.get("digest"), env.memory.get("shared", False))
    if env.job.if_changed and not env.asked and known:
        return Done(NOTHING_NEW, {**env.memory, "lists": lists}, nothing_new=True)
    with session(env.network, options, options.timeout_s) as server, path.open("rb") as content:
        server.enter(folders)
        server.put(file, content)
    values = {"server": options.server, "name": "/".join([*folders, file]).replace("//", "/"), "count": written.entries}
    note = Text("{server} stored {name}: {count} plates", values, one="{server} stored {name}: {count} plate")
    return Done(note, {"digest": written.digest, "lists": lists, "shared": shared})


def _file(env: JobEnv) -> tuple[list[str], str, bool]:
    """(Folders, name of the file, whether another list's has the same: "A/B" and "A_B" are both "A_B"). The list whose export was
    made first has it, the next one "A_B_2": they would replace each other's file."""
    owners: dict[tuple[str, ...], int] = {}
    wanting: dict[tuple[str, ...], set[int]] = {}
    jobs = {job.id: job for job in env.store.jobs() if job.kind == env.job.kind}
    for job in {**jobs, env.job.id: env.job}.values():
        with suppress(ConfigError):  # of another job, which cannot run
            options = check_json(FtpListOptions, job.options)
            assert isinstance(options, FtpListOptions)
            folders, name = path_of(options.name, env.store.lists.get(job.list_id), env.device, env.at)
            where, extension = (options.server, options.user, *folders), EXTENSIONS[options.format]
            files = (f"{each}.{extension}" for each in chain((name,), (f"{name}_{number}" for number in count(2))))
            file = next(each for each in files if owners.setdefault((*where, each), job.list_id) == job.list_id)
            wish = (*where, name, extension)
            wanting.setdefault(wish, set()).add(job.list_id)
            if job.id == env.job.id:
                found = folders, file, wish
    folders, file, wish = found
    return folders, file, len(wanting[wish]) > 1


JOB = JobKind(
    name="ftp_list",
    label="FTP list",
    direction="export",
    options=FtpListOptions,
    run=_run,
    watches_lists=True,
    all_lists=True,
)
