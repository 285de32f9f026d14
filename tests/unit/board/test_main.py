"""Board command: exit codes and what it prints."""

import json

import pytest
from PIL import Image

from board.__main__ import main
from board.gpio.sim import SimChip
from board.kit.state import State
from board.profiles import all_profiles


def run(capsys, *words):
    code = main([str(word) for word in words])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_simulated_board_is_ready(tmp_path, capsys):
    code, out, _ = run(capsys, "selftest", "--state", tmp_path)
    assert (code, out.splitlines()[-1]) == (0, "READY")
    assert any(line.split() == ["ok", "DO1", "pin", "1,", "free"] for line in out.splitlines())


def test_a_line_taken_by_a_stranger_makes_it_not_ready_and_names_him(tmp_path, capsys):
    chip = SimChip(all_profiles()["sim"], State(tmp_path))
    chip.claim_output(1, False, "heating")
    code, out, _ = run(capsys, "selftest", "--state", tmp_path)
    chip.close()
    assert code == 1
    assert "taken by heating (pid " in out
    assert out.splitlines()[-1] == "NOT READY: DO1"


def test_a_board_that_is_named_has_the_installers_lines_all_the_same(tmp_path, capsys):
    (tmp_path / "lines.json").write_text(json.dumps({"outputs": [{"name": "DO1", "pin": 5}]}))
    _, out, _ = run(capsys, "selftest", "--state", tmp_path, "--profile", "sim_small")
    assert any(line.split() == ["ok", "DO1", "pin", "5,", "free"] for line in out.splitlines())


def test_a_board_without_its_library_is_not_ready(tmp_path, capsys):
    code, out, _ = run(capsys, "selftest", "--state", tmp_path, "--profile", "pi5")
    assert code == 1
    assert out.splitlines()[-1].startswith("NOT READY: gpio")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ({"outputs": [{"name": "DO3", "pin": 3, "max_on_s": -5}]}, "DO3: a time must be 0 to 86400 s, not -5"),
        ({"inputs": [{"name": "DI3", "pin": 3, "stuck_after_s": 100_000}]}, "DI3: a time must be 0 to 86400 s, not 100000"),
        ({"outputs": [{"name": "DO3", "pin": 70}]}, "DO3 is on pin 70 of Simulated board, which has 0 to 63"),
        ({"outputs": [{"name": "DO3", "pin": -1}]}, "DO3 is on pin -1 of Simulated board"),
    ],
)
def test_lines_that_pins_would_not_start_with_make_it_not_ready(tmp_path, capsys, lines, why):
    (tmp_path / "lines.json").write_text(json.dumps(lines))
    code, out, _ = run(capsys, "selftest", "--state", tmp_path)
    assert code == 1
    assert why in out
    assert out.splitlines()[-1] == "NOT READY: gpio"


def test_what_the_camera_sees_is_kept_as_a_picture(tmp_path, capsys):
    Image.new("RGB", (64, 48), (90, 90, 90)).save(tmp_path / "street.png")
    code, out, _ = run(capsys, "selftest", "--state", tmp_path / "state", "--camera", f"replay:{tmp_path}")
    assert code == 0
    assert "64 x 48, mean brightness 90 of 255" in out
    assert ["ok", "picture", f"{tmp_path}/state/selftest.jpg"] in [line.split() for line in out.splitlines()]
    with Image.open(tmp_path / "state" / "selftest.jpg") as kept:
        assert (kept.format, kept.size) == ("JPEG", (64, 48))


def test_a_picture_that_cannot_be_kept_is_said(tmp_path, capsys):
    Image.new("RGB", (64, 48)).save(tmp_path / "street.png")
    (tmp_path / "file").touch()
    picture = tmp_path / "file" / "picture.jpg"
    code, out, _ = run(capsys, "selftest", "--state", tmp_path, "--camera", f"replay:{tmp_path}", "--picture", picture)
    assert (code, out.splitlines()[-1]) == (1, "NOT READY: picture")
    assert f"{picture} cannot be written" in out


def test_a_device_that_does_not_answer_is_named(tmp_path, capsys):
    (tmp_path / "lines.json").write_text('{"i2c": ["sim://1/0x48?kind=lm75"]}')
    code, out, _ = run(capsys, "selftest", "--state", tmp_path)
    assert (code, out.splitlines()[-1]) == (1, "NOT READY: lm75 at 0x48 on simulated I2C bus 1")
    assert "lm75 at 0x48 on simulated I2C bus 1  there is no simulated I2C bus 1" in out


def test_an_unknown_board_is_a_wrong_request(tmp_path, capsys):
    code, _, err = run(capsys, "selftest", "--state", tmp_path, "--profile", "pi9")
    assert (code, "there is no board 'pi9'" in err) == (2, True)


def test_inputs_are_set_and_shown(tmp_path, capsys):
    assert run(capsys, "sim", "set", "DI1", 1, "--state", tmp_path)[0] == 0
    code, out, _ = run(capsys, "sim", "show", "--state", tmp_path)
    assert code == 0
    assert out.splitlines()[2].split() == ["DI1", "1", "free"]


