"""Acts: what a pins that was killed finds again."""

from board.pins.acts import RECORD, RECORDS, Acts, has_begun


def test_what_began_is_known_after_a_death_without_a_word(tmp_path):
    Acts(tmp_path / "acts").remember("a", 7)  # never closed, as after SIGKILL
    again = Acts(tmp_path / "acts")
    assert (again.begun_ns("a"), again.begun_ns("b")) == (7, None)


def test_another_process_sees_what_began(tmp_path):
    acts = Acts(tmp_path / "acts")
    acts.remember("a", 7)
    acts.remember("b", 7)
    acts.forget("b")
    assert [has_begun(tmp_path / "acts", names) for names in (["x", "a"], ["b"], [])] == [True, False, False]
    assert not has_begun(tmp_path / "absent", ["a"])


def test_an_act_that_failed_is_forgotten_for_good(tmp_path):
    acts = Acts(tmp_path / "acts")
    acts.remember("a", 7)
    acts.forget("a")
    acts.forget("never there")
    assert acts.begun_ns("a") is None
    assert Acts(tmp_path / "acts").begun_ns("a") is None


def test_the_first_time_of_an_act_counts(tmp_path):
    acts = Acts(tmp_path / "acts")
    acts.remember("a", 7)
    acts.remember("a", 9)
    assert acts.begun_ns("a") == 7


def test_the_oldest_makes_room_for_the_newest_also_after_a_new_start_of_the_clock(tmp_path):
    for start, t_ns in ((0, 10**15), (RECORDS // 2, 5)):  # the second boot's clock reads less
        acts = Acts(tmp_path / "acts")
        for number in range(start, start + RECORDS):
            acts.remember(f"id{number}", t_ns)
    again = Acts(tmp_path / "acts")
    again.remember("new", 6)
    kept = [number for number in range(RECORDS + RECORDS // 2) if again.begun_ns(f"id{number}") is not None]
    assert kept == list(range(RECORDS // 2 + 1, RECORDS + RECORDS // 2))
    assert again.begun_ns("new") == 6


def test_a_damaged_file_does_not_keep_pins_from_working(tmp_path):
    (tmp_path / "acts").write_bytes(b"nonsense" * 10_000)
    acts = Acts(tmp_path / "acts")
    acts.remember("a", 7)
    assert acts.begun_ns("a") == 7


def test_no_act_is_written_into_a_hole_of_the_file_which_a_full_disk_could_not_fill(tmp_path):
    Acts(tmp_path / "acts")
    assert (tmp_path / "acts").stat().st_blocks * 512 >= RECORDS * RECORD.size


def test_where_the_file_cannot_be_kept_it_is_remembered_until_the_process_ends(tmp_path, caplog):
    (tmp_path / "file").touch()
    acts = Acts(tmp_path / "file" / "acts")
    acts.remember("a", 7)
    assert acts.begun_ns("a") == 7
    assert "would not outlive this process" in caplog.text


def test_where_each_process_is_a_user_of_its_own_others_read_what_began_and_nobody_else_writes_it(tmp_path):
    """The service did not, and let a car in twice: it took an opening that nobody had written down for one that had not been."""
    shared = tmp_path / "run"
    shared.mkdir()
    for folder, mode in ((tmp_path, 0o600), (shared, 0o640)):
        if folder == shared:
            shared.chmod(0o3770)
        for _ in range(2):
            Acts(folder / "acts").close()
            assert (folder / "acts").stat().st_mode & 0o777 == mode
            (folder / "acts").chmod(0o600)  # as an earlier release left it
