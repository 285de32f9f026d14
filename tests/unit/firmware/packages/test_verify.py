"""Verify: every way a package can be wrong is one clear refusal that names the file."""

from __future__ import annotations

import errno
import gzip
import io
import struct
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from board.kit import files
from board.kit.errors import PackageError
from firmware.packages import verify as module
from firmware.packages.verify import signed_bytes, unpack, verify, verify_tree
from tests.tiny_package import KEY, OTHER_KEY, TRUST, contents, write


def package(tmp_path: Path, members: dict[str, bytes] | None = None) -> Path:
    return write(tmp_path / "p.tar.gz", contents() if members is None else members)


def with_member(tmp_path: Path, change: Callable[[tarfile.TarInfo], None], data: bytes = b"x", name: str = "lib/odd.py") -> Path:
    """A right package and, last, one member that `change` made odd."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for each, value in contents(files={name: data}).items():
            if each != name:
                member = tarfile.TarInfo(each)
                member.size = len(value)
                tar.addfile(member, io.BytesIO(value))
        odd = tarfile.TarInfo(name)
        odd.size = len(data)
        change(odd)
        tar.addfile(odd, io.BytesIO(data) if odd.isreg() else None)
    path = tmp_path / "odd.tar.gz"
    path.write_bytes(raw.getvalue())
    return path


def refusal(path: Path, machine: str = "aarch64") -> str:
    with pytest.raises(PackageError) as caught:
        verify(path, TRUST, machine)
    return str(caught.value)


def test_a_right_package_is_verified_with_its_manifest_and_files(tmp_path: Path) -> None:
    found = verify(package(tmp_path), TRUST)
    assert (found.manifest.name, found.manifest.version, found.signed_by) == ("TINY", "1.0.0", next(iter(TRUST)))
    assert sorted(found.files) == ["LICENSE", "initscr", "lib/tiny/__init__.py", "lib/tiny/__main__.py"]
    assert found.unpacked_bytes == sum(map(len, contents().values()))


def test_unpacked_tree_is_verified_and_a_changed_or_added_file_is_named(tmp_path: Path) -> None:
    path = package(tmp_path)
    tree = tmp_path / "tree"
    tree.mkdir()
    unpack(path, verify(path, TRUST), tree)
    assert verify_tree(tree, TRUST).manifest_sha256 == verify(path, TRUST).manifest_sha256
    assert (tree / "initscr").stat().st_mode & 0o777 == 0o755
    assert (tree / "LICENSE").stat().st_mode & 0o777 == 0o644
    (tree / "LICENSE").write_bytes(b"fred")
    with pytest.raises(PackageError, match="LICENSE: damaged or changed"):
        verify_tree(tree, TRUST)
    (tree / "LICENSE").write_bytes(b"free")
    (tree / "lib" / "evil.py").write_bytes(b"")
    with pytest.raises(PackageError, match=r"lib/evil.py: not named in package.sha256"):
        verify_tree(tree, TRUST)
    (tree / "lib" / "evil.py").unlink()
    (tree / "lib" / "link.py").symlink_to("/etc/passwd")
    with pytest.raises(PackageError, match=r"lib/link.py: not a plain file"):
        verify_tree(tree, TRUST)


def test_a_card_that_does_not_read_for_a_moment_damages_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version before was gone back to, and this one never run again."""
    path, tree, refused = package(tmp_path), tmp_path / "tree", set[Path]()
    tree.mkdir()
    unpack(path, verify(path, TRUST), tree)
    real = Path.open

    def opened(file: Path, *arguments: Any, **named: Any) -> Any:
        if file not in refused:
            refused.add(file)
            raise OSError(errno.EIO, "Input/output error")
        return real(file, *arguments, **named)

    monkeypatch.setattr(files, "READ_AGAIN_S", (0.0,))
    monkeypatch.setattr(Path, "open", opened)
    assert verify_tree(tree, TRUST).manifest_sha256
    monkeypatch.setattr(files, "READ_AGAIN_S", ())
    refused.clear()
    with pytest.raises(PackageError, match="cannot be read: Input/output error"):
        verify_tree(tree, TRUST)


