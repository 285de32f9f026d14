"""ONVIF's event service over SOAP: documents that ONVIF's schemas find valid, times, faults, and consumers that are knocked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from board.kit.people import AskHa1, CheckToken
from engine.formats.onvif import DETECTOR, LICENSE_PLATE, MAKERS
from engine.log_in import REALM, lasting
from engine.messages import LineState
from engine.vms.http import Reply, Request
from engine.vms.onvif.services.events import PATH
from engine.vms.onvif.subscriptions import Wish
from engine.vms.onvif.topics import TOPICS
from engine.vms.onvif.xml import Element, parse
from tests.onvif_bench import Bench, fault_of
from tests.onvif_client import HEADERS, SPACES, envelope, token
from tests.onvif_schemas import problems
from tests.samples import event
from tests.waiting import until

TEV, WSNT, TT = SPACES["tev"], SPACES["wsnt"], SPACES["tt"]
BASE = "http://cam.example:8080"
PICTURE = "/LPR/2026010203040501.jpg"


class Client:
    """A logged-in client at 10.0.0.1 of a camera with an input and an output; every answer must be valid."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.host = "cam.example:8080"
        self.address = "10.0.0.1"
        self.there = True
        for name, kind in (("DI1", "input"), ("DO1", "output")):
            bench.lines[name] = LineState(name, kind, False, None)

    def send(self, body: str, path: str = PATH, header: str = "") -> list[Reply]:
        """Where the answers come: [] while there is none."""
        replies: list[Reply] = []
        given = {"host": self.host, "x-forwarded-for": self.address, **{name.lower(): value for name, value in HEADERS.items()}}
        request = Request("POST", path, path, given, envelope(body, header + token("admin", "x")), lambda: self.there)
        self.bench.onvif.answer(request, replies.append)
        return replies

    def ask(self, body: str, path: str = PATH, header: str = "") -> Element:
        (reply,) = self.send(body, path, header)
        return self.said(reply)

    def said(self, reply: Reply) -> Element:
        assert problems(reply.body) == []
        answer = parse(reply.body).first("Body")
        assert answer is not None
        self.status = reply.status
        return answer.children[0]

    def create(self, inside: str = "") -> str:
        """The path of a new pull point."""
        made = self.ask(f"<tev:CreatePullPointSubscription>{inside}</tev:CreatePullPointSubscription>")
        assert made.name == "CreatePullPointSubscriptionResponse", made.word("Reason", "Text")
        return made.word("SubscriptionReference", "Address").removeprefix(f"http://{self.host}")

    def quiet(self) -> str:
        """A pull point without the states that it begins with."""
        return self.create("<tev:SubscriptionPolicy><tev:ChangedOnly/></tev:SubscriptionPolicy>")

    def pull(self, path: str, timeout: str = "PT0S", limit: str = "10") -> Element:
        return self.ask(pull(timeout, limit), path)

    def passage(self, **changes: Any) -> None:
        its = event(**changes)
        self.bench.camera.events.publish([make(its, PICTURE) for make in MAKERS.values()], its.passage.plate)


def pull(timeout: str = "PT60S", limit: str = "10") -> str:
    return f"<tev:PullMessages><tev:Timeout>{timeout}</tev:Timeout><tev:MessageLimit>{limit}</tev:MessageLimit></tev:PullMessages>"


def topics(answer: Element) -> list[str]:
    return [each.word("Topic").removeprefix("tns1:") for each in answer.all("NotificationMessage")]


def items(message: Element) -> Mapping[str, str]:
    data = message.first("Message", "Message", "Data")
    assert data is not None
    return {each.attributes["Name"]: each.attributes["Value"] for each in data.all("SimpleItem")}


def moment(answer: Element, name: str, space: str) -> datetime:
    found = answer.first(name)
    assert found is not None and found.space == space and found.text.endswith("Z")
    return datetime.fromisoformat(found.text)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(Bench(tmp_path))


