"""Vote: one car one passage, whatever is misread, missed or beside it."""

from __future__ import annotations

from dataclasses import replace

from engine.lists import comparable
from engine.reading.passages.seen import MOST_READS
from engine.reading.passages.vote import Settled, Vote
from engine.types import PlateRead
from tests.unit.engine.reading.passages.reads import HERE, OTHER_LANE, frame_at, read_of


def vote(votes: int = 2, lost_after_ms: int = 1500, min_confidence_pct: float = 80) -> Vote:
    return Vote(votes, min_confidence_pct, lost_after_ms)


def said(settled: list[Settled]) -> list[tuple[str, int, float]]:
    return [(outcome.read.text, outcome.votes, outcome.confidence) for outcome in settled]


def test_a_car_is_settled_in_the_frame_in_which_two_reads_agree() -> None:
    tracks = vote()
    assert tracks.see(frame_at(0), [read_of("BA123CD", 90)]) == []
    assert said(tracks.see(frame_at(100), [read_of("BA123CD", 96)])) == [("BA123CD", 2, 93.0)]


def test_a_car_that_stands_there_gives_no_second_passage_whatever_is_misread() -> None:
    tracks = vote()
    texts = ["BA123CD", "BA123CD", "BA128CD", "BA128CD", "8A128CD", "8A128CD", "BA123C", "BA123CD"] * 5
    settled = [said(tracks.see(frame_at(100 * number), [read_of(text)])) for number, text in enumerate(texts)]
    assert [outcome for outcome in settled if outcome] == [[("BA123CD", 2, 95.0)]]
    assert said(tracks.see(frame_at(10_000), [])) == []


def test_the_frame_and_box_are_those_of_the_best_agreeing_read() -> None:
    tracks = vote(votes=3)
    best = (510, 610, 150, 34)
    tracks.see(frame_at(0), [read_of("BA123CD", 94)])
    tracks.see(frame_at(100), [read_of("BA123CD", 97, box=best)])
    tracks.see(frame_at(200), [read_of("BA123GD", 80)])
    (outcome,) = tracks.see(frame_at(300), [read_of("BA123CD", 90)])
    assert (outcome.read.text, outcome.read.box, outcome.frame.seq, outcome.votes) == ("BA123CD", best, 101, 3)


def test_a_best_read_of_long_ago_gives_way_so_that_the_passage_is_of_now() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 99)])
    for ms in range(400, 12_000, 400):
        assert tracks.see(frame_at(ms), [], [read_of("BA123CD", 70)]) == []
    (outcome,) = tracks.see(frame_at(12_000), [read_of("BA123CD", 85)])
    assert (outcome.frame.seq, outcome.votes, outcome.confidence) == (12_001, 2, 92.0)


def test_a_text_that_was_misread_first_loses_against_three_that_agree() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA128CD", 99)])
    tracks.see(frame_at(100), [read_of("BA123CD", 90)])
    assert tracks.see(frame_at(200), [read_of("BA123CD", 92)]) == []
    assert said(tracks.see(frame_at(300), [read_of("BA123CD", 91)])) == [("BA123CD", 3, 91.0)]


def test_an_unsure_misread_is_outvoted_by_two_sure_reads_at_once() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA128CD", 55)])
    tracks.see(frame_at(100), [read_of("BA123CD", 97)])
    assert said(tracks.see(frame_at(200), [read_of("BA123CD", 97)])) == [("BA123CD", 2, 97.0)]


def test_two_unsure_reads_wait_for_a_third_that_agrees() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 82)])
    assert tracks.see(frame_at(100), [read_of("BA123CD", 84)]) == []
    assert said(tracks.see(frame_at(200), [read_of("BA123CD", 80)])) == [("BA123CD", 3, 82.0)]


def test_two_reads_that_were_unsure_of_different_positions_settle_at_once() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 88, weak=2)])
    assert said(tracks.see(frame_at(100), [read_of("BA123CD", 88, weak=5)])) == [("BA123CD", 2, 88.0)]


def test_a_car_that_leaves_while_its_plate_is_in_doubt_is_settled_by_what_agreed() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 82)])
    assert tracks.see(frame_at(100), [read_of("BA123CD", 84)]) == []
    assert said(tracks.finish()) == [("BA123CD", 2, 83.0)]