@pytest.mark.parametrize("name", ["package.conf", "package.sha256", "package.sig"])
def test_a_missing_part_is_named(tmp_path: Path, name: str) -> None:
    members = contents()
    del members[name]
    assert refusal(package(tmp_path, members)) == f"{name}: missing in the package"


def test_a_package_without_initscr_is_refused(tmp_path: Path) -> None:
    members = contents()
    del members["initscr"]
    assert refusal(package(tmp_path, members)) == "initscr: named in package.sha256 but missing in the package"


def test_a_signature_of_a_stranger_is_refused(tmp_path: Path) -> None:
    assert refusal(package(tmp_path, contents(key=OTHER_KEY))).startswith(
        "package.sig: the signature is not one of a trusted vendor"
    )


def test_a_camera_without_keys_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="trusts no signing key yet"):
        verify(package(tmp_path), {})


@pytest.mark.parametrize("name", ["package.conf", "package.sha256", "package.sig"])
def test_a_tampered_byte_in_what_is_signed_is_refused(tmp_path: Path, name: str) -> None:
    members = contents()
    members[name] = bytes([members[name][0] ^ 1]) + members[name][1:]
    assert refusal(package(tmp_path, members)).startswith("package.sig: the signature is not one")


def test_a_tampered_byte_in_a_file_is_refused_and_named(tmp_path: Path) -> None:
    members = contents()
    members["lib/tiny/__main__.py"] = members["lib/tiny/__main__.py"].replace(b"0.05", b"0.06")
    assert refusal(package(tmp_path, members)).startswith("lib/tiny/__main__.py: damaged or changed")


def test_a_file_that_nobody_signed_is_refused_and_named(tmp_path: Path) -> None:
    assert refusal(package(tmp_path, {**contents(), "lib/evil.py": b""})) == "lib/evil.py: not named in package.sha256"


def test_a_listed_file_that_is_missing_is_named(tmp_path: Path) -> None:
    members = contents()
    del members["LICENSE"]
    assert refusal(package(tmp_path, members)) == "LICENSE: named in package.sha256 but missing in the package"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../out.py", "lib/../../out.py", "./lib/x.py", "lib//x.py", "lib\\x.py", "a\nb", "lib/é.py"]
)
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    path = with_member(tmp_path, lambda member: None, name=name)
    text = refusal(path)
    assert "path" in text or "file name" in text
    assert "\n" not in text
    assert not (tmp_path.parent / "out.py").exists()


def test_bytecode_is_refused(tmp_path: Path) -> None:
    said = "lib/__pycache__/x.cpython-311.pyc: bytecode is not taken: the camera makes its own"
    assert refusal(package(tmp_path, {**contents(), "lib/__pycache__/x.cpython-311.pyc": b""})) == said


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_is_refused(tmp_path: Path, kind: bytes) -> None:
    def make(member: tarfile.TarInfo) -> None:
        member.type, member.linkname, member.size = kind, "package.conf", 0

    assert refusal(with_member(tmp_path, make)) == "lib/odd.py: is a link"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    def make(member: tarfile.TarInfo) -> None:
        member.type, member.size = kind, 0

    assert refusal(with_member(tmp_path, make)) == "lib/odd.py: is neither a file nor a folder"


@pytest.mark.parametrize("bit", [0o4000, 0o2000, 0o1000])
def test_a_setuid_bit_is_refused(tmp_path: Path, bit: int) -> None:
    path = with_member(tmp_path, lambda member: setattr(member, "mode", 0o755 | bit))
    assert refusal(path) == "lib/odd.py: has a setuid, setgid or sticky bit"


@pytest.mark.parametrize("name", ["LICENSE", "license"])
def test_a_name_that_comes_twice_is_refused_also_in_other_letters(tmp_path: Path, name: str) -> None:
    assert refusal(with_member(tmp_path, lambda member: setattr(member, "name", name))) == f"{name}: twice in the package"


