"""FTP matches: puts the passages of a list since the last run on an FTP server (manual 4.4, List tab)."""

from __future__ import annotations

from types import MappingProxyType

from board.kit.settings import field_validator, option
from board.kit.words import Text
from engine.actions._ftp import FtpServer, session
from engine.exchange.formats import MATCHES
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.names import PATH, check_name, path_of, unused
from engine.store.jobs import JobOptions


class FtpMatchesOptions(FtpServer, JobOptions):
    outlives = MappingProxyType({"after": ("host", "port")})

    format: str = option("XML", "Format", "Each passage as a document, or as a row of a table.", choices=tuple(MATCHES))
    name: str = option("{list}_{date}_{time}", "File name", PATH, max_length=200)
    timeout_s: float = option(120.0, "Timeout", "Longest time for the whole transfer.", unit="s", ge=5, le=3600)

    @field_validator("name")
    @classmethod
    def _is_path(cls, text: str) -> str:
        return check_name(text)


def _run(options: FtpMatchesOptions, env: JobEnv) -> Done:
    from engine.exchange.matches import write_matches  # imported here: the service loads the kinds but writes no files

    path, after = env.scratch / "matches", int(env.memory.get("after", 0))
    written = write_matches(path, env.store, env.list, options.format, env.device, after, env.clock)
    memory = {"after": written.last}
    if not written.count:
        return Done(NOTHING_NEW, memory, nothing_new=True)
    extension = MATCHES[options.format]
    folders, _ = path_of(options.name, env.list, env.device, env.at)
    with session(env.network, options, options.timeout_s) as server, path.open("rb") as content:
        server.enter(folders)
        name = unused(options.name, env, lambda each: server.has(f"{each}.{extension}"))
        file = server.put(f"{name}.{extension}", content, env.device.id)
    values = {"server": options.server, "name": "/".join([*folders, file]).replace("//", "/"), "count": written.count}
    note = Text("{server} stored {name}: {count} passages", values, one="{server} stored {name}: {count} passage")
    return Done(note, memory, is_part=written.is_full)


JOB = JobKind(
    name="ftp_matches",
    label="FTP matches",
    direction="export",
    options=FtpMatchesOptions,
    run=_run,
    all_lists=True,
    fixed_lists=True,
)
