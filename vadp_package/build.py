"""Build: the signed .tar.gz that an installer uploads; the same sources, version and key give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.errors import PackageError
from firmware.packages import manifest
from firmware.packages.verify import CONF, HASHES, INITSCR, SIGNATURE, manifest_sha256, signed_bytes
from firmware.update.versions import VERSION_LINE
from vadp_package import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGES = ("board", "engine", "webui")
"""What the package runs; the host itself (firmware) is not part of it."""
HOST_PARTS = ("board", "firmware")
LEFT_OUT = re.compile(r"__pycache__|tests|demo|\..*|.*~|.*-weak-spots\.png|.*\.(pyc|pyo|orig|rej|log|tmp)")
FIXED_TIME_S = 315_532_800
"""1980-01-01: every member's time, so that two builds are equal."""


@dataclass(frozen=True, slots=True)
class Built:
    """`path` of the archive; `manifest_sha256`: what /api/packages shows once it is installed."""

    path: Path
    manifest_sha256: str


def build(out: Path, key: Ed25519PrivateKey, root: Path = ROOT, version: str = __version__) -> Built:
    """Writes `out`/NAME-VERSION-ARCH.tar.gz from the sources below `root`; PackageError says what is missing."""
    return _write(out, key, contents(root), _conf(CONF, version))


def build_firmware(out: Path, key: Ed25519PrivateKey, root: Path = ROOT, changed: Mapping[str, bytes] = {}) -> Built:
    """Writes `out`/HOST-VERSION-all.tar.gz, the host below `root` as a file for its update (firmware/update/). Its version is that
    of firmware/__init__.py. `changed`: {path in the file: another content}."""
    files = _files(root, HOST_PARTS) | {"LICENSE": (root / "LICENSE").read_bytes(), INITSCR: (HERE / "host_initscr").read_bytes()}
    files |= changed
    version = VERSION_LINE.search(files["lib/firmware/__init__.py"].decode("utf-8"))
    if version is None:
        raise PackageError("firmware/__init__.py names no version")
    return _write(out, key, files, _conf("host.conf", version[1]))


def _write(out: Path, key: Ed25519PrivateKey, files: dict[str, bytes], conf: bytes) -> Built:
    hashes = _hashes(files)
    checked = manifest.parse(conf)
    signature = key.sign(signed_bytes(conf, hashes))
    members = {CONF: conf, HASHES: hashes, SIGNATURE: signature, INITSCR: files.pop(INITSCR), **dict(sorted(files.items()))}
    path = out / f"{checked.name}-{checked.version}-{checked.arch}.tar.gz"
    fresh = path.with_name(path.name + ".new")
    try:
        out.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(pack(members))
        fresh.rename(path)
    except OSError as why:
        raise PackageError("{path} cannot be written: {reason}", path=path, reason=why.strerror) from why
    return Built(path, manifest_sha256(conf, hashes))


def identity(root: Path = ROOT, version: str = __version__) -> str:
    """The manifest_sha256 of what `build` would write."""
    return manifest_sha256(_conf(CONF, version), _hashes(contents(root)))


def _conf(name: str, version: str) -> bytes:
    return (HERE / name).read_text("utf-8").replace("{version}", version).encode()


def _hashes(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def contents(root: Path) -> dict[str, bytes]:
    """{path in the package: content} of everything but the three files about the package itself."""
    files = _files(root, (*PACKAGES, "models"))
    if not any(name.endswith(".tflite") for name in files):
        raise PackageError("{folder} holds no .tflite model: train first (scripts/train_*)", folder=root / "models")
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    files["LICENCES.md"] = (root / "docs" / "licences.md").read_bytes()  # of what pip installs beside the package
    files[INITSCR] = (HERE / INITSCR).read_bytes()
    return files


def _files(root: Path, folders: tuple[str, ...]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not any(LEFT_OUT.fullmatch(part) for part in path.relative_to(root).parts):
                files[f"lib/{path.relative_to(root).as_posix()}"] = path.read_bytes()
        if not any(name.startswith(f"lib/{folder}/") for name in files):
            raise PackageError("{folder} is missing or empty: build from a complete checkout", folder=root / folder)
    return files


def pack(members: dict[str, bytes], executable: tuple[str, ...] = (INITSCR,)) -> bytes:
    """A gzipped tar of `members` in their order, without anything of this machine or moment in it."""
    raw = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as zipped,
        tarfile.open(fileobj=zipped, mode="w:", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mtime = FIXED_TIME_S
            member.mode = 0o755 if name in executable else 0o644
            tar.addfile(member, io.BytesIO(data))
    return raw.getvalue()
