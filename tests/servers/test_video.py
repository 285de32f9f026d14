"""RTSP as vms and video serve it: real processes, real clients (FFmpeg through PyAV, GStreamer), and viewers that misbehave."""

from __future__ import annotations

import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clients import ClientState, place_of, read_clients
from engine.formats.onvif import LICENSE_PLATE, Notification
from engine.formats.onvif_xml import message, metadata_stream
from engine.vms import rtsp as vms_rtsp
from firmware.people import guesses
from scripts.benchmarks.malformed import rtsp_input
from tests.rtsp_camera import PATIENCE_S, RtspCamera, Talk, running
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 200
PASSAGE = Notification(LICENSE_PLATE, "2026-01-02T03:04:05.678Z", {"Rule": "LPR1"}, {"PlateNumber": "MS12345", "Long": "x" * 5_000})
"""More than fits a packet."""
TCP = "RTP/AVP/TCP;unicast;interleaved={0}-{1}"


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    with running(tmp_path_factory.mktemp("camera")) as made:
        with Talk(made) as talk:  # so that its process is there before the first test
            assert talk.log_in()[0] == 200
        yield made


@pytest.fixture
def viewer(camera: RtspCamera) -> Iterator[Talk]:
    """One who has logged in."""
    with Talk(camera) as talk:
        assert talk.log_in()[0] == 200
        yield talk


def played(url: str, transport: str, documents: list[bytes] | None = None) -> tuple[str, int, int]:
    """(codec, width, height) of ten pictures that FFmpeg decodes; `documents`: until one of them holds a plate too."""
    import av

    with av.open(url, options={"rtsp_transport": transport}, timeout=PATIENCE_S) as container:
        assert [stream.type for stream in container.streams] == ["video", "data"]
        pictures = 0
        for packet in container.demux():
            if packet.stream.type == "data":
                if documents is not None:
                    documents.append(bytes(packet))
            else:
                pictures += len(packet.decode())
            if pictures >= 10 and (documents is None or b"MS12345" in b"".join(documents[:-9])):
                break
        codec = container.streams.video[0].codec_context
        return str(codec.name), codec.width, codec.height


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("stream", ["main", "sub"])
def test_ffmpeg_plays_both_streams_by_tcp_and_udp(camera: RtspCamera, stream: str, transport: str) -> None:
    assert played(camera.with_log_in(stream), transport) == ("h264", 320, 240)


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def test_video_of_2560x1920_is_played_and_its_memory_is_bounded(tmp_path: Path) -> None:
    with running(tmp_path, (2560, 1920), video_size="2560x1920") as camera:
        assert played(camera.with_log_in("main"), "tcp") == ("h264", 2560, 1920)
        assert played(camera.with_log_in("sub"), "tcp") == ("h264", 640, 480)
        assert peak_mb(camera.rtsp.pid) < vms_rtsp.ROOM_MB + vms_rtsp.LARGE_MB


def test_a_camera_that_listens_at_every_address_serves_ipv4_and_ipv6(tmp_path: Path) -> None:
    with running(tmp_path, bind="::") as camera:
        port = camera.url.rpartition(":")[2].partition("/")[0]
        for host in ("127.0.0.1", "[::1]"):
            url = f"rtsp://{camera.user}:{camera.password}@{host}:{port}/main"
            assert played(url, "udp") == played(url, "tcp") == ("h264", 320, 240)


def test_documents_come_whole_over_the_metadata_track(camera: RtspCamera) -> None:
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(0.3):
            camera.do(lambda: camera.rtsp.tell(lambda: [PASSAGE]))

    teller = threading.Thread(target=tell)
    teller.start()
    found: list[bytes] = []
    played(camera.with_log_in(), "tcp", found)
    stop.set()
    teller.join()
    assert metadata_stream([message(PASSAGE)]) in b"".join(found)  # FFmpeg gives each packet as it comes
    assert found[0].endswith(b"<tt:Event></tt:Event></tt:MetadataStream>")  # at once, though nothing has happened


