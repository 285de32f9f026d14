"""Events: the service at which clients subscribe, pull and renew (ONVIF Core, Event handling; WS-BaseNotification 1.3).

Each subscription has an address of its own below the service's, made from the Host that the client used.
"""

from __future__ import annotations

from datetime import timedelta

from board.kit.clients import host_of
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.filters import CONTENT_DIALECT, TOPIC_DIALECTS, BadFilter, ContentTest, TopicTest, content_test, topic_test
from engine.vms.onvif.operations import READ, Call, Done, Later, Operation, Service
from engine.vms.onvif.push import BadConsumer, Push, consumer
from engine.vms.onvif.soap import Fault, wrong
from engine.vms.onvif.subscriptions import (
    LONGEST_PULL_S,
    LONGEST_S,
    MOST,
    MOST_AT_ONCE,
    MOST_PUSHED,
    SECOND_NS,
    SHORTEST_S,
    USUAL_S,
    Event,
    PullPending,
    Subscription,
    Wish,
    messages,
)
from engine.vms.onvif.terms import duration_s, seconds_left, told
from engine.vms.onvif.topics import PATHS, topic_set
from engine.vms.onvif.xml import Element, Xml, join, tag

PATH = "/onvif/event_service"
TOPIC_SPACE = "http://www.onvif.org/onvif/ver10/topics/topicns.xml"
SCHEMAS = ("http://www.onvif.org/onvif/ver10/schema/onvif.xsd", "http://www.onvif.org/onvif/ver10/schema/metadatastream.xsd")

SEND_ANYWHERE = "actions"
"""Permission of who may have the camera connect to others than himself: it is the one to say where actions send."""


# --- what a client asks for -----------------------------------------------------------------------------------------------


def _refused(camera: Camera, name: str, reason: str, *more: Xml) -> Fault:
    """A fault of WS-BaseNotification; ONVIF wants them as the receiver's."""
    description = tag("wsrf-bf:Description", reason)
    return Fault("Receiver", (name,), reason, tag(name, tag("wsrf-bf:Timestamp", told(camera.clock.now())), description, *more))


def _wish(camera: Camera, asked: Element) -> Wish:
    policy = asked.first("SubscriptionPolicy")
    if policy is not None and policy.first("UseRaw") is not None:
        raise _refused(camera, "wsnt:UnsupportedPolicyRequestFault", "messages come in Notify alone")
    topics, contents = [], []
    filters = asked.first("Filter")
    for each in filters.children if filters is not None else ():
        if each.name == "TopicExpression":
            topics.append(_topics(camera, each))
        elif each.name == "MessageContent":
            contents.append(_content(camera, each))
        else:
            raise _unknown_filter(camera, f"the filter {each.name[:40]} is not known", each.name)
    return Wish(
        topics=(lambda topic: any(test(topic) for test in topics)) if topics else None,
        content=(lambda items: all(test(items) for test in contents)) if contents else None,
        changed_only=policy is not None and policy.first("ChangedOnly") is not None,
    )


def _topics(camera: Camera, expression: Element) -> TopicTest:
    if expression.attributes.get("Dialect", TOPIC_DIALECTS[0]).strip() not in TOPIC_DIALECTS:
        raise _refused(camera, "wsnt:TopicExpressionDialectUnknownFault", "this dialect of topic expressions is not known")
    try:
        test = topic_test(expression.text.strip(), expression.prefixes)
    except BadFilter as why:
        raise _refused(camera, "wsnt:InvalidTopicExpressionFault", str(why)) from why
    if not any(map(test, PATHS)):
        raise _refused(camera, "wsnt:TopicNotSupportedFault", "this camera has none of these topics")
    return test


def _content(camera: Camera, expression: Element) -> ContentTest:
    if expression.attributes.get("Dialect", CONTENT_DIALECT).strip() != CONTENT_DIALECT:
        raise _unknown_filter(camera, "this dialect of message content filters is not known", "MessageContent")
    try:
        return content_test(expression.text.strip())
    except BadFilter as why:
        raise _refused(camera, "wsnt:InvalidMessageContentExpressionFault", str(why)) from why


def _unknown_filter(camera: Camera, reason: str, name: str) -> Fault:
    return _refused(camera, "wsnt:InvalidFilterFault", reason, tag("wsnt:UnknownFilter", f"wsnt:{name[:40]}"))