@pytest.mark.parametrize("name", ["LICENSE/x", "lib"])
def test_a_name_that_is_file_and_folder_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(with_member(tmp_path, lambda member: setattr(member, "name", name))) == f"{name}: is both a file and a folder"


def test_a_package_for_another_architecture_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path, contents(conf=lambda text: text.replace("arch = all", "arch = armv7l")))
    assert refusal(path) == "package.conf: the package is for armv7l, this camera is aarch64: upload the package for aarch64"
    assert verify(path, TRUST, "armv7l").manifest.arch == "armv7l"


def test_a_package_for_a_newer_platform_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path, contents(conf=lambda text: text.replace("min_platform = 1.0.0.0", "min_platform = 9.0")))
    assert refusal(path) == "package.conf: the package needs platform 9.0, this camera has 1.3.2.0: update it first"


@pytest.mark.parametrize(
    ("wanted", "camera", "fits"),
    [
        ("1.3.1.0", (1, 3, 1, 0), True),
        ("1.3.1", (1, 3, 1, 0), True),
        ("1.3.1.0", (1, 3, 1), True),
        ("1.3.0.9", (1, 3, 1, 0), True),
        ("1.3.1.1", (1, 3, 1, 0), False),
        ("1.10", (1, 9, 9, 9), False),
        ("2.0", (1, 9, 9, 9), False),
    ],
)
def test_a_package_fits_a_platform_that_is_as_new_as_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, camera: tuple[int, ...], fits: bool
) -> None:
    monkeypatch.setattr(module, "PLATFORM", camera)
    path = package(tmp_path, contents(conf=lambda text: text.replace("min_platform = 1.0.0.0", f"min_platform = {wanted}")))
    if fits:
        assert verify(path, TRUST, "aarch64").manifest.name == "TINY"
    else:
        assert refusal(path).startswith(f"package.conf: the package needs platform {wanted}, this camera has")


def test_a_signed_package_whose_list_has_no_initscr_is_refused(tmp_path: Path) -> None:
    right = contents()
    hashes = b"".join(line for line in right["package.sha256"].splitlines(True) if not line.endswith(b"  initscr\n"))
    signature = KEY.sign(signed_bytes(right["package.conf"], hashes))
    members = {name: data for name, data in right.items() if name != "initscr"}
    path = package(tmp_path, {**members, "package.sha256": hashes, "package.sig": signature})
    assert refusal(path) == "initscr: missing in the package"


@pytest.mark.parametrize(("depth", "fits"), [(16, True), (17, False)])
def test_a_path_of_sixteen_parts_is_the_deepest(tmp_path: Path, depth: int, fits: bool) -> None:
    name = "/".join(["d"] * (depth - 1) + ["x.py"])
    path = package(tmp_path, contents(files={name: b"pass"}))
    if fits:
        assert name in verify(path, TRUST, "aarch64").files
    else:
        assert "too deep" in refusal(path)


def _old_gnu_sparse(member: tarfile.TarInfo) -> None:
    member.type = tarfile.GNUTYPE_SPARSE


def _pax_sparse(member: tarfile.TarInfo) -> None:
    member.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "900000000", "GNU.sparse.numblocks": "1"}


@pytest.mark.parametrize("change", [_old_gnu_sparse, _pax_sparse])
def test_a_sparse_file_is_refused_for_it_unpacks_to_any_size(tmp_path: Path, change: Callable[[tarfile.TarInfo], None]) -> None:
    assert refusal(with_member(tmp_path, change)) == "lib/odd.py: is neither a file nor a folder"


def test_no_position_behind_the_limit_is_looked_for() -> None:
    asked: list[int] = []

    class Stream(io.BytesIO):
        def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
            asked.append(position)
            return super().seek(position, whence)

    bounded = module._Bounded(Stream())
    limit = module.MAX_UNPACKED_BYTES + module.MAX_MEMBERS * 2048
    bounded.seek(limit)
    with pytest.raises(PackageError, match=r"^the package unpacks to more than 512 MB$"):
        bounded.seek(limit + 1)
    assert asked == [limit]


