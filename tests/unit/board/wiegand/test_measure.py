"""Measurement: frames go through a real pins process; the figures are complete (their size is the bench's business)."""

from board.wiegand.measure import measure


def test_every_frame_arrives_and_every_edge_is_counted(tmp_path):
    errors = measure(tmp_path, 3, width_us=80, period_us=1000)
    assert (errors.frames, errors.wrong) == (3, 0)
    assert list(errors.width_us) == list(errors.interval_us) == [50, 90, 99, 100]
    assert errors.width_us[50] <= errors.width_us[100]