def test_an_unknown_input_is_a_wrong_request(tmp_path, capsys):
    code, _, err = run(capsys, "sim", "set", "DI9", 1, "--state", tmp_path)
    assert (code, err) == (2, "there is no input 'DI9'; there are DI1, DI2\n")
    with pytest.raises(SystemExit):
        main(["sim", "set", "DI1", "5"])


def test_a_simulated_chip_of_a_camera_that_is_not_there_is_not_begun(tmp_path, capsys):
    for words in (
        ("set", "DI1", 1),
        ("wire", "DO1", "DI1"),
        ("show",),
        ("i2c", "plug", "1/0x20", "pcf8574"),
        ("serial", "plug", "a"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run(capsys, "sim", *words, "--state", tmp_path / "sate")
        assert f"there is no folder {tmp_path}/sate; name the one" in capsys.readouterr().err
    assert not (tmp_path / "sate").exists()
    with pytest.raises(SystemExit, match="2"):
        run(capsys, "sim", "show", "--state", tmp_path / ("s" * 300))
    assert "File name too long" in capsys.readouterr().err, "what may not be looked at is told, too"


def test_a_wire_is_plugged_and_unplugged(tmp_path, capsys):
    assert run(capsys, "sim", "wire", "DO1", "DI1", "--state", tmp_path)[0] == 0
    assert run(capsys, "sim", "set", "DI1", 1, "--state", tmp_path)[2] == "DI1 is wired to DO1, which drives it\n"
    assert run(capsys, "sim", "wire", "DO1", "--state", tmp_path)[0] == 0
    assert run(capsys, "sim", "set", "DI1", 1, "--state", tmp_path)[0] == 0


def test_the_boards_are_listed_and_a_clock_is_set_and_read(tmp_path, capsys):
    code, out, _ = run(capsys, "profiles")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(all_profiles())
    url = "sim://1/0x68?kind=ds3231"
    assert run(capsys, "sim", "i2c", "plug", "1/0x68", "ds3231", "--state", tmp_path)[0] == 0
    assert run(capsys, "i2c", "read", url, "--state", tmp_path)[1] == "2000-01-01 00:00:00 UTC, but it stood still: set it\n"
    assert "stood still" not in run(capsys, "i2c", "set-clock", url, "--state", tmp_path)[1]
    assert run(capsys, "sim", "i2c", "pull", "1/0x68", "--state", tmp_path)[0] == 0
    code, _, err = run(capsys, "i2c", "read", url, "--state", tmp_path)
    assert (code, "nothing answers at 0x68 on I2C bus 1" in err) == (2, True)


def test_a_simulated_serial_device_is_plugged_and_pulled(tmp_path, capsys):
    assert run(capsys, "sim", "serial", "plug", "gate", "19200", "--state", tmp_path)[0] == 0
    assert run(capsys, "sim", "serial", "sent", "gate", "--state", tmp_path)[1] == "''\n"
    assert run(capsys, "sim", "serial", "pull", "gate", "--state", tmp_path)[0] == 0
    assert run(capsys, "sim", "serial", "pull", "gate", "--state", tmp_path)[2] == "there is no simulated serial device 'gate'\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("sim", "wire", "DO9"), "there is no output 'DO9'; this board has DO1, DO2, W1.D0, W1.D1"),
        (("sim", "wire", "DI1"), "there is no output 'DI1'"),
        (("sim", "i2c", "pull", "1/0x20"), "there is no chip at 0x20 of simulated bus 1"),
        (("sim", "serial", "sent", "gate"), "there is no simulated serial device 'gate'"),
        (("sim", "serial", "say", "gate", r"\x"), r"'\\x' cannot be said"),
        (("sim", "serial", "say", "gate", r"\u20ac"), r"'\\u20ac' cannot be said"),
    ],
)
def test_what_a_simulated_board_cannot_do_is_a_wrong_request(tmp_path, capsys, words, why):
    code, out, err = run(capsys, *words, "--state", tmp_path)
    assert (code, out) == (2, "") and err.startswith(why)


@pytest.mark.parametrize(
    "words",
    [
        ("selftest",),
        ("selftest", "--profile", "sim"),
        ("selftest", "--profile", "pi4"),
        ("sim", "show"),
        ("sim", "set", "DI1", 1),
        ("sim", "i2c", "plug", "1/0x20", "pcf8574"),
        ("sim", "serial", "plug", "gate"),
        ("sim", "serial", "sent", "gate"),
    ],
)
def test_a_state_that_cannot_be_used_is_said_in_words(tmp_path, capsys, words):
    (tmp_path / "state").touch()
    code, out, err = run(capsys, *words, "--state", tmp_path / "state")
    assert code in (1, 2)
    assert f"{tmp_path / 'state'}" in out + err
