"""Receiver: frames out of edges, gaps, faults, the edge log."""

import pytest

from board.kit.errors import BoardError
from board.types import WiegandCode, WiegandLine
from board.wiegand.receive import Edge, read_edges, receive

LINE = WiegandLine("W1", d0=1, d1=2, active_high=False)


def pulses(bits, start_ms=0.0, period_ms=2.0):
    """Edges of `bits` ("1011") on lines that idle high, 50 us wide."""
    edges = []
    for number, bit in enumerate(bits):
        begin_ns = round((start_ms + number * period_ms) * 1e6)
        edges += [Edge(begin_ns, f"W1.D{bit}", 0), Edge(begin_ns + 50_000, f"W1.D{bit}", 1)]
    return edges


def test_bits_arrive_in_their_order_with_their_widths():
    (frame,) = receive(pulses("1011"), LINE)
    assert (frame.code, frame.widths_us, frame.fault) == (WiegandCode(4, 0b1011), (50.0, 50.0, 50.0, 50.0), "")


def test_the_slowest_legal_interval_of_20_ms_does_not_end_a_frame():
    (frame,) = receive(pulses("10", period_ms=20), LINE)
    assert frame.code == WiegandCode(2, 0b10)


def test_a_gap_of_more_than_25_ms_ends_a_frame():
    frames = receive(pulses("11") + pulses("000", start_ms=30), LINE)
    assert [frame.code for frame in frames] == [WiegandCode(2, 3), WiegandCode(3, 0)]


def test_edges_of_other_lines_are_ignored():
    assert receive([Edge(0, "DO1", 1), *pulses("1"), Edge(90_000_000, "DO1", 0)], LINE)[0].code == WiegandCode(1, 1)


def test_both_lines_active_at_once_is_a_fault():
    edges = [Edge(0, "W1.D0", 0), Edge(20_000, "W1.D1", 0), Edge(50_000, "W1.D0", 1), Edge(70_000, "W1.D1", 1)]
    assert receive(edges, LINE)[0].fault == "both lines were active at once"


def test_a_pulse_without_an_end_is_a_fault():
    assert receive([Edge(0, "W1.D0", 0)], LINE)[0].fault == "a pulse did not end"


def test_a_transistor_output_is_received_by_its_own_polarity():
    edges = [Edge(0, "W1.D1", 1), Edge(50_000, "W1.D1", 0)]
    assert receive(edges, WiegandLine("W1", 1, 2, active_high=True))[0].code == WiegandCode(1, 1)


def test_a_damaged_edge_log_names_the_line(tmp_path):
    log = tmp_path / "edges.jsonl"
    assert read_edges(log) == []
    log.write_text('{"t_ns": 1, "line": "DO1", "level": 1}\nnonsense\n')
    with pytest.raises(BoardError, match="line 2"):
        read_edges(log)
