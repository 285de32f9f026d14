"""Build: the signed .tar.gz that an installer uploads; the same sources, version and key give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from firmware.packages import manifest
from firmware.packages.verify import ANY, CONF, HASHES, INITSCR, SIGNATURE, manifest_sha256, signed_bytes, unpack, verify
from firmware.update.versions import VERSION_LINE
from vadp_package import __version__
from vadp_package.bom import BOM, LICENCES, bom, licences
from vadp_package.libraries import CACHE, SITE, Library, libraries

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGES = ("board", "engine", "webui")
"""What the package runs; the host itself (firmware) is not part of it."""
HOST_PARTS = ("board", "firmware")
LEFT_OUT = re.compile(r"__pycache__|tests|demo|\..*|.*~|.*-weak-spots\.png|.*\.(pyc|pyo|orig|rej|log|tmp)")
FIXED_TIME_S = 315_532_800
"""1980-01-01: every member's time, so that two builds are equal."""


@dataclass(frozen=True, slots=True)
class Carry:
    """For which architecture and Python ("3.11") libraries are carried; `cache`: where their wheels are kept."""

    arch: str
    python: str
    cache: Path = CACHE


@dataclass(frozen=True, slots=True)
class Built:
    """`path` of the archive; `manifest_sha256`: what /api/packages shows once it is installed."""

    path: Path
    manifest_sha256: str


def build(
    out: Path, key: Ed25519PrivateKey, root: Path = ROOT, version: str = __version__, carry: Carry | None = None,
    licensed: bool = False,
) -> Built:  # fmt: skip
    """Writes `out`/NAME-VERSION-ARCH.tar.gz from the sources below `root`; PackageError says what is missing. `carry`: for whom it
    carries its libraries, None: it is for all, and finds them on the camera; `licensed`: it reads plates only with a licence."""
    conf = _conf(CONF, version)
    if licensed:
        conf = conf.replace(b"mechanism = none\n", b"mechanism = file\n")
    if carry is None:
        return _write(out, key, contents(root, version), conf)
    conf = conf.replace(b"arch = all\n", f"arch = {carry.arch}\n".encode())
    conf = conf.replace(b"[requires]\n", f"[requires]\npython = {carry.python}\n".encode())
    found = libraries(root, carry.arch, carry.python, carry.cache)
    return _write(out, key, contents(root, version, found), conf, f"-py{carry.python.replace('.', '')}")


def sign(package: Path, key: Ed25519PrivateKey, out: Path) -> Built:
    """Writes the package, whole as it is, to `out` with the signature of `key` in the place of another or of none, as one that was
    built where the key must not be. PackageError when it is damaged."""
    found = verify(package, {}, ANY, unsigned=True)
    with tempfile.TemporaryDirectory() as folder:
        unpack(package, found, Path(folder))
        files = {name: (Path(folder) / name).read_bytes() for name in found.files}
    return _write(out, key, files, found.conf, package.name.removesuffix(".tar.gz").removeprefix(_stem(found.manifest)))


def build_firmware(out: Path, key: Ed25519PrivateKey, changed: Mapping[str, bytes] = {}) -> Built:
    """Writes `out`/HOST-VERSION-all.tar.gz, the host of this checkout as a file for its update (firmware/update/). Its version is
    that of firmware/__init__.py. `changed`: {path in the file: another content}."""
    files = _files(ROOT, HOST_PARTS) | {"LICENSE": (ROOT / "LICENSE").read_bytes(), INITSCR: (HERE / "host_initscr").read_bytes()}
    files |= changed
    version = VERSION_LINE.search(files["lib/firmware/__init__.py"].decode("utf-8"))
    if version is None:
        raise PackageError("firmware/__init__.py names no version")
    return _write(out, key, files, _conf("host.conf", version[1]))


def _stem(about: manifest.Manifest) -> str:
    return f"{about.name}-{about.version}-{about.arch}"


def _write(out: Path, key: Ed25519PrivateKey, files: dict[str, bytes], conf: bytes, end: str = "") -> Built:
    hashes = _hashes(files)
    checked = manifest.parse(conf)
    signature = key.sign(signed_bytes(conf, hashes))
    members = {CONF: conf, HASHES: hashes, SIGNATURE: signature, INITSCR: files.pop(INITSCR), **dict(sorted(files.items()))}
    path = out / f"{_stem(checked)}{end}.tar.gz"
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
    return manifest_sha256(_conf(CONF, version), _hashes(contents(root, version)))


def _conf(name: str, version: str) -> bytes:
    return (HERE / name).read_text("utf-8").replace("{version}", version).encode()


def _hashes(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def contents(root: Path, version: str = __version__, carried: Sequence[Library] = ()) -> dict[str, bytes]:
    """{path in the package: content} of everything but the three files about the package itself; `carried`: its libraries."""
    files = _files(root, (*PACKAGES, "models"))
    if not any(name.endswith(".tflite") for name in files):
        raise PackageError("{folder} holds no .tflite model: train first (scripts/train_*)", folder=root / "models")
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    models = {Path(name).name: data for name, data in files.items() if name.endswith(".tflite")}
    files[BOM], files[LICENCES] = bom(version, models, carried), licences(root, carried)
    for each in carried:
        files |= {f"{SITE}/{path}": data for path, data in each.files.items()}
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
