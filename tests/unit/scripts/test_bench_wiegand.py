"""Wiegand comparison: what is counted as wrong, lost and refused; the measuring itself is the command's business."""

from collections import Counter

from board.kit.state import State
from board.profiles import load
from board.types import WiegandCode
from board.wiegand.codes import LAYOUTS, encode
from board.wiegand.receive import ReceivedFrame, read_edges, receive
from scripts.benchmarks.bench_wiegand import FORMATS, Tally, code_of, is_whole, percentiles, table, write_naively

A, B = encode(LAYOUTS["w26"], 1), encode(LAYOUTS["w26"], 2)


def frame(code, width_us=80.0, period_us=500, fault=""):
    began = tuple(1000 * period_us * number for number in range(code.bits))
    return ReceivedFrame(code, began, (width_us,) * code.bits, fault)


def taken(codes, received):
    tally = Tally()
    tally.take(codes, received, 80, 500)
    return tally.figures()


def test_frames_that_say_what_was_sent_are_right():
    figures = taken([A, B], [frame(A, 81.5), frame(B)])
    assert (figures["frames"], figures["wrong"], figures["lost"], figures["refused_by_a_panel"]) == (2, 0, 0, 0)
    assert figures["width_error_us"] == {"50": 0.0, "90": 1.5, "99": 1.5, "99.9": 1.5, "100": 1.5}
    assert figures["interval_error_us"]["100"] == 0.0


def test_a_whole_frame_that_was_not_sent_is_wrong_and_the_one_that_was_is_lost():
    figures = taken([A], [frame(B)])
    assert (figures["wrong"], figures["lost"], figures["refused_by_a_panel"]) == (1, 1, 1)


def test_a_torn_frame_that_came_again_is_neither_wrong_nor_lost():
    figures = taken([A], [frame(WiegandCode(7, 1)), frame(A)])
    assert (figures["wrong"], figures["lost"], figures["refused_by_a_panel"]) == (0, 0, 1)


def test_pulses_and_intervals_outside_the_limits_are_refused():
    figures = taken([A, B], [frame(A, 101.0), frame(B, 80.0, 25_000)])
    assert (figures["refused_by_a_panel"], figures["pulses_outside"]) == (2, 26)


def test_every_code_of_a_run_is_another_one_and_whole():
    codes = [code_of(number, number % FORMATS) for number in range(2000)]
    assert len(set(codes)) == 2000
    assert {code.bits for code in codes} == {26, 34, 64}
    assert all(is_whole(code, code.bits) for code in codes)
    assert not is_whole(WiegandCode(26, codes[0].value ^ 2), 26)
    assert not is_whole(codes[0], 34)  # a panel is set to one format


def test_percentiles_are_of_what_was_counted():
    assert percentiles(Counter({0.1: 90, 5.0: 9, 70.0: 1})) == {"50": 0.1, "90": 0.1, "99": 5.0, "99.9": 70.0, "100": 70.0}
    assert percentiles(Counter()) == {}


def test_the_naive_writer_puts_its_frames_on_the_simulated_chip(tmp_path):
    state = State(tmp_path)
    state.sim.mkdir()
    write_naively(state, range(2), 0, 80, 300)
    frames = receive(read_edges(state.sim / "edges.jsonl"), load(state).wiegand[0])
    assert sum(received.code.bits for received in frames) == code_of(0, 0).bits + code_of(1, 0).bits


def test_the_table_has_a_column_for_each_writer():
    figures = taken([A], [frame(A)])
    head = {"width_us": 80, "period_us": 500, "cores": 2, "cores_busy": True, "boards": 1, "pins_real_time": True, "seconds": 1}
    text = table({**head, "pins": figures, "naive": taken([B], [])})
    assert "pins with SCHED_FIFO" in text and "every core busy" in text
    assert text.count("p99.9") == 2 and f"{'never arrived whole':34}{0:>12}{1:>12}" in text
