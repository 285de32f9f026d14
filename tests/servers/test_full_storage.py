"""A storage that takes nothing: a small file system of its own, the real service and pins on it, and somebody who fills it to the
last byte or makes it read-only."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from board.gpio.sim import set_input
from board.kit.clock import Clock
from board.kit.words import NOTHING
from engine.messages import PassageReport, PassageStored
from engine.store import PassageQuery
from engine.types import PassageImages, Start
from tests.daemons import free_port
from tests.samples import WHITE, passage, rule
from tests.servers.test_host import ROOT, Host
from tests.servers.test_service import Camera, answer_of
from tests.service_camera import PULSE_MS
from tests.waiting import until

SIZE_KB = 24_000
PICTURE_BYTES = 500_000
PICTURES = 30
FULL = "it is full: pictures are deleted, so that passages and messages are kept"


@pytest.fixture
def small(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    """A camera on a file system of 24 MB; what its pins do is written down elsewhere."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "gatewright-test", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        camera = Camera(tmp_path / "state")
        camera.state.sim.symlink_to(tmp_path_factory.mktemp("pins"))
        yield camera
        if camera.engine is not None:
            camera.engine.close()
        for process in camera.processes.values():
            process.kill()
            process.wait()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.fixture
def worn(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Camera, Path]]:
    """A camera on a card with ext4, and the file by which the kernel is told that it found an error there, as on a worn card: from
    that moment nothing can be written, not even through files that are open."""
    image, folder = tmp_path / "card.img", tmp_path / "card"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(48 << 20)
    steps = (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)])
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True)
        except OSError as why:
            pytest.skip(f"a small file system cannot be mounted here: {why}")
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    camera = Camera(folder / "state")
    try:
        device = subprocess.run(["findmnt", "-no", "SOURCE", str(folder)], capture_output=True, text=True, check=True).stdout
        for elsewhere in (camera.state.sim, camera.state.run):  # in memory, on a board
            elsewhere.symlink_to(tmp_path_factory.mktemp(elsewhere.name))
        yield camera, Path("/sys/fs/ext4") / Path(device.strip()).name / "trigger_fs_error"
    finally:
        if camera.engine is not None:
            camera.engine.close()
        for process in camera.processes.values():
            process.kill()
            process.wait()
        subprocess.run(["umount", "-l", str(folder)], check=True)


def with_exit_loop(camera: Camera) -> Camera:
    """DI2 opens the way out, by DO2."""
    store = camera.store()
    opens = Start("input", "DI2", opens=True)
    store.rules.save(replace(rule(WHITE, name="Way out", output="DO2", duration_ms=PULSE_MS), start=opens), "admin")
    store.close()
    return camera


def start(camera: Camera) -> None:
    camera.start("pins")
    camera.start("service")
    camera.connect_engine()
    camera.pins_ready()


def take_pictures(camera: Camera) -> None:
    store, now = camera.store(), Clock().now()
    for number in range(PICTURES):
        at = now - timedelta(days=PICTURES - number)
        name = f"{at:%Y/%m/%d}/p{number}-full.jpg"
        path = camera.state.images / name
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(PICTURE_BYTES))
        store.add_passage(passage(id=f"p{number}", at=at, images=PassageImages(full=name)), ())
    store.close()


def fill(camera: Camera) -> Path:
    """Somebody else's file, up to the last byte."""
    path = camera.state.root.parent / "fills"
    with path.open("ab", buffering=0) as file:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as why:
                assert why.errno == errno.ENOSPC
    return path


def test_pictures_go_before_passages_the_portal_is_told_and_the_gate_opens_on(small: Camera) -> None:
    take_pictures(small)
    start(with_exit_loop(small))
    fill(small)
    cars = 12
    for number in range(cars):
        one = small.report()
        assert answer_of(small.engine, PassageStored).passage_id == one.id
        until(lambda number=number: len(small.pulses_ms()) > number, "the gate")  # type: ignore[misc]
        if number in (0, 5):
            fill(small)  # what the camera made room for is taken at once
    fill(small)
    set_input(small.state, "DI2", 1)
    until(lambda: small.pulses_ms("DO2"), "the way out")
    assert small.status().storage.key in ("", FULL)
    left = sorted(path.name for path in small.state.images.rglob("p*.jpg"))
    assert len(left) < PICTURES
    assert left == sorted(f"p{number}-full.jpg" for number in range(PICTURES - len(left), PICTURES)), "the oldest went"
    store = small.store()
    stored = [each.passage for each in store.passages(PassageQuery(limit=100))]
    assert len(stored) == PICTURES + cars + 1, "no passage went, nor who drove out"
    store.close()
    assert len(small.pulses_ms()) == cars


