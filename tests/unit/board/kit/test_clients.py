"""Clients: who uses the servers of a process, told to whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit import clients as clients_module
from board.kit.clients import MOST_ASKING, MOST_ENDED, MOST_SHOWN, Clients, read_clients
from board.kit.state import State
from board.kit.words import Text

STRANGER = "\x1b[2J<b>\u202e\ud800" + "ß" * 500


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture
def clients(state: State) -> Iterator[Clients]:
    clients = Clients(state, "vms")
    clients.start()
    yield clients
    clients.close()


def test_a_connection_is_told_with_its_user_and_the_last_that_was_sent_and_answered(state: State, clients: Clients) -> None:
    client = clients.open("nvr", "192.168.7.5:50123")
    client.user = "nvr-3"
    client.sent("BGW2847")
    client.sent("K510EA154")
    client.answered("200")
    client.missed(2)
    (told,) = read_clients(state)
    (one,) = told.clients
    assert (told.server, told.count) == ("nvr", 1)
    assert (one.address, one.user, one.sent, one.answered) == ("192.168.7.5:50123", "nvr-3", "K510EA154", "200")
    assert (one.count, one.missed, one.ended, one.why) == (2, 2, None, Text(""))
    assert one.sent_at is not None and one.answered_at is not None and one.since <= one.sent_at <= one.answered_at


def test_one_that_went_stays_to_be_seen_with_the_reason_and_is_not_counted(state: State, clients: Clients) -> None:
    client = clients.open("nvr", "192.168.7.5:1")
    client.closed(Text("it does not read"))
    client.closed()
    client.sent("late")
    (told,) = read_clients(state)
    assert told.count == 0
    assert [(one.why, one.ended is not None) for one in told.clients] == [(Text("it does not read"), True)]


def test_the_newest_connections_are_told_and_all_are_counted(state: State, clients: Clients) -> None:
    here = [clients.open("nvr", f"10.0.0.1:{number}") for number in range(MOST_SHOWN + 5)]
    for client in here[: MOST_ENDED + 3]:
        client.closed()
    for number in range(MOST_ENDED + 3):
        clients.open("nvr", f"10.0.0.2:{number}")
    (told,) = read_clients(state)
    assert told.count == MOST_SHOWN + 5
    assert len([one for one in told.clients if one.ended is None]) == MOST_SHOWN
    assert told.clients[0].address == f"10.0.0.2:{MOST_ENDED + 2}"
    assert len([one for one in told.clients if one.ended]) == MOST_ENDED


def test_requests_of_one_address_and_user_are_one_client(state: State, clients: Clients) -> None:
    clients.request("onvif", "10.0.0.1", "onvif-1", "GetProfiles", "200")
    clients.request("onvif", "10.0.0.1", "onvif-1", "PullMessages", "2 messages")
    clients.request("onvif", "10.0.0.9", "", "GetDeviceInformation", "401")
    (told,) = read_clients(state)
    assert [(one.address, one.user, one.sent, one.answered, one.count) for one in told.clients] == [
        ("10.0.0.9", "", "GetDeviceInformation", "401", 1),
        ("10.0.0.1", "onvif-1", "PullMessages", "2 messages", 2),
    ]


def test_addresses_without_end_are_not_kept(state: State, clients: Clients) -> None:
    for number in range(MOST_ASKING + 50):
        clients.request("onvif", f"10.0.0.{number}", "", "Probe", "401")
    (told,) = read_clients(state)
    assert (told.count, told.clients[0].address) == (MOST_ASKING, f"10.0.0.{MOST_ASKING + 49}")


def test_one_that_asks_no_more_is_forgotten(state: State, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    clients.request("onvif", "10.0.0.1", "", "Probe", "401")
    monkeypatch.setattr(clients_module, "ASKING_S", 0.0)
    assert [(told.server, told.count, told.clients) for told in read_clients(state)] == [("onvif", 0, ())]


def test_what_strangers_say_is_cut_and_in_one_line_and_fits_the_wire(state: State, clients: Clients) -> None:
    for _ in range(MOST_SHOWN):
        client = clients.open("nvr", STRANGER, STRANGER)
        client.sent(STRANGER)
        client.answered(STRANGER)
    (told,) = read_clients(state)
    assert told.clients[0].user == " [2J<b>  " + "ß" * 71
    assert len(told.clients) == MOST_SHOWN


def test_all_processes_are_asked_and_one_that_died_is_left_out(state: State, clients: Clients) -> None:
    video = Clients(state, "video")
    video.start()
    video.open("rtsp", "10.0.0.1:1")
    clients.open("nvr", "10.0.0.1:2")
    (state.clients / "dead.sock").touch()
    assert [told.server for told in read_clients(state)] == ["nvr", "rtsp"]
    video.close()
    assert [told.server for told in read_clients(state)] == ["nvr"]


def test_without_room_for_its_socket_a_process_goes_on(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    clients = Clients(State(tmp_path), "vms")
    clients.start()
    clients.open("nvr", "10.0.0.1:1").sent("BGW2847")
    clients.close()
    assert read_clients(State(tmp_path)) == ()