def test_look_alikes_agree_and_the_surer_reading_is_the_plate() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA1O3CD", 85)])
    assert said(tracks.see(frame_at(100), [read_of("BA103CD", 95)])) == [("BA103CD", 2, 90.0)]


def test_two_cars_in_one_frame_are_two_tracks() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD"), read_of("KE777AA", box=OTHER_LANE)])
    settled = tracks.see(frame_at(100), [read_of("KE777AA", box=OTHER_LANE), read_of("BA123CD")])
    assert sorted(said(settled)) == [("BA123CD", 2, 95.0), ("KE777AA", 2, 95.0)]


def test_two_fleet_cars_side_by_side_with_plates_one_apart_are_two_tracks() -> None:
    tracks = vote()
    settled: list[Settled] = []
    for number in range(4):
        pair = [read_of("BA124CD", 96, box=OTHER_LANE), read_of("BA123CD", 95)]
        settled += tracks.see(frame_at(100 * number), pair)
    assert sorted(said(settled)) == [("BA123CD", 2, 95.0), ("BA124CD", 2, 96.0)]


def test_a_fleet_car_close_behind_one_that_is_settled_is_settled_too_and_the_first_one_not_again() -> None:
    behind = (560, 420, 100, 24)
    for first_is_valid in (True, False):
        tracks = vote()
        settled = [outcome for ms in (0, 100) for outcome in tracks.see(frame_at(ms), [read_of("BA123CD", 95)])]
        for ms in range(200, 800, 100):
            first, second = read_of("BA123CD", 95), read_of("BA124CD", 97, box=behind)
            settled += tracks.see(frame_at(ms), *(([first, second], []) if first_is_valid else ([second], [first])))
        for ms in range(800, 1400, 100):  # the first one drives on
            settled += tracks.see(frame_at(ms), [read_of("BA124CD", 97)])
        assert [(outcome.read.text, outcome.frame.seq) for outcome in settled] == [("BA123CD", 1), ("BA124CD", 201)]


def test_a_car_that_is_to_be_read_anew_takes_no_settled_neighbour_of_nearly_the_same_plate_along() -> None:
    tracks = vote()

    def both(ms: int) -> list[Settled]:
        return tracks.see(frame_at(ms), [read_of("BA123CD"), read_of("BA124CD", box=OTHER_LANE)])

    assert len(both(0) + both(100)) == 2
    tracks.forget("BA123CD")
    assert [outcome.read.text for outcome in both(200) + both(300) + both(400)] == ["BA123CD"]


def test_the_same_text_twice_in_one_frame_is_one_vote() -> None:
    tracks = vote()
    assert tracks.see(frame_at(0), [read_of("BA123CD"), read_of("BA123CD", 90, box=OTHER_LANE)]) == []
    assert len(tracks.see(frame_at(100), [read_of("BA123CD")])) == 1


def test_a_car_seen_once_is_settled_when_it_has_left() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 88)])
    assert said(tracks.see(frame_at(500), [])) == []
    assert said(tracks.see(frame_at(1400), [])) == []
    assert said(tracks.see(frame_at(1500), [])) == [("BA123CD", 1, 88.0)]
    assert not tracks.tracking


def test_a_car_seen_once_is_settled_by_the_clock_when_no_frame_comes_any_more() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 88)])
    assert tracks.tick(frame_at(1500).monotonic_ns) == []
    assert said(tracks.tick(frame_at(2500).monotonic_ns)) == [("BA123CD", 1, 88.0)]


def test_two_reads_that_differ_in_one_character_are_too_unsure_to_settle() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", 90)])
    tracks.see(frame_at(100), [read_of("BA128CD", 91)])
    assert tracks.see(frame_at(200), []) == []
    assert tracks.see(frame_at(1700), []) == []
    assert not tracks.tracking


