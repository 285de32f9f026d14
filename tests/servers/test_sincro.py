"""SINCRO camera: cameras that copy another's lists from its own FTP server, each with a database of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from board.identity import identity
from board.kit.clock import Clock
from engine.exchange.published import published_name
from engine.store import Store
from engine.store.transfers import TransferQuery
from engine.types import PlateList
from tests.ftp_camera import FtpCamera, ftp_camera
from tests.sync_camera import KINDS, Camera, camera_at
from tests.waiting import until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpCamera]:
    with ftp_camera(tmp_path_factory.mktemp("ftp"), wrong_s=0.01) as camera:
        yield camera


@pytest.fixture
def ftp(running: FtpCamera) -> Iterator[FtpCamera]:
    yield running
    for each in running.lists.iterdir():
        each.unlink()


@pytest.fixture
def master(tmp_path: Path, ftp: FtpCamera) -> Iterator[Camera]:
    with camera_at(tmp_path / "master") as camera:
        camera.add("WHITELIST", "AAA1", "AAA2", "AAA3")
        camera.add("BLACKLIST", "BAD1")
        camera.publish(ftp)
        yield camera


@pytest.fixture
def slave(tmp_path: Path) -> Iterator[Camera]:
    with camera_at(tmp_path / "slave") as camera:
        yield camera


def test_all_lists_are_copied_and_what_changes_follows(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    slave.add("WHITELIST", "OWN1")
    job = slave.follow(ftp)
    assert "WHITELIST: 3 added, 0 changed, 1 removed, now 3 plates" in slave.run(job)
    assert (slave.plates("WHITELIST"), slave.plates("BLACKLIST")) == (["AAA1", "AAA2", "AAA3"], ["BAD1"])
    master.add("WHITELIST", "AAA4")
    master.remove("WHITELIST", "AAA1")
    master.store.lists.save(PlateList(0, "EMPLOYEES", "custom", ""), "test")
    master.add("EMPLOYEES", "EMP1")
    master.publish(ftp)
    assert "EMPLOYEES: 1 added" in slave.run(job)
    assert (slave.plates("WHITELIST"), slave.plates("EMPLOYEES")) == (["AAA2", "AAA3", "AAA4"], ["EMP1"])


def test_a_camera_whose_card_was_copied_from_its_masters_follows_it(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    first = identity(master.state)
    slave.store.close()
    master.store.db.checkpoint()
    shutil.copytree(master.folder, slave.folder, dirs_exist_ok=True)
    for path in slave.state.host.glob("camera_id.json*"):  # as it was in the other board
        path.write_text(path.read_text().replace(first.board, "0123456789abcdef").replace(first.id, "gw-0123456789ab"))
    slave.store = Store(slave.state.database, Clock())
    job = slave.follow(ftp)
    master.add("WHITELIST", "AAA4")
    master.publish(ftp)
    assert "WHITELIST: 1 added" in slave.run(job)
    master.remove("WHITELIST", "AAA1")
    master.publish(ftp)
    assert "WHITELIST: 0 added, 0 changed, 1 removed" in slave.run(job)


def test_only_size_and_time_are_asked_while_nothing_changes(master: Camera, slave: Camera, tmp_path: Path) -> None:
    with ftp_camera(tmp_path / "ftp") as ftp:
        master.published = {}
        master.publish(ftp)
        job = slave.follow(ftp)
        slave.run(job)
        for _ in range(3):
            assert slave.run(job) == "nothing has changed"
        slave.add("WHITELIST", "OWN1")
        slave.run(job)
        assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]
        until(lambda: ftp.status()["files"] == 2, "once at first, and once to take the slave's own plate away")
    assert [each.state for each in slave.store.transfers(TransferQuery())] == ["done", "done"]


def test_one_list_is_copied_by_its_name(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    slave.run(slave.follow(ftp, "BLACKLIST"))
    assert (slave.plates("WHITELIST"), slave.plates("BLACKLIST")) == ([], ["BAD1"])
    slave.store.lists.save(PlateList(0, "GUESTS", "custom", ""), "test")
    said = slave.run(slave.follow(ftp, "GUESTS"))
    assert said == f"error: 127.0.0.1:{ftp.port}: it has no list GUESTS: the list must have the same name there"


def test_plates_of_its_own_stay_when_nothing_is_to_be_deleted(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    slave.add("WHITELIST", "OWN1", "AAA2")
    job = slave.follow(ftp, format="XML_NOTDELETE")
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3", "OWN1"]
    master.remove("WHITELIST", "AAA1")
    master.publish(ftp)
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3", "OWN1"]


def test_a_master_that_empties_or_deletes_a_list_is_followed(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    master.store.lists.save(PlateList(0, "EMPLOYEES", "custom", ""), "test")
    master.add("EMPLOYEES", "EMP1")
    master.publish(ftp)
    job = slave.follow(ftp)
    slave.run(job)
    master.remove("WHITELIST", "AAA1", "AAA2", "AAA3")
    master.store.lists.delete(master.list("EMPLOYEES").id, "test")
    master.publish(ftp)
    assert "removed" in slave.run(job)
    assert (slave.plates("WHITELIST"), slave.plates("EMPLOYEES"), slave.plates("BLACKLIST")) == ([], [], ["BAD1"])


def test_a_master_that_lost_its_lists_empties_no_slave_until_somebody_accepts_it(
    master: Camera, slave: Camera, ftp: FtpCamera
) -> None:
    job = slave.follow(ftp)
    slave.run(job)
    master.begin_anew()
    master.publish(ftp)
    for _ in range(2):
        assert slave.run(job).startswith(
            "error: the file comes from another camera than until now, or that camera has lost its lists"
        )
        assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]
    slave.store.jobs.accept(job.id, "admin")
    assert "WHITELIST: 0 added, 0 changed, 3 removed" in slave.run(job)
    assert slave.plates("WHITELIST") == []
    master.add("WHITELIST", "NEW1")
    master.publish(ftp)
    slave.run(job)
    assert slave.plates("WHITELIST") == ["NEW1"]
    (change, *_) = slave.store.changes("job", job.id)
    assert (change.user, change.after) == ("admin", {"accepted": True})


def test_a_slave_that_is_new_to_an_empty_master_keeps_its_lists(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    master.remove("WHITELIST", "AAA1", "AAA2", "AAA3")
    master.publish(ftp)
    slave.add("WHITELIST", "OWN1")
    assert "it would empty the list WHITELIST, which has 1 plate" in slave.run(slave.follow(ftp))
    assert slave.plates("WHITELIST") == ["OWN1"]


def test_a_master_that_was_set_back_is_not_followed(master: Camera, slave: Camera, ftp: FtpCamera, tmp_path: Path) -> None:
    master.store.close()
    shutil.copytree(master.folder / "anpr", tmp_path / "backup")
    master.store = Store(master.state.database, Clock())
    job = slave.follow(ftp)
    master.add("WHITELIST", "AAA4")
    master.publish(ftp)
    slave.run(job)
    master.store.close()
    shutil.rmtree(master.folder / "anpr")
    shutil.copytree(tmp_path / "backup", master.folder / "anpr")
    master.store, master.published = Store(master.state.database, Clock()), {}
    master.publish(ftp)
    assert "older than those that came before (generation 1 after 2)" in slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3", "AAA4"]


def test_a_slave_that_was_off_for_a_week_converges(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    job = slave.follow(ftp)
    slave.run(job)
    for number in range(10):
        master.add("WHITELIST", f"WEEK{number}")
        master.publish(ftp)
    master.remove("WHITELIST", "AAA1", "AAA2", "AAA3")
    master.publish(ftp)
    slave.run(job)
    assert slave.plates("WHITELIST") == master.plates("WHITELIST") == [f"WEEK{number}" for number in range(10)]


def test_a_file_that_is_not_whole_changes_nothing(master: Camera, slave: Camera, ftp: FtpCamera) -> None:
    job = slave.follow(ftp)
    slave.run(job)
    master.add("WHITELIST", "AAA4")
    master.publish(ftp)
    whole = (ftp.lists / "all.xml").read_bytes()
    for wrong in (whole[: len(whole) // 2], whole.replace(b"AAA2", b"AAA9"), b""):
        (ftp.lists / "all.xml").write_bytes(wrong)
        assert slave.run(job).startswith("error: ")
        assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]
    (ftp.lists / "all.xml").write_bytes(whole)
    slave.run(job)
    assert slave.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3", "AAA4"]


def test_cameras_that_follow_each_other_are_told_so(master: Camera, slave: Camera, ftp: FtpCamera, tmp_path: Path) -> None:
    slave.run(slave.follow(ftp))
    with ftp_camera(tmp_path / "other") as other, camera_at(tmp_path / "third") as third:
        slave.publish(other)
        third.run(third.follow(other))
        assert third.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]
        with ftp_camera(tmp_path / "another") as another:
            third.publish(another)
            for camera, server in ((master, other), (master, another), (slave, another), (slave, other)):
                said = camera.run(camera.follow(server))
                assert said.startswith("error: these lists come from this camera itself")
                assert camera.plates("WHITELIST") == ["AAA1", "AAA2", "AAA3"]


def test_the_master_s_certificate_counts_from_the_first_time_on(
    master: Camera, slave: Camera, ftp: FtpCamera, tmp_path: Path
) -> None:
    job = slave.follow(ftp)
    slave.run(job)
    with ftp_camera(tmp_path / "impostor", tls="offered") as impostor:
        master.publish(impostor)
        options = {**json.loads(job.options), "port": impostor.port, "user": impostor.user, "password": impostor.password}
        pinned = slave.store.jobs.state(job.id).memory
        moved = slave.store.jobs.save(replace(job, options=json.dumps(options)), KINDS["sincro"].options, "test")
        note = slave.store.jobs.state(job.id).done_note
        slave.store.jobs.done(moved, KINDS["sincro"].options, slave.store.jobs.begin(job.id), note, pinned)
        assert "the master shows another certificate than until now" in slave.run(moved)
        assert "stored" not in (impostor.state.logs / "ftp.log").read_text()
        until(lambda: impostor.status()["clients"] == 0, "the slave's end")
        slave.store.jobs.accept(job.id, "admin")
        assert not slave.run(moved).startswith("error")
        wrong = slave.follow(impostor, fingerprint="AB:" * 31 + "AB")
        assert "the master shows another certificate" in slave.run(wrong)
        assert not slave.run(slave.follow(impostor, tls="none")).startswith("error")


@pytest.mark.parametrize("name", ["Straße 7/β: A", "a" * 60, "LISTE", "..", "."])
def test_a_list_of_any_name_has_a_file_that_an_ftp_server_can_show(name: str) -> None:
    plate_list = PlateList(7, name, "custom", "")
    file = published_name(plate_list)
    assert file.isascii() and len(file) <= 60 and "/" not in file and not file.startswith(".")
    assert file == published_name(replace(plate_list, id=9, name=name.swapcase() if name.isascii() else name))
    assert file != published_name(replace(plate_list, name=f"{name}?"))


def test_the_files_of_lists_that_are_gone_go_and_those_that_stay_are_left_alone(master: Camera, ftp: FtpCamera) -> None:
    before = {each.name: each.stat().st_ino for each in ftp.lists.iterdir()}
    assert sorted(each.partition("-")[0] for each in before) == ["all.xml", "blacklist", "whitelist", "wish_list"]
    master.publish(ftp)
    master.store.lists.delete(master.list("WISH LIST").id, "test")
    master.add("BLACKLIST", "BAD2")
    master.publish(ftp)
    after = {each.name: each.stat().st_ino for each in ftp.lists.iterdir()}
    changed = sorted(name.partition("-")[0] for name in after if before[name] != after[name])
    assert (sorted(set(before) - set(after))[0].partition("-")[0], changed) == ("wish_list", ["all.xml", "blacklist"])


def test_ten_slaves_copy_from_one_master_at_once_and_follow_what_changes(master: Camera, ftp: FtpCamera, tmp_path: Path) -> None:
    with ExitStack() as open_ones, ThreadPoolExecutor(10) as at_once:
        slaves = [open_ones.enter_context(camera_at(tmp_path / f"slave{number}")) for number in range(10)]
        jobs = [slave.follow(ftp) for slave in slaves]
        noted = list(at_once.map(Camera.run, slaves, jobs))
        assert ["WHITELIST: 3 added" in note for note in noted] == [True] * 10, noted
        master.add("WHITELIST", "AAA4")
        master.remove("BLACKLIST", "BAD1")
        master.publish(ftp)
        noted = list(at_once.map(Camera.run, slaves, jobs))
        assert not [note for note in noted if note.startswith("error")]
        lists = [(slave.plates("WHITELIST"), slave.plates("BLACKLIST")) for slave in slaves]
        assert lists == [(["AAA1", "AAA2", "AAA3", "AAA4"], [])] * 10