def _lasts_s(camera: Camera, term: Element | None, fault: str) -> float:
    """For how long a subscription is asked for. Longer than LONGEST_S is granted as that, as the answer says."""
    text = term.text.strip() if term is not None else ""
    if not text:
        return USUAL_S
    now = camera.clock.now()
    try:
        left_s = seconds_left(text, now)
    except ValueError as why:
        raise wrong("ter:InvalidArgVal", str(why)) from why
    if left_s <= 0:
        limits = (("Minimum", SHORTEST_S), ("Maximum", LONGEST_S))
        accepted = (tag(f"wsnt:{name}Time", told(now + timedelta(seconds=seconds))) for name, seconds in limits)
        raise _refused(camera, fault, "this time is past by the camera's clock", *accepted)
    return left_s


# --- subscriptions --------------------------------------------------------------------------------------------------------


def _address(call: Call, one: Subscription) -> str:
    return f"{call.base}{PATH}/{one.id}"


def _reference(name: str, call: Call, one: Subscription) -> Xml:
    return tag(name, tag("wsa:Address", _address(call, one)))


def _times(camera: Camera, prefix: str, one: Subscription, now_ns: int) -> tuple[Xml, Xml]:
    """(CurrentTime, TerminationTime), of one moment: clients take the one from the other. `now_ns`: its CLOCK_MONOTONIC."""
    now = camera.clock.now()
    left = timedelta(seconds=max(0, one.ends_ns - now_ns) / SECOND_NS)
    return tag(f"{prefix}:CurrentTime", told(now)), tag(f"{prefix}:TerminationTime", told(now + left))


def _subscription(camera: Camera, call: Call) -> Subscription:
    """The one whose address was used; of a client that does not care for addresses, its newest pull point."""
    subscriptions, now_ns = camera.events.subscriptions, camera.clock.monotonic_ns()
    id = call.request.path.removeprefix(f"{PATH}/")
    if id == call.request.path:
        found = subscriptions.newest(call.who, call.address, now_ns)
    else:
        found = subscriptions.find(id, call.who, now_ns)
    if found is None:
        raise _refused(camera, "wsrf-r:ResourceUnknownFault", "there is no such subscription, or it has ended")
    return found


def _create(camera: Camera, call: Call) -> Xml:
    wish = _wish(camera, call.body)
    term = call.body.first("InitialTerminationTime")
    lasts_s = _lasts_s(camera, term, "wsnt:UnacceptableInitialTerminationTimeFault")
    now_ns = camera.clock.monotonic_ns()
    made = camera.events.subscriptions.add(call.who, call.address, wish, lasts_s, now_ns, whose=call.whose)
    camera.events.arm()
    return tag(
        "tev:CreatePullPointSubscriptionResponse",
        _reference("tev:SubscriptionReference", call, made),
        *_times(camera, "wsnt", made, now_ns),
    )


def _pull(camera: Camera, call: Call) -> Later:
    one = _subscription(camera, call)
    if one.is_pushed:
        raise _refused(camera, "wsnt:UnableToGetMessagesFault", "the messages of this subscription are sent to its consumer")
    limit = call.body.word("MessageLimit")
    try:
        timeout_s = duration_s(call.body.word("Timeout") or "PT0S")
        most = int(limit[:12]) if limit else MOST_AT_ONCE
    except ValueError as why:
        raise wrong("ter:InvalidArgVal", str(why)) from why
    if timeout_s > LONGEST_PULL_S:
        limits = (tag("tev:MaxTimeout", f"PT{LONGEST_PULL_S}S"), tag("tev:MaxMessageLimit", MOST_AT_ONCE))
        raise Fault("Receiver", ("ter:InvalidArgVal",), "the time-out is too long", tag("tev:PullMessagesFaultResponse", *limits))

    def later(done: Done) -> None:
        def answer(events: tuple[Event, ...]) -> None:
            call.said.extend(dict.fromkeys(event.plate for event in events if event.plate))
            times = _times(camera, "tev", one, camera.clock.monotonic_ns())
            done(tag("tev:PullMessagesResponse", *times, messages(events, call.base)))

        try:
            camera.events.subscriptions.pull(one, most, timeout_s, camera.clock.monotonic_ns(), answer, call.request.waits)
        except PullPending:
            done(_refused(camera, "wsnt:UnableToGetMessagesFault", "another PullMessages waits at this subscription"))
        camera.events.arm()

    return later


def _renew(camera: Camera, call: Call) -> Xml:
    one = _subscription(camera, call)
    lasts_s = _lasts_s(camera, call.body.first("TerminationTime"), "wsnt:UnacceptableTerminationTimeFault")
    now_ns = camera.clock.monotonic_ns()
    camera.events.subscriptions.renew(one, lasts_s, now_ns)
    camera.events.arm()
    current, termination = _times(camera, "wsnt", one, now_ns)
    return tag("wsnt:RenewResponse", termination, current)


