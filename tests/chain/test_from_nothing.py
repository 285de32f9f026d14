"""From nothing: the script's steps with a tiny package, and answers that its strict client does not take."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.fault_tests.host import Host, strict
from scripts.from_nothing import Packages, walk
from tests.tiny_package import contents, write


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: the script from nothing needs it")
def test_a_package_is_uploaded_by_curl_started_stopped_upgraded_rolled_back_and_removed(tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"{version}.tar.gz", contents(version)) for version in ("1.0.0", "2.0.0"))
    said: list[str] = []
    walk(Packages("TINY", first, second, ("1.0.0", "2.0.0"), "tiny/", "x-gatewright-user"), Host(tmp_path / "camera"), said.append)
    assert [line.partition(" s  ")[2] for line in said[1:]] == [
        "1.0.0.tar.gz is uploaded by curl, and off",
        "it is started, and its portal answers",
        "it is stopped",
        "it is upgraded to 2.0.0 and runs on",
        "it is rolled back to 1.0.0 and runs on",
        "it is removed",
    ]


@pytest.mark.parametrize(
    "text",
    ["a='1'\n", "a='1'\r\nb\r\n", "a=1\r\n", "a='it's'\r\n", "a='1'\r\n\r\n", "A='1'\r\n", "a='1'", "a='1'\r\na='2'\r\n", "<p>"],
)
def test_a_strict_client_takes_lines_of_name_and_value_alone(text: str) -> None:
    assert strict("vadp_version='1.3.1.0'\r\nx_i0_name=''\r\n") == {"vadp_version": "1.3.1.0", "x_i0_name": ""}
    with pytest.raises(ValueError):
        strict(text)