@pytest.mark.parametrize("there", ["a file", "a link to a file outside"])
def test_unpacking_writes_over_nothing_that_is_there(tmp_path: Path, there: str) -> None:
    path = package(tmp_path)
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.write_text("mine")
    if there == "a file":
        (tree / "LICENSE").write_text("mine")
    else:
        (tree / "LICENSE").symlink_to(outside)
    with pytest.raises(PackageError, match="LICENSE: cannot be stored: File exists"):
        unpack(path, verify(path, TRUST), tree)
    assert (tree / "LICENSE").read_text() == "mine"
    assert outside.read_text() == "mine"


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path, contents(conf=lambda text: text.replace("[licence]", "postinstall = rm\n[licence]")))
    assert refusal(path) == "package.conf: unknown key 'postinstall' in [package]"


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_off_archive_is_refused(tmp_path: Path, part: float) -> None:
    data = package(tmp_path).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(data[: int(len(data) * part)])
    assert refusal(cut).startswith("not a package, or cut off or damaged on its way")


def test_a_cut_off_checksum_at_the_very_end_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path)
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    assert "cut off or damaged" in refusal(path)


NO_ARCHIVES = {
    "nothing": b"",
    "a text": b"hello",
    "gzip's first bytes": b"\x1f\x8b",
    "nothing in gzip": gzip.compress(b"", mtime=0),
    "a text in gzip": gzip.compress(b"hello" * 1000, mtime=0),
    "zeros": bytes(4096),
}


@pytest.mark.parametrize("data", NO_ARCHIVES.values(), ids=NO_ARCHIVES.keys())
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.tar.gz"
    path.write_bytes(data)
    refusal(path)


def test_what_follows_the_archive_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path)
    path.write_bytes(path.read_bytes() + gzip.compress(b"more"))
    assert refusal(path) == "something follows the end of the archive"


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 100_000)
    path = package(tmp_path, contents(files={"lib/zeros": bytes(200_000)}))
    assert refusal(path).startswith("lib/zeros: the package unpacks to more than")


def test_an_archive_larger_than_the_limit_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 10)
    assert refusal(package(tmp_path)).startswith("the package has 0 MB, more than the limit of")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 6)
    assert refusal(package(tmp_path)) == "the package holds more than 6 files"


def test_an_extended_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("bomb")
    header.type, header.size = tarfile.XHDTYPE, 4 << 30
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    assert refusal(path) == "a header in the archive is too large"


def test_trailing_zeros_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 100_000)
    monkeypatch.setattr(module, "MAX_MEMBERS", 10)
    raw = gzip.decompress(package(tmp_path).read_bytes())
    path = tmp_path / "zeros.tar.gz"
    path.write_bytes(gzip.compress(raw + bytes(1 << 20)))
    assert "unpacks to more than" in refusal(path)


def test_a_huge_conf_is_refused(tmp_path: Path) -> None:
    assert refusal(package(tmp_path, contents(conf=lambda text: text + "; " + "x" * 70_000))) == "package.conf: too large"


