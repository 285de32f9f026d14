"""Forms: every settings class and every action kind can be edited in the portal; what is wrong is said all at once."""

from __future__ import annotations

from typing import Any

import pytest

from board.camera import CameraSettings
from board.kit.errors import ConfigError
from board.kit.languages import best
from board.kit.secrets import merged, public, without_secrets
from board.kit.settings import Settings, SettingsError, option
from board.kit.web.forms import fields, filled, groups
from board.kit.web.render import Templates
from board.kit.words import ENGLISH
from board.profiles import all_profiles
from engine.actions import email, find_kinds, ftp, syslog
from engine.actions.display import PROTOCOLS, DisplayOptions
from engine.actions.email import EmailOptions
from engine.actions.ftp import FtpOptions
from engine.actions.http import HttpOptions
from engine.actions.io import NOTES, IoOptions
from engine.actions.syslog import SyslogOptions
from engine.cli.settings_docs import sections
from engine.dispatch.starts import STARTS
from engine.exchange.formats import IMPORTED, ORDERS
from engine.exchange.taking import TakingOptions
from engine.plates import EntryForm
from engine.settings import GeneralSettings, LprSettings
from engine.types import INTERVALS
from tests.unit.webui.portal_caller import Caller
from webui.api.jobs import JobForm
from webui.api.rules import ConditionsForm, RuleForm
from webui.choices import board_choices
from webui.page_layout import TEMPLATES
from webui.view.list_forms import ListForm

SIM = board_choices(all_profiles()["sim"])
CLASSES = [LprSettings, CameraSettings, GeneralSettings, ListForm, EntryForm, *(kind.options for kind in find_kinds().values())]


class Secret(Settings):
    user: str = option("", "User", "Who.")
    password: str = option("", "Password", "Kept.", widget="password")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_field_has_a_control_a_title_and_help(kind: type[Settings]) -> None:
    form = fields(kind, {}, SIM)
    assert [field.name for field in form] == list(kind.model_fields)
    assert all(field.control and field.title and field.help for field in form)


def test_a_zero_that_stands_for_something_else_is_shown_as_its_word_and_others_as_a_number() -> None:
    def drawn(kind: type[Settings], name: str, **values: Any) -> str:
        (field,) = (each for each in fields(kind, values, SIM) if each.name == name)
        return Templates(TEMPLATES).html("field", best("", "de"), f=field, regions={})

    nothing, two = drawn(ConditionsForm, "lane", lane=0), drawn(ConditionsForm, "lane", lane=2)
    assert 'value=""' in nothing and 'placeholder="jede Spur"' in nothing and 'data-type="zero"' in nothing
    assert 'value="2"' in two
    assert 'value="0"' in drawn(IoOptions, "delay_ms", delay_ms=0)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_field_is_drawn_with_its_name(kind: type[Settings]) -> None:
    for field in fields(kind, {}, SIM):
        html = Templates(TEMPLATES).html("field", ENGLISH, f=field, regions={})
        assert f'data-field="{field.name}"' in html
        assert f'name="{field.name}"' in html or field.control in ("countries", "week")


def test_limits_units_choices_and_restart_come_from_the_declaration() -> None:
    found = {field.name: field for field in fields(LprSettings, {"votes": 3}, SIM)}
    votes, mode, timeout = found["votes"], found["mode"], found["trigger_timeout_s"]
    assert (votes.value, votes.lowest, votes.highest, votes.step, votes.restart) == (3, "1", "10", "1", True)
    assert mode.choices == (("MOTION", "MOTION"), ("TRIGGER", "TRIGGER"), ("FREEFLOW", "FREEFLOW"))
    assert (timeout.unit, timeout.step) == ("s", "any")
    assert found["trigger_input"].choices == (("DI1", "DI1"), ("DI2", "DI2"))
    assert found["fold_lookalikes"].restart is False


def test_groups_keep_their_order() -> None:
    names = [title for title, _ in groups(fields(LprSettings, {}, SIM))]
    assert names == ["Countries", "Mode", "Picture", "Filters", "Trigger", "Free flow and motion", "Camera"]


def test_every_problem_is_listed_at_once_with_its_field() -> None:
    body = {"votes": 0, "mode": "SLEEP", "min_confidence_pct": "", "trigger_input": "DI9", "nonsense": 1}
    with pytest.raises(SettingsError) as refused:
        filled(LprSettings, body, {"region": "Europe"}, SIM)
    assert {(problem.field, str(problem.text)) for problem in refused.value.problems} == {
        ("votes", "must be 1 or more"),
        ("mode", "must be one of MOTION, TRIGGER, FREEFLOW"),
        ("min_confidence_pct", "must be a whole number"),
        ("trigger_input", "this camera has no DI9; it has DI1, DI2"),
        ("nonsense", "there is no such setting"),
    }


