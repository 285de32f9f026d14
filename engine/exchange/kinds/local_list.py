"""Local list: exports a list into a file on the camera, where the portal offers it (manual 4.4, List tab)."""

from __future__ import annotations

from board.kit.settings import option
from board.kit.words import Text
from engine.exchange.formats import EXTENSIONS
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.local_files import LocalFileOptions, keep
from engine.exchange.names import file_name


class LocalListOptions(LocalFileOptions):
    format: str = option(
        "XML", "Format", "XML or CSV as other cameras take them, or a workbook for people.", choices=tuple(EXTENSIONS)
    )
    further: bool = option(
        True, "Further columns", "Also owner, e-mail, group, hours, entries left and Wiegand numbers, where an entry has them."
    )


def _run(options: LocalListOptions, env: JobEnv) -> Done:
    from engine.exchange.exporting import write_lists  # imported here: the service loads the kinds but writes no files

    path, lists = env.scratch / "list", env.store.entries.mark()
    written = write_lists(path, env.store, env.list, options.format, env.device, options.further)
    if env.job.if_changed and not env.asked and written.digest == env.memory.get("digest"):
        return Done(NOTHING_NEW, {**env.memory, "lists": lists}, nothing_new=True)
    name = file_name(options.name, env, EXTENSIONS[options.format])
    keep(path, env.folder, name, options.keep)
    values = {"name": name, "count": written.entries}
    note = Text("{name}: {count} plates", values, one="{name}: {count} plate")
    return Done(note, {"digest": written.digest, "lists": lists})


JOB = JobKind(
    name="local_list",
    label="Local list",
    direction="export",
    options=LocalListOptions,
    run=_run,
    watches_lists=True,
    all_lists=True,
)
