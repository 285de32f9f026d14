"""Local matches: exports the passages of a list since the last run into a file on the camera (manual 4.4, List tab)."""

from __future__ import annotations

from types import MappingProxyType

from board.kit.settings import option
from board.kit.words import Text
from engine.exchange.formats import MATCHES
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.local_files import LocalFileOptions, keep
from engine.exchange.names import unused


class LocalMatchesOptions(LocalFileOptions):
    outlives = MappingProxyType({"after": ()})

    format: str = option("XML", "Format", "Each passage as a document, or as a row of a table.", choices=tuple(MATCHES))


def _run(options: LocalMatchesOptions, env: JobEnv) -> Done:
    from engine.exchange.matches import write_matches  # imported here: the service loads the kinds but writes no files

    path, after = env.scratch / "matches", int(env.memory.get("after", 0))
    written = write_matches(path, env.store, env.list, options.format, env.device, after, env.clock)
    files = int(env.memory.get("files", 0))  # of this run
    memory = {"after": written.last, "files": files + 1 if written.is_full else 0}
    if not written.count:
        return Done(NOTHING_NEW, memory, nothing_new=True)
    extension = MATCHES[options.format]
    name = f"{unused(options.name, env, lambda each: (env.folder / f'{each}.{extension}').exists())}.{extension}"
    keep(path, env.folder, name, options.keep + files)
    values = {"name": name, "count": written.count}
    return Done(Text("{name}: {count} passages", values, one="{name}: {count} passage"), memory, is_part=written.is_full)


JOB = JobKind(
    name="local_matches",
    label="Local matches",
    direction="export",
    options=LocalMatchesOptions,
    run=_run,
    all_lists=True,
    fixed_lists=True,
)
