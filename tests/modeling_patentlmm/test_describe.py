"""The command on good and bad files, what it prints, and what a description may claim."""

import json
import shutil
import struct
import threading
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from modeling_patentlmm import describe_patentlmm
from modeling_patentlmm.__main__ import main, numbered, parse_arguments
from modeling_patentlmm.describe_patentlmm import (
    decoding_rules,
    describe,
    describe_batch,
    is_blank,
    load_checkpoint,
)
from modeling_patentlmm.image_processing_patentlmm import FigureError
from modeling_patentlmm.numerals_patentlmm import find_references
from modeling_patentlmm.ocr_patentlmm import EngineError, FigureReading, Word

ROW = {"figure", "label", "rotation", "brief", "detailed", "numerals", "timing_s"}


def drawing(size=(240, 320), background="white", ink="black") -> Image.Image:
    image = Image.new("RGB", size, background)
    ImageDraw.Draw(image).rectangle((30, 30, size[0] - 30, size[1] // 2), outline=ink, width=3)
    return image


WORDS = (
    Word("FIG.", (400, 900, 480, 930), 0.98),
    Word("2", (490, 900, 510, 930), 0.97),
    Word("housing", (150, 200, 300, 230), 0.95),
    Word("102", (310, 200, 370, 230), 0.96),
    Word("104", (600, 500, 660, 530), 0.45),
)


@pytest.fixture
def reader(monkeypatch):
    """A reader that needs no engine: remembers the images it was given and always reads `reader.words`."""

    class Reader:
        words = WORDS
        images = []

        def __call__(self, image, engine="rapidocr", rotation=None, threads=None):
            self.images.append(image)
            turned = rotation or 0
            size = image.size[::-1] if turned in (90, 270) else image.size
            return FigureReading(tuple(self.words), turned, size, "stub 1.0")

    reader = Reader()
    reader.images = []
    monkeypatch.setattr(describe_patentlmm, "read_figure", reader)
    return reader


@pytest.fixture
def run(checkpoint, capsys):
    """`run("a.png", "--json")` -> exit code, rows or text on stdout, complaints on stderr."""

    def run(*arguments, folder=None, tokens="6"):
        code = main(
            ["describe", *map(str, arguments), "--checkpoint", str(folder or checkpoint), "--max-new-tokens", tokens]
        )
        out, err = capsys.readouterr()
        lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("patentlmm: ")]
        return code, [json.loads(line) for line in out.splitlines()] if "--json" in arguments else out, lines

    return run


# --- bad input -------------------------------------------------------------------------------------------------------


def png_of_size(width: int, height: int) -> bytes:
    """A valid PNG header that claims a size, and next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    )


def cut(path: Path, format: str) -> None:
    drawing().save(path, format)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


REFUSED = {
    "not_an_image.png": lambda path: path.write_text("this is a letter, not a figure"),
    "a_page.pdf": lambda path: path.write_bytes(b"%PDF-1.7\n%..."),
    "vector.svg": lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "cut.png": lambda path: cut(path, "PNG"),
    "cut.jpg": lambda path: cut(path, "JPEG"),
    "cut.tif": lambda path: cut(path, "TIFF"),
    "cut.webp": lambda path: cut(path, "WEBP"),
    "empty.png": lambda path: path.write_bytes(b""),
    "speck.png": lambda path: Image.new("L", (1, 1)).save(path),
    "bomb.png": lambda path: path.write_bytes(png_of_size(30_000, 30_000)),
    "blank.png": lambda path: Image.new("1", (300, 400), 1).save(path),
    "black.png": lambda path: Image.new("1", (300, 400), 0).save(path),
    "directory.png": lambda path: path.mkdir(),
    "missing.png": lambda path: None,
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_files_are_refused_in_one_line(name, run, reader, tmp_path):
    """One line that names the file and the remedy; the figure beside it is described; the exit code tells."""
    bad, good = tmp_path / name, tmp_path / "good.png"
    REFUSED[name](bad)
    drawing().save(good)
    code, rows, complaints = run(bad, good, "--json")
    assert code == 1
    assert [row["figure"] for row in rows] == [str(good)]
    assert len(complaints) == 1
    assert str(bad) in complaints[0] and ";" in complaints[0] and "Traceback" not in complaints[0]


def test_the_bound_is_stated(run, reader, tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_size(30_000, 30_000))
    (complaint,) = run(path)[2]
    assert complaint.endswith("too large (900000000 pixels); reduce it below 150000000 pixels")


def animated(path: Path) -> None:
    drawing().save(path, save_all=True, append_images=[drawing(ink="red")], duration=100)


def exif_rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing((240, 320)).save(path, exif=exif)


def transparent_palette(path: Path) -> None:
    image = drawing(background=(255, 0, 255)).quantize(8)
    image.save(path, transparency=image.getpixel((0, 0)))


READ = {
    "cmyk.jpg": lambda path: drawing().convert("CMYK").save(path),
    "sixteen_bit.png": lambda path: drawing().convert("I").point(lambda value: value * 257).convert("I;16").save(path),
    "palette.png": transparent_palette,
    "animated.gif": animated,
    "animated.webp": animated,
    "exif.jpg": exif_rotated,
    "g4.tif": lambda path: drawing().convert("1").save(path, compression="group4"),
    "one_bit.png": lambda path: drawing().convert("1").save(path),
    "alpha.png": lambda path: drawing().convert("RGBA").save(path),
    "grey.webp": lambda path: drawing().convert("L").save(path, lossless=True),
    "plain.bmp": lambda path: drawing().save(path),
}


@pytest.mark.parametrize("name", READ)
def test_unusual_files_are_read_right(name, run, reader, tmp_path):
    """Black lines on a white sheet, whatever the file's mode, and one figure a file."""
    path = tmp_path / name
    READ[name](path)
    code, rows, complaints = run(path, "--json")
    assert (code, complaints, [row["figure"] for row in rows]) == (0, [], [str(path)])
    (image,) = reader.images
    assert image.size == ((320, 240) if name == "exif.jpg" else (240, 320))
    grey = image.convert("L")
    assert grey.getpixel((3, 3)) > 230, "the sheet is white"
    assert grey.reduce(2).getextrema()[0] < 100, "the lines are dark"


def test_every_page_of_a_tiff_is_described(run, reader, tmp_path):
    path = tmp_path / "sheets.tif"
    pages = [drawing().convert("1") for _ in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="group4")
    code, rows, _ = run(path, "--json", "--overlay", tmp_path / "overlay.png")
    assert code == 0
    assert [row["figure"] for row in rows] == [f"{path}#{number}" for number in (1, 2, 3)]
    assert sorted(file.name for file in tmp_path.glob("overlay*")) == [f"overlay-{n}.png" for n in (1, 2, 3)]


def test_a_blank_page_among_pages_costs_only_itself(run, reader, tmp_path):
    path = tmp_path / "sheets.tif"
    drawing().convert("1").save(path, save_all=True, append_images=[Image.new("1", (240, 320), 1)])
    code, rows, complaints = run(path, "--json")
    assert code == 1 and [row["figure"] for row in rows] == [f"{path}#1"]
    assert f"{path}#2" in complaints[0] and "blank" in complaints[0]


def test_specks_are_blank_and_a_thin_line_is_not():
    page = Image.new("L", (400, 400), 255)
    assert is_blank(page)
    for place in range(0, 400, 40):
        page.putpixel((place, (7 * place) % 400), 0)
    assert is_blank(page)
    ImageDraw.Draw(page).line((10, 10, 10, 300), fill=0)
    assert not is_blank(page)


# --- checkpoints -----------------------------------------------------------------------------------------------------


def without(checkpoint: Path, folder: Path, *names: str) -> Path:
    """A copy of a checkpoint without some of its files."""
    for source in checkpoint.rglob("*"):
        relative = source.relative_to(checkpoint)
        if source.is_file() and relative.parts[0] not in names:
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return folder


@pytest.mark.parametrize(
    "names",
    [("processor_config.json",), ("tokenizer.json",), ("ocr_tokenizer",), ("model.safetensors",), ("config.json",)],
)
def test_a_checkpoint_without_a_part_is_refused_in_one_line(names, run, reader, checkpoint, tmp_path):
    folder = without(Path(checkpoint), tmp_path / "checkpoint", *names)
    drawing().save(tmp_path / "figure.png")
    code, out, complaints = run(tmp_path / "figure.png", folder=folder)
    assert code == 1 and out == "" and len(complaints) == 1
    assert str(folder) in complaints[0] and names[0] in complaints[0] and ";" in complaints[0]


def test_a_missing_or_damaged_checkpoint_is_refused_in_one_line(run, reader, checkpoint, tmp_path):
    drawing().save(tmp_path / "figure.png")
    code, _, complaints = run(tmp_path / "figure.png", folder=tmp_path / "nowhere")
    assert code == 1 and len(complaints) == 1 and "nowhere" in complaints[0] and ";" in complaints[0]
    folder = without(Path(checkpoint), tmp_path / "damaged")
    (folder / "config.json").write_text("{")
    code, _, complaints = run(tmp_path / "figure.png", folder=folder)
    assert code == 1 and len(complaints) == 1 and "damaged" in complaints[0] and ";" in complaints[0]


def test_the_variable_names_the_default_checkpoint(reader, checkpoint, monkeypatch, capsys, tmp_path):
    drawing().save(tmp_path / "figure.png")
    monkeypatch.setenv("PATENTLMM_CHECKPOINT", str(checkpoint))
    assert main(["describe", str(tmp_path / "figure.png"), "--json", "--max-new-tokens", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "2"


# --- what is printed -------------------------------------------------------------------------------------------------


def test_json_row(run, reader, tmp_path):
    drawing().save(tmp_path / "figure.png")
    _, (row,), _ = run(tmp_path / "figure.png", "--json")
    assert set(row) == ROW
    assert (row["label"], row["rotation"]) == ("2", 0)
    assert isinstance(row["brief"], str) and isinstance(row["detailed"], str)
    assert [set(numeral) for numeral in row["numerals"]] == [{"text", "box", "confidence", "mentioned"}] * 2
    assert [numeral["text"] for numeral in row["numerals"]] == ["102", "104"]
    assert row["numerals"][0]["box"] == [310, 200, 370, 230]
    assert set(row["timing_s"]) == {"ocr", "encode", "generate"} and all(row["timing_s"].values())


def test_one_kind_alone(run, reader, tmp_path):
    drawing().save(tmp_path / "figure.png")
    _, (row,), _ = run(tmp_path / "figure.png", "--json", "--kind", "brief")
    assert row["brief"] is not None and row["detailed"] is None


def test_text_says_what_is_uncertain(run, reader, tmp_path):
    drawing().save(tmp_path / "figure.png")
    _, out, _ = run(tmp_path / "figure.png")
    assert "(FIG. 2)" in out and "Uncertain" in out and "104" in out.splitlines()[-2]


def test_what_cannot_be_read_is_said_to_be_unreadable(run, reader, tmp_path):
    """Nothing read: no figure number and no reference character is claimed."""
    drawing().save(tmp_path / "figure.png")
    reader.words = ()
    _, out, _ = run(tmp_path / "figure.png", tokens="40")
    assert "figure number unreadable" in out and "No reference characters could be read" in out
    _, (row,), _ = run(tmp_path / "figure.png", "--json", tokens="40")
    assert row["label"] is None and row["numerals"] == []
    assert not find_references(row["brief"]) and not find_references(row["detailed"])


def test_progress_for_several_figures_only(checkpoint, reader, capsys, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in (1, 2)]
    for path in paths:
        drawing().save(path)
    options = ["--checkpoint", str(checkpoint), "--max-new-tokens", "2", "--json"]
    assert main(["describe", str(paths[0]), *options]) == 0
    assert capsys.readouterr().err == ""
    assert main(["describe", *map(str, paths), *options]) == 0
    out, err = capsys.readouterr()
    assert "2/2" in err and len(out.splitlines()) == 2


def test_overlays_are_numbered(run, reader, tmp_path):
    drawing().save(tmp_path / "a.png")
    drawing().save(tmp_path / "b.png")
    run(tmp_path / "a.png", "--overlay", tmp_path / "new" / "one.png")
    run(tmp_path / "a.png", tmp_path / "missing.png", tmp_path / "b.png", "--overlay", tmp_path / "new" / "many.png")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["many-1.png", "many-3.png", "one.png"]
    assert numbered(Path("x.y/overlay.png"), None) == Path("x.y/overlay.png")


def test_an_overlay_that_cannot_be_written(run, reader, tmp_path):
    drawing().save(tmp_path / "a.png")
    (tmp_path / "o.png").mkdir()
    code, _, complaints = run(tmp_path / "a.png", "--overlay", tmp_path / "o.png")
    assert code == 1 and len(complaints) == 1 and "overlay" in complaints[0]


def test_a_missing_engine_is_said_once_a_figure(run, reader, monkeypatch, tmp_path):
    def missing(*arguments, **options):
        raise EngineError("Reading figures needs RapidOCR: pip install rapidocr")

    drawing().save(tmp_path / "a.png")
    monkeypatch.setattr(describe_patentlmm, "read_figure", missing)
    code, _, complaints = run(tmp_path / "a.png")
    assert code == 1 and len(complaints) == 1 and "pip install rapidocr" in complaints[0]


def test_a_figure_that_breaks_something_costs_only_itself(run, reader, monkeypatch, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in (1, 2)]
    for path in paths:
        drawing().save(path)
    whole, calls = describe_patentlmm.take_inventory, []

    def fragile(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise IndexError("first one")
        return whole(*arguments)

    monkeypatch.setattr(describe_patentlmm, "take_inventory", fragile)
    code, rows, complaints = run(*paths, "--json")
    assert code == 1 and [row["figure"] for row in rows] == [str(paths[1])]
    assert len(complaints) == 1 and str(paths[0]) in complaints[0] and "IndexError" in complaints[0]


@pytest.mark.parametrize(
    "options",
    [
        ["--numerals", "housing"],
        ["--overlay", "out.txt"],
        ["--rotation", "45"],
        ["--kind", "long"],
        ["--max-new-tokens", "0"],
        ["--engine", "magic"],
    ],
)
def test_options_that_make_no_sense(options, capsys):
    with pytest.raises(SystemExit) as exit:
        parse_arguments(["describe", "figure.png", *options])
    assert exit.value.code == 2 and options[0] in capsys.readouterr().err.splitlines()[-1]


def test_numerals_option():
    arguments = parse_arguments(["describe", "figure.png", "--numerals", "10=main housing,12=lid"])
    assert arguments.numerals == {"10": "main housing", "12": "lid"}


# --- what a description may claim ------------------------------------------------------------------------------------


@pytest.fixture
def loaded(checkpoint):
    return load_checkpoint(checkpoint)


def recite(model, tokenizer, text: str) -> None:
    """Make the model want to write `text`, whatever it sees."""
    wanted = iter(tokenizer(text, add_special_tokens=False).input_ids + [tokenizer.eos_token_id] * 100)

    def prefer(module, arguments, logits):
        logits = logits.clone()
        logits[:, -1, next(wanted)] += 1000
        return logits

    model.lm_head.register_forward_hook(prefer)


def test_only_what_was_read_or_listed_is_named(loaded, reader):
    """A model bent on inventing a figure and a numeral cannot; what was read or listed it may say."""
    model, processor = loaded
    recite(model, processor.tokenizer, "FIG. 7 shows a housing 999, a shaft 102 and a lid 210.")
    description = describe(model, processor, drawing(), kinds=("brief",), parts={"210": "lid"}, max_new_tokens=120)
    named = {(found.kind, found.text) for found in find_references(description.brief)}
    assert ("character", "102") in named and ("character", "210") in named
    assert named <= {("figure", "2"), ("character", "102"), ("character", "104"), ("character", "210")}


def test_without_rules_the_model_writes_what_it_likes(loaded, reader):
    model, processor = loaded
    recite(model, processor.tokenizer, "FIG. 7 shows a housing 999.")
    (description,) = describe_batch(model, processor, [drawing()], kinds=("brief",), max_new_tokens=60, grounded=False)
    assert description.brief == "FIG. 7 shows a housing 999."


def test_listed_parts_are_reported(loaded, reader):
    """A listed numeral that was read keeps its box; one that was not has none."""
    description = describe(*loaded, drawing(), parts={"102": "case", "210": "lid"}, max_new_tokens=2)
    numerals = {numeral.text: numeral for numeral in description.numerals}
    assert numerals["102"].box == (310, 200, 370, 230)
    assert numerals["210"].box is None and numerals["210"].confidence == 0 and not numerals["210"].uncertain


def test_mentions_are_marked(loaded, reader, monkeypatch):
    texts = {"brief": ["FIG. 2 shows a device."], "detailed": ["FIG. 2 shows a housing 102."]}
    timing = {"encode": 0.1, "generate": 0.2}
    monkeypatch.setattr(describe_patentlmm, "_write", lambda *arguments: (texts, timing))
    description = describe(*loaded, drawing(), figure="mine")
    assert {numeral.text: numeral.mentioned for numeral in description.numerals} == {"102": True, "104": False}
    assert description.uncertain == ("104",) and description.figure == "mine"


def test_a_given_reading_is_not_read_again(loaded, reader):
    reading = FigureReading(WORDS, 90, (320, 240), "precomputed")
    description = describe(*loaded, drawing(), reading=reading, max_new_tokens=2)
    assert not reader.images and description.rotation == 90 and description.words == WORDS


def test_the_callers_figure_number_replaces_the_one_read(loaded, reader):
    model, processor = loaded
    recite(model, processor.tokenizer, "FIG. 2 is a view.")
    description = describe(model, processor, drawing(), kinds=("brief",), label="3A", max_new_tokens=60)
    assert description.label == "3A" and "FIG. 3A" in description.brief and "FIG. 2" not in description.uncertain
    assert description.words == WORDS
    with pytest.raises(ValueError, match="figure number"):
        describe(model, processor, drawing(), label="left")


def test_a_text_is_told_as_it_is_written(loaded, reader, monkeypatch):
    """A word at a time, each time all there is so far; at the end the finished text, with its marks."""
    model, processor = loaded
    monkeypatch.setattr(describe_patentlmm, "decoding_rules", lambda *arguments: [])
    recite(model, processor.tokenizer, "A lid 999 and a housing 102.")
    told = []
    follow = lambda kind, text: told.append((kind, text))  # noqa: E731
    description = describe(model, processor, drawing(), ("brief", "detailed"), max_new_tokens=30, on_text=follow)
    brief = [text for kind, text in told if kind == "brief"]
    assert brief[:3] == ["A", "A lid", "A lid 999"] and brief[-1] == description.brief == "A lid [?] and a housing 102."
    assert [kind for kind, _ in told] == sorted(kind for kind, _ in told) and told[-1] == (
        "detailed",
        description.detailed,
    )


def test_what_on_text_raises_ends_the_writing(loaded, reader):
    class Enough(Exception):
        pass

    def stop(kind, text):
        told.append(text)
        raise Enough

    told = []
    with pytest.raises(Enough):
        describe(*loaded, drawing(), max_new_tokens=200, on_text=stop)
    assert len(told) == 1


def test_batch_equals_single(loaded, reader):
    images = [drawing(), drawing((400, 260)), drawing((200, 200))]
    readings = [FigureReading(WORDS[:count], 0, image.size, "stub") for count, image in zip((5, 2, 4), images)]
    together = describe_batch(*loaded, images, readings=readings, max_new_tokens=8)
    alone = [describe(*loaded, image, reading=reading, max_new_tokens=8) for image, reading in zip(images, readings)]
    assert [(each.brief, each.detailed) for each in together] == [(each.brief, each.detailed) for each in alone]


def test_figures_of_a_batch_are_read_in_parallel_and_stay_in_order(loaded, reader, monkeypatch):
    """Each waits for another one's reading to begin; the later ends first."""
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")

    def read(image, engine, rotation, threads):
        both.wait()
        time.sleep(0.1 if image.width == 240 else 0)
        return FigureReading(WORDS[: image.width // 80], 0, image.size, f"stub on {threads}")

    monkeypatch.setattr(describe_patentlmm, "read_figure", read)
    descriptions = describe_batch(*loaded, [drawing(), drawing((160, 200))], kinds=("brief",), max_new_tokens=2)
    assert [description.words for description in descriptions] == [WORDS[:3], WORDS[:2]]


def test_a_blank_figure_of_a_batch_is_named(loaded, reader):
    images, names = [drawing(), Image.new("L", (200, 200), 255), drawing()], ["a", "b", "c"]
    with pytest.raises(FigureError, match="^b: is a blank page"):
        describe_batch(*loaded, images, figures=names, max_new_tokens=2)


def test_the_figure_is_encoded_once(loaded, reader):
    model, processor = loaded
    calls = []
    model.model.vision_tower.register_forward_hook(lambda *arguments: calls.append(1))
    describe(model, processor, drawing(), max_new_tokens=4)
    assert len(calls) == 1


def test_ink_only_describes(checkpoint, reader):
    model, processor = load_checkpoint(checkpoint)
    processor.ink_only = True
    few, many = (describe(model, processor, image, max_new_tokens=4) for image in (drawing(), drawing((480, 640))))
    both = describe_batch(model, processor, [drawing(), drawing((480, 640))], max_new_tokens=4)
    assert [text.brief for text in both] == [few.brief, many.brief]


def test_features_given_ahead_change_nothing(loaded, reader):
    """Encoding once for both kinds gives what `generate` gives when it encodes itself."""
    model, processor = loaded
    description = describe(model, processor, drawing(), kinds=("detailed",), max_new_tokens=8)
    sight = describe_patentlmm._see(drawing(), None, "rapidocr", None, {}, None)
    inputs = describe_patentlmm._inputs(model, processor, [sight], "detailed")
    prompt = inputs["input_ids"].shape[1]
    inventory = (sight.inventory.texts, sight.inventory.labels)
    rules = decoding_rules(processor.tokenizer, [inventory], prompt, "detailed")
    tokens = model.generate(**inputs, logits_processor=rules, max_new_tokens=8, do_sample=False)
    assert description.detailed.startswith(describe_patentlmm._text(processor, tokens[0, prompt:].tolist()))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("FIG. 2 shows a lid. The lid 10 is in FIG. 2 and", "FIG. 2 shows a lid. [...]"),
        ("FIG. 2 shows a lid and a housing 10", "FIG. 2 shows a lid and a housing [...]"),  # half of 102
        ("A lid 10. It opens. A lid 10. It shuts. A l", "A lid 10. It opens. It shuts. [...]"),
        ("10", "[...]"),
        ("", "[...]"),
    ],
)
def test_a_text_that_was_cut_off_says_so(processor, written, text):
    tokens = processor.tokenizer(written, add_special_tokens=False).input_ids
    assert describe_patentlmm._text(processor, tokens) == text
    whole = describe_patentlmm._text(processor, [*tokens, processor.tokenizer.eos_token_id])
    assert whole == written.replace("It opens. A lid 10.", "It opens.")


def test_a_text_is_not_tidied_up_into_another_numeral(processor):
    """The clean-up of spaces, which some tokenizers do by default, would make 7' of 7 and a quotation mark."""
    tokenizer = processor.tokenizer
    tokenizer.clean_up_tokenization_spaces = True
    tokens = tokenizer("the lid 7 ' s , a rod", add_special_tokens=False).input_ids + [tokenizer.eos_token_id]
    assert describe_patentlmm._text(processor, tokens) == "the lid 7 ' s , a rod"


def test_what_slipped_through_is_marked(loaded, reader, monkeypatch):
    """Should the rules of decoding ever fail, no numeral that the figure does not hold passes in silence."""
    model, processor = loaded
    monkeypatch.setattr(describe_patentlmm, "decoding_rules", lambda *arguments: [])
    recite(model, processor.tokenizer, "FIG. 7 shows a lid 999 and a housing 102.")
    description = describe(model, processor, drawing(), kinds=("brief",), max_new_tokens=120)
    assert description.brief == "FIG. [?] shows a lid [?] and a housing 102."


def test_an_element_put_right_gets_its_article(loaded, reader, monkeypatch):
    model, processor = loaded
    monkeypatch.setattr(describe_patentlmm, "decoding_rules", lambda *arguments: [])
    recite(model, processor.tokenizer, "FIG. 2 shows a diode L1.")
    description = describe(model, processor, drawing(), kinds=("brief",), parts={"L1": ""}, max_new_tokens=120)
    assert description.brief == "FIG. 2 shows an inductor L1."


def test_unknown_kinds_are_refused(loaded, reader):
    with pytest.raises(ValueError, match="brief, detailed"):
        describe(*loaded, drawing(), kinds=("long",))


# --- the real reader -------------------------------------------------------------------------------------------------


def test_an_example_is_read_and_described(run):
    """Everything together on a real figure; the model is random, the reading is not."""
    path = Path(__file__).resolve().parents[2] / "examples" / "block_diagram.png"
    pytest.importorskip("rapidocr")
    code, (row,), _ = run(path, "--json")
    assert code == 0 and row["label"] == "2" and row["rotation"] == 0
    read = {numeral["text"] for numeral in row["numerals"]}
    assert len(read & {"112", "200", "202", "204", "206", "208", "102a", "104a", "106a"}) >= 7


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="the program tesseract is not installed")
def test_an_example_is_described_with_tesseract(run):
    pytest.importorskip("pytesseract")
    path = Path(__file__).resolve().parents[2] / "examples" / "block_diagram.png"
    code, (row,), _ = run(path, "--json", "--engine", "tesseract", "--rotation", "0")
    assert code == 0 and row["label"] == "2"
    assert {"112", "200", "202", "204"} <= {numeral["text"] for numeral in row["numerals"]}