def _unsubscribe(camera: Camera, call: Call) -> Xml:
    camera.events.subscriptions.end(_subscription(camera, call))
    return tag("wsnt:UnsubscribeResponse")


def _set_synchronization_point(camera: Camera, call: Call) -> Xml:
    camera.events.subscriptions.synchronise(_subscription(camera, call))
    return tag("tev:SetSynchronizationPointResponse")


# --- base notification ----------------------------------------------------------------------------------------------------


def _subscribe(camera: Camera, call: Call) -> Later:
    wish = _wish(camera, call.body)
    term = call.body.first("InitialTerminationTime")
    lasts_s = _lasts_s(camera, term, "wsnt:UnacceptableInitialTerminationTimeFault")
    try:
        to = consumer(call.body.word("ConsumerReference", "Address"))
    except BadConsumer as why:
        raise _refused(camera, "wsnt:SubscribeCreationFailedFault", str(why)) from why

    def later(done: Done) -> None:
        only = "" if SEND_ANYWHERE in call.permissions else host_of((call.address,))

        def found(addresses: tuple[str, ...]) -> None:
            if not addresses:
                reason = "the camera may not reach this consumer: it is barred, or not where the subscription comes from"
                done(_refused(camera, "wsnt:SubscribeCreationFailedFault", reason))
                return
            push = camera.events.consumers.push(to, only, addresses, call.who)
            done(_begin(camera, call, wish, lasts_s, push))

        camera.events.consumers.find(to, only, found)

    return later


def _begin(camera: Camera, call: Call, wish: Wish, lasts_s: float, push: Push) -> Xml:
    now_ns = camera.clock.monotonic_ns()
    made = camera.events.subscriptions.add(call.who, call.address, wish, lasts_s, now_ns, push.news, push.close, call.whose)
    push.begin(made, _address(call, made), call.base)
    camera.events.arm()
    return tag(
        "wsnt:SubscribeResponse",
        _reference("wsnt:SubscriptionReference", call, made),
        *_times(camera, "wsnt", made, now_ns),
    )


# --- the service ----------------------------------------------------------------------------------------------------------


def _get_event_properties(camera: Camera, call: Call) -> Xml:
    return tag(
        "tev:GetEventPropertiesResponse",
        tag("tev:TopicNamespaceLocation", TOPIC_SPACE),
        tag("wsnt:FixedTopicSet", True),
        topic_set(),
        *(tag("wsnt:TopicExpressionDialect", dialect) for dialect in TOPIC_DIALECTS),
        tag("tev:MessageContentFilterDialect", CONTENT_DIALECT),
        *(tag("tev:MessageContentSchemaLocation", place) for place in SCHEMAS),
    )


def _get_current_message(camera: Camera, call: Call) -> Xml:
    raise _refused(camera, "wsnt:NoCurrentMessageOnTopicFault", "subscribe to get messages; none is kept")


def _capabilities(camera: Camera) -> Xml:
    return tag(
        "tev:Capabilities",
        WSSubscriptionPolicySupport=False,
        WSPausableSubscriptionManagerInterfaceSupport=False,
        MaxNotificationProducers=MOST_PUSHED,
        MaxPullPoints=MOST,
        PersistentNotificationStorage=False,
    )


def _legacy(camera: Camera) -> Xml:
    return join(
        tag("tt:WSSubscriptionPolicySupport", False),
        tag("tt:WSPullPointSupport", True),
        tag("tt:WSPausableSubscriptionManagerInterfaceSupport", False),
    )


WSNT = "http://docs.oasis-open.org/wsn/b-2"

SERVICE = Service(
    prefix="tev",
    path=PATH,
    version=(2, 60),
    operations=(
        Operation("GetEventProperties", READ, _get_event_properties),
        Operation("CreatePullPointSubscription", READ, _create),
        Operation("PullMessages", READ, _pull),
        Operation("SetSynchronizationPoint", READ, _set_synchronization_point),
        Operation("Renew", READ, _renew, WSNT),
        Operation("Unsubscribe", READ, _unsubscribe, WSNT),
        Operation("Subscribe", READ, _subscribe, WSNT),
        Operation("GetCurrentMessage", READ, _get_current_message, WSNT),
    ),
    capabilities=_capabilities,
    category="Events",
    legacy=_legacy,
)