def test_times_stand_in_the_namespaces_that_clients_look_in(client: Client) -> None:
    """Of the answers to create and renew in wsnt, to pull in tev; zeep and Home Assistant find them nowhere else."""
    now, term = client.bench.clock.now(), "<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>"
    made = client.ask(f"<tev:CreatePullPointSubscription>{term}</tev:CreatePullPointSubscription>")
    assert (moment(made, "CurrentTime", WSNT), moment(made, "TerminationTime", WSNT)) == (now, now + timedelta(seconds=60))
    path = made.word("SubscriptionReference", "Address").removeprefix(BASE)
    assert path.startswith(f"{PATH}/")
    pulled = client.pull(path)
    assert (moment(pulled, "CurrentTime", TEV), moment(pulled, "TerminationTime", TEV)) == (now, now + timedelta(seconds=60))
    renewed = client.ask("<wsnt:Renew><wsnt:TerminationTime>PT120S</wsnt:TerminationTime></wsnt:Renew>", path)
    assert [each.name for each in renewed.children] == ["TerminationTime", "CurrentTime"]
    assert (moment(renewed, "TerminationTime", WSNT), moment(renewed, "CurrentTime", WSNT)) == (now + timedelta(seconds=120), now)


def test_a_passage_comes_in_both_topics_with_the_pictures_address_as_the_client_knows_the_camera(client: Client) -> None:
    path = client.quiet()
    client.host = "192.168.0.9"
    other = client.quiet()
    client.passage(plate="<K> & 510", id="p7", role="black")
    answers = {host: client.pull(one) for host, one in (("cam.example:8080", path), ("192.168.0.9", other))}
    assert topics(answers["192.168.0.9"]) == [LICENSE_PLATE, DETECTOR]
    standard, older = answers["192.168.0.9"].all("NotificationMessage")
    assert items(standard) == {
        "Likelihood": "0.934",
        "Label": "Blacklisted",
        "Direction": "Approaching",
        "ImageURI": f"http://192.168.0.9{PICTURE}",
        "EventId": "p7",
    }
    assert items(older)["PlateNumber"] == "<K> & 510" and items(older)["LicensePlatePicturePath"] == PICTURE
    assert client.pull(path).first("NotificationMessage") is None


def test_a_pull_waits_for_the_next_event_or_for_its_time(client: Client) -> None:
    path = client.quiet()
    replies = client.send(pull("PT60S"), path)
    client.bench.loop.advance(59.9)
    assert replies == []
    client.passage()
    assert topics(client.said(replies[0])) == [LICENSE_PLATE]
    assert topics(client.pull(path)) == [DETECTOR]
    replies = client.send(pull("PT60S"), path)
    client.bench.loop.advance(60.1)
    assert topics(client.said(replies[0])) == []
    assert len(client.bench.loop.timers) <= 2


def test_lines_are_told_to_begin_with_when_they_change_and_when_asked_for(client: Client) -> None:
    path = client.create()
    told = list(client.pull(path).all("NotificationMessage"))
    assert [(each.word("Topic"), items(each)["LogicalState"]) for each in told] == [
        ("tns1:Device/Trigger/DigitalInput", "false"),
        ("tns1:Device/Trigger/Relay", "inactive"),
    ]
    states = [each.first("Message", "Message") for each in told]
    assert [each.attributes["PropertyOperation"] for each in states if each is not None] == ["Initialized", "Initialized"]
    client.bench.camera.events.line(LineState("DI1", "input", True, client.bench.clock.now()))
    (changed,) = client.pull(path).all("NotificationMessage")
    message = changed.first("Message", "Message")
    assert message is not None
    assert (message.attributes["PropertyOperation"], items(changed)["LogicalState"]) == ("Changed", "true")
    assert client.ask("<tev:SetSynchronizationPoint/>", path).name == "SetSynchronizationPointResponse"
    assert len(topics(client.pull(path))) == 2


def test_filters_are_kept_to(client: Client) -> None:
    dialect = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
    topic = f'<wsnt:TopicExpression Dialect="{dialect}">tns1:RuleEngine/LicensePlateDetector//.</wsnt:TopicExpression>'
    content = (
        '<wsnt:MessageContent Dialect="http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter">'
        'boolean(//tt:SimpleItem[@Name="PlateNumber" and @Value="B"])</wsnt:MessageContent>'
    )
    path = client.create(f"<tev:Filter>{topic}{content}</tev:Filter>")
    client.passage(plate="A")
    client.passage(plate="B")
    client.bench.camera.events.line(LineState("DI1", "input", True, None))
    assert [items(each)["PlateNumber"] for each in client.pull(path).all("NotificationMessage")] == ["B"]