def test_a_wrong_password_is_refused(camera: RtspCamera) -> None:
    import av

    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(camera.with_log_in("main", "wrong"), options={"rtsp_transport": "tcp"}, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("algorithm", "qop", "uri"),
    [("MD5", True, ""), ("MD5", False, ""), ("SHA-256", True, ""), ("MD5", True, "rtsp://typed/main"), ("MD5", True, "/main")],
)
def test_every_kind_of_digest_logs_in(camera: RtspCamera, algorithm: str, qop: bool, uri: str) -> None:
    with Talk(camera) as talk:
        status, headers, text = talk.log_in(algorithm=algorithm, qop=qop, uri=uri)
        assert (status, headers["content-base"]) == (200, f"{talk.url}/")
        assert "m=video 0 RTP/AVP 96" in text


def test_strangers_may_ask_for_options_and_nothing_else(camera: RtspCamera) -> None:
    with Talk(camera) as talk:
        assert talk.ask("OPTIONS")[1]["public"].startswith("OPTIONS, DESCRIBE, SETUP, PLAY")
        for method in ("DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER"):
            assert talk.ask(method, Transport=TCP.format(0, 1))[0] == 401
        ftp, word = camera.devices.make("ftp", f"A store {time.monotonic()}", "admin")
        import base64

        other = base64.b64encode(f"{ftp.user}:{word}".encode()).decode()
        for _ in range(2):
            assert talk.ask("DESCRIBE", Authorization=f"Basic {other}")[0] == 401
        with pytest.raises(AssertionError, match="has closed the connection"):
            talk.ask("DESCRIBE")


def test_the_methods_one_after_another(viewer: Talk) -> None:
    session = viewer.set_up("video", TCP.format(0, 1))
    assert viewer.set_up("metadata", TCP.format(2, 3), Session=session) == session
    status, headers, _ = viewer.ask("PLAY", Session=session)
    assert (status, headers["session"], headers["range"]) == (200, f"{session};timeout=60", "npt=now-")
    told = headers["rtp-info"].split(",")
    assert [each.split(";")[0] for each in told] == [f"url={viewer.url}/video", f"url={viewer.url}/metadata"]
    first = {}
    while len(first) < 4:  # pictures, documents, and a report of each
        channel, content = viewer.packet()
        first.setdefault(channel, content)
    assert int.from_bytes(first[0][2:4]) == int(told[0].split("seq=")[1].split(";")[0])
    assert first[0][12] & 0x1F == 7  # the parameters, with the key picture behind them
    assert first[0][8:12] != first[2][8:12], "each track has an SSRC of its own"
    assert [first[channel][4:8] == first[channel - 1][8:12] for channel in (1, 3)] == [True, True]
    assert viewer.ask("GET_PARAMETER", Session=session)[:2][0] == 200
    assert viewer.ask("SET_PARAMETER", body="compression: gzip\r\n", Session=session)[0] == 451
    assert viewer.ask("PAUSE", Session=session)[0] == 200
    assert viewer.ask("PLAY", f"{viewer.url}/", Session=session)[0] == 200
    viewer.packets.clear()
    until(lambda: viewer.packet()[0] == 0, "a picture after the pause")
    assert viewer.ask("TEARDOWN", Session=session)[0] == 200
    assert viewer.packets[-1][1][1] == 203  # goodbye
    assert viewer.ask("PLAY", Session=session)[0] == 454


