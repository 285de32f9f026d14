"""Needs: what a package asks of the camera and does not find is named at once, with what to do."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from board.kit.errors import PackageError
from firmware.packages import needs
from firmware.packages.verify import Verified, verify
from tests.tiny_package import TRUST, contents, write

HERE = ".".join(platform.python_version_tuple()[:2])


def package(folder: Path, requires: str, ram_kb: int = 0, files: dict[str, bytes] | None = None) -> Verified:
    def conf(text: str) -> str:
        text = text.replace("format = 1", "format = 4").replace("url = /tiny/\n", "")
        text += f"[route.portal]\npath = /tiny/\nsocket = manager.sock\n[resources]\nram_kb = {ram_kb}\n"
        return text + f"[requires]\n{requires}\n"

    return verify(write(folder / "package.tar.gz", contents(conf=conf, files=files or {})), TRUST)


def test_a_package_that_finds_all_it_needs_is_taken(tmp_path: Path) -> None:
    needs.check(package(tmp_path, f"python = 3.2 {HERE}\nlibraries = a_library_of_mars|numpy jinja2", 1024))


def test_all_that_is_missing_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs.os, "sysconf", {"SC_PHYS_PAGES": 1 << 15, "SC_PAGE_SIZE": 4096}.__getitem__)
    found = package(tmp_path, "python = 3.2\nlibraries = numpy mars|venus pluto", 256 << 10)
    with pytest.raises(PackageError) as refused:
        needs.check(found)
    said = str(refused.value)
    assert said.startswith("TINY 1.0.0 does not fit this camera: ")
    for each in (
        f"it is made for Python 3.2, the camera has {HERE}: upload the package for {HERE}",
        "it needs 256 MB of memory, the board has 128 MB: use a board with more",
        "the libraries mars / venus, pluto are missing: upload the package that carries them, or run firmware/install again",
    ):
        assert each in said


def test_a_library_that_the_package_carries_is_there(tmp_path: Path) -> None:
    needs.check(package(tmp_path, "libraries = mars venus", files={"site/mars/__init__.py": b"", "site/venus.py": b""}))
