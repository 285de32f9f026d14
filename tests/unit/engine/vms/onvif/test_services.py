"""What each operation of the services answers; every answer is valid by ONVIF's own schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from board.kit.words import Text
from board.types import Frame
from engine.messages import Outcome, SetPulse
from engine.ring import RingWriter
from engine.vms.http import Request
from engine.vms.onvif.xml import Element
from tests.onvif_bench import HOST, PATH, Bench, fault_of, said
from tests.onvif_client import envelope, token
from tests.onvif_schemas import problems
from tests.samples import server_settings

SOURCE = "VideoSourceToken"
ANALYTICS = "<ConfigurationToken>VideoAnalyticsToken</ConfigurationToken>"
PROFILE = "<ProfileToken>main</ProfileToken>"

CONTENT = {
    "tds:GetCapabilities": "<tds:Category>All</tds:Category>",
    "tds:GetServices": "<tds:IncludeCapability>true</tds:IncludeCapability>",
    "trt:GetProfile": PROFILE,
    "trt:GetStreamUri": f"<StreamSetup><Stream>RTP-Unicast</Stream></StreamSetup>{PROFILE}",
    "trt:GetSnapshotUri": PROFILE,
    "trt:SetSynchronizationPoint": PROFILE,
    "trt:GetVideoEncoderConfiguration": "<ConfigurationToken>sub</ConfigurationToken>",
    "trt:GetVideoSourceConfiguration": f"<ConfigurationToken>{SOURCE}</ConfigurationToken>",
    "trt:GetMetadataConfiguration": "<ConfigurationToken>Metadata</ConfigurationToken>",
    "trt:GetVideoAnalyticsConfiguration": ANALYTICS,
    "trt:GetGuaranteedNumberOfVideoEncoderInstances": f"<ConfigurationToken>{SOURCE}</ConfigurationToken>",
    "trt:AddVideoEncoderConfiguration": f"{PROFILE}<ConfigurationToken>main</ConfigurationToken>",
    "trt:AddVideoSourceConfiguration": f"{PROFILE}<ConfigurationToken>{SOURCE}</ConfigurationToken>",
    "trt:AddMetadataConfiguration": f"{PROFILE}<ConfigurationToken>Metadata</ConfigurationToken>",
    "trt:AddVideoAnalyticsConfiguration": f"{PROFILE}{ANALYTICS}",
    "tr2:GetProfiles": "<tr2:Type>All</tr2:Type>",
    "tr2:GetStreamUri": f"<tr2:Protocol>RtspUnicast</tr2:Protocol>{PROFILE}",
    "tr2:GetSnapshotUri": PROFILE,
    "tr2:SetSynchronizationPoint": PROFILE,
    "tr2:GetVideoEncoderInstances": f"<ConfigurationToken>{SOURCE}</ConfigurationToken>",
    "tr2:AddConfiguration": f"{PROFILE}<Configuration><Type>Metadata</Type><Token>Metadata</Token></Configuration>",
    "timg:GetImagingSettings": f"<VideoSourceToken>{SOURCE}</VideoSourceToken>",
    "timg:GetOptions": f"<VideoSourceToken>{SOURCE}</VideoSourceToken>",
    "timg:GetMoveOptions": f"<VideoSourceToken>{SOURCE}</VideoSourceToken>",
    "timg:GetStatus": f"<VideoSourceToken>{SOURCE}</VideoSourceToken>",
    "timg:SetImagingSettings": f"<VideoSourceToken>{SOURCE}</VideoSourceToken><ImagingSettings/>",
    "tan:GetRules": ANALYTICS,
    "tan:GetSupportedRules": ANALYTICS,
    "tan:GetRuleOptions": ANALYTICS,
    "tan:GetAnalyticsModules": ANALYTICS,
    "tan:GetSupportedAnalyticsModules": ANALYTICS,
}
"""What a request says, where it must say anything."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def asked(name: str) -> bytes:
    return envelope(f"<{name}>{CONTENT.get(name, '')}</{name}>", token("admin", "x"))


