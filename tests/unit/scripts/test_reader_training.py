"""The reader's training: its material in one file, augmentation, batches, a few steps. Needs the training environment's PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="PyTorch is in the training environment only (scripts/setup --train)")

import torch

from engine.cli.labels import held_out
from engine.recognise.interpreter import Network
from engine.recognise.pipeline import MODELS
from scripts.plates.fonts import load_fonts
from scripts.training import train_ocr
from scripts.training.ocr import feed, material
from scripts.training.ocr.alphabet import ALPHABET
from scripts.training.ocr.augment import Augmenter, Margins, spaced, stretched
from scripts.training.ocr.export import graph_of
from scripts.training.ocr.picture import stretch_contrast
from scripts.training.ocr.shipped import from_file

TEXTS = [f"AB{number}" for number in range(100, 130)]


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sets: crops with texts, Persian ones among them, a dev set, a plate-free picture."""
    folder = tmp_path_factory.mktemp("plates")
    rng = np.random.default_rng(1)
    persian = ["۱۲ب۳۴۵۶۷", "۹۹ی۱۱۱۱۲"]
    rows = {
        "us-plates-openalpr": TEXTS,
        "ir-rajabi-crops": persian,
        "openalpr-us": [TEXTS[0]],
        "openalpr-eu": [],
        "openalpr-br": [],
    }
    for name, texts in rows.items():
        (folder / name).mkdir()
        lines = ["file,x,y,w,h,text,country"]
        for number, text in enumerate(texts):
            Image.fromarray(rng.integers(0, 256, (40, 90)).astype(np.uint8)).save(folder / name / f"{number}.png")
            lines.append(f"{number}.png,,,,,{text},{'IR' if name.startswith('ir') else 'US'}")
        (folder / name / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "negatives-openalpr").mkdir()
    Image.fromarray(rng.integers(0, 256, (300, 500)).astype(np.uint8)).save(folder / "negatives-openalpr" / "a.jpg")
    return folder


