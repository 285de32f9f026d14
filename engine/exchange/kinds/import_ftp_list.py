"""FTP list (import): fetches a list from an FTP server (manual 4.4, List tab; 5, Camera list synchronization)."""

from __future__ import annotations

from board.kit.settings import field_validator, option
from engine.actions._ftp import FtpServer, session
from engine.exchange.formats import IMPORTED
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.local_files import room
from engine.exchange.names import PATH, check_name, path_of
from engine.exchange.taking import TakingOptions, seen, take_in, taking, wanted


class ImportFtpListOptions(FtpServer, TakingOptions):
    name: str = option("{list}", "File name", PATH, max_length=200)
    timeout_s: float = option(120.0, "Timeout", "Longest time for the whole transfer.", unit="s", ge=5, le=3600)

    @field_validator("name")
    @classmethod
    def _is_path(cls, text: str) -> str:
        return check_name(text)


def _run(options: ImportFtpListOptions, env: JobEnv) -> Done:
    from engine.exchange.plate_files.rows import MOST_BYTES  # imported here: the service loads the kinds but imports no files

    folders, name = path_of(options.name, env.list, env.device, env.at)
    file, path = f"{name}.{IMPORTED[options.format][0].lower()}", env.scratch / "list"
    with session(env.network, options, options.timeout_s) as server:
        server.enter(folders, make=False)
        size, changed = server.state(file)
        there = {"size": size, "changed": changed} if changed else {}
        if there and not wanted(env, there=there):
            return Done(NOTHING_NEW, env.memory, nothing_new=True)
        with path.open("wb") as into:
            server.get(file, into, room(env.scratch, MOST_BYTES))
    done = take_in(path, taking(options), env)
    exact = "generation" in done.memory and options.format.startswith("XML")
    return Done(done.note, {**done.memory, **seen(env, there, exact)}, done.nothing_new)


JOB = JobKind(
    name="import_ftp_list",
    label="FTP list",
    direction="import",
    options=ImportFtpListOptions,
    run=_run,
    spreads=True,
    all_lists=True,
)