def test_a_doubt_at_a_position_that_the_other_read_was_unsure_of_weighs_less() -> None:
    tracks = vote(votes=3)
    tracks.see(frame_at(0), [read_of("BA123CD", 99)])
    tracks.see(frame_at(100), [read_of("BA123CD", 99)])
    tracks.see(frame_at(150), [read_of("BA128CD", 81, weak=4)])
    tracks.see(frame_at(200), [])
    # share of the 3: 2 x 99 x 0.99 of 2 x 99 x 0.99 + 81 x 0.5
    assert said(tracks.see(frame_at(1700), [])) == [("BA123CD", 2, 82.0)]


def test_a_picture_of_its_own_settles_the_car_of_the_picture_before_at_once() -> None:
    tracks = vote()
    tracks.see(frame_at(0, "a.jpg"), [read_of("BA123CD", 88)])
    settled = tracks.see(frame_at(500, "b.jpg"), [read_of("KE777AA", 90)])
    assert said(settled) == [("BA123CD", 1, 88.0)]
    assert said(tracks.see(frame_at(1000, "c.jpg"), [])) == [("KE777AA", 1, 90.0)]
    assert not tracks.tracking


def test_two_pictures_of_a_folder_with_similar_plates_show_two_cars() -> None:
    tracks = vote()
    tracks.see(frame_at(0, "a.jpg"), [read_of("RK865AC", 92)])
    settled = tracks.see(frame_at(500, "b.jpg"), [read_of("RK875AE", 96, box=(560, 580, 140, 32))])
    assert said(settled) == [("RK865AC", 1, 92.0)]
    assert said(tracks.see(frame_at(1000, "c.jpg"), [])) == [("RK875AE", 1, 96.0)]


def test_frames_of_one_car_as_files_of_a_folder_are_one_car() -> None:
    tracks = vote()
    texts = ["BA123CD", "BA123CD", "BA128CD", "BA123CD", "BA123CD"]
    settled = [tracks.see(frame_at(500 * number, f"{number}.jpg"), [read_of(text)]) for number, text in enumerate(texts)]
    assert [len(each) for each in settled] == [0, 1, 0, 0, 0]
    assert tracks.finish() == []


def test_the_same_car_coming_back_after_it_left_is_a_new_passage() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD")])
    assert len(tracks.see(frame_at(100), [read_of("BA123CD")])) == 1
    tracks.see(frame_at(900), [])
    assert tracks.see(frame_at(1599), [read_of("BA123CD")]) == []
    tracks.see(frame_at(2000), [])
    tracks.see(frame_at(3200), [read_of("BA123CD")])
    assert said(tracks.see(frame_at(3300), [read_of("BA123CD")])) == [("BA123CD", 2, 95.0)]


def test_the_next_car_of_a_fleet_is_a_car_of_its_own_once_the_first_was_out_of_sight() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD")])
    tracks.see(frame_at(100), [read_of("BA123CD")])
    tracks.see(frame_at(500), [])
    tracks.see(frame_at(1000), [read_of("BA124CD")])
    assert said(tracks.see(frame_at(1100), [read_of("BA124CD")])) == [("BA124CD", 2, 95.0)]


def test_a_wild_misread_of_a_settled_car_is_dropped_when_its_own_plate_is_back() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD")])
    tracks.see(frame_at(100), [read_of("BA123CD")])
    assert tracks.see(frame_at(200), [read_of("8H7Z3OO")]) == []
    assert tracks.see(frame_at(300), [read_of("BA123CD")]) == []
    assert tracks.finish() == []


def test_a_plate_cut_off_by_the_edge_is_the_same_car() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD")])
    tracks.see(frame_at(100), [read_of("BA123CD")])
    for number in range(4):
        assert tracks.see(frame_at(200 + 100 * number), [read_of("A123", box=(560, 600, 80, 32))]) == []
    assert tracks.finish() == []


def test_a_read_below_the_filters_keeps_a_known_car_in_sight_but_never_votes() -> None:
    tracks = vote()
    assert tracks.see(frame_at(0), [], [read_of("BA123CD", 70)]) == []
    assert not tracks.tracking
    tracks.see(frame_at(100), [read_of("BA123CD")])
    tracks.see(frame_at(200), [read_of("BA123CD")])
    for ms in range(300, 5000, 400):
        assert tracks.see(frame_at(ms), [], [read_of("BA123CD", 70)]) == []
    assert tracks.see(frame_at(5100), [read_of("BA123CD")]) == []