def test_what_cannot_be_done_is_said(viewer: Talk) -> None:
    gone = viewer.url.rpartition("/")[0]
    assert viewer.ask("DESCRIBE", f"{gone}/third")[0] == 404
    assert viewer.ask("DESCRIBE", Accept="text/xml")[0] == 406
    for each in ("Application/SDP", "application/*;q=0.5"):  # RFC 2616, 3.7 and 14.1: case does not count, and ranges do
        assert viewer.ask("DESCRIBE", Accept=each)[0] == 200
    status, headers, _ = viewer.ask("DESCRIBE", Require="www.onvif.org/ver20/backchannel")
    assert (status, headers["unsupported"]) == (551, "www.onvif.org/ver20/backchannel")
    assert viewer.ask("SETUP", Transport=TCP.format(0, 1))[0] == 459
    assert viewer.ask("SETUP", f"{viewer.url}/audio", Transport=TCP.format(0, 1))[0] == 404
    assert viewer.ask("SETUP", f"{viewer.url}/video", Transport="RTP/AVP;multicast")[0] == 461
    assert viewer.ask("SETUP", f"{viewer.url}/video", Transport=TCP.format(0, 1), Session="none")[0] == 454
    assert viewer.ask("RECORD")[0] == 501
    session = viewer.set_up("video", "RTP/AVP/TCP;unicast")
    assert viewer.ask("SETUP", f"{gone}/sub/video", Transport=TCP.format(2, 3), Session=session)[0] == 455
    for _ in range(3):
        viewer.set_up("metadata", "RTP/AVP/TCP;unicast")
    assert viewer.ask("SETUP", f"{viewer.url}/video", Transport="RTP/AVP/TCP;unicast")[0] == 453


def test_udp_goes_to_the_viewers_own_address_only(viewer: Talk) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.1", 0))
        rtp.settimeout(PATIENCE_S)
        port = rtp.getsockname()[1]
        way = f"RTP/AVP;unicast;destination=192.0.2.9;client_port={port}-{port + 1 if port < 65535 else port - 1}"
        status, headers, _ = viewer.ask("SETUP", f"{viewer.url}/video", Transport=way)
        assert (status, "destination" in headers["transport"]) == (200, False)
        viewer.ask("PLAY", Session=headers["session"].split(";")[0])
        packet, sender = rtp.recvfrom(2_000)
        ssrc = headers["transport"].split("ssrc=")[1]
        assert (sender[0], packet[8:12].hex().upper()) == ("127.0.0.1", ssrc)
        assert f"server_port={sender[1]}-{sender[1] + 1}" in headers["transport"]


def test_two_viewers_share_one_encoder(camera: RtspCamera) -> None:
    with Talk(camera) as one, Talk(camera) as two:
        for talk in (one, two):
            talk.log_in()
            talk.ask("PLAY", Session=talk.set_up("video", TCP.format(0, 1)))
        for talk in (one, two):
            until(lambda talk=talk: sum(channel == 0 for channel, _ in (*talk.packets, talk.packet())) > 30, "pictures")

        def pictures(talk: Talk) -> list[bytes]:
            return [content[12:] for channel, content in talk.packets if channel == 0]

        twos = pictures(two)
        until(lambda: one.packet() and twos[5] in pictures(one), "two's first key picture and what follows it")
        ones = pictures(one)
        begin = ones.index(twos[0])
        common = min(len(ones) - begin, len(twos))
        assert common > 5
        assert ones[begin : begin + common] == twos[:common]
        until(lambda: watching(camera) == [("Recorder", "/main video")] * 2, "both of them and nobody else on the page")


def users(camera: RtspCamera) -> list[ClientState]:
    """Those who are connected."""
    found = (each for server in read_clients(camera.state) if server.server == "rtsp" for each in server.clients)
    return [each for each in found if each.ended is None]


def watching(camera: RtspCamera) -> list[tuple[str, str]]:
    return [(each.user, each.sent) for each in users(camera) if each.sent]


