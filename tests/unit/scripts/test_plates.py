"""Plate renderer, crops and network pictures of the OCR training, as far as they run without PyTorch and OpenCV."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.countries import countries, shapes, symbols
from engine.recognise.pipeline import MODELS
from scripts import make_demo
from scripts.demo.street import HEIGHT_PX, WIDTH_PX
from scripts.plates import colour, layouts
from scripts.plates.families import FAMILIES, draw_plate
from scripts.plates.fonts import CHARACTERS, FontSet, load_fonts
from scripts.plates.national import national_plate
from scripts.plates.render import Painter
from scripts.plates.writing import CAP_PX
from scripts.training.crops import cut, possible_countries, read_labels
from scripts.training.ocr import alphabet, evaluate, picture

PERSIAN_TWINS = set("۰۱۲۳۷۸۹کیه")


@pytest.fixture(scope="module")
def fonts() -> FontSet:
    try:
        return load_fonts(with_shared=False)
    except FileNotFoundError as missing:
        pytest.skip(f"the renderer has no fonts on this machine: {missing}")


def test_the_same_seed_draws_the_same_plates(fonts: FontSet) -> None:
    first, second = random.Random(11), random.Random(11)
    for _ in range(30):
        one, other = draw_plate(first, fonts), draw_plate(second, fonts)
        assert one.text == other.text and one.family == other.family
        assert np.array_equal(one.grey, other.grey)


def test_plates_are_96_by_192_grey_bytes_with_one_to_twelve_known_characters(fonts: FontSet) -> None:
    rng = random.Random(3)
    plates = [draw_plate(rng, fonts) for _ in range(400)]
    assert {plate.grey.shape for plate in plates} == {(96, 192)}
    assert {plate.grey.dtype for plate in plates} == {np.dtype(np.uint8)}
    assert all(1 <= len(plate.text) <= alphabet.MOST_CHARACTERS for plate in plates)
    assert set(alphabet.LATIN) <= set("".join(plate.text for plate in plates)) <= set(alphabet.ALPHABET[1:])
    assert {plate.country for plate in plates} <= {"", *alphabet.COUNTRIES}
    assert len({plate.family for plate in plates}) == len(FAMILIES)


def test_every_family_writes_characters_that_differ_from_their_ground(fonts: FontSet) -> None:
    for family, _ in FAMILIES:
        plate = family(Painter(random.Random(5), fonts))
        assert int(plate.grey.max()) - int(plate.grey.min()) > 40, plate.family


def test_the_alphabet_is_the_empty_slot_then_every_character_that_a_country_writes_once() -> None:
    assert alphabet.ALPHABET[0] == "" and len(set(alphabet.ALPHABET)) == len(alphabet.ALPHABET)
    assert all(len(symbol) == 1 for symbol in alphabet.ALPHABET[1:])
    # to_script writes all digits of a Persian text as Persian ones: the network sees one shape
    assert symbols() - set(alphabet.ALPHABET) <= PERSIAN_TWINS
    assert set(CHARACTERS) == set(alphabet.LATIN)


def test_every_described_country_has_its_logit() -> None:
    assert {code[:2] for code in countries()} <= set(alphabet.COUNTRIES)
    assert len(set(alphabet.COUNTRIES)) == len(alphabet.COUNTRIES)


def test_a_plate_of_a_country_that_is_left_out_is_never_drawn(fonts: FontSet) -> None:
    rng = random.Random(8)
    left_out = frozenset({"CN", "US", "EG"})
    assert not left_out & {draw_plate(rng, fonts, left_out).country for _ in range(150)}


def test_national_plates_follow_a_format_of_their_country(fonts: FontSet) -> None:
    rng = random.Random(4)
    for _ in range(60):
        plate = national_plate(Painter(rng, fonts))
        described = [c for c in countries().values() if c.code[:2] == plate.country]
        shapes_ = [shape for c in described for fmt in c.formats for shape in shapes(c, fmt)]
        assert any(
            len(shape.classes) == len(plate.text)
            and all(c in allowed for c, allowed in zip(plate.text, shape.classes, strict=True))
            for shape in shapes_
        ), plate.text


def test_a_label_s_country_may_be_itself_any_of_europe_or_unknown() -> None:
    def codes(country: str) -> set[str]:
        return {code for code, possible in zip(alphabet.COUNTRIES, possible_countries(country), strict=True) if possible}

    assert codes("BR") == {"BR"}
    assert {"DE", "SK"} <= codes("EU") and not {"US", "CN"} & codes("EU")
    assert codes("mixed") == codes("") == set(alphabet.COUNTRIES)


def test_a_pattern_is_filled_sign_by_sign() -> None:
    text = layouts.fill(random.Random(1), "LL NNN|X")
    assert len(text) == 8 and text[2] == " " and text[6:] == "|X"
    assert text[:2].isalpha() and text[3:6].isdigit()


def test_no_pattern_holds_more_characters_than_the_network_has_slots() -> None:
    for family in (layouts.US, layouts.EU, layouts.TWO_ROWS, layouts.AMERICAS, layouts.DATED):
        for pattern, weight in family:
            assert weight > 0 and len(pattern.replace(" ", "").replace("|", "")) <= alphabet.MOST_CHARACTERS, pattern


def test_every_font_has_all_characters_at_cap_height(fonts: FontSet) -> None:
    for font in fonts.plate:
        assert set(font.glyphs) == set(CHARACTERS)
        assert {glyph.height for glyph in font.glyphs.values()} == {CAP_PX}


def test_contrast_stretch_takes_the_one_percent_points_to_black_and_white() -> None:
    grey = np.full((64, 128), 100, np.uint8)
    grey[:, 64:] = 150
    assert np.unique(picture.stretch_contrast(grey)).tolist() == [0, 255]


def test_contrast_stretch_leaves_a_flat_picture_flat() -> None:
    # grey 90 alone: the spread of 24 is laid around it, 78 to 102
    assert np.unique(picture.stretch_contrast(np.full((64, 128), 90, np.uint8))).tolist() == [128]


def test_training_and_product_make_the_same_picture_of_a_crop(fonts: FontSet) -> None:
    from engine.recognise import rectify

    rng = random.Random(9)
    for size in ((192, 96), (90, 30), (140, 40)):
        grey = np.asarray(Image.fromarray(draw_plate(rng, fonts).grey).resize(size))
        product = rectify.network_picture(Image.fromarray(grey), (0, 0, *size))
        assert np.array_equal(picture.network_picture(grey), product)


def test_steps_are_read_row_by_row_with_the_likeliest_country() -> None:
    steps = np.zeros((1, 64, len(alphabet.ALPHABET)), np.float32)
    steps[:, :, 0] = 1.0
    for place, character in ((3, "A"), (4, "A"), (9, "B"), (32, "7")):
        steps[0, place, [0, alphabet.ALPHABET.index(character)]] = 0.1, 0.9
    logits = np.zeros((1, len(alphabet.COUNTRIES)), np.float32)
    logits[0, alphabet.COUNTRIES.index("IR")] = 2.0
    assert evaluate.read_steps(steps, logits) == [("AB7", "IR")]
    assert picture.fold("OI0Q") == "010Q"


def test_a_reader_is_scored_exactly_folded_and_by_country() -> None:
    reads = [("AB1", "DE"), ("A01", "FR"), ("X", "")]
    found = evaluate.score("some", reads, [("AB1", "EU"), ("AO1", "DE"), ("Y", "mixed")])
    assert (found.plates, found.exact, found.folded, found.misses) == (3, 1, 2, (("Y", "X"),))
    assert (found.known_countries, found.right_countries) == (2, 1)


def test_the_shipped_model_reads_drawn_plates_in_the_alphabets_shapes(fonts: FontSet) -> None:
    rng = random.Random(1)
    plates = [draw_plate(rng, fonts) for _ in range(20)]
    reads = evaluate.model_reader(MODELS / "ocr.tflite")(np.stack([picture.network_picture(plate.grey) for plate in plates]))
    assert sum(text == plate.text for (text, _), plate in zip(reads, plates, strict=True)) >= 10


def test_labels_without_text_are_passed_over_and_boxes_are_cut_within_the_picture(tmp_path: Path) -> None:
    Image.fromarray(np.arange(50 * 100, dtype=np.uint32).astype(np.uint8).reshape(50, 100)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("file,x,y,w,h,text,country\na.png,60,10,40,20,AB12,SK\na.png,,,,,,\na.png,,,,,XY9,\n")
    boxed, whole = read_labels(tmp_path / "labels.csv")
    assert (boxed.text, boxed.box) == ("AB12", (60, 10, 40, 20))
    assert cut(boxed, margin=0.1).shape == (24, 44)  # 4 px left, nothing more on the right, 2 px above and below
    assert cut(whole, margin=0.1).shape == (50, 100)


def test_a_colour_plate_has_its_country_s_proportions(fonts: FontSet) -> None:
    for style in colour.STYLES.values():
        plate = colour.draw_colour_plate(style.country, "AB 123", fonts, px_per_mm=1.0, seed=1)
        assert plate.size == (style.width_mm, style.height_mm) and plate.mode == "RGB"


def test_the_demo_shows_eight_cars_of_eight_countries_with_characters_of_25_to_45_px() -> None:
    plates = make_demo.describe()
    assert len({plate["country"] for plate in plates}) == len(plates) == 8
    assert len({plate["plate"] for plate in plates}) == 8
    for plate in plates:
        assert 25 <= int(str(plate["character_px"])) <= 45


def test_a_demo_car_comes_stops_waits_for_the_boom_and_leaves() -> None:
    visit = make_demo.VISITS[0]
    stands = make_demo.EMPTY_S + make_demo.APPROACH_S
    assert make_demo.distance_m(visit, 0.5) is None
    assert make_demo.distance_m(visit, make_demo.EMPTY_S) == pytest.approx(make_demo.FAR_M)
    assert make_demo.distance_m(visit, stands + 0.1) == visit.stop_m
    assert make_demo.distance_m(visit, stands + make_demo.WAIT_S + make_demo.LEAVE_S) is None
    assert make_demo.boom(stands) == 0.0 and make_demo.boom(stands + make_demo.WAIT_S) == 1.0


def test_the_clip_in_the_repository_is_small_and_lists_its_plates() -> None:
    facts = json.loads((make_demo.FOLDER / "street.json").read_text(encoding="utf-8"))
    assert facts["plates"] == make_demo.describe()
    assert facts["size_px"] == [WIDTH_PX, HEIGHT_PX]
    assert (make_demo.FOLDER / facts["clip"]).stat().st_size <= 3_000_000
