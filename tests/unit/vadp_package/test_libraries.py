"""Libraries: a package for one architecture carries them with their hashes and licences, and says of which there is none."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from board.kit.errors import PackageError
from firmware.packages.verify import ANY, verify
from tests.tiny_package import KEY, OTHER_KEY, TRUST
from vadp_package import libraries as libraries_module
from vadp_package.bom import GPL
from vadp_package.build import ROOT, Carry, build, sign

WHEELS = {
    "Tea_Pot-1.2-cp311-cp311-manylinux_2_17_aarch64.whl": {
        "teapot/__init__.py": "import teapot.spout",
        "teapot/spout.cpython-311-aarch64-linux-gnu.so": "\x7fELF",
        "teapot/tests/test_spout.py": "",
        "teapot/spout.pyi": "",
        "tea_pot-1.2.data/purelib/saucer.py": "",
        "tea_pot-1.2.data/scripts/brew": "#!python",
        "tea_pot-1.2.dist-info/METADATA": "Metadata-Version: 2.4\nName: tea-pot\nVersion: 1.2\nLicense-Expression: MIT\n",
        "tea_pot-1.2.dist-info/RECORD": "",
        "tea_pot-1.2.dist-info/licenses/LICENSE": "free",
    },
    "cosy-2.0-py3-none-any.whl": {
        "cosy.py": "",
        "cosy-2.0.dist-info/METADATA": "Name: cosy\nClassifier: License :: OSI Approved :: Apache Software License\n",
    },
}


@pytest.fixture
def carry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carry:
    """Wheels of two libraries, kept for a camera of Python 3.11; nothing is fetched."""
    folder = tmp_path / "wheels" / "aarch64-3.11"
    folder.mkdir(parents=True)
    for name, files in WHEELS.items():
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path), text)
    monkeypatch.setattr(libraries_module, "NAMES", ("tea-pot", "cosy"))
    monkeypatch.setattr(libraries_module, "_pins", lambda root: {"tea-pot": "1.2", "cosy": "2.0"})
    monkeypatch.setattr(libraries_module, "_pip", lambda words: False)
    return Carry("aarch64", "3.11", tmp_path / "wheels")


def test_a_package_carries_libraries_with_their_hashes_and_licences(tmp_path: Path, carry: Carry) -> None:
    built = build(tmp_path, KEY, version="3.0.2.0", carry=carry)
    assert built.path.name == "ANPR-3.0.2.0-aarch64-py311.tar.gz"
    found = verify(built.path, TRUST, "aarch64")
    assert (found.manifest.arch, found.manifest.python) == ("aarch64", ("3.11",))
    with tarfile.open(built.path) as tar:
        assert [name for name in tar.getnames() if name.startswith("site/")] == [
            "site/cosy-2.0.dist-info/METADATA",
            "site/cosy.py",
            "site/saucer.py",
            "site/tea_pot-1.2.dist-info/METADATA",
            "site/tea_pot-1.2.dist-info/licenses/LICENSE",
            "site/teapot/__init__.py",
            "site/teapot/spout.cpython-311-aarch64-linux-gnu.so",
        ]
        bom_file, licences_file = tar.extractfile("bom.json"), tar.extractfile("LICENCES.md")
        assert bom_file is not None and licences_file is not None
        bom, licences = json.loads(bom_file.read()), licences_file.read().decode()
    assert (bom["bomFormat"], bom["specVersion"], bom["metadata"]["component"]["version"]) == ("CycloneDX", "1.5", "3.0.2.0")
    listed = {each["name"]: each for each in bom["components"]}
    wheel = carry.cache / "aarch64-3.11" / "Tea_Pot-1.2-cp311-cp311-manylinux_2_17_aarch64.whl"
    assert listed["tea-pot"]["purl"] == "pkg:pypi/tea-pot@1.2"
    assert listed["tea-pot"]["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    assert listed["tea-pot"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert listed["cosy"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert listed["ocr.tflite"]["hashes"][0]["content"] == hashlib.sha256((ROOT / "models/ocr.tflite").read_bytes()).hexdigest()
    assert "| tea-pot | 1.2 | MIT |" in licences and "| cosy | 2.0 | Apache-2.0 |" in licences and GPL in licences


def test_the_same_wheels_give_the_same_bytes(tmp_path: Path, carry: Carry) -> None:
    one, other = (build(tmp_path / name, KEY, carry=carry).path.read_bytes() for name in ("one", "other"))
    assert one == other


def test_what_there_is_no_wheel_of_is_named(tmp_path: Path, carry: Carry) -> None:
    with pytest.raises(
        PackageError, match=r"for armv7l and Python 3\.11 of tea-pot 1\.2, cosy 2\.0, and they are not Python alone"
    ):
        build(tmp_path, KEY, carry=Carry("armv7l", "3.11", carry.cache))
    (carry.cache / "aarch64-3.11" / "cosy-2.0-py3-none-any.whl").write_bytes(b"PK")
    with pytest.raises(PackageError, match=r"cosy-2\.0-py3-none-any\.whl is damaged, delete it"):
        build(tmp_path, KEY, carry=carry)


def test_every_library_that_is_carried_has_its_version_in_the_constraints() -> None:
    assert set(libraries_module._pins(ROOT)) == set(libraries_module.NAMES)


def test_every_library_that_pip_installs_on_a_board_stands_in_the_list_of_licences() -> None:
    """What ours ask for, with what that asks for, of the libraries in this environment; and what a package carries."""
    listed = {_plain(word) for word in re.findall(r"[\w.-]+", (ROOT / "docs" / "licences.md").read_text("utf-8"))}
    wanted, found = ["gatewright"], {"pyasynchat", "pyasyncore"}  # pyftpdlib asks for these from Python 3.12 on
    while wanted:
        for asked in map(Requirement, importlib.metadata.requires(wanted.pop()) or ()):
            applies = asked.marker is None or asked.marker.evaluate({"extra": ""})
            if applies and _plain(asked.name) not in found | {"pip"}:
                found.add(_plain(asked.name))
                wanted.append(asked.name)
    carried = {*libraries_module.NAMES, *(name for changed in libraries_module.INSTEAD.values() for name, _ in changed.values())}
    assert sorted((found | {*map(_plain, carried)}) - listed) == []


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_package_that_was_built_elsewhere_is_signed_anew(tmp_path: Path, carry: Carry) -> None:
    elsewhere = build(tmp_path / "elsewhere", OTHER_KEY, carry=carry)
    with pytest.raises(PackageError, match="the signature is not one of a trusted vendor"):
        verify(elsewhere.path, TRUST, ANY)
    signed = sign(elsewhere.path, KEY, tmp_path / "signed")
    assert signed.path.name == elsewhere.path.name and signed.manifest_sha256 == elsewhere.manifest_sha256
    assert signed.path.read_bytes() == build(tmp_path / "here", KEY, carry=carry).path.read_bytes()
    assert verify(signed.path, TRUST, ANY).signed_by == next(iter(TRUST))


@pytest.mark.parametrize(
    ("wheel", "here", "libc", "built"),
    [
        ("cosy-2.0-py3-none-any.whl", ("x86_64", "3.13"), "2.41", True),
        ("cosy-2.0-cp311-cp311-linux_armv7l.whl", ("armv7l", "3.11"), "2.36", True),
        ("cosy-2.0-cp311-cp311-linux_armv7l.whl", ("armv7l", "3.11"), "2.39", False),
        ("cosy-2.0-cp313-cp313-linux_armv7l.whl", ("armv7l", "3.13"), "2.36", False),
        ("cosy-2.0-cp311-cp311-linux_x86_64.whl", ("x86_64", "3.11"), "2.36", False),
    ],
)
def test_what_is_source_alone_is_built_where_it_will_run(
    tmp_path: Path, carry: Carry, monkeypatch: pytest.MonkeyPatch, wheel: str, here: tuple[str, str], libc: str, built: bool
) -> None:
    monkeypatch.setattr(libraries_module, "NAMES", ("cosy",))
    source = carry.cache / "aarch64-3.11" / "cosy-2.0-py3-none-any.whl"

    def pip(words: list[str]) -> bool:
        if words[0] == "wheel":
            shutil.copy(source, Path(words[words.index("--wheel-dir") + 1]) / wheel)
        return words[0] == "wheel"

    monkeypatch.setattr(libraries_module, "_pip", pip)
    monkeypatch.setattr(libraries_module, "this_machine", lambda: here[0])
    monkeypatch.setattr(libraries_module, "_this_python", lambda: here[1])
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", libc))
    if built:
        assert [each.wheel for each in libraries_module.libraries(tmp_path, "armv7l", "3.11", carry.cache)] == [wheel]
    else:
        with pytest.raises(PackageError, match=r"no wheel for armv7l and Python 3\.11 of cosy 2\.0"):
            libraries_module.libraries(tmp_path, "armv7l", "3.11", carry.cache)


def test_a_32_bit_board_has_what_came_before_litert_with_its_numpy() -> None:
    wanted = dict(libraries_module._wanted(ROOT, "armv7l", "3.11"))
    assert (wanted["tflite-runtime"], wanted["numpy"]) == ("2.14.0", "1.26.4") and "ai-edge-litert" not in wanted
    assert dict(libraries_module._wanted(ROOT, "aarch64", "3.11")) == libraries_module._pins(ROOT)
