"""One suite over every camera that runs without hardware: replay folder, replay video, MJPEG over HTTP, RTSP."""

from __future__ import annotations

import gc
import io
import queue
import shutil
import socket
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from board.camera import CameraSettings, open_camera
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.ports import Camera
from board.types import Frame
from engine.reading.feed import Feed
from tests.daemons import free_port

SIZE = (320, 240)
RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")


@dataclass
class Source:
    """A camera's far end. `unplug` ends it, `plug` brings it back; a replay has no cable."""

    url: str
    unplug: Callable[[], None] = lambda: None
    plug: Callable[[], None] = lambda: None


class MjpegServer:
    """A camera's MJPEG page: grey pictures, numbered by their shade, at `fps`; sockets are cut when it stops."""

    def __init__(self, fps: float = 25.0) -> None:
        self.port = free_port()
        self.fps = fps
        self.sent = 0
        self._server: ThreadingHTTPServer | None = None
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        outer = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._sockets.append(self.connection)
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while outer._server is not None:
                        data = _jpeg(outer.sent)
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                        self.wfile.write(head + data + b"\r\n")
                        outer.sent += 1
                        time.sleep(1 / outer.fps)  # a camera's own pace
                except OSError:
                    pass  # the client went, or the server was stopped

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Page)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
        self._sockets.clear()


class RtspServer:
    """gst-rtsp-server in a process of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["/usr/bin/python3", str(RTSP_SERVER), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._process = None


def has_rtsp_server() -> bool:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst; Gst.init(None); "
    check += "assert any(Gst.ElementFactory.find(n) for n in ('openh264enc', 'x264enc')) and Gst.ElementFactory.find('rtph264pay')"
    if not shutil.which("/usr/bin/python3"):
        return False
    return subprocess.run(["/usr/bin/python3", "-c", check], capture_output=True, check=False).returncode == 0


def write_folder(folder: Path) -> Path:
    """Five pictures 320x240, each of one grey."""
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", SIZE, (40 * number, 40 * number, 40 * number)).save(folder / f"car{number}.png")
    return folder


def write_video(file: Path, fps: int = 25, frames: int = 25) -> Path:
    """An H.264 or MPEG-4 video 320x240 that gets brighter with every frame."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            picture = np.full((SIZE[1], SIZE[0], 3), number * 255 // frames, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file


@contextmanager
def made(kind: str, tmp_path: Path) -> Iterator[Source]:
    if kind == "folder":
        yield Source(f"replay:{write_folder(tmp_path / 'cars')}?fps=20")
    elif kind == "video":
        yield Source(f"replay:{write_video(tmp_path / 'cars.mp4')}")
    else:
        if kind == "rtsp" and not has_rtsp_server():
            pytest.skip("no RTSP server on this machine: /usr/bin/python3 lacks gi with GstRtspServer 1.0, or an H.264 encoder")
        server: MjpegServer | RtspServer = MjpegServer() if kind == "mjpeg" else RtspServer()
        server.start()
        path = f"http://127.0.0.1:{server.port}/video.mjpg" if kind == "mjpeg" else f"rtsp://127.0.0.1:{server.port}/gate"
        yield Source(path, server.stop, server.start)
        server.stop()