def rss_kb(camera: RtspCamera) -> int:
    lines = Path(f"/proc/{camera.rtsp.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def test_a_viewer_that_stops_reading_loses_pictures_and_nobody_else_does(camera: RtspCamera) -> None:
    with Talk(camera) as slow, Talk(camera) as quick:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for talk in (slow, quick):
            talk.log_in()
            talk.ask("PLAY", Session=talk.set_up("video", TCP.format(0, 1)))
        until(lambda: quick.packet()[0] == 0, "a picture")
        before = rss_kb(camera)
        marked = 0
        while marked < 25:  # pictures
            channel, content = quick.packet()
            marked += channel == 0 and content[1] >= 128
        assert rss_kb(camera) - before < 8_000
        place = place_of(quick.sock.getsockname())
        (missed,) = until(lambda: [each.missed for each in users(camera) if each.address == place], "the quick one on the page")
        assert missed == 0


def test_malformed_input_locks_nobody_out_and_leaves_nothing(camera: RtspCamera) -> None:
    with Talk(camera) as first:
        assert first.log_in()[0] == 200
        draw, pid = random.Random(20261127), camera.rtsp.pid
        open_before = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        for _ in range(INPUTS):
            with socket.create_connection(camera.address, PATIENCE_S) as stranger:
                stranger.sendall(rtsp_input(draw, first.url))
        until(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) <= open_before, "all strangers are forgotten", PATIENCE_S)
        assert camera.rtsp.pid == pid
        assert first.ask("GET_PARAMETER")[0] == 200
    with Talk(camera) as talk:
        assert talk.log_in()[0] == 200


def test_silent_strangers_make_room(camera: RtspCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vms_rtsp, "MOST_SILENT", 3)
    silent = [socket.create_connection(camera.address, PATIENCE_S) for _ in range(6)]
    assert [sock.recv(1) for sock in silent[:3]] == [b""] * 3
    talking = [socket.create_connection(camera.address, PATIENCE_S) for _ in range(60)]
    for sock in talking:
        sock.sendall(b"OPTIONS")
    with Talk(camera) as talk:
        assert talk.log_in()[0] == 200
    for sock in (*silent, *talking):
        sock.close()


def test_a_board_without_a_core_to_spare_sends_jpeg(tmp_path: Path) -> None:
    with running(tmp_path, profile="sim_small") as small:
        assert played(small.with_log_in(), "udp") == ("mjpeg", 320, 240)
        libraries = Path(f"/proc/{small.rtsp.pid}/maps").read_text()
        assert ("libavcodec" in libraries, "numpy" in libraries) == (False, False)


def test_without_a_picture_it_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path) as dark:
        dark.pictures = False
        with Talk(dark) as talk:
            began = time.monotonic()
            status, headers, text = talk.log_in()
            assert (status, headers["retry-after"], text) == (503, "5", "the camera delivers no picture\r\n")
            assert time.monotonic() - began < PATIENCE_S
            dark.pictures = True
            until(lambda: talk.ask("DESCRIBE")[0] == 200, "the description")


def test_the_process_goes_after_the_last_viewer_and_comes_again(tmp_path: Path) -> None:
    with running(tmp_path, idle_s=0.5) as camera:
        with socket.create_connection(camera.address, PATIENCE_S):
            pass  # only looks whether the port is open
        assert camera.rtsp.pid == 0
        with Talk(camera) as talk:
            talk.log_in()
            pid = camera.rtsp.pid
            assert pid
        until(lambda: camera.rtsp.pid == 0 and not Path(f"/proc/{pid}/exe").exists(), "the end of video")
        with Talk(camera) as talk:
            assert talk.log_in()[0] == 200
            assert camera.rtsp.pid not in (0, pid)


def test_a_crash_costs_video_alone_and_the_next_viewer_starts_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vms_rtsp, "BACK_OFF_S", (3.0, 30.0))
    with running(tmp_path) as camera:
        with Talk(camera) as talk:
            talk.log_in()
            os.kill(camera.rtsp.pid, signal.SIGSEGV)
            until(lambda: camera.rtsp.pid == 0, "the news of its death")
        with Talk(camera) as refused:
            assert refused.ask("OPTIONS")[0] == 503
        until(lambda: comes_in(camera), "the end of the back-off")
        with Talk(camera) as talk:
            assert talk.log_in()[0] == 200
            os.kill(camera.rtsp.pid, signal.SIGSEGV)
            until(lambda: camera.rtsp.pid == 0, "the news of its death")
        with Talk(camera) as refused:
            status, headers, text = refused.ask("OPTIONS")
            assert (status, headers["retry-after"]) == (503, "10")
            assert text.startswith("the video process has crashed; it is started again in ")


