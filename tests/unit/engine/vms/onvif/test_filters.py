"""Filters of ONVIF's subscriptions: the examples of ONVIF Core, what clients write, and what nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vms.onvif.filters import MOST_NESTED, BadFilter, Item, content_test, topic_test
from engine.vms.onvif.topics import PATHS

TNS1 = {"tns1": "http://www.onvif.org/ver10/topics"}
PLATE, DETECTOR, INPUT, RELAY = PATHS

EVENT = (Item("SimpleItem", "Rule", "LPR1"), Item("SimpleItem", "Likelihood", "0.9"), Item("ElementItem", "BoundingBox", ""))


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("tns1:RuleEngine//.", [PLATE, DETECTOR]),
        ("tns1:RuleEngine/Recognition/LicensePlate", [PLATE]),
        ("tns1:RuleEngine/Recognition", []),
        ("tns1:RuleEngine/Recognition//.", [PLATE]),
        ("tns1:RuleEngine/Recognition/LicensePlate//.", [PLATE]),
        ("tns1:RuleEngine/tns1:Recognition/LicensePlate", [PLATE]),
        (" tns1:Device/Trigger/Relay | tns1:RuleEngine/LicensePlateDetector/LicensePlate ", [DETECTOR, RELAY]),
        ("tns1:Device//.|tns1:VideoSource//.", [INPUT, RELAY]),
        ("tns1:RuleEngine/*/LicensePlate", [PLATE, DETECTOR]),
        ("tns1:*//.", [PLATE, DETECTOR, INPUT, RELAY]),
        ("tns1:VideoSource/MotionAlarm", []),
        ("RuleEngine//.", [PLATE, DETECTOR]),
        ("axis:RuleEngine//.", []),
        ("tns1:ruleengine//.", []),
    ],
)
def test_a_topic_expression_takes_what_the_standard_says(expression: str, taken: list[str]) -> None:
    test = topic_test(expression, {**TNS1, "axis": "http://www.axis.com/2009/event/topics"})
    assert [path for path in PATHS if test(path)] == taken


def test_another_prefix_may_stand_for_onvifs_topics_and_tns1_is_known_without_being_declared() -> None:
    assert topic_test("t:Device//.", {"t": TNS1["tns1"]})(RELAY)
    assert topic_test("tns1:Device//.", {})(RELAY)
    assert not topic_test("tns1:Device//.", {"tns1": "urn:somebody"})(RELAY)


def test_a_name_without_a_prefix_is_not_of_the_default_namespace() -> None:
    """WS-Topics 1.3, 8: topic expressions are a subset of XPath's; many clients declare WS-BaseNotification's as the default."""
    assert topic_test("Device/Trigger/Relay", {"": "http://docs.oasis-open.org/wsn/b-2"})(RELAY)


@pytest.mark.parametrize(
    "expression",
    ["", "|", "tns1:", "tns1:a//b", "x:Device", "tns1:Device/", "/tns1:Device", "tns1:De vice", "a" * 3000, "|".join(["a"] * 70)],
    ids=range(10),
)
def test_what_is_no_topic_expression_is_refused(expression: str) -> None:
    with pytest.raises(BadFilter):
        topic_test(expression, TNS1)


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ('boolean(//tt:SimpleItem[@Name="Rule" and @Value="LPR1"])', True),
        ("boolean(//tt:SimpleItem[@Name='Rule' and @Value='LPR2'])", False),
        ('boolean(//SimpleItem[@Name="Likelihood"])', True),
        ('not( boolean(//tt:SimpleItem[@Name="VideoAnalyticsConfigurationToken"] ) )', True),
        ('boolean(//tt:ElementItem[@Name="BoundingBox"])', True),
        ('boolean(//tt:SimpleItem[@Name="BoundingBox"])', False),
        ('boolean(//tt:SimpleItem[@Name="Rule" and @Value="0.9"])', False),
        ('boolean(//tt:SimpleItem[@Name="A" or @Name="Rule"]) and boolean(//tt:SimpleItem[@Value="0.9"])', True),
        ('boolean(//tt:SimpleItem[not(@Name="Rule") and (@Value="LPR1" or @Value="0.9")])', True),
        (
            '(boolean(//a:SimpleItem[@Name="A"]) or boolean(//a:SimpleItem[@Name="B"])) and boolean(//SimpleItem[@Name="Rule"])',
            False,
        ),
        ('boolean(//a:SimpleItem[@Name="A"]) and boolean(//a:SimpleItem[@Name="B"]) or boolean(//SimpleItem[@Name="Rule"])', True),
    ],
    ids=range(11),
)
def test_a_content_filter_takes_what_the_standard_says(expression: str, taken: bool) -> None:
    assert content_test(expression)(EVENT) is taken


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "boolean()",
        "//tt:SimpleItem",
        'boolean(//tt:SimpleItem[@Name="A"',
        'boolean(//tt:SimpleItem[@Name="A"]) and',
        'boolean(//tt:SimpleItem[@Name="A"]) boolean(//tt:SimpleItem[@Name="A"])',
        'boolean(//tt:Message[@Name="A"])',
        'boolean(//tt:SimpleItem[@Other="A"])',
        "boolean(//tt:SimpleItem[@Name=Value])",
        'boolean(//tt:SimpleItem[@Name="A])',
        "document('file:///etc/passwd')",
        "(" * (MOST_NESTED + 1) + 'boolean(//tt:SimpleItem[@Name="A"])' + ")" * (MOST_NESTED + 1),
        "not(" * 400,
        "a" * 3000,
    ],
    ids=range(14),
)
def test_what_is_no_content_filter_is_refused(expression: str) -> None:
    with pytest.raises(BadFilter):
        content_test(expression)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="()[]=@\"' abNVnotdrl:/SimpleItmEv|*.", max_size=60))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    for read in (lambda: topic_test(text, TNS1)(PLATE), lambda: content_test(text)(EVENT)):
        try:
            assert read() in (True, False)
        except BadFilter:
            pass