def test_every_answer_is_valid_by_the_schemas_of_its_service(bench: Bench) -> None:
    """Those that need a configuration or are answered later are in tests of their own."""
    others = {
        "SetRelayOutputState",
        "SetRelayOutputSettings",
        "SetVideoEncoderConfiguration",
        "SetVideoSourceConfiguration",
        "SetMetadataConfiguration",
    }
    wrong = {}
    services = [service for service in bench.table.services if service.prefix != "tev"]
    for service in services:
        for name in ["GetServiceCapabilities", *(each.name for each in service.operations if each.name not in others)]:
            reply = bench.post(asked(f"{service.prefix}:{name}"))
            found = [f"status {reply.status}"] if reply.status != 200 else problems(reply.body)
            if found:
                wrong[f"{service.prefix}:{name}"] = found
    assert wrong == {}
    assert len(services) >= 6
    body = bench.post(asked("trt:GetProfiles")).body
    swapped = re.sub(rb"(<tt:Name>Main</tt:Name>)(<tt:VideoSourceConfiguration.*?</tt:VideoSourceConfiguration>)", rb"\2\1", body)
    assert swapped != body and problems(swapped) != []


def test_profiles_name_the_streams_of_the_camera_at_the_host_that_the_client_used(bench: Bench) -> None:
    (bench.camera.state.run).mkdir()
    bench.camera.state.servers_file.write_text(json.dumps({"rtsp": "rtsp://127.0.0.1:8600"}))
    _, answer = bench.ask_as_admin("<trt:GetProfiles/>")
    assert [each.attributes["token"] for each in answer.children] == ["main", "sub"]
    for token_, address in (("main", "rtsp://cam.example:8600/main"), ("sub", "rtsp://cam.example:8600/sub")):
        _, answer = bench.ask_as_admin(f"<trt:GetStreamUri><trt:ProfileToken>{token_}</trt:ProfileToken></trt:GetStreamUri>")
        assert answer.word("MediaUri", "Uri") == address
        _, answer = bench.ask_as_admin(f"<tr2:GetStreamUri><tr2:ProfileToken>{token_}</tr2:ProfileToken></tr2:GetStreamUri>")
        assert answer.word("Uri") == address
        _, answer = bench.ask_as_admin(f"<trt:GetSnapshotUri><trt:ProfileToken>{token_}</trt:ProfileToken></trt:GetSnapshotUri>")
        assert answer.word("MediaUri", "Uri") == f"http://{HOST}/onvif/snapshot.jpg?profile={token_}"


def test_without_a_video_process_that_has_said_its_port_it_is_that_of_the_settings_and_without_rtsp_a_fault(bench: Bench) -> None:
    ask = f"<trt:GetStreamUri>{PROFILE}</trt:GetStreamUri>"
    assert bench.ask_as_admin(ask)[1].word("MediaUri", "Uri") == "rtsp://cam.example:8554/main"
    bench.camera.settings = server_settings(rtsp=False)
    assert fault_of(bench.ask_as_admin(ask)) == (400, "s:Sender", "ter:InvalidArgVal", "ter:InvalidStreamSetup")


def test_what_a_client_names_must_be_there(bench: Bench) -> None:
    other = PROFILE.replace("main", "other")
    for ask, subcode in (
        (f"<trt:GetStreamUri>{other}</trt:GetStreamUri>", "ter:NoProfile"),
        (f"<trt:GetProfile>{other}</trt:GetProfile>", "ter:NoProfile"),
        (f"<tr2:GetSnapshotUri>{other}</tr2:GetSnapshotUri>", "ter:NoProfile"),
        ("<tr2:GetProfiles><tr2:Token>x</tr2:Token></tr2:GetProfiles>", "ter:NoProfile"),
        ("<trt:GetVideoEncoderConfiguration/>", "ter:NoConfig"),
        ("<tan:GetRules/>", "ter:NoConfig"),
        ("<timg:GetOptions/>", "ter:NoVideoSource"),
        ("<tds:SetRelayOutputState><RelayOutputToken>DO9</RelayOutputToken></tds:SetRelayOutputState>", "ter:RelayToken"),
    ):
        assert fault_of(bench.ask_as_admin(ask)) == (400, "s:Sender", "ter:InvalidArgVal", subcode), ask


def test_sizes_are_those_of_the_picture_that_is_there(bench: Bench) -> None:
    writer = RingWriter(bench.camera.state.frames, 800, 600)
    writer.write(Frame(1, bench.camera.clock.now(), 1, np.zeros((600, 800, 3), np.uint8)))
    _, answer = bench.ask_as_admin("<trt:GetVideoSources/>")
    size = answer.first("VideoSources", "Resolution")
    assert size is not None and (size.word("Width"), size.word("Height")) == ("800", "600")
    _, answer = bench.ask_as_admin("<tr2:GetVideoEncoderConfigurations/>")
    sizes = [(each.word("Resolution", "Width"), each.word("Resolution", "Height")) for each in answer.children]
    assert len(sizes) == 2 and all(0 < int(width) <= 800 and int(width) % 16 == 0 for width, _ in sizes)
    writer.close()