def comes_in(camera: RtspCamera) -> bool:
    with Talk(camera) as talk:
        return talk.ask("OPTIONS")[0] == 200


def test_it_is_not_started_where_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vms_rtsp, "ROOM_MB", 10_000_000)
    with running(tmp_path) as camera, Talk(camera) as refused:
        status, _, text = refused.ask("OPTIONS")
        assert (status, text.endswith("MB of memory are available, video needs 10000000\r\n"), camera.rtsp.pid) == (503, True, 0)


def test_it_dies_with_vms_and_is_the_first_to_go(tmp_path: Path) -> None:
    with running(tmp_path) as camera, Talk(camera) as talk:
        talk.log_in()
        assert Path(f"/proc/{camera.rtsp.pid}/oom_score_adj").read_text() == "900\n"
        pid = camera.rtsp.pid
        camera.do(lambda: camera.rtsp.use(0))
        assert camera.url == ""
        until(lambda: not Path(f"/proc/{pid}/exe").exists(), "the end of video")


def test_a_log_in_that_is_taken_away_ends_its_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "FIRST_WAIT_S", guesses.LONGEST_WAIT_S)
    script = "import sys; from engine.video import server, run; server.ASK_AGAIN_S = 1.0; sys.exit(run.main(sys.argv[1:]))"
    with running(tmp_path, command=(sys.executable, "-c", script)) as camera, Talk(camera) as talk:
        talk.log_in()
        talk.ask("PLAY", Session=talk.set_up("video", TCP.format(0, 1)))
        until(lambda: talk.packet()[0] == 0, "a picture")
        with Talk(camera) as guesser:  # as a recorder does that comes again with each of its streams
            wrong = base64.b64encode(f"{camera.user}:wrong".encode()).decode()
            until(lambda: guesser.ask("DESCRIBE", Authorization=f"Basic {wrong}")[0] == 503, "that wrong ones have to wait")
        camera.devices.remove(camera.user)

        def why() -> list[str]:
            told = (each for server in read_clients(camera.state) for each in server.clients if each.user == "Recorder")
            return [str(each.why) for each in told]

        until(lambda: why() == ["its log-in does not count any more"], "the end of its stream")
        with pytest.raises(AssertionError, match="has closed the connection"):
            while True:
                talk.packet()


def test_ffprobe_lists_video_and_data(camera: RtspCamera) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    entries = ["-show_entries", "stream=codec_type,codec_name", "-of", "compact=p=0"]
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "udp", *entries, camera.with_log_in()]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert told.splitlines() == ["codec_name=h264|codec_type=video", "codec_name=unknown|codec_type=data"]


def test_gstreamer_receives_the_metadata_track(camera: RtspCamera) -> None:
    probe = subprocess.run(["/usr/bin/python3", "-c", GST_CHECK], capture_output=True, text=True, timeout=60, check=False)
    if probe.returncode:
        pytest.skip("GStreamer is not installed")
    with subprocess.Popen(
        ["/usr/bin/python3", str(ROOT / "tests" / "gst_viewer.py"), camera.with_log_in()], stdout=subprocess.PIPE, text=True
    ) as viewer:
        assert viewer.stdout is not None
        try:
            while viewer.stdout.readline() != "playing\n":
                assert viewer.poll() is None
            camera.do(lambda: camera.rtsp.tell(lambda: [PASSAGE]))
            found = ""
            while "MS12345" not in found:
                found = viewer.stdout.readline()
                assert found
        finally:
            viewer.kill()


GST_CHECK = (
    "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); "
    "assert Gst.ElementFactory.find('rtspsrc')"
)