@pytest.mark.parametrize(
    ("filters", "fault"),
    [
        ('<wsnt:TopicExpression Dialect="urn:other">tns1:Device</wsnt:TopicExpression>', "TopicExpressionDialectUnknownFault"),
        ("<wsnt:TopicExpression>tns1:Device//x</wsnt:TopicExpression>", "InvalidTopicExpressionFault"),
        ("<wsnt:TopicExpression>tns1:VideoSource//.</wsnt:TopicExpression>", "TopicNotSupportedFault"),
        ("<wsnt:MessageContent>//x</wsnt:MessageContent>", "InvalidMessageContentExpressionFault"),
        (
            '<wsnt:MessageContent Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116">1</wsnt:MessageContent>',
            "InvalidFilterFault",
        ),
        ("<wsnt:ProducerProperties>1</wsnt:ProducerProperties>", "InvalidFilterFault"),
    ],
    ids=range(6),
)
def test_a_filter_that_is_not_understood_gets_its_own_fault(client: Client, filters: str, fault: str) -> None:
    for operation in ("tev:CreatePullPointSubscription", "wsnt:Subscribe"):
        space = operation[:4].rstrip(":")
        answer = client.ask(f"<{operation}><{space}:Filter>{filters}</{space}:Filter></{operation}>")
        assert fault_of((client.status, answer))[:3] == (500, "s:Receiver", f"wsnt:{fault}")
        assert answer.first("Detail", fault, "Timestamp") is not None
    assert len(client.bench.camera.events.subscriptions.all()) == 0


@pytest.mark.parametrize(
    ("term", "lasts_s"),
    [
        ("", 600),
        ("PT60S", 60),
        ("PT1S", 10),
        ("P30D", 86_400),
        ("2026-01-02T03:05:05Z", 60),
        ("2026-01-02T04:05:05.000+01:00", 60),
        ("2099-01-01T00:00:00Z", 86_400),
    ],
)
def test_a_term_is_relative_or_a_time_and_granted_within_bounds(client: Client, term: str, lasts_s: float) -> None:
    inside = f"<tev:InitialTerminationTime>{term}</tev:InitialTerminationTime>" if term else ""
    made = client.ask(f"<tev:CreatePullPointSubscription>{inside}</tev:CreatePullPointSubscription>")
    assert (moment(made, "TerminationTime", WSNT) - moment(made, "CurrentTime", WSNT)).total_seconds() == lasts_s


def test_a_term_that_is_past_is_told_what_would_do(client: Client) -> None:
    path = client.create()
    past = "1970-01-01T00:00:00Z"
    term = f"<tev:InitialTerminationTime>{past}</tev:InitialTerminationTime>"
    answer = client.ask(f"<tev:CreatePullPointSubscription>{term}</tev:CreatePullPointSubscription>")
    detail = answer.first("Detail", "UnacceptableInitialTerminationTimeFault")
    assert detail is not None and detail.word("MinimumTime") == "2026-01-02T03:04:15.000Z"
    answer = client.ask(f"<wsnt:Renew><wsnt:TerminationTime>{past}</wsnt:TerminationTime></wsnt:Renew>", path)
    assert answer.first("Detail", "UnacceptableTerminationTimeFault") is not None
    answer = client.ask("<wsnt:Renew><wsnt:TerminationTime>soon</wsnt:TerminationTime></wsnt:Renew>", path)
    assert fault_of((client.status, answer)) == (400, "s:Sender", "ter:InvalidArgVal", "")


def test_after_its_end_a_subscription_is_unknown(client: Client) -> None:
    path, other = client.create(), client.create()
    replies = client.send(pull(), other)
    replies = client.send(pull(), other) if replies else replies
    assert client.ask("<wsnt:Unsubscribe/>", other).name == "UnsubscribeResponse"
    assert topics(client.said(replies[0])) == []
    client.bench.loop.advance(601)
    for one in (path, other, f"{PATH}/{'0' * 24}", f"{PATH}/../x", PATH):
        for body in (pull(), "<wsnt:Unsubscribe/>", "<tev:SetSynchronizationPoint/>", "<wsnt:Renew/>"):
            answer = client.ask(body, one)
            assert fault_of((client.status, answer))[:3] == (500, "s:Receiver", "wsrf-r:ResourceUnknownFault")
    assert len(client.bench.camera.events.subscriptions.all()) == 0