def test_a_plate_that_grows_approaches_and_one_that_shrinks_goes_away() -> None:
    for heights, direction in (((20.0, 30.0), "approach"), ((30.0, 20.0), "away"), ((30.0, 30.5), "")):
        tracks = vote()
        tracks.see(frame_at(0), [read_of("BA123CD", height_px=heights[0])])
        (outcome,) = tracks.see(frame_at(100), [read_of("BA123CD", height_px=heights[1])])
        assert outcome.direction == direction


def test_with_one_vote_the_first_read_settles() -> None:
    assert said(vote(votes=1).see(frame_at(0), [read_of("BA123CD", 88)])) == [("BA123CD", 1, 88.0)]


def test_memory_is_bounded_by_the_tracks_and_texts_kept() -> None:
    tracks = vote(votes=10)
    for number in range(60):
        boxes = [(140 * column, 100 * (number % 8), 60, 20) for column in range(9)]
        tracks.see(
            frame_at(number), [read_of(f"X{number:02}{column}YZ{number % 7}", 50, box=box) for column, box in enumerate(boxes)]
        )
        assert len(tracks._tracks) <= 8
        assert all(len(track.tallies) <= 4 for track in tracks._tracks)


def test_the_place_matters_for_texts_that_are_only_similar() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", box=HERE)])
    tracks.see(frame_at(100), [read_of("BA124CD", box=OTHER_LANE)])
    assert sorted(said(tracks.finish())) == [("BA123CD", 1, 95.0), ("BA124CD", 1, 95.0)]


def test_two_texts_with_as_many_reads_each_wait_for_one_more_however_sure_one_is() -> None:
    tracks = vote()
    for ms, read in enumerate([read_of("BA128CD", 70, weak=4), read_of("BA128CD", 70, weak=4), read_of("BA123CD", 99)]):
        assert tracks.see(frame_at(100 * ms), [read]) == []
    assert tracks.see(frame_at(300), [read_of("BA123CD", 99)]) == []
    assert said(tracks.see(frame_at(400), [read_of("BA123CD", 99)])) == [("BA123CD", 3, 99.0)]


def test_no_read_is_surer_than_one_doubt_in_fifty() -> None:
    for second, settles in ((48, False), (52, True)):
        tracks = vote()
        assert tracks.see(frame_at(0), [read_of("BA123CD", 100)]) == []
        assert bool(tracks.see(frame_at(100), [read_of("BA123CD", second)])) is settles


def test_a_read_of_another_length_puts_every_position_in_doubt_unless_it_is_a_piece() -> None:
    for between, settles in (("BA1238CD", False), ("BA123C", True), ("A123CD", True), ("BA12CD", False)):
        tracks = vote()
        tracks.see(frame_at(0), [read_of("BA123CD", 90)])
        tracks.see(frame_at(100), [read_of(between, 90)])
        assert bool(tracks.see(frame_at(200), [read_of("BA123CD", 90)])) is settles, between


def test_a_read_of_another_length_speaks_no_louder_than_its_weakest_position() -> None:
    tracks = vote()
    doubtful = replace(read_of("BA1238CD", 99, weak=4), confidence=60.0)
    tracks.see(frame_at(0), [read_of("BA123CD", 95)])
    tracks.see(frame_at(100), [doubtful])
    assert [outcome.read.text for outcome in tracks.see(frame_at(200), [read_of("BA123CD", 95)])] == ["BA123CD"]


def test_a_character_of_which_the_reader_was_not_sure_at_all_ends_no_vote() -> None:
    tracks = vote()
    sure = read_of("BA123CD", 95)
    tracks.see(frame_at(0), [replace(sure, chars=tuple(replace(char, confidence=0.0) for char in sure.chars))])
    assert [(outcome.read.text, outcome.confidence) for outcome in tracks.finish()] == [("BA123CD", 95.0)]


def test_a_car_that_leaves_counts_reads_of_another_length_against_its_plate_unless_they_are_pieces() -> None:
    for other, confidences in (("BA1238CD", []), ("BA123C", [95.0])):
        tracks = vote(votes=3)
        tracks.see(frame_at(0), [read_of("BA123CD", 95)])
        tracks.see(frame_at(100), [read_of(other, 94)])
        assert [outcome.confidence for outcome in tracks.finish()] == confidences, other