@pytest.fixture(params=["folder", "video", "mjpeg", "rtsp"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    with made(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=["mjpeg", "rtsp"])
def live_source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    with made(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def camera(source: Source) -> Iterator[Camera]:
    opened = open_camera(source.url, SIZE, Clock())
    yield opened
    opened.close()


def test_frames_are_rgb_and_count_up_from_one(camera: Camera) -> None:
    frames = [_next(camera) for _ in range(4)]
    assert [frame.seq for frame in frames] == [1, 2, 3, 4]
    assert {frame.rgb.shape for frame in frames} == {(240, 320, 3)}
    assert {frame.rgb.dtype.name for frame in frames} == {"uint8"}


def test_stamps_are_utc_and_grow(camera: Camera) -> None:
    frames = [_next(camera) for _ in range(4)]
    assert all(frame.captured_at.utcoffset() is not None for frame in frames)
    assert [frame.captured_at for frame in frames] == sorted(frame.captured_at for frame in frames)
    times = [frame.monotonic_ns for frame in frames]
    assert times == sorted(set(times))


def test_a_read_without_a_frame_in_time_gives_none(camera: Camera) -> None:
    _next(camera)
    assert any(camera.read(0.0) is None for _ in range(50))


def test_it_opens_again_after_close(source: Source) -> None:
    for _ in range(2):
        camera = open_camera(source.url, SIZE, Clock())
        assert _next(camera).seq == 1
        camera.close()


def test_it_leaves_no_thread_behind(source: Source) -> None:
    before = set(threading.enumerate())
    camera = open_camera(source.url, SIZE, Clock())
    _next(camera)
    camera.close()
    left = [thread for thread in threading.enumerate() if thread not in before and "decode" in thread.name]
    assert left == []


def test_unplugged_it_says_so_and_after_the_source_is_back_it_opens_again(live_source: Source) -> None:
    source = live_source
    camera = open_camera(source.url, SIZE, Clock())
    _next(camera)
    source.unplug()
    with pytest.raises(CameraError):
        for _ in range(200):
            camera.read(0.1)
    camera.close()
    with pytest.raises(CameraError):
        open_camera(source.url, SIZE, Clock())
    source.plug()
    again = open_camera(source.url, SIZE, Clock())
    assert _next(again).seq == 1
    again.close()


def test_a_feed_tells_that_its_camera_is_gone_and_goes_on_by_itself_when_it_is_back(live_source: Source, tmp_path: Path) -> None:
    said: queue.Queue[str] = queue.Queue()
    feed = Feed(
        lambda: open_camera(live_source.url, SIZE, Clock()),
        lambda frame: True,
        1,
        tmp_path / "frames.ring",
        Clock(),
        lambda: said.put(str(feed.camera or "ok")),
    )
    feed.start()
    try:
        assert said.get(timeout=60) == "ok"
        live_source.unplug()
        gone = said.get(timeout=60)
        assert gone.startswith(live_source.url.rpartition("/")[0])
        live_source.plug()
        while said.get(timeout=60) != "ok":
            pass  # what it said while it was still gone
        assert feed.next(60) is not None
    finally:
        feed.close(10)


def test_a_slow_reader_gets_the_newest_frame_and_no_backlog(tmp_path: Path) -> None:
    server = MjpegServer(fps=20.0)
    server.start()
    camera = open_camera(f"http://127.0.0.1:{server.port}/", SIZE, Clock())
    _next(camera)
    start = server.sent
    while server.sent < start + 20:
        time.sleep(0.01)  # the server's own pace; the camera is not read meanwhile
    sent = server.sent
    newest = _next(camera)
    assert newest.seq == 2
    assert newest.lost >= 10
    assert _number(newest) >= sent - 8
    camera.close()
    server.stop()


def test_a_source_that_falls_silent_has_gone_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("board.camera._live.READ_TIMEOUT_S", 0.5)
    server = MjpegServer(fps=25.0)
    server.start()
    camera = open_camera(f"http://127.0.0.1:{server.port}/", SIZE, Clock())
    for _ in range(5):
        _next(camera)  # its pace is known then
    server.fps = 0.01  # a cut cable: the connection stays, nothing comes
    with pytest.raises(CameraError, match=r"http://127\.0\.0\.1:\d+/"):
        for _ in range(600):
            camera.read(0.1)
    camera.close()
    server.stop()


def test_a_network_camera_is_turned_and_cut_here_and_the_rest_is_named(tmp_path: Path) -> None:
    server = MjpegServer()
    server.start()
    wishes = CameraSettings(rotate_180=True, cut_top_pct=25, focus="automatic", day_shutter_us=1000)
    camera = open_camera(f"http://127.0.0.1:{server.port}/", SIZE, Clock(), wishes)
    assert _next(camera).rgb.shape == (180, 320, 3)
    assert tuple(map(str, camera.notes)) == ("Focus, Shutter by day: a network camera has its own setting, on its own pages",)
    camera.close()
    server.stop()


class OddCamera:
    """An HTTP camera that answers every request with `head`, then with what `parts` gives, and closes the connection."""

    def __init__(self, head: bytes, parts: Callable[[], Iterator[bytes]]) -> None:
        self.asked: list[bytes] = []
        self._parts = parts
        self._head = head
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            try:
                self.asked.append(peer.recv(65_536))
                peer.sendall(self._head)
                for part in self._parts():
                    peer.sendall(part)
            except OSError:
                pass  # the client went


def _pieces(before: bytes, behind: bytes, chunked: bool = False) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        for number in range(10_000):
            part = before + _jpeg(number % 100) + behind
            yield b"%x\r\n%s\r\n" % (len(part), part) if chunked else part
            time.sleep(0.02)

    return pieces


MULTIPART = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
ODD = {
    "no boundary before the first picture": (MULTIPART, _pieces(b"Content-Type: image/jpeg\r\n\r\n", b"\r\n--b\r\n")),
    "boundaries without hyphens": (MULTIPART, _pieces(b"b\r\nContent-Type: image/jpeg\r\n\r\n", b"\r\n")),
    "no headers in the parts": (MULTIPART, _pieces(b"--b\r\n\r\n", b"")),
    "lengths that are wrong": (MULTIPART, _pieces(b"--b\r\nContent-Length: 99\r\n\r\n", b"\r\n")),
    "no type": (b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n", _pieces(b"", b"")),
    "chunked": (MULTIPART[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", _pieces(b"--b\r\n\r\n", b"\r\n", True)),
}


@pytest.mark.parametrize("camera_of", ODD.values(), ids=ODD.keys())
def test_mjpeg_off_the_standard_is_read_all_the_same(camera_of: tuple[bytes, Callable[[], Iterator[bytes]]]) -> None:
    server = OddCamera(*camera_of)
    camera = open_camera(server.url, SIZE, Clock())
    frames = [_next(camera) for _ in range(5)]
    assert {frame.rgb.shape for frame in frames} == {(240, 320, 3)}
    assert [_number(frame) for frame in frames] == sorted({_number(frame) for frame in frames})
    camera.close()
    server.close()


def test_an_address_that_gives_one_jpeg_is_asked_again_and_again_at_most_at_the_frame_rate() -> None:
    server = OddCamera(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", lambda: iter([_jpeg(7)]))
    camera = open_camera(server.url, SIZE, Clock(), CameraSettings(frame_rate=10))
    began_s = time.monotonic()
    assert [_number(_next(camera)) for _ in range(4)] == [7] * 4
    assert time.monotonic() - began_s >= 0.2  # three pauses of a tenth, less what the first two overlap
    camera.close()
    server.close()


def test_a_camera_that_sends_a_picture_every_few_seconds_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("board.camera._live.READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr("board.camera._live.SPARE_S", 0.1)

    def pieces() -> Iterator[bytes]:
        for number in range(100):
            yield b"--b\r\n\r\n" + _jpeg(number)
            time.sleep(0.6)

    server = OddCamera(MULTIPART, pieces)
    camera = open_camera(server.url, SIZE, Clock())
    assert [_number(_next(camera)) for _ in range(4)] == [0, 1, 2, 3]
    camera.close()
    server.close()


def test_a_camera_that_breaks_off_leaves_no_pictures_behind() -> None:
    """Each time its last one stayed, until Python's collector came: the engine grew to 412 MB in 100 times."""
    server = OddCamera(MULTIPART, lambda: iter([b"--b\r\n\r\n" + _jpeg(1) + b"\r\n--b--\r\n"]))
    kept: list[weakref.ref[Any]] = []

    def play() -> None:
        camera = open_camera(server.url, SIZE, Clock())
        frame = None
        with pytest.raises(CameraError), closing(camera):
            while True:
                frame = camera.read(0.2) or frame
                kept[:] = [weakref.ref(frame.rgb)] if frame else []

    gc.collect()
    gc.disable()
    try:
        play()
        assert kept and kept[0]() is None
    finally:
        gc.enable()
        server.close()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_camera_that_wants_a_log_in_gets_it(scheme: str) -> None:
    challenge = {"basic": b'Basic realm="cam"', "digest": b'Digest realm="cam", nonce="0815", qop="auth"'}[scheme]
    seen: list[bytes] = []

    class Asks(OddCamera):
        def _answer(self, peer: socket.socket) -> None:
            with peer:
                request = peer.recv(65_536)
                seen.append(request)
                if b"Authorization: " not in request:
                    peer.sendall(b"HTTP/1.0 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: " + challenge + b"\r\n\r\n")
                    return
                peer.sendall(MULTIPART + b"--b\r\n\r\n" + _jpeg(9))
                time.sleep(0.5)

    server = Asks(b"", lambda: iter(()))
    camera = open_camera(server.url.replace("//", "//guard:a%40b@"), SIZE, Clock())
    assert _number(_next(camera)) == 9
    camera.close()
    server.close()
    given = seen[-1].split(b"Authorization: ")[1].split(b"\r\n")[0]
    assert given.startswith(
        {"basic": b"Basic Z3VhcmQ6YUBi", "digest": b'Digest username="guard", realm="cam", nonce="0815"'}[scheme]
    )


def test_a_wrong_password_is_said_in_words() -> None:
    server = OddCamera(b'HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n', lambda: iter(()))
    with pytest.raises(CameraError, match="wants another user or password"):
        open_camera(server.url.replace("//", "//guard:geheim@"), SIZE, Clock())
    server.close()


def test_a_camera_whose_pictures_are_too_large_is_refused_without_unpacking_them() -> None:
    bomb = _jpeg(1).replace((240).to_bytes(2, "big") + (320).to_bytes(2, "big"), b"\xea\x60\xea\x60", 1)

    def pieces() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b"--b\r\n\r\n" + bomb
            time.sleep(0.005)

    server = OddCamera(MULTIPART, pieces)
    camera = open_camera(server.url, SIZE, Clock())
    with pytest.raises(CameraError, match="too large"):
        for _ in range(200):
            camera.read(0.2)
    camera.close()
    server.close()


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_accepts_and_says_nothing_is_called_silent(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr("board.camera._live.OPEN_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(CameraError, match="but nothing comes"):
        open_camera(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/live", SIZE, Clock())


def test_an_unknown_scheme_is_an_error_that_lists_the_known_ones() -> None:
    expected = "http:, https:, picamera2:, replay:, rtsp:, rtsps:, v4l2:"
    with pytest.raises(CameraError, match=expected):
        open_camera("ftp://camera/video", SIZE, Clock())
    with pytest.raises(CameraError, match=expected):
        open_camera("/a/folder", SIZE, Clock())


def test_a_password_in_the_url_stays_out_of_the_error() -> None:
    with pytest.raises(CameraError) as error:
        open_camera(f"rtsp://admin:hunter2@127.0.0.1:{free_port()}/live", SIZE, Clock())
    assert "hunter2" not in str(error.value)
    assert "127.0.0.1" in str(error.value)
    for url in ("rstp://admin:hunter2@127.0.0.1/live", "rtsp://admin:hunter2/7@127.0.0.1/live", "rtsp://admin:hunter2@/live"):
        with pytest.raises(CameraError) as error:
            open_camera(url, SIZE, Clock())
        assert "hunter2" not in str(error.value)


def test_a_usb_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(CameraError, match="v4l2 /dev/video99: there is no such camera"):
        open_camera("v4l2:/dev/video99", SIZE, Clock())


def test_a_page_that_is_no_video_is_a_camera_error(tmp_path: Path) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with pytest.raises(CameraError, match=r"http://127\.0\.0\.1:\d+/nothing"):
        open_camera(f"http://127.0.0.1:{server.server_port}/nothing", SIZE, Clock())
    server.shutdown()
    server.server_close()


def _next(camera: Camera) -> Frame:
    for _ in range(100):
        frame = camera.read(0.2)
        if frame is not None:
            return frame
    raise AssertionError("no frame within 20 s")


def _jpeg(number: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", SIZE, (number % 128 * 2,) * 3).save(data, "JPEG", quality=95)
    return data.getvalue()


def _number(frame: Frame) -> int:
    return round(float(frame.rgb.mean()) / 2)
