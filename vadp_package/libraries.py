"""Libraries: what a package for one architecture and one Python carries in site/, so that a camera installs it without a network.

Their versions are those of scripts/constraints.txt. Wheels come from the index that pip is set up for, and are kept in a folder:
the same wheels give the same package. What exists as source only is built here: if it is Python alone, or if this is such a machine
with such a Python.

Not carried: what a board has from its distribution (picamera2 with libcamera, lgpio, RPi.GPIO, gpiod), whose drivers belong to it.
"""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from firmware.packages.verify import this_machine

NAMES = (
    "ai-edge-litert", "av", "backports.strenum", "bottle", "certifi", "cffi", "click", "click-default-group", "cryptography",
    "flatbuffers", "Jinja2", "MarkupSafe", "multipart", "numpy", "paho-mqtt", "pillow", "pluggy", "protobuf", "pycparser",
    "pyserial", "python-dateutil", "schedule", "six", "smbus2", "sqlite-fts4", "sqlite-utils", "tabulate", "tqdm",
    "typing_extensions", "tzdata",
)  # fmt: skip
"""What board, engine and webui import, with what that imports."""

INSTEAD = {("armv7l", "3.11"): {"ai-edge-litert": ("tflite-runtime", "2.14.0"), "numpy": ("numpy", "1.26.4")}}
"""{(architecture, Python): {library: (what takes its place, version)}}: LiteRT is not made for it, and what came before wants
numpy 1 (engine/recognise/interpreter.py takes either)."""

GLIBC = {"3.11": 36, "3.13": 41}
"""{Python: minor version of glibc 2 beside it}: bookworm and trixie."""
PYTHONS = tuple(GLIBC)
ARCHITECTURES = ("aarch64", "armv7l", "x86_64")
SITE = "site"
CACHE = Path("~/.cache/gatewright/wheels")
LEFT_OUT = re.compile(
    r"(.*/)?(tests|__pycache__)/.*|.*\.(pyi|pyc|pyx|pxd|h|c)|.*\.dist-info/(RECORD|INSTALLER|REQUESTED)|.*\.data/.*"
)
BUILT_WITHIN_S = 7200.0
"""A small board compiles numpy for an hour."""


@dataclass(frozen=True, slots=True)
class Library:
    """`sha256`: of the wheel; `licence`: as its makers write it; `files`: {path below site/: content}."""

    name: str
    version: str
    wheel: str
    sha256: str
    licence: str
    files: Mapping[str, bytes]


def libraries(root: Path, arch: str, python: str, cache: Path = CACHE) -> list[Library]:
    """All of them; PackageError names those of which there is no wheel for this architecture and Python."""
    folder = cache.expanduser() / f"{arch}-{python}"
    folder.mkdir(parents=True, exist_ok=True)
    found, missing = [], []
    for name, version in _wanted(root, arch, python):
        wheel = _kept(folder, name, version) or _fetch(folder, name, version, arch, python)
        if wheel is None:
            missing.append(f"{name} {version}")
        else:
            found.append(_unpacked(wheel, name, version))
    if missing:
        raise PackageError(
            "there is no wheel for {arch} and Python {python} of {missing}, and they are not Python alone: build the package on "
            "such a machine, where pip compiles those that are given as source, put wheels of them into {folder}, or build it "
            "without --arch, whose libraries firmware/install puts onto the camera",
            arch=arch,
            python=python,
            missing=missing,
            folder=folder,
        )
    return found


def _wanted(root: Path, arch: str, python: str) -> list[tuple[str, str]]:
    """(name, version) of each."""
    pins, instead = _pins(root), INSTEAD.get((arch, python), {})
    return [instead.get(name, (name, pins[name])) for name in NAMES]


def _pins(root: Path) -> dict[str, str]:
    pins = dict(line.split("==") for line in (root / "scripts" / "constraints.txt").read_text("utf-8").split())
    lacking = [name for name in NAMES if name not in pins]
    if lacking:
        raise PackageError("scripts/constraints.txt lacks {names}", names=lacking)
    return {name: pins[name] for name in NAMES}


def _kept(folder: Path, name: str, version: str) -> Path | None:
    plain = re.compile(rf"{re.sub(r'[-_.]+', '[-_.]+', name)}-{re.escape(version)}-.*\.whl", re.IGNORECASE)
    return next((path for path in sorted(folder.glob("*.whl")) if plain.fullmatch(path.name)), None)


def _fetch(folder: Path, name: str, version: str, arch: str, python: str) -> Path | None:
    """A wheel of it, None when there is none and none can be built."""
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(5, GLIBC[python] + 1)]
    platforms += [f"manylinux2014_{arch}", f"linux_{arch}"]
    words = ["download", "--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    words += [word for each in platforms for word in ("--platform", each)]
    if _pip([*words, "--dest", str(folder), f"{name}=={version}"]):
        return _kept(folder, name, version)
    with tempfile.TemporaryDirectory() as built:
        if not _pip(["wheel", "--wheel-dir", built, f"{name}=={version}"]):
            return None
        wheel = next(Path(built).glob("*.whl" if _is_here(arch, python) else "*-none-any.whl"), None)
        if wheel is None:
            return None  # it is for this machine alone
        (folder / wheel.name).write_bytes(wheel.read_bytes())
    return _kept(folder, name, version)


def _is_here(arch: str, python: str) -> bool:
    """What is compiled here runs there."""
    libc, version = platform.libc_ver()
    return (this_machine(), _this_python(), libc) == (arch, python, "glibc") and int(version.split(".")[1]) <= GLIBC[python]


def _this_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _pip(words: list[str]) -> bool:
    command = [sys.executable, "-m", "pip", *words, "--no-deps", "--quiet", "--disable-pip-version-check"]
    try:
        return (
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BUILT_WITHIN_S, check=False).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


def _unpacked(wheel: Path, name: str, version: str) -> Library:
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = dict(_members(archive))
    except (OSError, zipfile.BadZipFile) as why:
        raise PackageError("{wheel} is damaged, delete it: {why}", wheel=wheel, why=why) from why
    return Library(name, version, wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest(), _licence(files), files)


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for each in archive.infolist():
        if each.is_dir():
            continue
        path = re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", each.filename)  # PEP 427
        if not LEFT_OUT.fullmatch(path):
            yield path, archive.read(each)


def _licence(files: Mapping[str, bytes]) -> str:
    """As METADATA says: an SPDX expression, else the classifiers, else its free text in one line."""
    data = next((content for path, content in files.items() if path.endswith(".dist-info/METADATA")), b"")
    about = BytesParser().parsebytes(data, headersonly=True)
    classes = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License ::")]
    return str(about["License-Expression"] or ", ".join(classes) or str(about["License"] or "").split("\n")[0] or "see its files")