def test_an_error_names_a_few_of_many_choices_and_says_that_there_are_more() -> None:
    many = {"countries": tuple((f"A{number:02}", "") for number in range(13))}
    with pytest.raises(SettingsError) as refused:
        filled(LprSettings, {"countries": ["ZZ"]}, {"region": "Europe"}, {**SIM, **many})
    assert str(refused.value).endswith(
        "this camera has no ZZ; it has A00, A01, A02, A03, A04, A05, A06, A07, A08, A09, A10, A11, …"
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", " ", "../../etc/passwd", "/etc/localtime", 5, None])
def test_a_time_zone_that_is_none_is_refused(zone: Any) -> None:
    with pytest.raises(SettingsError):
        filled(GeneralSettings, {"time_zone": zone}, {}, SIM)


def test_the_time_zone_is_the_systems_unless_another_is_chosen() -> None:
    (field,) = (each for each in fields(GeneralSettings, {}, SIM) if each.name == "time_zone")
    assert (field.control, field.value, field.choices[0]) == ("select", "", ("", "the system's (System, Time)"))
    assert ("Europe/Bratislava", "Europe/Bratislava") in field.choices
    assert filled(GeneralSettings, {"time_zone": ""}, {"time_zone": "Asia/Seoul"}, SIM).time_zone == ""


@pytest.mark.parametrize(
    "roi", [[0.5, 0.1, 0.2, 0.9], [0.1, 0.9, 0.5, 0.2], [0.1, 0.1, 1.2, 0.9], [-0.1, 0, 1, 1], [0, 0, 1], "all", [0, 0, "x", 1]]
)
def test_a_region_of_interest_must_lie_in_the_picture(roi: Any) -> None:
    with pytest.raises(SettingsError):
        filled(LprSettings, {"roi": roi}, {"region": "Europe"}, SIM)


def test_a_region_of_interest_is_taken_and_removed() -> None:
    drawn = filled(LprSettings, {"roi": [0.1, 0.2, 0.8, 0.9]}, {"region": "Europe"}, SIM)
    assert drawn.roi == (0.1, 0.2, 0.8, 0.9)
    assert filled(LprSettings, {"roi": None}, drawn.model_dump(), SIM).roi is None


@pytest.mark.parametrize(
    "masks",
    [[[0.5, 0.1, 0.2, 0.9]], [[0.1, 0.9, 0.5, 0.2]], [[0.1, 0.1, 1.2, 0.9]], [[0, 0, 1]], [0, 0, 1, 1], "all", [[0, 0, 1, 1]] * 9],
    ids=str,
)
def test_masks_must_lie_in_the_picture_and_be_few(masks: Any) -> None:
    with pytest.raises(SettingsError):
        filled(LprSettings, {"masks": masks}, {"region": "Europe"}, SIM)


def test_masks_are_taken_and_removed() -> None:
    drawn = filled(LprSettings, {"masks": [[0, 0, 0.4, 0.1], [0.6, 0.9, 1, 1]]}, {"region": "Europe"}, SIM)
    assert drawn.masks == ((0, 0, 0.4, 0.1), (0.6, 0.9, 1, 1))
    assert filled(LprSettings, {"masks": []}, drawn.model_dump(), SIM).masks == ()


def test_a_number_for_each_line_has_a_field_for_each_with_its_range_and_only_lines_of_the_board() -> None:
    stored = {"longest_on": "DO2=60, DO9=5"}
    field = {each.name: each for each in fields(GeneralSettings, stored, SIM)}["longest_on"]
    assert field.value == [("DO1", ""), ("DO2", "60"), ("DO9", "5")]
    assert (field.control, field.lowest, field.highest, field.step, field.unit) == ("by_line", "0", "86400", "1", "s")
    with pytest.raises(SettingsError, match="Longest time on: this camera has no DO9; it has DO1"):
        filled(GeneralSettings, stored, {}, SIM)
    with pytest.raises(SettingsError, match="Longest time on: DO1=90000: at most 86400 s"):
        filled(GeneralSettings, {"longest_on": "DO1=90000"}, {}, SIM)
    assert filled(GeneralSettings, {"longest_on": "DO1=60"}, {}, SIM).longest_on == "DO1=60"


def test_what_people_choose_is_all_that_there_is() -> None:
    chosen = {
        (IoOptions, "do"): NOTES, (FtpOptions, "images"): ftp.PICTURES, (EmailOptions, "images"): email.PICTURES,
        (EmailOptions, "tls"): email.PORTS, (SyslogOptions, "protocol"): syslog.PORTS, (DisplayOptions, "protocol"): PROTOCOLS,
        (TakingOptions, "format"): IMPORTED, (TakingOptions, "dates"): ORDERS, (JobForm, "interval"): INTERVALS,
        (RuleForm, "start"): STARTS,
    }  # fmt: skip
    for (kind, name), known in chosen.items():
        assert kind.model_fields[name].choices == tuple(known), name
        assert set(kind.model_fields[name].labels) == set(known), name


def test_every_number_of_a_form_is_a_number_field_with_a_range() -> None:
    kinds = (*(kind for _, kind in sections()), EntryForm)
    numbers = [
        (kind.__name__, field.name, field.control, field.lowest, field.highest)
        for kind in kinds
        for field in fields(kind, {}, SIM)
        if kind.type_of(field.name) in (int, float, int | None, float | None)
    ]
    assert len(numbers) > 100
    wrong = [each for each in numbers if each[2] not in ("number", "select") or (each[2] == "number" and "" in each[3:])]
    assert wrong == []


def test_a_password_never_reaches_the_browser_and_an_empty_one_keeps_the_stored_one() -> None:
    stored = {"user": "anna", "password": "secret"}
    assert [field.value for field in fields(Secret, stored, {})] == ["anna", ""]
    assert public(Secret, stored) == {"user": "anna", "password": ""}
    assert filled(Secret, {"user": "bea", "password": ""}, stored, {}).password == "secret"
    assert filled(Secret, {"password": "new"}, stored, {}).password == "new"


class Mail(Settings):
    """Mail"""

    host: str = option("mail.example", "Host", "Where it goes.")
    port: int = option(25, "Port", "Its port.")
    sender: str = option("", "Sender", "Who it is from.")
    password: str = option("", "Password", "Of the user.", widget="password", belongs_to=("host", "port"))
    picture: str = option("", "Picture address", "Where pictures come from.", widget="secret_url")


MAIL = {"host": "mail.example", "port": 25, "sender": "gate", "password": "s3cret"}


@pytest.mark.parametrize("change", [{"host": "evil.example"}, {"port": 2525}, {"host": "evil.example", "password": ""}])
def test_a_stored_password_does_not_follow_a_changed_host(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        filled(Mail, change, MAIL, {})
    assert [(each.field, str(each.text)) for each in refused.value.problems] == [
        ("password", "enter it again: it was given for another address")
    ]
    assert filled(Mail, {**change, "password": "typed"}, MAIL, {}).password == "typed"


def test_a_stored_password_stays_while_it_goes_to_the_same_host() -> None:
    assert filled(Mail, {"sender": "north", "host": "mail.example"}, MAIL, {}).password == "s3cret"
    assert filled(Mail, {"host": "evil.example"}, {**MAIL, "password": ""}, {}).password == ""
    assert filled(Mail, {"host": "mail.example"}, {"password": "s3cret"}, {}).password == "s3cret"  # the default, never stored


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"url": "http://nvr.example/other?x=1"}, False),
        ({"url": "http://nvr.example:81/api"}, True),
        ({"url": "https://nvr.example/api"}, True),
        ({"url": "http://evil.example/api"}, True),
        ({"authentication": "basic"}, True),
        ({"verify_tls": False}, True),
        ({"user": "other"}, False),
    ],
)
def test_the_password_of_an_http_action_stays_with_its_server_and_with_how_it_is_protected(
    change: dict[str, Any], moved: bool
) -> None:
    stored = {"url": "http://nvr.example/api", "authentication": "digest", "user": "u", "password": "s3cret", "verify_tls": True}
    if not moved:
        assert filled(HttpOptions, change, stored, {}).password == "s3cret"
        return
    with pytest.raises(SettingsError, match="Password: enter it again"):
        filled(HttpOptions, change, stored, {})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://guard:2468%2Fgate@10.0.0.7:554/live", "rtsp://guard:(hidden)@10.0.0.7:554/live"),
        ("http://10.0.0.7/mjpg?user=guard&password=p4ss&fps=5", "http://10.0.0.7/mjpg?user=guard&password=(hidden)&fps=5"),
        ("rtsp://10.0.0.7/user=guard&password=p4ss&channel=1", "rtsp://10.0.0.7/user=guard&password=(hidden)&channel=1"),
        ("rtsp://10.0.0.7/user=guard_password=p4ss_channel=1", "rtsp://10.0.0.7/user=guard_password=(hidden)"),
        ("rtsp://10.0.0.7/live", "rtsp://10.0.0.7/live"),
        ("v4l2:/dev/video0", "v4l2:/dev/video0"),
    ],
)
def test_the_password_in_an_address_is_hidden_and_kept_for_the_same_server_only(address: str, shown: str) -> None:
    stored = {**MAIL, "picture": address}
    assert public(Mail, stored)["picture"] == shown
    assert next(field.value for field in fields(Mail, stored, {}) if field.name == "picture") == shown
    assert filled(Mail, {"picture": shown}, stored, {}).picture == address
    assert filled(Mail, {"picture": shown + "2"}, stored, {}).picture == address + "2"
    if "(hidden)" in shown:
        with pytest.raises(SettingsError, match="Picture address: enter the password in it again"):
            filled(Mail, {"picture": shown.replace("10.0.0.7", "10.0.0.8")}, stored, {})