def test_of_too_many_texts_the_weakest_is_forgotten() -> None:
    tracks = vote()
    texts = (("BA123CD", 95), ("XA123CD", 42), ("BX123CD", 40), ("BA1X3CD", 43), ("BA123XD", 44))
    for number, (text, confidence) in enumerate(texts):
        assert tracks.see(frame_at(100 * number), [read_of(text, confidence)]) == []
    assert set(tracks._tracks[0].tallies) == {comparable(text) for text, confidence in texts if confidence > 40}
    assert said(tracks.see(frame_at(500), [read_of("BA123CD", 95)])) == [("BA123CD", 2, 95.0)]


def unsure_of(read: PlateRead, position: int, certainty: float) -> PlateRead:
    chars = list(read.chars)
    chars[position] = replace(chars[position], confidence=certainty)
    return replace(read, chars=tuple(chars))


def test_of_texts_with_as_many_reads_the_one_leads_whose_weakest_position_is_surer() -> None:
    tracks = vote(min_confidence_pct=40)
    tracks.see(frame_at(0), [read_of("BA128CD", 90, weak=4)])
    tracks.see(frame_at(100), [read_of("BA123CD", 85)])
    # share of the 3: 85 x 0.85 of 85 x 0.85 + 90 x 0.5
    assert said(tracks.finish()) == [("BA123CD", 1, 52.4)]


def test_a_read_whose_characters_are_not_judged_one_by_one_is_as_sure_of_each_as_of_all() -> None:
    tracks = vote(min_confidence_pct=20)
    tracks.see(frame_at(0), [replace(read_of("BA128CD", 60), chars=())])
    tracks.see(frame_at(100), [unsure_of(read_of("BA123CD", 50), 4, 0.9)])
    # share of the 3: 50 x 0.9 of 50 x 0.9 + 60 x 0.6
    assert said(tracks.finish()) == [("BA123CD", 1, 27.8)]


def test_of_texts_with_as_many_reads_and_as_sure_the_more_confident_leads() -> None:
    tracks = vote(min_confidence_pct=40)
    tracks.see(frame_at(0), [unsure_of(read_of("BA128CD", 80), 4, 0.9)])
    tracks.see(frame_at(100), [unsure_of(read_of("BA123CD", 90), 4, 0.8)])
    assert said(tracks.finish()) == [("BA123CD", 1, 45.0)]


def test_of_too_many_cars_the_one_out_of_sight_for_longest_is_ended() -> None:
    tracks = vote(votes=10)
    cars = [
        read_of(letter * 4 + str(number) * 3, box=(140 * number, 100 * number, 60, 20)) for number, letter in enumerate("BCDEFGHJK")
    ]
    assert tracks.see(frame_at(0), cars[:8]) == []
    assert tracks.see(frame_at(100), [*cars[:3], *cars[4:8]]) == []
    assert said(tracks.see(frame_at(200), [cars[8]])) == [("EEEE333", 1, 95.0)]


def test_of_too_many_cars_one_that_gave_no_valid_read_goes_before_one_that_did() -> None:
    tracks = vote(votes=10)
    cars = [
        read_of(letter * 4 + str(number) * 3, box=(140 * number, 100 * number, 60, 20)) for number, letter in enumerate("BCDEFGHJK")
    ]
    tracks.see(frame_at(0), cars[1:8])
    tracks.see(frame_at(100), [], cars[:1])
    assert tracks.see(frame_at(200), [cars[8]]) == []
    assert sorted(outcome.read.text for outcome in tracks.finish()) == [car.text for car in cars[1:]]


def test_of_reads_that_are_as_sure_the_largest_is_kept() -> None:
    for heights in ((30.0, 34.0), (34.0, 30.0)):
        tracks = vote()
        tracks.see(frame_at(0), [read_of("BA123CD", box=(500, 600, 140, 32), height_px=heights[0])])
        [outcome] = tracks.see(frame_at(100), [read_of("BA123CD", box=(500, 600, 141, 33), height_px=heights[1])])
        assert outcome.read.box[2] == (140 if heights[0] == 34.0 else 141)


