"""Work: a backup is sealed and opened by a process of its own: the host loads no library for it, and whatever a hostile file takes
of memory and time ends with that process.

`python -P -m firmware.keeping.work seal | open` reads one JSON document from stdin (the passphrase is in it). `seal` prints the
sealed backup; `open` stores what is in one in a folder and prints {"about", "parts"}. When it cannot, {"refused"} is the last line
of stderr and the exit code is 1.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from board.kit.errors import ConfigError, GatewrightError
from board.kit.files import space
from board.kit.from_json import from_json
from board.kit.parcel import Part, Writer, parts
from board.kit.state import State
from board.kit.words import Text, plain
from firmware.keeping.contents import MAX_BYTES, PACKAGES, check, own_files, part_of
from firmware.keeping.sealed import Seal, Unseal
from firmware.packages.script import KEEPS_NOTHING, Heard

ABOUT = "about.json"
FORM = 1
MAX_MEMORY_BYTES = 512 << 20
"""Address space of `open`; scrypt takes 32 MB of it, 128 MB at most."""
MAX_OWN_FILES = 500
SPARE_BYTES = 16 << 20
ENDS_WITHIN_S = 3.0
"""Of a package's script that nobody reads any more."""


def main(arguments: list[str]) -> int:
    """Does what `arguments` names."""
    try:
        _DO[arguments[0]](from_json(sys.stdin.buffer.read()))
    except GatewrightError as why:
        return _refused(why.text)
    except OSError as why:
        return _refused(Text("the storage does not take or give it: {reason}", {"reason": why.strerror or str(why)}))
    except MemoryError:
        return _refused(Text("there is too little memory"))
    return 0


def _refused(text: Text) -> int:
    print(json.dumps({"refused": plain(text)}), file=sys.stderr)
    return 1


# --- seal -------------------------------------------------------------------------------------------------------------


def seal(plan: Mapping[str, Any], out: IO[bytes]) -> None:
    """`plan`: "passphrase", "state", "about" (said by `open` again), "packages": {name: {"version", "words", "folder",
    "environment"}}. Nothing is written before every package has begun to give what it stores."""
    with ExitStack() as running:
        packages = {name: _Package(name, asked, running) for name, asked in plan["packages"].items()}
        about = {**plan["about"], "form": FORM, "packages": {name: each.about for name, each in packages.items()}}
        sealed = Seal(plan["passphrase"], out.write)
        writer = Writer(sealed.put)
        writer.add(ABOUT, json.dumps(about).encode())
        for name, path in own_files(State(Path(plan["state"]))):
            writer.add(name, path.read_bytes())
        for each in packages.values():
            each.write(writer)
        writer.end()
        sealed.end()
        out.flush()


class _Package:
    """The script of a package, which prints its parcel. `about`: its version, and what it says of what is in it; without numbers it
    keeps nothing."""

    def __init__(self, name: str, asked: Mapping[str, Any], running: ExitStack) -> None:
        self.about: dict[str, object] = {"version": asked["version"]}
        self._name = name
        self._popen = subprocess.Popen(
            asked["words"], cwd=asked["folder"], env=asked["environment"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        running.callback(self._end)
        assert self._popen.stdout is not None and self._popen.stderr is not None
        self._heard = Heard(self._popen.stderr)
        self._parts = parts(self._popen.stdout.read)
        try:
            first = next(self._parts, None)
            if first is None or first.name != ABOUT:
                raise ValueError("it does not begin with about.json")
            self.about |= _numbers(from_json(first.whole(MAX_BYTES)))
            self._has_data = True
        except ValueError as why:
            if self._code() not in KEEPS_NOTHING:
                raise self._failed(why) from why
            self._has_data = False

    def write(self, writer: Writer) -> None:
        if not self._has_data:
            return
        try:
            for part in self._parts:
                writer.add_read(f"{PACKAGES}/{self._name}/{part.name}", part.read, part.size)
        except ValueError as why:
            raise self._failed(why) from why
        if self._code():
            raise self._failed(ValueError("it did not end well"))

    def _failed(self, why: Exception) -> ConfigError:
        self._popen.kill()
        said = self._heard.text().strip().splitlines()
        return ConfigError("{name} does not give what it stores: {reason}", name=self._name, reason=said[-1][:300] if said else why)

    def _code(self) -> int:
        try:
            return self._popen.wait(10)
        except subprocess.TimeoutExpired:
            return -1

    def _end(self) -> None:
        """Nobody reads what it writes: it ends by that, and takes away what it has put aside."""
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(ENDS_WITHIN_S)
        self._popen.kill()
        self._popen.wait()


def _numbers(document: object) -> dict[str, int]:
    if not isinstance(document, dict):
        raise ValueError("about.json is not one")
    return {str(name)[:40]: number for name, number in list(document.items())[:20] if type(number) is int and number >= 0}


# --- open -------------------------------------------------------------------------------------------------------------


def unseal(plan: Mapping[str, Any]) -> dict[str, object]:
    """`plan`: "passphrase", "file", "into" (an empty folder). Everything is stored and checked when it returns."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    into = Path(plan["into"])
    found: Counter[str] = Counter()
    about: dict[str, Any] | None = None
    with Path(plan["file"]).open("rb") as file:
        try:
            for part in parts(Unseal(plan["passphrase"], file).read):
                if about is None:
                    about = _about(part)
                    continue
                kind = part_of(part.name)
                if not kind:
                    raise ConfigError("the backup holds {name}, which belongs into none", name=part.name)
                _store(part, into, kind)
                found[kind] += 1
                if found.total() - found[PACKAGES] > MAX_OWN_FILES:
                    raise ConfigError("the backup holds too many files")
        except (ValueError, LookupError, TypeError) as why:
            if isinstance(why, GatewrightError):
                raise
            raise ConfigError("the backup is damaged: {why}", why=why) from why
    if about is None:
        raise ConfigError("the backup is empty")
    return {"about": about, "parts": dict(found)}


def _about(part: Part) -> dict[str, Any]:
    document = from_json(part.whole(MAX_BYTES))
    if part.name != ABOUT or not isinstance(document, dict) or document.get("form") != FORM:
        raise ValueError("it does not begin with what it is about")
    texts = {name: str(document[name])[:80] for name in ("made", "camera", "board", "profile", "version")}
    packages = {
        str(name)[:40]: {"version": str(each["version"])[:40], **_numbers(each)} for name, each in document["packages"].items()
    }
    return {**texts, "packages": packages}


def _store(part: Part, into: Path, kind: str) -> None:
    path = into / part.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if kind != PACKAGES:
        data = part.whole(MAX_BYTES)
        try:
            check(part.name, data)
        except (ValueError, LookupError, TypeError) as why:
            raise ConfigError(
                "{name} in the backup is not right: {why}", name=part.name, why=str(why) or type(why).__name__
            ) from why
        path.write_bytes(data)
        return
    if space(into)[1] < part.size + SPARE_BYTES:
        raise ConfigError(
            "there is not enough room on the camera: {name} has {size_mb} MB", name=part.name, size_mb=part.size >> 20
        )
    with path.open("wb") as file:
        while piece := part.read(1 << 16):
            file.write(piece)


def _print_opened(plan: Mapping[str, Any]) -> None:
    print(json.dumps(unseal(plan)))


_DO: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "seal": lambda plan: seal(plan, sys.stdout.buffer),
    "open": _print_opened,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