@pytest.mark.parametrize(
    "sent",
    [
        "http://root:(hidden)@10.0.0.7/live?token=(hidden)",
        "http://guard@10.0.0.7/live?token=(hidden)",
        "http://guard:(hidden)@10.0.0.7/live?token=(hidden)&pass=(hidden)",
    ],
)
def test_a_password_in_an_address_stays_with_its_user_and_in_its_place(sent: str) -> None:
    stored = {**MAIL, "picture": "http://guard:2468@10.0.0.7/live?token=t0ken"}
    with pytest.raises(SettingsError, match="Picture address: enter the password in it again"):
        filled(Mail, {"picture": sent}, stored, {})


def test_what_is_written_down_says_that_there_is_a_password_and_not_which() -> None:
    assert without_secrets(Mail, {"password": "s3cret", "sender": "gate"}) == {"password": "(hidden)", "sender": "gate"}
    assert without_secrets(Mail, {"password": ""}) == {"password": ""}


@pytest.mark.parametrize("kind", ["vast2", "ask"])
def test_the_path_of_an_address_is_written_down_without_what_may_be_a_password(kind: str) -> None:
    options = find_kinds()[kind].options
    assert without_secrets(options, {"path": "/lpr?token=hunter2"}) == {"path": "/lpr?(hidden)"}
    assert without_secrets(options, {"path": "/lpr/in"}) == {"path": "/lpr/in"}


