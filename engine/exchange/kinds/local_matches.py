"""Local matches: exports the passages of a list since the last run into a file on the camera (manual 4.4, List tab)."""

from __future__ import annotations

from types import MappingProxyType

from board.kit.settings import option
from board.kit.words import Text
from engine.exchange.formats import MATCHES
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.local_files import LocalFileOptions, keep
from engine.exchange.names import beside, file_name


class LocalMatchesOptions(LocalFileOptions):
    outlives = MappingProxyType({"after": ()})

    format: str = option("XML", "Format", "Each passage as a document, or as a row of a table.", choices=tuple(MATCHES))


def _run(options: LocalMatchesOptions, env: JobEnv) -> Done:
    from engine.exchange.matches import write_matches  # imported here: the service loads the kinds but writes no files

    path, after = env.scratch / "matches", int(env.memory.get("after", 0))
    written = write_matches(path, env.store, env.list, options.format, env.device, after, env.clock)
    memory = {"after": written.last}
    if not written.count:
        return Done(NOTHING_NEW, memory, nothing_new=True)
    name = file_name(options.name, env, MATCHES[options.format])
    if (env.folder / name).exists():
        name = file_name(beside(options.name), env, MATCHES[options.format])
    keep(path, env.folder, name, options.keep)
    values = {"name": name, "count": written.count}
    return Done(Text("{name}: {count} passages", values, one="{name}: {count} passage"), memory)


JOB = JobKind(
    name="local_matches",
    label="Local matches",
    direction="export",
    options=LocalMatchesOptions,
    run=_run,
    all_lists=True,
    fixed_lists=True,
)