def _configuration(element: Element) -> str:
    """The element's markup again, without its name."""
    inside = "".join(_configuration(child) for child in element.children) or element.text
    named = "".join(f' {name}="{value}"' for name, value in element.attributes.items())
    return f"<tt:{element.name}{named}>{inside}</tt:{element.name}>"


@pytest.mark.parametrize("prefix", ["trt", "tr2"])
def test_a_client_may_set_what_is_so_already_and_nothing_else(bench: Bench, prefix: str) -> None:
    for kind in ("VideoEncoder", "VideoSource", "Metadata"):
        _, answer = bench.ask_as_admin(f"<{prefix}:Get{kind}Configurations/>")
        same = _configuration(answer.children[0]).replace("tt:Configurations", f"{prefix}:Configuration")
        ask = f"<{prefix}:Set{kind}Configuration>{{}}</{prefix}:Set{kind}Configuration>"
        status, answer = bench.ask_as_admin(ask.format(same))
        assert (status, answer.name) == (200, f"Set{kind}ConfigurationResponse"), answer.word("Reason")
        assert fault_of(bench.ask_as_admin(ask.format("")))[3] == "ter:NoConfig"
        if kind == "VideoEncoder":
            other = re.sub("<tt:Width>[0-9]+<", "<tt:Width>1920<", same)
            assert other != same
            assert fault_of(bench.ask_as_admin(ask.format(other)))[3] == "ter:ConfigModify"


def test_the_board_tells_its_lines(bench: Bench) -> None:
    outputs = [line.name for line in bench.camera.board.outputs]
    inputs = [line.name for line in bench.camera.board.inputs]
    for ask in ("<tds:GetRelayOutputs/>", "<tmd:GetRelayOutputs/>", "<tmd:GetRelayOutputOptions/>"):
        assert [each.attributes["token"] for each in bench.ask_as_admin(ask)[1].children] == outputs
    assert [each.attributes["token"] for each in bench.ask_as_admin("<tmd:GetDigitalInputs/>")[1].children] == inputs
    _, answer = bench.ask_as_admin("<tds:GetCapabilities/>")
    told = answer.first("Capabilities", "Device", "IO")
    assert told is not None and (told.word("InputConnectors"), told.word("RelayOutputs")) == (str(len(inputs)), str(len(outputs)))


def state(what: str, output: str = "DO1") -> Request:
    words = f"<tds:RelayOutputToken>{output}</tds:RelayOutputToken><tds:LogicalState>{what}</tds:LogicalState>"
    body = envelope(f"<tds:SetRelayOutputState>{words}</tds:SetRelayOutputState>", token("admin", "x"))
    headers = {"content-type": "application/soap+xml", "x-forwarded-for": "10.0.0.7", "x-gatewright-came-ns": "12345"}
    return Request("POST", PATH, PATH, headers, body)


def test_active_is_a_pulse_by_the_service_and_its_answer_is_waited_for(bench: Bench) -> None:
    replies = bench.request(state("active"))
    assert replies == []
    ((order, done),) = bench.orders
    assert (order.output, order.do, order.duration_ms) == ("DO1", "pulse", 1000)
    assert (order.user, order.address, order.through) == ("VMS", "10.0.0.7", "ONVIF")
    assert order.ordered_ns == 12345  # since when the camera has it: nothing opens late for a process that hung
    done(Outcome(True))
    assert said(replies[0])[1].name == "SetRelayOutputStateResponse" and problems(replies[0].body) == []
    replies = bench.request(state("inactive"))
    order, done = bench.orders[-1]
    assert order.do == "off"
    done(Outcome(False, Text("interlocked with DO2")))
    assert fault_of(said(replies[0])) == (500, "s:Receiver", "ter:Action", "")
    assert "interlocked with DO2" in replies[0].body.decode()


def test_who_may_only_see_switches_nothing(bench: Bench) -> None:
    bench.access.permissions = ("view",)
    assert fault_of(said(bench.request(state("active"))[0])) == (403, "s:Sender", "ter:NotAuthorized", "")
    settings = '<tmd:SetRelayOutputSettings><RelayOutput token="DO1"/></tmd:SetRelayOutputSettings>'
    assert fault_of(bench.ask_as_admin(settings)) == (403, "s:Sender", "ter:NotAuthorized", "")
    assert bench.orders == []
    assert fault_of(bench.ask_as_admin("<tds:SetRelayOutputState/>"))[0] == 403