def test_a_32_bit_system_on_a_64_bit_kernel_is_armv7l(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    assert module.this_machine() == ("aarch64" if struct.calcsize("P") == 8 else "armv7l")
    monkeypatch.setattr(module.struct, "calcsize", lambda kind: 4)
    assert module.this_machine() == "armv7l"


def test_unpack_refuses_what_changed_after_the_verification(tmp_path: Path) -> None:
    path = package(tmp_path)
    found = verify(path, TRUST)
    write(path, contents(files={"LICENSE": b"fred"}, key=KEY))
    tree = tmp_path / "tree"
    tree.mkdir()
    with pytest.raises(PackageError, match="LICENSE: changed while it was unpacked"):
        unpack(path, found, tree)


# --- what is read otherwise than it looks -----------------------------------------------------------------------------


def test_headers_that_only_announce_further_headers_are_refused(tmp_path: Path) -> None:
    chain = tarfile.TarInfo("x").create_pax_global_header({"comment": "x"}) * 4000
    path = tmp_path / "chain.tar.gz"
    path.write_bytes(gzip.compress(chain + gzip.decompress(package(tmp_path).read_bytes())))
    assert refusal(path) == "the package's headers announce further headers without end"


def test_a_header_that_cannot_be_read_is_not_taken_for_the_end(tmp_path: Path) -> None:
    raw = gzip.decompress(package(tmp_path).read_bytes()).rstrip(b"\0")
    odd = bytearray(tarfile.TarInfo("lib/odd.py").tobuf())
    odd[:3] = b"LIB"  # its checksum is that of another name
    path = tmp_path / "odd.tar.gz"
    path.write_bytes(gzip.compress(raw + bytes(-len(raw) % 512) + bytes(odd) + bytes(1024)))
    assert refusal(path) == "not a package, or cut off or damaged on its way (bad header)"


@pytest.mark.parametrize("before", [True, False])
def test_an_archive_is_one_gzip_stream(tmp_path: Path, before: bool) -> None:
    right, empty = package(tmp_path).read_bytes(), gzip.compress(b"") * 1000
    path = tmp_path / "streams.tar.gz"
    path.write_bytes(empty + right if before else right + empty)
    assert refusal(path) == "something follows the end of the archive"


def test_a_comment_of_gzip_costs_no_time_for_each_of_its_bytes(tmp_path: Path) -> None:
    right = package(tmp_path).read_bytes()
    path = tmp_path / "comment.tar.gz"
    path.write_bytes(right[:3] + b"\x10" + right[4:10] + b"x" * (1 << 20) + b"\0" + right[10:])
    assert verify(path, TRUST).manifest.name == "TINY"
    path.write_bytes(right[:3] + b"\x10" + right[4:10] + b"x" * (32 << 20))
    began_s = time.process_time()
    assert "cut off or damaged" in refusal(path)
    assert time.process_time() - began_s < 1.5, "byte by byte in Python it is ten times that"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("initscr", "initscr\u2028x"),
        lambda text: text.replace("LICENSE", "L" * 241),
        lambda text: text.replace("LICENSE", "LICENS\u0415"),
        lambda text: text + "\n",
    ],
    ids=["carriage returns", "line separator", "long name", "letter of another script", "empty line"],
)
def test_the_list_of_hashes_has_one_form(tmp_path: Path, change: Callable[[str], str]) -> None:
    members = contents()
    members["package.sha256"] = change(members["package.sha256"].decode()).encode()
    members["package.sig"] = KEY.sign(signed_bytes(members["package.conf"], members["package.sha256"]))
    assert "is malformed or repeats a file" in refusal(package(tmp_path, members))


# --- what nobody has signed -------------------------------------------------------------------------------------------


def test_a_folder_without_signed_files_is_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, data in contents().items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        member = tarfile.TarInfo("lib/more")
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
    path = tmp_path / "folder.tar.gz"
    path.write_bytes(raw.getvalue())
    assert refusal(path) == "lib/more: a folder without files, which nobody has signed"


def test_a_folder_of_signed_files_is_no_harm(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name in ("lib", "lib/tiny"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
        for name, data in contents().items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    path = tmp_path / "folders.tar.gz"
    path.write_bytes(raw.getvalue())
    assert verify(path, TRUST).manifest.name == "TINY"


def test_modes_owners_times_and_headers_of_the_archive_change_nothing_of_what_is_unpacked(tmp_path: Path) -> None:
    def odd(member: tarfile.TarInfo) -> None:
        member.mode, member.uid, member.uname, member.mtime = 0o777, 4711, "root", 4e9
        member.pax_headers = {"comment": "x" * 5000, "SCHILY.xattr.user.x": "y", "path": "lib/odd.py"}

    path = with_member(tmp_path, odd)
    tree = tmp_path / "tree"
    tree.mkdir()
    unpack(path, verify(path, TRUST, "aarch64"), tree)
    found = (tree / "lib" / "odd.py").stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_mtime < 4e9) == (0o644, (tree / "LICENSE").stat().st_uid, True)
