"""`python -m engine COMMAND`: one table of sub-commands; each lives in its own file and is imported only when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys

from board.kit.errors import GatewrightError, in_one_line
from board.kit.memory import hash_without_openssl

COMMANDS = {
    "run": ("engine.reading.start", "the engine process: camera to passages"),
    "service": ("engine.service.run", "the service process: store, look-ups, actions, triggers"),
    "vms": ("engine.vms.run", "the vms process: servers for recorders and video management"),
    "exchange": ("engine.exchange.work", "exports and imports of lists, for the service and the portal"),
    "video": ("engine.video.run", "the video process, which vms starts while somebody watches"),
    "data": ("engine.cli.data", "what is stored, for a backup of the whole camera, and back"),
    "read": ("engine.cli.read", "read the plates in pictures"),
    "countries": ("engine.cli.countries", "list the countries whose plate formats are known"),
    "settings": ("engine.cli.settings_docs", "list the settings; --markdown prints the reference page"),
    "messages": ("engine.cli.messages_docs", "samples of the messages that are sent; --markdown prints the reference page"),
    "lane": ("engine.cli.lane_docs", "print the states of the barrier's lane, as docs/lane.md shows them"),
    "nvr": ("engine.cli.nvr_docs", "print the messages to recorders over TCP in bytes, as docs/nvr.md shows them"),
    "nvr-client": ("engine.cli.nvr_client", "print the plates that a camera sends over TCP"),
    "evaluate": ("engine.cli.evaluate", "measure accuracy over labelled pictures"),
    "evaluate-sequence": ("engine.cli.evaluate_sequence", "measure the vote over frames on replayed approaches"),
    "bench-read": ("engine.cli.bench_read", "measure the time of a read and the memory it takes"),
}
"""Command: its module, whose `main(arguments)` gives the exit status, and what it does."""


def main(arguments: list[str]) -> int:
    """0 done, 1 done in part (some pictures unreadable), 2 a wrong call, or an error, whose text goes to stderr."""
    if not arguments or arguments[0] not in COMMANDS:
        wanted_help = arguments[:1] in (["-h"], ["--help"])
        lines = [f"  {name:<18} {what}" for name, (_, what) in COMMANDS.items()]
        print("usage: python -m engine COMMAND ...\n", *lines, sep="\n", file=sys.stdout if wanted_help else sys.stderr)
        return 0 if wanted_help else 2
    module = COMMANDS[arguments[0]][0]
    for_people = module.startswith("engine.cli.")
    if sys.stdout is None and for_people:  # print() would say nothing, and nothing would tell
        print(f"engine {arguments[0]}: standard output is closed: give it a file or a pipe", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names may be any bytes, and a terminal may know ASCII only
        sys.stdout.reconfigure(errors="backslashreplace")
    # no thread pool for linear algebra that nothing here uses: it costs memory at import
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    hash_without_openssl()
    try:
        return int(importlib.import_module(module).main(arguments[1:]))
    except GatewrightError as why:
        print(f"engine {arguments[0]}: {why}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as why:  # the place for what it says may be full
        if not for_people:
            raise
        print(f"engine {arguments[0]}: {in_one_line(why)}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