@pytest.mark.parametrize("end", ["/", "?", "#"])
def test_of_an_address_that_is_cut_in_the_middle_of_its_password_nothing_is_shown_or_written_down(end: str) -> None:
    address = f"rtsp://guard:p4ss{end}w0rd@10.0.0.7/live"
    assert public(Mail, {"picture": address}) == {"picture": "rtsp://(hidden)"}
    assert without_secrets(Mail, {"picture": address}) == {"picture": "rtsp://(hidden)@10.0.0.7/live"}
    with pytest.raises(SettingsError, match="Picture address: enter the password in it again"):
        filled(Mail, {"picture": "rtsp://(hidden)"}, {**MAIL, "picture": address}, {})


def test_what_is_written_down_has_no_password_of_a_path_either() -> None:
    for written in ("user=guard&password=p4ss&channel=1", "user=guard_password=p4ss_channel=1"):
        assert "p4ss" not in str(without_secrets(Mail, {"picture": f"rtsp://10.0.0.7/{written}"}))


def test_a_type_that_no_control_edits_stops_with_the_fields_name() -> None:
    class Odd(Settings):
        table: dict[str, int] = option({}, "Table", "None.")

    with pytest.raises(ConfigError, match=r"Odd\.table"):
        fields(Odd, {}, {})


def test_titles_help_choices_and_limits_of_a_field_are_said_in_the_readers_language(caller: Caller) -> None:
    def number(value: int) -> str:
        return f'<data class="number" value="{value}">{value}</data>'

    german = caller.call("GET", "camera", "admin", HTTP_ACCEPT_LANGUAGE="de").text
    english = caller.call("GET", "camera", "admin", HTTP_ACCEPT_LANGUAGE="en").text
    for words, deutsch in (
        (">Upside down</label>", ">Kopfüber</label>"),
        ("The camera hangs upside down: the picture is turned.", "Die Kamera hängt kopfüber: Das Bild wird gedreht."),
        ('<option value="never" selected>never</option>', '<option value="never" selected>nie</option>'),
        ("<h2>Picture</h2>", "<h2>Bild</h2>"),
        (f">{number(1)} to {number(60)}</span>", f">{number(1)} bis {number(60)}</span>"),
    ):
        assert (words in english, deutsch in german, words in german) == (True, True, False), words


@pytest.mark.parametrize(
    "query", ["loginuse=guard&loginpas=SECRET", "usr=guard&psw=SECRET", "authbasic=SECRET", "sig=SECRET", "a=1&x_session_id=SECRET"]
)
def test_a_password_among_an_addresss_parameters_never_comes_back(query: str) -> None:
    """As Foscam and others have it in the addresses of their streams."""
    url = f"http://192.168.1.9/video.cgi?{query}"
    shown = public(LprSettings, {"camera_url": url})["camera_url"]
    assert "SECRET" not in shown and shown.startswith("http://192.168.1.9/video.cgi?")
    assert merged(LprSettings, {"camera_url": shown}, {"camera_url": url}) == ({"camera_url": url}, ())