def test_a_client_that_pulls_at_the_service_itself_gets_its_newest_pull_point(client: Client) -> None:
    client.quiet()
    client.quiet()
    client.passage()
    assert topics(client.ask(pull(), PATH)) == [LICENSE_PLATE, DETECTOR]
    client.address = "10.0.0.2"
    assert client.ask(pull(), PATH).name == "Fault"


def test_a_second_pull_is_refused_and_a_new_one_takes_over_from_a_client_that_is_gone(client: Client) -> None:
    path = client.quiet()
    client.send(pull(), path)
    answer = client.ask(pull(), path)
    assert fault_of((client.status, answer))[:3] == (500, "s:Receiver", "wsnt:UnableToGetMessagesFault")
    client.there = False
    client.send(pull(), path)
    client.there = True
    replies = client.send(pull(), path)
    answer = client.said(replies[0]) if replies else None
    assert answer is not None and answer.name == "Fault"


def test_a_timeout_that_is_too_long_is_told_the_longest_and_a_limit_never_is_too_high(client: Client) -> None:
    path = client.quiet()
    answer = client.ask(pull("PT1H"), path)
    assert answer.word("Detail", "PullMessagesFaultResponse", "MaxTimeout") == "PT600S"
    assert client.pull(path, limit="2147483647").name == "PullMessagesResponse"
    assert client.pull(path, limit="0").name == "PullMessagesResponse"
    for body in (pull("five"), pull(limit="many"), pull("-PT1S")):
        answer = client.ask(body, path)
        assert fault_of((client.status, answer)) == (400, "s:Sender", "ter:InvalidArgVal", "")


def test_every_topic_is_described_and_every_message_is_as_described(client: Client) -> None:
    answer = client.ask("<tev:GetEventProperties/>")
    topic_set = answer.first("TopicSet")
    assert topic_set is not None
    described: dict[str, Element] = {}

    def walk(element: Element, path: str) -> None:
        if element.attributes.get("topic") == "true":
            description = element.first("MessageDescription")
            assert description is not None
            described[path] = description
        for child in element.children:
            if child.name != "MessageDescription":
                walk(child, f"{path}/{child.name}".lstrip("/"))

    walk(topic_set, "")
    assert sorted(described) == sorted(topic.path for topic in TOPICS)
    path = client.create()
    client.passage(region="BY", plate_kind="police")
    for message in client.pull(path).all("NotificationMessage"):
        its = described[message.word("Topic").removeprefix("tns1:")]
        for group in ("Source", "Data"):
            told = message.first("Message", "Message", group)
            known = its.first(group)
            assert told is not None and known is not None
            names = {(each.name.removesuffix("Description"), each.attributes["Name"]) for each in known.children}
            assert {(each.name, each.attributes["Name"]) for each in told.children} <= names
        said = message.first("Message", "Message")
        is_property = its.attributes["IsProperty"] == "true"
        assert said is not None and ("PropertyOperation" in said.attributes) >= is_property


def test_headers_that_come_twice_are_answered_once(client: Client) -> None:
    action = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest"
    header = f"<wsa:Action>{action}</wsa:Action><wsa:MessageID>urn:1</wsa:MessageID>" * 2
    (reply,) = client.send(pull("PT0S"), client.quiet(), header)
    envelope = ElementTree.fromstring(reply.body)
    assert [each.text for each in envelope.iter(f"{{{SPACES['wsa']}}}Action")] == [action.replace("Request", "Response")]
    assert [each.text for each in envelope.iter(f"{{{SPACES['wsa']}}}RelatesTo")] == ["urn:1"]


