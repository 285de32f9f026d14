"""Local list: exports a list into a file on the camera, where the portal offers it (manual 4.4, List tab)."""

from __future__ import annotations

from board.kit.settings import option
from board.kit.words import Text
from engine.exchange.exporting import FORMATS, write_lists
from engine.exchange.kept import KeptOptions, keep
from engine.exchange.kind import Done, JobEnv, JobKind
from engine.exchange.names import file_name


class LocalListOptions(KeptOptions):
    format: str = option(
        "XML", "Format", "XML or CSV as other cameras take them, or a workbook for people.", choices=tuple(FORMATS)
    )
    further: bool = option(
        True, "Further columns", "Also owner, e-mail, group, hours, entries left and Wiegand numbers, where an entry has them."
    )


def _run(options: LocalListOptions, env: JobEnv) -> Done:
    path = env.scratch / "list"
    written = write_lists(path, env.store, env.list, options.format, env.device, options.further)
    if env.job.if_changed and not env.asked and written.digest == env.memory.get("digest"):
        return Done(Text("nothing has changed"), env.memory, nothing_new=True)
    name = file_name(options.name, env, FORMATS[options.format])
    keep(path, env.folder, name, options.keep)
    note = Text("{name}: {count} plates", {"name": name, "count": written.entries})
    return Done(note, {"digest": written.digest})


JOB = JobKind(
    name="local_list",
    label="Local list",
    direction="export",
    options=LocalListOptions,
    run=_run,
    watches_lists=True,
    all_lists=True,
)
