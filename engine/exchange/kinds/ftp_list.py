"""FTP list (export): puts a list on an FTP server, for other cameras and systems (manual 4.4, List tab; 5, Camera list
synchronization)."""

from __future__ import annotations

from board.kit.settings import field_validator, option
from board.kit.words import Text
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
    if env.job.if_changed and not env.asked and written.digest == env.memory.get("digest"):
        return Done(NOTHING_NEW, {**env.memory, "lists": lists}, nothing_new=True)
    folders, name = path_of(options.name, env.list, env.device, env.at)
    with session(env.network, options, options.timeout_s) as server, path.open("rb") as content:
        server.enter(folders)
        server.put(f"{name}.{EXTENSIONS[options.format]}", content)
    stored = "/".join([*folders, f"{name}.{EXTENSIONS[options.format]}"]).replace("//", "/")
    values = {"server": options.server, "name": stored, "count": written.entries}
    note = Text("{server} stored {name}: {count} plates", values, one="{server} stored {name}: {count} plate")
    return Done(note, {"digest": written.digest, "lists": lists})


JOB = JobKind(
    name="ftp_list",
    label="FTP list",
    direction="export",
    options=FtpListOptions,
    run=_run,
    watches_lists=True,
    all_lists=True,
)
