"""Build: reproducible, complete, nothing in it that does not belong there; the camera takes what was built."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from board.kit.errors import PackageError
from firmware.packages.keys import make_pair
from firmware.packages.verify import verify
from tests.tiny_package import KEY, TRUST
from vadp_package.__main__ import main
from vadp_package.build import ROOT, build, identity


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    for name in (
        "board/__init__.py", "engine/__init__.py", "engine/__pycache__/x.cpython-311.pyc", "engine/.hidden",
        "models/ocr-weak-spots.png",
        "webui/static/portal.css", "webui/tests/test_it.py", "models/ocr.tflite", "models/ocr.json", "LICENSE", "docs/licences.md",
        "firmware/__init__.py",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_a_package_holds_what_runs_and_nothing_else(sources: Path, tmp_path: Path) -> None:
    built = build(tmp_path / "out", KEY, sources, "3.0.2.0")
    assert built.path.name == "ANPR-3.0.2.0-all.tar.gz"
    with tarfile.open(built.path) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [
        "package.conf",
        "package.sha256",
        "package.sig",
        "initscr",
        "LICENCES.md",
        "LICENSE",
        "bom.json",
        "lib/board/__init__.py",
        "lib/engine/__init__.py",
        "lib/models/ocr.json",
        "lib/models/ocr.tflite",
        "lib/webui/static/portal.css",
    ]
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 315_532_800)}
    assert {m.name for m in members if m.mode == 0o755} == {"initscr"}
    assert verify(built.path, TRUST).manifest_sha256 == built.manifest_sha256 == identity(sources, "3.0.2.0")


def test_two_builds_are_equal_to_the_byte_whatever_the_files_times(sources: Path, tmp_path: Path) -> None:
    one = build(tmp_path / "one", KEY, sources).path.read_bytes()
    for path in sources.rglob("*.py"):
        path.touch()
    assert build(tmp_path / "two", KEY, sources).path.read_bytes() == one


def test_an_incomplete_checkout_is_named(sources: Path, tmp_path: Path) -> None:
    (sources / "models" / "ocr.tflite").unlink()
    with pytest.raises(PackageError, match=r"models holds no \.tflite model"):
        build(tmp_path, KEY, sources)
    (sources / "webui" / "static" / "portal.css").unlink()
    with pytest.raises(PackageError, match="webui is missing or empty"):
        build(tmp_path, KEY, sources)


def test_the_command_line_makes_a_key_builds_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not any((ROOT / "models").glob("*.tflite")):
        pytest.skip("models/ holds no trained model yet")
    key = tmp_path / "keys" / "signing.key"
    assert main(["keygen", "--key", str(key)]) == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert main(["keygen", "--key", str(key)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["build", "--out", str(tmp_path / "out"), "--key", str(key)]) == 0
    said = capsys.readouterr()
    path = Path(said.out.strip().splitlines()[-1])
    assert path.is_file() and path.name.startswith("ANPR-") and path.name.endswith("-all.tar.gz")
    assert str(key.with_suffix(".pub")) in said.err
    assert main(["verify", str(path), "--trust", str(key.with_suffix(".pub"))]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "ANPR"
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["verify", str(path), "--trust", str(key.with_suffix(".pub"))]) == 1
    assert main(["licence", "--key", str(key), "--serial", "s1", "--expires", "2030-13-01", "--out", str(tmp_path / "l")]) == 1
    assert main(["licence", "--key", str(key), "--serial", "s1", "--expires", "2030-12-31", "--out", str(tmp_path / "l")]) == 0
    assert json.loads((tmp_path / "l").read_text())["licence"] == {"package": "ANPR", "serial": "s1", "expires": "2030-12-31"}


def test_initscr_answers_with_lsb_codes(tmp_path: Path) -> None:
    script = ROOT / "vadp_package" / "initscr"

    def code(*words: str) -> int:
        return subprocess.run([sys.executable, str(script), *words], capture_output=True, cwd=tmp_path).returncode

    assert (code(), code("dance"), code("start"), code("status"), code("run", "nobody")) == (2, 2, 3, 4, 2)


def test_no_key_is_written_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """keygen --key new.pub wrote the public key over the private one that it had just made."""
    new = tmp_path / "new.pub"
    assert main(["keygen", "--key", str(new)]) == 1
    assert capsys.readouterr().err == f"vadp_package: signing key {new}: the name of a public key ends so\n"
    assert not new.exists()
    first, second = tmp_path / "acme.2025", tmp_path / "acme.2026"
    assert main(["keygen", "--key", str(first)]) == 0
    public = (tmp_path / "acme.pub").read_bytes()
    assert main(["keygen", "--key", str(second)]) == 1
    assert f"{tmp_path / 'acme.pub'} exists already" in capsys.readouterr().err
    assert (tmp_path / "acme.pub").read_bytes() == public and not second.exists()
    make_pair(tmp_path / "other.key").rename(tmp_path / "acme.pub")
    assert main(["build", "--key", str(first), "--out", str(tmp_path / "out")]) == 1
    assert f"{tmp_path / 'acme.pub'} is not the public key of {first}" in capsys.readouterr().err


def test_the_serial_number_of_a_licence_is_as_it_was_copied_from_a_page(tmp_path: Path) -> None:
    key, licence = tmp_path / "signing.key", tmp_path / "licence.json"
    assert main(["keygen", "--key", str(key)]) == 0
    assert main(["licence", "--key", str(key), "--serial", " s1\n", "--out", str(licence)]) == 0
    assert json.loads(licence.read_text())["licence"]["serial"] == "s1"
    with pytest.raises(SystemExit, match="2"):
        main(["licence", "--key", str(key), "--serial", " ", "--out", str(licence)])


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, nowhere = tmp_path / "signing.key", tmp_path / "file" / "below"
    nowhere.parent.touch()
    assert main(["keygen", "--key", str(nowhere)]) == 1
    assert capsys.readouterr().err == f"vadp_package: {nowhere.parent}: File exists\n"
    assert main(["keygen", "--key", str(key)]) == 0
    assert main(["licence", "--key", str(key), "--serial", "s1", "--out", str(nowhere)]) == 1
    assert capsys.readouterr().err == f"vadp_package: {nowhere}: Not a directory\n"
    assert main(["licence", "--key", str(key), "--serial", "s1", "--out", "/dev/full"]) == 1
    assert capsys.readouterr().err == "vadp_package: No space left on device\n"


def test_a_licensed_package_needs_a_licence_and_differs_in_nothing_else(sources: Path, tmp_path: Path) -> None:
    plain, licensed = (verify(build(tmp_path / str(each), KEY, sources, licensed=each).path, TRUST) for each in (False, True))
    assert (plain.manifest.mechanism, licensed.manifest.mechanism) == ("none", "file")
    assert plain.conf.replace(b"mechanism = none", b"mechanism = file") == licensed.conf
    assert plain.hashes == licensed.hashes