def test_a_client_chooses_between_a_pulse_and_a_level_and_the_service_keeps_it(bench: Bench) -> None:
    def settings(**words: str) -> Request:
        inside = "".join(f"<tt:{name}>{word}</tt:{name}>" for name, word in words.items())
        body = (
            "<tds:SetRelayOutputSettings><tds:RelayOutputToken>DO1</tds:RelayOutputToken>"
            f"<tds:Properties>{inside}</tds:Properties></tds:SetRelayOutputSettings>"
        )
        headers = {"content-type": "text/xml", "x-forwarded-for": "10.0.0.7"}
        return Request("POST", PATH, PATH, headers, envelope(body, token("admin", "x")))

    for words, pulse_s in (
        ({"Mode": "Bistable", "DelayTime": "PT0S", "IdleState": "open"}, 0.0),
        ({"Mode": "Monostable", "DelayTime": "PT0.5S"}, 0.5),
    ):
        replies = bench.request(settings(**words))
        assert replies == []
        order, done = bench.orders.pop()
        assert order == SetPulse("DO1", pulse_s, "VMS", "10.0.0.7")
        done(Outcome(True))
        assert said(replies[0])[1].name == "SetRelayOutputSettingsResponse"
        bench.request(state("active"))  # the settings that the service pushes are not there yet
        order = bench.orders.pop()[0]
        assert (order.do, order.duration_ms) == (("pulse", 500) if pulse_s else ("on", 1000))
    for given, output, do, duration_ms, told in (
        ("DO1=hold DO2=0.5", "DO1", "on", 1000, ("Bistable", "PT1S")),
        ("DO1=hold DO2=0.5", "DO2", "pulse", 500, ("Monostable", "PT0.5S")),
        ("DO1=hold", "DO2", "pulse", 1000, ("Monostable", "PT1S")),
    ):
        bench.camera.settings = server_settings(onvif_outputs=given)
        bench.request(state("active", output))
        order = bench.orders.pop()[0]
        assert (order.output, order.do, order.duration_ms) == (output, do, duration_ms)
        _, answer = bench.ask_as_admin("<tds:GetRelayOutputs/>")
        relay = next(each for each in answer.children if each.attributes["token"] == output)
        assert (relay.word("Properties", "Mode"), relay.word("Properties", "DelayTime")) == told
    for wrong in (
        {"Mode": "Flip", "DelayTime": "PT1S"},
        {"Mode": "Monostable", "DelayTime": "PT0S"},
        {"Mode": "Monostable", "DelayTime": "P1Y"},
        {"Mode": "Monostable", "DelayTime": ""},
        {"Mode": "Bistable", "IdleState": "closed"},
    ):
        assert fault_of(said(bench.request(settings(**wrong))[0]))[3] == "ter:ModeError", wrong
    assert bench.orders == []


def test_scopes_name_the_camera_and_its_place(bench: Bench) -> None:
    _, answer = bench.ask_as_admin("<tds:GetScopes/>")
    scopes = [each.word("ScopeItem") for each in answer.children]
    place = "onvif://www.onvif.org"
    assert {f"{place}/name/Gate%201", f"{place}/location/North%20%26%20South", f"{place}/Profile/Streaming"} <= set(scopes)
    assert any(each.startswith(f"{place}/hardware/") for each in scopes)
    _, answer = bench.ask("<tds:GetEndpointReference/>")
    assert answer.word("GUID") == "urn:uuid:a8e7b0a5-9f0e-5b5e-8a60-000000000000" or answer.word("GUID").startswith("urn:uuid:")


def test_who_asks_is_told_what_he_is(bench: Bench) -> None:
    for permissions, level in ((("view", "open"), "Operator"), (("view",), "User")):
        bench.access.permissions = permissions
        _, answer = bench.ask_as_admin("<tds:GetUsers/>")
        assert (answer.word("User", "Username"), answer.word("User", "UserLevel")) == ("admin", level)


def test_a_picture_of_now_is_for_who_may_see(bench: Bench) -> None:
    def get(target: str, **headers: str) -> tuple[int, bytes]:
        (reply,) = bench.request(Request("GET", target, target.partition("?")[0], headers))
        return reply.status, reply.body

    assert get("/onvif/snapshot.jpg") == (401, b"")
    assert get("/onvif/snapshot.jpg?profile=sub", authorization="view") == (200, b"JPEG")
    assert get("/onvif/snapshot.jpg?profile=other", authorization="view") == (200, b"JPEG")
    assert bench.widths[0] < bench.widths[1]
    bench.picture = b""
    assert get("/onvif/snapshot.jpg", authorization="view")[0] == 503
