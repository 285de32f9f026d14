"""The check of an installed package in a process of its own: whatever that process does but confirm, the package is refused."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from board.kit.errors import PackageError
from firmware.packages import checker
from firmware.packages.checker import NotChecked, check_archive, check_signature, check_slot, check_tree
from firmware.packages.keys import TrustedKeys
from firmware.packages.records import CAMERA, GOOD, Slot
from firmware.packages.verify import manifest_sha256, verify
from tests.tiny_package import KEY, OTHER_KEY, TRUST, contents, trust_file, write

SIGNER = next(iter(TRUST))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for name, data in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def trust(tmp_path: Path) -> TrustedKeys:
    (tmp_path / "trust").mkdir()
    trust_file(tmp_path / "trust")
    return TrustedKeys(tmp_path / "trust")


def identity(tree: Path) -> str:
    return manifest_sha256((tree / "package.conf").read_bytes(), (tree / "package.sha256").read_bytes())


def test_what_is_still_signed_passes_and_a_damaged_key_beside_is_told(
    tree: Path, trust: TrustedKeys, caplog: pytest.LogCaptureFixture
) -> None:
    (trust.folder / "zero.pub").touch()
    check_tree(tree, trust)
    check_tree(tree, trust)
    assert [str(each) for each in trust.damage()] == ["public key zero.pub: not a PEM public key"]
    assert len(caplog.records) == 1


def test_an_archive_is_what_its_check_in_the_host_itself_would_find(tmp_path: Path, trust: TrustedKeys) -> None:
    archive = write(tmp_path / "tiny.tar.gz", contents())
    assert check_archive(archive, trust) == verify(archive, trust())
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(PackageError, match=r"^not a package, or cut off or damaged on its way") as refused:
        check_archive(archive, trust)
    assert not isinstance(refused.value, NotChecked)


def test_only_the_full_answer_about_this_very_archive_counts(tree: Path, tmp_path: Path, trust: TrustedKeys) -> None:
    archive = write(tmp_path / "tiny.tar.gz", contents())
    found = verify(archive, trust())
    texts = {"conf": found.conf.decode(), "hashes": found.hashes.decode(), "unpacked_bytes": found.unpacked_bytes}
    right = {"manifest_sha256": found.manifest_sha256, "signed_by": SIGNER, "damage": [], **texts}
    assert check_archive(archive, trust, answers(json.dumps(right))) == found
    wrong = [
        {**right, "conf": found.conf.decode() + " "},
        {**right, "hashes": ""},
        {**right, "unpacked_bytes": "1"},
        {**right, "signed_by": 7},
        {**right, "more": 1},
        {name: value for name, value in right.items() if name != "hashes"},
    ]
    for each in wrong:
        with pytest.raises(NotChecked, match=r"^the check ended with code 0 and gave no answer$"):
            check_archive(archive, trust, answers(json.dumps(each)))


def test_keys_named_besides_the_folder_count(tree: Path, tmp_path: Path) -> None:
    check_tree(tree, TrustedKeys(tmp_path / "none", [trust_file(tmp_path)]))


def test_a_damaged_file_and_a_key_that_went_are_named(tree: Path, trust: TrustedKeys) -> None:
    (tree / "LICENSE").write_bytes(b"changed")
    with pytest.raises(PackageError, match=r"^LICENSE: damaged or changed, its SHA-256 is not") as refused:
        check_tree(tree, trust)
    assert not isinstance(refused.value, NotChecked)
    for path in trust.folder.iterdir():
        path.unlink()
    with pytest.raises(PackageError, match=r"^this camera trusts no signing key yet"):
        check_tree(tree, trust)


def answers(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})"]


def test_only_the_full_answer_about_this_very_package_counts(tree: Path, trust: TrustedKeys) -> None:
    right = {"manifest_sha256": identity(tree), "signed_by": SIGNER, "damage": []}
    check_tree(tree, trust, answers(json.dumps(right)))
    wrong = [
        {**right, "manifest_sha256": "0" * 64},
        {**right, "signed_by": ""},
        {**right, "signed_by": None},
        {**right, "refused": "damaged"},
        {**right, "damage": 1},
        {**right, "damage": [{"key": "{name}", "values": {"other": 1}}]},
        {"manifest_sha256": identity(tree), "damage": []},
        {"signed_by": SIGNER, "manifest_sha256": identity(tree)},
        {"damage": []},
        [],
        True,
    ]
    texts = [
        *map(json.dumps, wrong),
        "",
        "ok",
        json.dumps(right) * 2,
        json.dumps(right) + " " * checker.MAX_ANSWER_BYTES,
        "[" * 9_000,
    ]
    for text in texts:
        with pytest.raises(NotChecked, match=r"^the check ended with code 0 and gave no answer$"):
            check_tree(tree, trust, answers(text))
    for code in (1, 2, 9):
        with pytest.raises(NotChecked, match=rf"^the check ended with code {code} and gave no answer$"):
            check_tree(tree, trust, answers(json.dumps(right), code))


def test_a_check_that_dies_hangs_or_cannot_start_refuses_the_package(
    tree: Path, trust: TrustedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotChecked, match=r"^the check ended with code -9 and gave no answer$"):
        check_tree(tree, trust, [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    with pytest.raises(NotChecked, match=r"^the check cannot be started: No such file or directory$"):
        check_tree(tree, trust, ["/no/python"])
    monkeypatch.setattr(checker, "WITHIN_S", 0.2)
    with pytest.raises(NotChecked, match=r"^the check took longer than 0 s$"):
        check_tree(tree, trust, [sys.executable, "-c", "import time; time.sleep(60)"])


@pytest.mark.parametrize(("failures", "passes"), [(2, True), (3, False)])
def test_a_check_that_dies_is_tried_again_twice(
    tree: Path, trust: TrustedKeys, tmp_path: Path, failures: int, passes: bool
) -> None:
    tried = tmp_path / "tried"
    answer = json.dumps({"manifest_sha256": identity(tree), "signed_by": SIGNER, "damage": []})
    program = (
        "import os, pathlib, sys\n"
        f"tried = pathlib.Path({str(tried)!r})\n"
        "tried.write_text((tried.read_text() if tried.exists() else '') + '.')\n"
        f"if len(tried.read_text()) <= {failures}: os.kill(os.getpid(), 9)\n"
        f"print({answer!r})\n"
    )
    command = (sys.executable, "-c", program)
    if passes:
        check_tree(tree, trust, command)
    else:
        with pytest.raises(NotChecked):
            check_tree(tree, trust, command)
    assert tried.read_text() == "..."


def test_what_nobody_signed_passes_only_where_that_is_allowed_and_only_unchanged(tmp_path: Path, trust: TrustedKeys) -> None:
    members = contents(key=OTHER_KEY)
    archive = write(tmp_path / "tiny.tar.gz", members)
    with pytest.raises(PackageError, match=r"^package\.sig: the signature is not one of a trusted vendor"):
        check_archive(archive, trust)
    found = check_archive(archive, trust, unsigned=True)
    assert found.signed_by == ""
    slot = Slot("A", CAMERA, GOOD, "1.0.0", found.manifest_sha256, "")
    folder = tmp_path / "slot"
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    check_slot(folder, slot, trust)
    (folder / "LICENSE").write_bytes(b"mine")
    with pytest.raises(PackageError, match=r"^LICENSE: damaged or changed"):
        check_slot(folder, slot, trust)
    hashes = (folder / "package.sha256").read_text().replace(sha256(b"free").hexdigest(), sha256(b"mine").hexdigest())
    (folder / "package.sha256").write_text(hashes)
    with pytest.raises(PackageError, match=r"^package\.conf or package\.sha256 was changed"):
        check_slot(folder, slot, trust)


def test_an_archive_without_a_signature_file_is_unsigned(tmp_path: Path, trust: TrustedKeys) -> None:
    members = contents()
    del members["package.sig"]
    archive = write(tmp_path / "tiny.tar.gz", members)
    with pytest.raises(PackageError, match=r"^package\.sig: missing in the package"):
        check_archive(archive, trust)
    assert check_archive(archive, trust, unsigned=True).signed_by == ""
    assert check_archive(write(tmp_path / "signed.tar.gz", contents()), trust, unsigned=True).signed_by == SIGNER


def test_a_signature_is_checked_in_the_same_way_and_only_a_full_answer_counts() -> None:
    public, message = TRUST[SIGNER], b"what is signed, \n and \0 too"
    right = KEY.sign(message)
    assert check_signature(public, right, message)
    assert not check_signature(public, OTHER_KEY.sign(message), message)
    assert not check_signature(public, right, message + b".")
    assert not check_signature(public, right[:63], message) and not check_signature(public, b"", message)
    assert check_signature(public, right, message, answers('{"genuine": true}'))
    for text, code in (('{"genuine": true}', 1), ('{"genuine": 1}', 0), ("", 0), ('{"genuine": true}' * 2, 0)):
        with pytest.raises(NotChecked, match=rf"^the check ended with code {code} and gave no answer$"):
            check_signature(public, right, message, answers(text, code))