def test_refused_reads_speak_against_a_text_that_contradicts_them() -> None:
    tracks = vote()
    for ms in range(0, 3000, 100):
        assert tracks.see(frame_at(ms), [], [read_of("BA123CD")]) == []
    for ms in (3000, 3100, 3200):
        assert tracks.see(frame_at(ms), [read_of("BA128CD", 90)]) == []
    assert tracks.finish() == []


def test_however_many_refused_reads_contradict_it_a_text_with_more_votes_than_are_ever_asked_for_wins() -> None:
    tracks = vote()
    for ms in range(0, 3000, 100):
        tracks.see(frame_at(ms), [], [read_of("BA128CD")])
    for ms in (3000, 3100, 3200):
        assert tracks.see(frame_at(ms), [read_of("BA123CD")]) == []
    assert said(tracks.see(frame_at(3300), [read_of("BA123CD")])) == [("BA123CD", 4, 95.0)]


def test_refused_reads_that_agree_add_no_vote_and_no_delay() -> None:
    tracks = vote()
    for ms in range(0, 3000, 100):
        assert tracks.see(frame_at(ms), [], [read_of("BA123CD")]) == []
        assert not tracks.open
    assert tracks.see(frame_at(3000), [read_of("BA123CD")]) == []
    assert said(tracks.see(frame_at(3100), [read_of("BA123CD")])) == [("BA123CD", 2, 95.0)]


def test_refused_reads_of_its_own_text_weigh_against_those_that_contradict_it() -> None:
    tracks = vote()
    for ms in (0, 100, 200):
        tracks.see(frame_at(ms), [], [read_of("BA123CD", 97)])
    tracks.see(frame_at(300), [], [read_of("BA128CD", 60)])
    tracks.see(frame_at(400), [read_of("BA123CD", 98)])
    (settled,) = tracks.finish()
    assert (settled.read.text, settled.votes, settled.confidence) == ("BA123CD", 1, 89.5)


def test_one_read_among_many_that_were_refused_for_another_text_is_no_passage() -> None:
    tracks = vote()
    for ms in range(0, 2000, 100):
        assert tracks.see(frame_at(ms), [], [read_of("BA123CD", 90)]) == []
    assert tracks.see(frame_at(2000), [read_of("BA128CD", 85)]) == []
    assert tracks.finish() == []


def test_a_car_that_only_refused_reads_showed_gives_nothing() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [], [read_of("BA123CD")])
    assert tracks.tracking
    assert tracks.see(frame_at(1600), []) == []
    assert tracks.see(frame_at(3200), []) == []
    assert not tracks.tracking


CUT_OFF = (1200, 600, 79, 32)


def test_half_a_plate_at_the_edge_of_the_picture_waits_for_the_rest_of_it() -> None:
    tracks = vote()
    for ms in (0, 100, 200, 300):
        assert tracks.see(frame_at(ms), [read_of("BA12", 99, box=CUT_OFF)]) == []
        assert tracks.open
    assert tracks.see(frame_at(400), [read_of("BA123CD", box=(1100, 600, 140, 32))]) == []
    (settled,) = tracks.see(frame_at(500), [read_of("BA123CD", box=(1050, 600, 140, 32))])
    assert (settled.read.text, settled.votes) == ("BA123CD", 2)


def test_a_car_that_shows_its_plate_at_the_edge_only_is_settled_when_it_has_left() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA12", box=CUT_OFF)])
    tracks.see(frame_at(100), [read_of("BA12", box=CUT_OFF)])
    assert tracks.see(frame_at(200), []) == []
    assert said(tracks.see(frame_at(1700), [])) == [("BA12", 2, 95.0)]


def test_a_car_that_stands_at_the_edge_is_settled_after_a_while() -> None:
    tracks = vote()
    settled = [(ms, said(tracks.see(frame_at(ms), [read_of("BA123CD", box=CUT_OFF)]))) for ms in range(0, 2000, 100)]
    assert [each for each in settled if each[1]] == [(1600, [("BA123CD", 2, 95.0)])]