@pytest.fixture(scope="module")
def pack(plates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "ocr.pack"
    assert material.write(material.gather(plates), path) == path.stat().st_size
    return path


@pytest.fixture(scope="module")
def fonts() -> None:
    try:
        load_fonts(with_shared=False)
    except FileNotFoundError as missing:
        pytest.skip(f"the renderer has no fonts on this machine: {missing}")


def test_the_pack_holds_what_may_be_learned_in_the_alphabet_s_shapes(pack: Path) -> None:
    found = material.read(pack)
    assert set(found.real.texts) == {t for t in TEXTS[1:] if not held_out(t)} | {
        shape for text, shape in (("۱۲ب۳۴۵۶۷", "١٢ب٣۴۵۶٧"), ("۹۹ی۱۱۱۱۲", "٩٩ى١١١١٢")) if not held_out(text)
    }
    assert found.real.pictures.shape == (len(found.real.texts), 96, 192)
    assert [picture.shape for picture in found.backgrounds] == [(240, 400)]
    assert "openalpr-us" in found.scored.sets and found.scored.pictures.shape[1:] == (64, 128)


def test_scored_pictures_come_back_to_the_last_grey(plates: Path, pack: Path) -> None:
    assert np.array_equal(material.read(pack).scored.pictures, material.gather(plates).scored.pictures)


def test_a_pack_that_is_too_large_is_refused(plates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="at most 1000 are wanted"):
        material.write(material.gather(plates), tmp_path / "ocr.pack")


def augmenter(seed: int) -> Augmenter:
    generator = torch.Generator()
    generator.manual_seed(seed)
    streets = torch.full((3, 64, 128), 60, dtype=torch.uint8)
    strips = torch.arange(192, dtype=torch.uint8).expand(2, 24, 192)
    return Augmenter(generator, Margins(), streets, strips)


def test_augmented_plates_are_network_pictures_and_a_seed_repeats_them() -> None:
    stored = torch.full((40, 96, 192), 200, dtype=torch.uint8)
    stored[:, 20:76, 30:160:16] = 30
    rendered = torch.arange(40) < 20
    one, again, other = (augmenter(seed)(stored, rendered)[0] for seed in (7, 7, 8))
    assert one.shape == (40, 64, 128) and one.dtype == torch.uint8
    assert torch.equal(one, again) and not torch.equal(one, other)
    # a few are flat: over-exposed all over
    assert int(((one.amax((1, 2)) == 255) & (one.amin((1, 2)) == 0)).sum()) >= 36


def test_wider_gaps_leave_the_order_of_places() -> None:
    stored = torch.randint(0, 256, (30, 96, 192), dtype=torch.uint8).float()
    u = torch.linspace(-0.2, 1.2, 141).expand(30, -1).contiguous()
    there = spaced(u, augmenter(3).gaps(stored))
    assert bool((there.diff(dim=1) >= -1e-6).all())
    inside = (u >= 0) & (u <= 1)
    assert torch.equal(there[~inside], u[~inside])
    assert float(there[inside].min()) >= 0 and float(there[inside].max()) <= 1
    assert 10 <= int((there - u).abs().amax(1).gt(0.01).sum()) <= 28


def test_two_views_of_a_plate_show_the_same_mark_at_the_same_place_of_it() -> None:
    stored = torch.full((30, 96, 192), 200, dtype=torch.uint8)
    stored[:, 20:76, 60:72] = 0
    worker = augmenter(11)
    tables = worker.gaps(stored.float()).repeat(2, 1)
    placed, ends = worker.place(stored.repeat(2, 1, 1).float(), torch.ones(60, dtype=torch.bool), tables)
    dark = (255 - placed[:, 26:38]).mean(1)
    middle = (dark.softmax(1) * torch.arange(128)).sum(1) + 0.5
    along = ((middle - ends[:, 0]) / (ends[:, 1] - ends[:, 0])).view(2, 30)
    assert float((along[0] - along[1]).abs().median()) < 0.03


def test_crops_that_say_the_same_at_the_same_places_agree() -> None:
    said = torch.full((1, 64, 5), -9.0)
    said[..., 0] = 9
    said[0, 10:12, 0], said[0, 10:12, 3] = -9, 9
    moved = torch.roll(said, 4, 1)
    ends = torch.tensor([[0.0, 128.0], [0.0, 128.0]])
    logs = torch.log_softmax(torch.cat([said, said]), 2)
    assert float(train_ocr.disagreement(logs, ends)) == pytest.approx(0, abs=1e-4)
    apart = torch.log_softmax(torch.cat([said, moved]), 2)
    assert float(train_ocr.disagreement(apart, ends)) > 20
    # the second crop shows the plate four steps, sixteen pixels, further right
    assert float(train_ocr.disagreement(apart, ends + torch.tensor([[0.0], [16.0]]))) == pytest.approx(0, abs=1e-3)


def test_contrast_is_stretched_to_the_last_step_as_the_product_does() -> None:
    shown = torch.randint(0, 256, (6, 64, 128), dtype=torch.uint8)
    shown[1], shown[2], shown[3] = 90, shown[2] // 20 + 100, shown[3] // 12
    assert all(np.array_equal(stretched(shown)[i].numpy(), stretch_contrast(shown[i].numpy())) for i in range(6))


def test_rare_characters_and_large_shares_come_more_often() -> None:
    texts = ["AB1"] * 900 + ["AB2"]
    chances = np.diff(feed.weights(["vn-crops"] * 901, texts, ["VN"] * 901, frozenset()), prepend=0)
    assert chances[-1] == pytest.approx(4 * chances[0]) and chances.sum() == pytest.approx(1)
    chances = np.diff(feed.weights(["vn-crops", "tn-crops"], ["A", "B"], ["VN", "TN"], frozenset({"VN"})), prepend=0)
    assert chances.tolist() == [0, 1]


def test_a_seed_repeats_batches_and_processes_change_nothing(pack: Path, fonts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "FIRST", 64)
    monkeypatch.setattr(feed, "POOL", 200)
    found = material.read(pack)
    first, again = (feed.Feed(found, 3, 16) for _ in range(2))
    for _ in range(3):
        one, other = first.next(), again.next()
        assert np.array_equal(one.plates, other.plates) and np.array_equal(one.symbols, other.symbols)
        assert one.lengths.sum() == len(one.symbols) and one.rendered.sum() == 8
        assert one.possible.shape[0] == 16 and one.possible.any(1).all()
        assert one.symbols.min() > 0 and one.symbols.max() < len(ALPHABET)


def test_a_training_goes_on_where_it_was_ended_and_a_seed_repeats_it(
    pack: Path, fonts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FIRST", 64)
    monkeypatch.setattr(feed, "POOL", 100)
    monkeypatch.setattr(train_ocr, "BATCH", 8)
    monkeypatch.setattr(train_ocr, "PIECES", 4)
    monkeypatch.setattr(train_ocr, "STRIPS", 2)

    def run(name: str, main: int, settle: int, *more: str) -> dict[str, Any]:
        words = ["train", "--pack", str(pack), "--work", str(tmp_path / name), "--processes", "0", "--device", "cpu", "--no-bf16"]
        assert train_ocr.main([*words, "--main", str(main), "--settle", str(settle), *more]) == 0
        state: dict[str, Any] = torch.load(tmp_path / name / "main" / "last.pt", weights_only=True)
        return state

    one, other = run("one", 16, 0), run("other", 16, 0)
    assert all(torch.equal(one["average"][key], other["average"][key]) for key in one["average"])
    longer = run("one", 24, 8)
    assert longer["progress"]["samples"] == 24
    lines = (tmp_path / "one" / "main" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["samples"] for line in lines] == [16, 24]
    assert (tmp_path / "one" / "settle" / "progress.json").exists()
    # it does not go on with other countries, and says what it went without
    with pytest.raises(ValueError, match="was trained without \\[\\]: --fresh starts over"):
        run("one", 32, 0, "--leave-out", "US")
    assert run("iran", 8, 0, "--leave-out", "US,BR")["progress"]["left_out"] == ["BR", "US"]


def test_the_shipped_file_comes_back_as_a_network_that_learns_on(
    pack: Path, fonts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = MODELS / "ocr-rows.tflite"
    network, back = Network(path, "ocr"), graph_of(from_file(path))
    pictures = [stretch_contrast(plate.grey[:64, :128]) for plate in feed.drawn_chunk((1, 0, frozenset()))[:8]]
    for picture in pictures:
        there = network.values(network.run(picture), network.output("steps"))
        assert np.abs(there - back.run(picture[None])["steps"][0]).max() < 0.35  # whole numbers of eight bits against floats
    monkeypatch.setattr(feed, "FIRST", 64)
    monkeypatch.setattr(feed, "POOL", 100)
    monkeypatch.setattr(train_ocr, "BATCH", 8)
    monkeypatch.setattr(train_ocr, "PIECES", 4)
    monkeypatch.setattr(train_ocr, "STRIPS", 2)
    words = ["--pack", str(pack), "--work", str(tmp_path), "--processes", "0", "--device", "cpu", "--no-bf16", "--samples", "16"]
    assert train_ocr.main(["tune", "--from-model", str(path), *words]) == 0
    begun, tuned = from_file(path).state_dict(), torch.load(tmp_path / "tune" / "last.pt", weights_only=True)["average"]
    apart = max(float((tuned[key] - begun[key]).abs().max()) for key in begun)
    assert 0 < apart < 0.01
    half = train_ocr.between(begun, tuned, 0.5)
    assert all(torch.allclose(half[key], (begun[key] + tuned[key]) / 2, atol=1e-6) for key in begun)


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="are known"):
        from_file(MODELS / "detector.tflite")
