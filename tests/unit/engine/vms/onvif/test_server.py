"""One request of an ONVIF client: read, let in or not, answered; faults as ONVIF Core wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.vms.http import Request
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import ACT, Call, Operation
from engine.vms.onvif.soap import wrong
from engine.vms.onvif.xml import Xml, parse, tag
from tests.onvif_bench import HOST, PATH, Bench, fault_of, said
from tests.onvif_client import HEADERS, SOAP, SPACES, envelope, token


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_time_needs_no_log_in_and_a_wrong_one_is_not_looked_at(bench: Bench) -> None:
    for header in ("", token("admin", "wrong", created="1970-01-01T00:00:00Z")):
        status, answer = bench.ask("<tds:GetSystemDateAndTime/>", header)
        told = answer.first("SystemDateAndTime")
        assert status == 200 and told is not None
        utc = told.first("UTCDateTime")
        assert utc is not None and [utc.word("Date", part) for part in ("Year", "Month", "Day")] == ["2026", "1", "2"]
        assert [utc.word("Time", part) for part in ("Hour", "Minute", "Second")] == ["3", "4", "5"]
        assert (told.word("LocalDateTime", "Time", "Hour"), told.word("TimeZone", "TZ")) == ("4", "<+0100>-01:00")
    assert bench.access.asked == []


def test_device_information_is_for_who_is_let_in(bench: Bench) -> None:
    assert fault_of(bench.ask("<tds:GetDeviceInformation/>")) == (401, "s:Sender", "ter:NotAuthorized", "")
    status, answer = bench.ask("<tds:GetDeviceInformation/>", token("admin", "x", created="2026-01-02T03:04:05+00:00"))
    assert (status, answer.word("Manufacturer"), answer.word("FirmwareVersion")) == (200, "Gatewright", "1.2.3.0")
    assert answer.word("SerialNumber") == "gw-1"
    assert bench.access.asked[0].created == "2026-01-02T03:04:05+00:00"


def test_addresses_are_those_that_the_client_used(bench: Bench) -> None:
    _, answer = bench.ask("<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>")
    services = {each.word("Namespace"): each for each in answer.all("Service")}
    device = services[SPACES["tds"]]
    assert device.word("XAddr") == f"http://{HOST}/onvif/device_service"
    security = device.first("Capabilities", "Capabilities", "Security")
    assert security is not None and (security.attributes["UsernameToken"], security.attributes["HttpDigest"]) == ("true", "true")
    _, answer = bench.ask("<tds:GetCapabilities/>")
    assert answer.word("Capabilities", "Device", "XAddr") == f"http://{HOST}/onvif/device_service"
    strange = bench.post(envelope("<tds:GetCapabilities/>"), {**HEADERS, "Host": '<script>"'})
    assert b"http://camera/onvif/device_service" in strange.body and b"<script" not in strange.body


def test_every_service_tells_its_capabilities_without_a_log_in(bench: Bench) -> None:
    for service in bench.table.services:
        status, answer = bench.ask(f"<{service.prefix}:GetServiceCapabilities/>")
        assert (status, answer.name, answer.children[0].name) == (200, "GetServiceCapabilitiesResponse", "Capabilities")


def test_what_is_unknown_or_malformed_gets_the_fault_of_the_standard(bench: Bench) -> None:
    assert fault_of(bench.ask("<tds:FlyAway/>")) == (500, "s:Receiver", "ter:ActionNotSupported", "")
    assert fault_of(bench.ask('<x:GetServices xmlns:x="urn:x"/>')) == (400, "s:Sender", "ter:UnknownAction", "")
    assert fault_of(bench.ask("")) == (400, "s:Sender", "ter:TagMismatch", "")
    unknown = '<x:Never xmlns:x="urn:x" s:mustUnderstand="true"/>'
    assert fault_of(bench.ask("<tds:GetServices/>", unknown)) == (500, "s:MustUnderstand", "", "")
    for role, status in (("next", 500), ("ultimateReceiver", 500), ("none", 200)):  # SOAP 1.2 Part 1, 2.2
        told = unknown.replace("/>", f' s:role="{SOAP}/role/{role}"/>')
        assert bench.ask("<tds:GetServices/>", told)[0] == status
    category = "<tds:GetCapabilities><tds:Category>PTZ</tds:Category></tds:GetCapabilities>"
    assert fault_of(bench.ask(category)) == (500, "s:Receiver", "ter:ActionNotSupported", "ter:NoSuchService")
    for body in (b" ", b"<a/>", b"<s:Envelope", envelope("<tds:GetServices/>").replace(SOAP.encode(), b"urn:other")):
        assert bench.post(body).status in (400, 500)


def test_a_client_that_speaks_soap_1_1_is_told_in_it_which_version_is_spoken_here(bench: Bench) -> None:
    """SOAP 1.2 Part 1, appendix A: the fault of 1.2 that it got, it cannot read."""
    old = "http://schemas.xmlsoap.org/soap/envelope/"
    reply = bench.post(envelope("<tds:GetSystemDateAndTime/>").replace(SOAP.encode(), old.encode()))
    root = parse(reply.body)
    assert (reply.status, dict(reply.headers)["Content-Type"]) == (500, "text/xml; charset=utf-8")
    assert (root.space, root.word("Body", "Fault", "faultcode")) == (old, "e:VersionMismatch")
    assert root.word("Body", "Fault", "faultstring") == "an envelope of SOAP 1.2 is expected"
    supported = root.first("Header", "Upgrade", "SupportedEnvelope")
    assert supported is not None and (supported.space, supported.attributes["qname"]) == (SOAP, "s:Envelope")


def test_who_says_nothing_yet_is_given_the_challenge_of_a_digest(bench: Bench) -> None:
    """RFC 7616, 3.3; libcurl sends its body only with the answer."""
    reply = bench.post(b"")
    assert fault_of(said(reply)) == (401, "s:Sender", "ter:NotAuthorized", "")
    assert ("WWW-Authenticate", "Digest") in reply.headers
    assert bench.post(b"", {**HEADERS, "Authorization": "Digest of something"}).status == 400


def test_only_soap_is_taken_so_that_no_page_of_another_site_can_ask(bench: Bench) -> None:
    body = envelope("<tds:GetServices/>")
    assert bench.post(body, {"Content-Type": "text/plain"}).status == 415
    assert bench.post(body, {"X": ""}).status == 415
    assert bench.post(body, method="GET").status == 405


def test_addressing_is_answered_and_of_two_headers_the_first_counts(bench: Bench) -> None:
    header = "<wsa:MessageID>urn:1</wsa:MessageID><wsa:MessageID>urn:2</wsa:MessageID><wsa:Action>urn:a/AskRequest</wsa:Action>"
    reply = parse(bench.post(envelope("<tds:GetServices/>", header)).body)
    assert (reply.word("Header", "RelatesTo"), reply.word("Header", "Action")) == ("urn:1", "urn:a/AskResponse")
    assert parse(bench.post(envelope("<tds:GetServices/>")).body).first("Header") is None


def test_what_acts_needs_the_permission_to_open_and_a_late_or_broken_handler_is_answered_too(bench: Bench) -> None:
    later: list[Callable[[Xml], None]] = []

    def broken(camera: Camera, call: Call) -> Xml:
        raise RuntimeError("bug")

    def refuses(camera: Camera, call: Call) -> Xml:
        raise wrong("ter:InvalidArgVal", "no", "ter:NoProfile")

    operations = dict(bench.table.operations)
    for name, handler in (("A", lambda camera, call: tag("tds:AResponse", call.who)), ("B", broken), ("C", refuses)):
        operations[SPACES["tds"], name] = Operation(name, ACT, handler)
    operations[SPACES["tds"], "D"] = Operation("D", ACT, lambda camera, call: later.append)
    bench.table.operations = operations
    bench.access.permissions = ("view",)
    assert fault_of(bench.ask("<tds:A/>", token("admin", "x"))) == (403, "s:Sender", "ter:NotAuthorized", "")
    bench.access.permissions = ("view", "open")
    assert bench.ask("<tds:A/>", token("admin", "x"))[1].text == "VMS"
    assert fault_of(bench.ask("<tds:B/>", token("admin", "x"))) == (500, "s:Receiver", "ter:Action", "")
    assert fault_of(bench.ask("<tds:C/>", token("admin", "x"))) == (400, "s:Sender", "ter:InvalidArgVal", "ter:NoProfile")
    replies = bench.request(Request("POST", PATH, PATH, {"content-type": "text/xml"}, envelope("<tds:D/>", token("admin", ""))))
    assert replies == []
    later[0](tag("tds:DResponse"))
    assert (replies[0].status, b"<tds:DResponse/>" in replies[0].body) == (200, True)


@pytest.mark.parametrize("part", ["Nonce", "Created"])
def test_a_token_that_could_be_used_again_is_refused(bench: Bench, part: str) -> None:
    header = token("admin", "x").replace(f":{part}>", ":Other>")
    assert fault_of(bench.ask("<tds:GetDeviceInformation/>", header)) == (400, "s:Sender", "ter:NotAuthorized", "")
    plain = token("admin", "x").replace("#PasswordDigest", "#PasswordText")
    assert fault_of(bench.ask("<tds:GetDeviceInformation/>", plain)) == (400, "s:Sender", "ter:NotAuthorized", "")
    assert bench.access.asked == []