def test_small_characters_wait_for_larger_ones_which_count_alone() -> None:
    tracks = vote()
    for ms in (0, 100, 200):
        assert tracks.see(frame_at(ms), [read_of("OF2V5S", 99, height_px=11)]) == []
    assert tracks.see(frame_at(300), [read_of("UF2V5S", height_px=15)]) == []
    assert tracks.see(frame_at(400), [read_of("UF2V5S", height_px=16)]) == []
    assert tracks.see(frame_at(500), [read_of("UF2V5S", height_px=17)]) == []
    (settled,) = tracks.see(frame_at(600), [read_of("UF2V5S", height_px=18)])
    assert (settled.read.text, settled.votes) == ("UF2V5S", 4)


def test_a_car_that_stays_far_away_is_settled_after_a_while_or_when_it_has_left() -> None:
    stays, leaves = vote(), vote()
    settled = [(ms, said(stays.see(frame_at(ms), [read_of("BA123CD", height_px=11)]))) for ms in range(0, 2000, 100)]
    assert [each for each in settled if each[1]] == [(1600, [("BA123CD", 2, 95.0)])]
    leaves.see(frame_at(0), [read_of("BA123CD", height_px=11)])
    leaves.see(frame_at(100), [read_of("BA123CD", height_px=11)])
    assert leaves.see(frame_at(200), []) == []
    assert said(leaves.see(frame_at(1700), [])) == [("BA123CD", 2, 95.0)]


def test_reads_from_far_away_agree_with_a_nearer_one_when_the_car_has_left() -> None:
    tracks = vote()
    for ms in (0, 100, 200):
        tracks.see(frame_at(ms), [read_of("BA123CD", height_px=13)])
    tracks.see(frame_at(300), [read_of("BA123CD", 91, height_px=14)])
    tracks.see(frame_at(400), [], [read_of("BA128CD", 70)])
    (settled,) = tracks.finish()
    assert (settled.read.text, settled.votes, settled.confidence, settled.frame.seq) == ("BA123CD", 4, 94.0, 301)


def test_of_a_car_that_stayed_far_away_each_read_counts_once() -> None:
    tracks = vote()
    tracks.see(frame_at(0), [read_of("BA123CD", height_px=11)])
    tracks.see(frame_at(100), [read_of("BA128CD", 40, height_px=11)])
    # the share of 95 x 0.95 of 95 x 0.95 + 40 x 0.4
    assert [(each.read.text, each.confidence) for each in tracks.finish()] == [("BA123CD", 80.7)]


def test_the_reads_of_a_car_stand_with_their_times_and_why_they_did_not_count() -> None:
    tracks = vote(votes=2)
    small = replace(read_of("BA123CD", 60), char_height_px=10.0)
    tracks.see(frame_at(0), [], [replace(read_of("BA123CD", 85), refused="region")])
    tracks.see(frame_at(100), [small])
    tracks.see(frame_at(200), [read_of("BA128CD", 82.26)], [])
    tracks.see(frame_at(300), [read_of("BA123CD", 97)])
    (outcome,) = tracks.see(frame_at(400), [read_of("BA123CD", 95)])
    assert outcome.frame.seq == 301
    assert [(each.after_ms, each.text, each.confidence, each.refused) for each in outcome.reads] == [
        (-300, "BA123CD", 85, "region"),
        (-200, "BA123CD", 60, "far"),
        (-100, "BA128CD", 82.3, ""),
        (0, "BA123CD", 97, ""),
        (100, "BA123CD", 95, ""),
    ]
    assert outcome.reads[1].char_height_px == 10


def test_of_many_reads_the_newest_twenty_are_kept_and_none_of_a_car_that_stands_there_settled() -> None:
    tracks = vote()
    for number in range(100):
        assert tracks.see(frame_at(100 * number), [], [read_of("BA123CD", 90)]) == []
    tracks.see(frame_at(10_000), [read_of("BA123CD", 90)])
    settled = [each for number in range(1, 30) for each in tracks.see(frame_at(10_000 + 100 * number), [read_of("BA123CD", 90)])]
    (outcome,) = settled
    assert len(outcome.reads) == MOST_READS == 20
    tracks.forget("BA123CD")
    again = [each for number in range(30, 40) for each in tracks.see(frame_at(10_000 + 100 * number), [read_of("BA123CD", 90)])]
    assert len(again[0].reads) < 20