@pytest.mark.parametrize(
    ("address", "permissions"),
    [
        ("http://127.0.0.1:9/x", ("view", "actions")),
        ("http://169.254.1.1/", ("view", "actions")),
        ("http://[::1]/", ("view", "actions")),
        ("http://2130706433/", ("view", "actions")),
        ("http://10.0.0.2/", ("view",)),
        ("https://10.0.0.1/", ("view",)),
        ("http://user:pw@10.0.0.1/", ("view",)),
        ("http://10.0.0.1:0x/", ("view",)),
        ("http://10.0.0.1/a b", ("view",)),
        ("ftp://10.0.0.1/", ("view",)),
        ("", ("view",)),
    ],
    ids=range(11),
)
def test_no_stranger_makes_the_camera_knock_where_it_must_not(client: Client, address: str, permissions: tuple[str, ...]) -> None:
    client.bench.access.permissions = permissions
    body = f"<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>{address}</wsa:Address></wsnt:ConsumerReference></wsnt:Subscribe>"
    replies = client.send(body)
    until(lambda: replies, "the look-up")
    answer = client.said(replies[0])
    assert fault_of((client.status, answer))[:3] == (500, "s:Receiver", "wsnt:SubscribeCreationFailedFault")
    assert len(client.bench.camera.events.subscriptions.all()) == 0


def test_every_operation_asks_for_a_log_in(client: Client) -> None:
    for body in (pull(), "<wsnt:Subscribe/>", "<tev:GetEventProperties/>", "<tev:CreatePullPointSubscription/>"):
        assert fault_of(client.bench.ask(body))[:3] == (401, "s:Sender", "ter:NotAuthorized")


def test_short_pulls_beside_a_long_one_pile_up_no_timers(client: Client) -> None:
    long, short = client.quiet(), client.quiet()
    waiting = client.send(pull("PT600S"), long)
    for _ in range(500):
        replies = client.send(pull("PT1S"), short)
        client.bench.loop.advance(1.1)
        assert len(replies) == 1
    assert (waiting, len(client.bench.loop.timers) <= 3) == ([], True)


def test_whose_device_password_or_token_is_removed_is_told_nothing_any_more(client: Client) -> None:
    """A consumer of Notify went on being told for up to an hour, and who waited in a pull for up to ten minutes."""
    admin = lasting('Digest username="admin"')
    events = client.bench.camera.events
    ended: list[str] = []
    client.quiet()
    events.subscriptions.add("VMS", client.address, Wish(), 60, 0, lambda: None, lambda: ended.append("pushed"), admin)
    events.subscriptions.add("Wall", client.address, Wish(), 60, 0, whose=lasting("", "viewer-1"))
    events.subscriptions.add("a token", client.address, Wish(), 60, 0, whose=lasting("Bearer gw_1"))
    events.subscriptions.add("its end", client.address, Wish(), 60, 0, whose=lasting("bearer gw_2"))
    asked: list[object] = []

    def still(whose: object, then: Callable[[bool], None]) -> None:
        asked.append(whose)
        then(whose not in (admin, CheckToken("gw_2", "")))

    events.look_again(still)
    assert ended == ["pushed"]
    assert set(asked) == {admin, AskHa1("onvif", "viewer-1", REALM), CheckToken("gw_1", ""), CheckToken("gw_2", "")}
    assert [one.who for one in events.subscriptions.all()] == ["Wall", "a token"]


def test_when_onvif_is_switched_off_nobody_is_told_anything_any_more(client: Client) -> None:
    path = client.quiet()
    (waiting,) = [client.send(pull(), path)]
    client.bench.camera.events.end()
    assert topics(client.said(waiting[0])) == []
    client.passage()
    assert client.pull(path).name == "Fault"


def test_capabilities_are_valid(client: Client) -> None:
    told = client.ask("<tev:GetServiceCapabilities/>").first("Capabilities")
    assert told is not None and (told.attributes["MaxPullPoints"], told.attributes["MaxNotificationProducers"]) == ("32", "8")


def test_there_is_no_current_message(client: Client) -> None:
    answer = client.ask('<wsnt:GetCurrentMessage><wsnt:Topic Dialect="urn:x">tns1:Device</wsnt:Topic></wsnt:GetCurrentMessage>')
    assert fault_of((client.status, answer))[2] == "wsnt:NoCurrentMessageOnTopicFault"