def test_with_nothing_to_delete_the_gate_opens_and_what_happened_is_stored_once_there_is_room(small: Camera) -> None:
    start(with_exit_loop(small))
    fills = fill(small)
    first = small.report()
    until(small.pulses_ms, "the gate, though nothing could be stored")
    set_input(small.state, "DI2", 1)
    until(lambda: small.pulses_ms("DO2"), "the way out")
    until(lambda: "storage is full" in str(small.status().storage), "the problem")
    assert small.delivery_states() == []
    assert small.engine is not None
    for _ in range(3):  # the engine repeats what is not confirmed
        small.engine.send(PassageReport(first))
    fills.unlink()
    until(lambda: small.status().storage == NOTHING, "the end of the problem")
    small.engine.send(PassageReport(first))
    assert answer_of(small.engine, PassageStored).passage_id == first.id
    until(lambda: small.delivery_states() == ["done"], "the delivery in the Audit tab")
    assert len(small.pulses_ms()) == 1


def test_a_service_and_pins_that_start_on_a_full_storage_open_the_gate(small: Camera) -> None:
    start(small)
    for name in ("service", "pins"):
        small.kill(name)
    assert small.engine is not None
    small.engine.close()
    fill(small)
    start(small)
    small.report()
    until(small.pulses_ms, "the gate")


def test_a_camera_that_starts_on_a_read_only_card_opens_the_gate_and_stores_the_passage_once_it_can(
    small: Camera, tmp_path_factory: pytest.TempPathFactory
) -> None:
    small.state.logs.mkdir()
    small.state.run.symlink_to(tmp_path_factory.mktemp("run"))  # in memory, on a board
    remount(small, "ro")
    start(small)
    first = small.report()
    until(small.pulses_ms, "the gate")
    until(lambda: "read-only" in str(small.status().storage), "the problem")
    unknown = small.report("ZZ99ZZ")
    remount(small, "rw")
    until(lambda: small.status().storage == NOTHING, "the end of the problem")
    assert small.engine is not None
    for one in (first, unknown):
        small.engine.send(PassageReport(one))
    waiting = {first.id, unknown.id}
    while waiting:  # what was reported before may be confirmed first, and again
        waiting.discard(answer_of(small.engine, PassageStored).passage_id)
    until(lambda: small.delivery_states() == ["done"], "the delivery in the Audit tab")
    assert len(small.pulses_ms()) == 1


def test_a_card_that_becomes_read_only_while_the_camera_runs_keeps_no_car_out(worn: tuple[Camera, Path]) -> None:
    camera, fails = worn
    start(camera)
    camera.report()
    until(lambda: len(camera.pulses_ms()) == 1, "the gate")
    fails.write_text("a worn card")
    camera.report()
    until(lambda: len(camera.pulses_ms()) == 2, "the gate, though nothing can be stored")
    until(lambda: "read-only" in str(camera.status().storage), "the problem")
    for name in ("service", "pins"):
        camera.kill(name)
    assert camera.engine is not None
    camera.engine.close()
    start(camera)
    camera.report()
    until(lambda: len(camera.pulses_ms()) == 3, "the gate after both have died")


def test_a_camera_that_starts_on_a_full_card_with_nothing_to_delete_opens_the_gate(small: Camera) -> None:
    small.store().close()  # an orderly end: SQLite has taken its own files away, and finds no room for them now
    small.state.run.mkdir(mode=0o700, exist_ok=True)
    fills = fill(small)
    start(small)
    first = small.report()
    until(small.pulses_ms, "the gate")
    until(lambda: "full" in str(small.status().storage), "the problem")
    fills.unlink()
    until(lambda: small.status().storage == NOTHING, "the end of the problem")
    assert small.engine is not None
    small.engine.send(PassageReport(first))
    assert answer_of(small.engine, PassageStored).passage_id == first.id
    assert len(small.pulses_ms()) == 1


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def mark_of(state: Path) -> str:
    return hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]


def remount(camera: Camera, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(camera.state.root.parent)], check=True)


@pytest.mark.parametrize("how", ["read-only", "full"])
def test_a_host_starts_on_a_storage_that_takes_nothing(small: Camera, how: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = small.state.root.parent
    (folder / "host").mkdir()
    host = Host(folder / "host")
    host.start()
    host.upload()
    host.stop()
    if how == "read-only":
        remount(small, "ro")
    else:
        fill(small)
    port = free_port()
    words = [*host.command(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        host.port = port
        until(lambda: listens(port), "the port of the host")
        assert host.package()["version"] == "1.0.0"
        memory = Path(f"/dev/shm/gatewright-{os.getuid()}-{mark_of(host.state)}")
        until((memory / "hostd.beat").exists, "a heartbeat")
        host.folder = tmp_path_factory.mktemp("package")
        reply = host.upload()
        assert reply.status_code == 400 and "upload failed" in reply.text
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert not memory.exists()
    assert "Traceback" not in said
    assert said.count("the log is not kept in") == (how == "read-only"), said
    assert said.count("cannot be written") == 1
