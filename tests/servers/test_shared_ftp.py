"""Lists over a shared FTP server (manual 5.2, Architecture 2): a master's export, slaves' imports, and files of other cameras."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.types import Job, PlateList
from tests.certificates import make_certificates
from tests.ftp_camera import FtpCamera, ftp_camera
from tests.servers.test_ftp_action import vsftpd
from tests.sync_camera import Camera, camera_at

ORIGINAL = """<?xml version = "1.0" encoding = "utf-8" ?>
<grouplist>
<nllists>
<nllist id="3" sendserver="0" dateserver="" reserve="" description="WHITELIST" color=""/>
</nllists>
<nlelemlists>
{entries}</nlelemlists>
</grouplist>
"""
ENTRY = (
    '<nlelemlist id="{number}" sendserver="0" dateserver="" reserve="" numberplate="{plate}" listid="3" timestamp="" '
    'description="" startvaliditydate="2000-01-01T00:00:00.000" endvaliditydate="3000-01-01T00:00:00.000"/>\n'
)


def original(*plates: str) -> bytes:
    """As a camera that is not ours writes it."""
    entries = "".join(ENTRY.format(number=number, plate=plate) for number, plate in enumerate(plates, 1))
    return ORIGINAL.format(entries=entries).encode()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpCamera]:
    with ftp_camera(tmp_path_factory.mktemp("ftp"), wrong_s=0.01) as camera:
        yield camera


@pytest.fixture
def server(running: FtpCamera) -> Iterator[FtpCamera]:
    yield running
    for each in running.folder.iterdir():
        if each.is_file():
            each.unlink()


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Camera]:
    with camera_at(tmp_path / "master") as camera:
        camera.add("WHITELIST", "AAA1", "AAA2", "AAA3")
        yield camera


@pytest.fixture
def slave(tmp_path: Path) -> Iterator[Camera]:
    with camera_at(tmp_path / "slave") as camera:
        yield camera


def of(server: FtpCamera, **more: Any) -> dict[str, Any]:
    return {"port": server.port, "user": server.user, "password": server.password, "verify_tls": False, **more}


def exported(camera: Camera, server: FtpCamera, list_name: str = "WHITELIST", /, **more: Any) -> Job:
    job = camera.job("ftp_list", list_name, **of(server, **more))
    assert "stored" in camera.run(job)
    return job


def put(server: FtpCamera, name: str, content: bytes) -> None:
    with server.client() as client:
        client.storbinary(f"STOR {name}", io.BytesIO(content))


@pytest.mark.parametrize("form", ["XML", "CSV"])
def test_what_the_master_exports_the_slaves_import_and_own_plates_go(
    master: Camera, slave: Camera, server: FtpCamera, form: str
) -> None:
    slave.add("WHITELIST", "OWN1")
    export = exported(master, server, format=form)
    job = slave.job("import_ftp_list", "WHITELIST", **of(server, format=form))
    assert slave.run(job) == "WHITELIST: 3 added, 0 changed, 1 removed, now 3 plates"
    assert master.run(export) == slave.run(job) == "nothing has changed"
    master.remove("WHITELIST", "AAA1")
    master.add("WHITELIST", "AAA4")
    master.run(export)
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA2", "AAA3", "AAA4"]


@pytest.mark.parametrize("form", ["XML", "CSV"])
def test_with_notdelete_own_plates_stay(master: Camera, slave: Camera, server: FtpCamera, form: str) -> None:
    slave.add("WHITELIST", "OWN1")
    exported(master, server, format=form)
    slave.run(slave.job("import_ftp_list", "WHITELIST", **of(server, format=f"{form}_NOTDELETE")))
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3", "OWN1"]


def test_all_lists_go_through_one_file_and_missing_ones_are_made(master: Camera, slave: Camera, server: FtpCamera) -> None:
    master.store.lists.save(PlateList(0, "EMPLOYEES", "custom", ""), "test")
    master.add("EMPLOYEES", "EMP1")
    exported(master, server, "ALL PLATES", name="gate")
    slave.run(slave.job("import_ftp_list", **of(server, name="gate")))
    assert (slave.plates("WHITELIST"), slave.plates("EMPLOYEES")) == (["AAA1", "AAA2", "AAA3"], ["EMP1"])


def test_the_master_replaces_its_file_as_a_whole(master: Camera, server: FtpCamera) -> None:
    export = exported(master, server)
    with server.client() as reader:
        reader.voidcmd("TYPE I")
        with reader.transfercmd("RETR WHITELIST.xml") as data:
            got = data.recv(10)
            master.add("WHITELIST", "AAA4")
            master.run(export)
            while some := data.recv(65_536):
                got += some
        reader.voidresp()
        assert b"AAA3" in got and b"AAA4" not in got and got.rstrip().endswith(b"</grouplist>")
        assert sorted(reader.nlst()) == ["WHITELIST.xml", "lists"]


@pytest.mark.parametrize("form", ["XML", "CSV"])
def test_a_new_master_on_the_same_server_is_accepted_by_hand_alone(
    master: Camera, slave: Camera, server: FtpCamera, tmp_path: Path, form: str
) -> None:
    exported(master, server, format=form)
    job = slave.job("import_ftp_list", "WHITELIST", **of(server, format=form))
    slave.run(job)
    with camera_at(tmp_path / "new") as new, server.client() as client:
        new.add("WHITELIST", "AAA1", "AAA2", "NEW1")
        exported(new, server, format=form)
        client.sendcmd(f"MFMT 20260102030405 WHITELIST.{form.lower()}")  # another time: both are the first of their source
    assert slave.run(job).startswith("error: the file comes from another camera than until now")
    put(server, f"WHITELIST.{form.lower()}", original("AAA1", "AAA2", "NEW2"))
    assert slave.run(job).startswith("error: ")
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]
    with camera_at(tmp_path / "newer") as newer:
        newer.add("WHITELIST", "AAA1", "AAA2", "NEW3")
        exported(newer, server, format=form)
    slave.store.jobs.accept(job.id, "admin")
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "NEW3"]


def test_files_of_original_cameras_are_told_apart_by_their_content(slave: Camera, server: FtpCamera) -> None:
    job = slave.job("import_ftp_list", "WHITELIST", **of(server))
    for plates in (("AAA1", "AAA2"), ("AAA1", "AAA3"), ("AAA1", "AAA3", "AAA4")):  # the first two are as long
        put(server, "WHITELIST.xml", original(*plates))
        slave.run(job)
        assert slave.plates("WHITELIST") == list(plates)
        assert slave.run(job) == "nothing has changed"
    memory = slave.store.jobs.state(job.id).memory
    assert memory["there"] == {} and memory["seen"][0]["size"] == len(original("AAA1", "AAA3", "AAA4"))


@pytest.mark.parametrize(
    "content",
    [original("AAA1", "AAA2")[:-20], original("AAA1")[:200], original(), b"", b"<html>busy</html>"],
    ids=["cut-off", "half", "empty-list", "empty", "a-page"],
)
def test_half_a_file_or_one_without_plates_changes_nothing(slave: Camera, server: FtpCamera, content: bytes) -> None:
    job = slave.job("import_ftp_list", "WHITELIST", **of(server))
    put(server, "WHITELIST.xml", original("AAA1", "AAA2"))
    slave.run(job)
    put(server, "WHITELIST.xml", content)
    assert slave.run(job).startswith("error: ")
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2"]
    put(server, "WHITELIST.xml", original("AAA1", "AAA3"))
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA3"]


def test_vsftpd_with_its_defaults_is_a_shared_server(master: Camera, slave: Camera, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with vsftpd(tmp_path, certificates) as (port, folder):
        there = {"port": port, "ca": certificates.ca, "user": "anonymous", "name": "in/{list}"}
        export, job = master.job("ftp_list", "WHITELIST", **there), slave.job("import_ftp_list", "WHITELIST", **there)
        for plate in ("AAA4", "AAA5"):
            master.add("WHITELIST", plate)
            assert "stored" in master.run(export)
            slave.run(job)
            assert slave.plates("WHITELIST") == master.plates("WHITELIST")
        assert [each.name for each in folder.iterdir()] == ["WHITELIST.xml"]
        assert slave.run(job) == "nothing has changed"


def test_a_server_without_the_file_or_with_another_password_is_told(slave: Camera, server: FtpCamera) -> None:
    said = slave.run(slave.job("import_ftp_list", "WHITELIST", **of(server)))
    assert said.startswith(f"error: 127.0.0.1:{server.port} answers 550 No such file")
    wrong = of(server, password="wrong")
    said = slave.run(slave.job("import_ftp_list", "WHITELIST", **wrong))
    assert said == f"error: 127.0.0.1:{server.port} answers 530 Wrong user name or password."
    with pytest.raises(ftplib.error_perm), server.client() as client:
        client.size("WHITELIST.xml")
