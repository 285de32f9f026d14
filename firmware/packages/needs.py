"""Needs: what a package asks of the camera beyond architecture and platform (verify.py) and room (slots.py), looked at before
anything of it is stored."""

from __future__ import annotations

import importlib.util
import os
import platform

from board.kit.errors import PackageError
from board.kit.words import Text
from firmware.packages.environment import IMPORTED
from firmware.packages.manifest import Manifest
from firmware.packages.verify import Verified


def check(verified: Verified) -> None:
    """PackageError names all that is missing, and what to do about it."""
    manifest = verified.manifest
    missing = [*_python(manifest), *_memory(manifest), *_libraries(verified)]
    if missing:
        raise PackageError(
            "{name} {version} does not fit this camera: {missing}", name=manifest.name, version=manifest.version, missing=missing
        )


def _python(manifest: Manifest) -> list[Text]:
    here = ".".join(platform.python_version_tuple()[:2])
    if not manifest.python or here in manifest.python:
        return []
    values = {"wanted": manifest.python, "here": here}
    return [Text("it is made for Python {wanted}, the camera has {here}: upload the package for {here}", values)]


def _memory(manifest: Manifest) -> list[Text]:
    kb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 10
    if manifest.ram_kb <= kb:
        return []
    values = {"wanted": manifest.ram_kb >> 10, "here": kb >> 10}
    return [Text("it needs {wanted} MB of memory, the board has {here} MB: use a board with more", values)]


def _libraries(verified: Verified) -> list[Text]:
    lacking = [each for each in verified.manifest.libraries if not any(_is_there(name, verified) for name in each.split("|"))]
    if not lacking:
        return []
    values = {"names": [each.replace("|", " / ") for each in lacking]}
    return [Text("the libraries {names} are missing: upload the package that carries them, or run firmware/install again", values)]


def _is_there(name: str, verified: Verified) -> bool:
    if any(path.startswith(tuple(f"{folder}/{name}{end}" for folder in IMPORTED for end in ("/", "."))) for path in verified.files):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # it is broken where it is installed
        return False
