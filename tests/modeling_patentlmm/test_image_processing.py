"""Pixels: letterbox, line art, parity with LayoutLMv3, and the bounded opening of hostile files."""

import struct
import time
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from transformers import AutoImageProcessor
from transformers.models.layoutlmv3.image_processing_pil_layoutlmv3 import LayoutLMv3ImageProcessorPil

from modeling_patentlmm.image_processing_patentlmm import (
    MAX_PAGES,
    MIN_SIDE,
    FigureError,
    Letterbox,
    PatentLMMImageProcessor,
    as_figure,
    count_pages,
    on_white,
    open_figure,
    open_page,
)

SIDES = st.integers(1, 5000)


def line_art(size=(600, 800)) -> Image.Image:
    image = Image.new("1", size, 1)
    draw = ImageDraw.Draw(image)
    draw.rectangle((size[0] // 6, size[1] // 6, size[0] // 2, size[1] // 2), outline=0, width=3)
    draw.line((0, 0, size[0], size[1]), fill=0, width=2)
    return image


# --- pixels ---


def test_the_default_mode_keeps_the_aspect_ratio_and_masks_the_letterbox():
    out = PatentLMMImageProcessor()(line_art((600, 800)), return_tensors="pt")
    assert out["pixel_values"].shape == (1, 3, 384, 384) and out["pixel_values"].dtype == torch.float32
    assert out["pixel_attention_mask"].shape == (1, 24, 24)
    assert out["pixel_attention_mask"][0, 0].tolist() == [1] * 18 + [0] * 6  # 384 * 600 / 800 = 288 pixels = 18 patches
    assert (out["pixel_values"][..., 288:] == 1.0).all(), "the canvas is white"
    assert out["pixel_values"].min() < 0


@pytest.mark.parametrize("size", [(384, 384), (1654, 2339), (301, 97)])
def test_the_reference_mode_equals_layoutlmv3(size):
    figure = line_art(size).convert("RGB")
    ours = PatentLMMImageProcessor(feature_mode="reference")(figure, return_tensors="pt")
    options = {
        "apply_ocr": False,
        "size": {"height": 384, "width": 384},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    theirs = LayoutLMv3ImageProcessorPil(**options)(figure, return_tensors="pt")
    assert (ours["pixel_values"] - theirs["pixel_values"]).abs().max() == 0
    assert "pixel_attention_mask" not in ours


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_gives_the_same_pixels(mode):
    """The same drawing in whatever mode; CMYK's conversion is not exact."""
    drawing = line_art((200, 200))
    grey = np.asarray(drawing.convert("L"))
    deep = {"I;16": (grey.astype(np.uint16) * 257), "I": grey.astype(np.int32), "F": grey.astype(np.float32) / 255}
    image = Image.fromarray(deep[mode]) if mode in deep else drawing.convert("L").convert(mode)
    processor = PatentLMMImageProcessor()
    expected = processor(drawing, return_tensors="pt")["pixel_values"]
    assert torch.allclose(processor(image, return_tensors="pt")["pixel_values"], expected, atol=0.02)


def test_a_thin_line_survives_down_sampling():
    """One black pixel in 6.9 becomes grey, not white and not black: averaged, not dropped."""
    page = Image.new("1", (2550, 2640), 1)
    ImageDraw.Draw(page).line((100, 0, 100, 2640), fill=0, width=2)
    row = PatentLMMImageProcessor()(page, return_tensors="pt")["pixel_values"][0, 0, 100]
    assert row.min() < 0.7, "the line is visible"
    assert (1 - row).sum() / 2 == pytest.approx(2 * 384 / 2640, rel=0.25), "and keeps its ink"


def test_transparency_becomes_white():
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert np.asarray(on_white(image)).min() == 255
    palette = Image.new("P", (64, 64), 0)
    palette.info["transparency"] = 0
    assert np.asarray(on_white(palette)).min() == 255


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    values = np.asarray(on_white(Image.fromarray(ramp)))
    assert values.min() == 0 and values.max() == 255 and abs(values.mean() - 127.5) < 1


def test_arrays_tensors_paths_and_lists_are_one(tmp_path):
    drawing = line_art((90, 120)).convert("RGB")
    drawing.save(tmp_path / "figure.png")
    array = np.asarray(drawing)
    processor = PatentLMMImageProcessor()
    expected = processor(drawing, return_tensors="pt")["pixel_values"]
    forms = [
        array,
        array[..., 0],
        np.moveaxis(array, -1, 0),
        torch.from_numpy(array.copy()),
        array.astype(np.float32) / 255,
        str(tmp_path / "figure.png"),
        tmp_path / "figure.png",
        [drawing],
        [[drawing]],
    ]
    for form in forms:
        assert torch.equal(processor(form, return_tensors="pt")["pixel_values"], expected)
    assert processor([drawing, [drawing]], return_tensors="pt")["pixel_values"].shape[0] == 2


@pytest.mark.parametrize("thing", [None, 3, b"abc", np.zeros(5), np.zeros((2, 2, 2, 2))])
def test_what_is_no_image_is_refused(thing):
    with pytest.raises(TypeError, match="image"):
        as_figure(thing)


def test_the_size_must_be_a_multiple_of_the_patch():
    with pytest.raises(ValueError, match="multiple of patch_size 16"):
        PatentLMMImageProcessor(size={"height": 100, "width": 96})
    with pytest.raises(ValueError, match="multiple of patch_size 16"):
        PatentLMMImageProcessor()(line_art(), size={"height": 100, "width": 96})
    out = PatentLMMImageProcessor(size=(96, 64))(line_art(), return_tensors="pt")
    assert out["pixel_values"].shape == (1, 3, 96, 64) and out["pixel_attention_mask"].shape == (1, 6, 4)


def test_the_mode_must_be_known():
    with pytest.raises(ValueError, match="default, reference"):
        PatentLMMImageProcessor(feature_mode="squash")


def test_saving_keeps_the_settings(tmp_path):
    processor = PatentLMMImageProcessor(size={"height": 64, "width": 96}, feature_mode="reference")
    processor.save_pretrained(tmp_path)
    again = PatentLMMImageProcessor.from_pretrained(tmp_path)
    assert again.to_dict() == processor.to_dict()
    assert again.canvas == (96, 64) and again.feature_mode == "reference" and not type(again).__name__.endswith("Pil")
    assert AutoImageProcessor is not None


# --- letterbox ---


@given(SIDES, SIDES)
@settings(max_examples=200, deadline=None)
def test_the_letterbox_fits_and_fills_one_side(width, height):
    box = Letterbox.fit((width, height), (384, 256))
    assert 1 <= box.placed[0] <= 384 and 1 <= box.placed[1] <= 256
    assert box.placed[0] == 384 or box.placed[1] == 256
    mask = box.patch_mask(16)
    assert mask.shape == (16, 24) and mask[0, 0] == 1
    assert mask.sum() == -(-box.placed[0] // 16) * -(-box.placed[1] // 16)


@given(SIDES, SIDES, st.tuples(*[st.integers(0, 1000)] * 4))
@settings(max_examples=200, deadline=None)
def test_boxes_move_with_the_figure(width, height, corners):
    x0, x1 = sorted(corners[:2])
    y0, y1 = sorted(corners[2:])
    box = Letterbox.fit((width, height), (384, 384))
    moved = box.move_boxes([(x0, y0, x1, y1)])[0]
    assert 0 <= moved[0] <= moved[2] <= 1000 and 0 <= moved[1] <= moved[3] <= 1000
    assert moved[2] == pytest.approx(x1 * box.placed[0] / 384, abs=0.51)


def test_a_moved_box_encloses_what_was_drawn_in_it():
    figure = Image.new("L", (400, 800), 255)
    ImageDraw.Draw(figure).rectangle((100, 600, 199, 699), fill=0)
    processor = PatentLMMImageProcessor()
    pixels = processor(figure, return_tensors="pt")["pixel_values"][0, 0]
    x0, y0, x1, y1 = processor.letterbox(figure.size).move_boxes([(250, 750, 500, 875)])[0] * 384 // 1000
    ys, xs = torch.where(pixels < 0)
    assert abs(xs.min() - x0) <= 1 and abs(xs.max() - x1) <= 1 and abs(ys.min() - y0) <= 1 and abs(ys.max() - y1) <= 1


def test_no_words_move_to_no_boxes():
    assert Letterbox((384, 384), (288, 384)).move_boxes([]).shape == (0, 4)


# --- files ---


def refused(path) -> str:
    """The message with which a file is refused: one line that names it."""
    with pytest.raises(FigureError) as error:
        open_figure(path)
    message = str(error.value)
    assert "\n" not in message and message.startswith(str(path)) and len(message) > len(str(path)) + 10
    return message


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif", "bmp"])
def test_common_formats_open(tmp_path, suffix):
    line_art().convert("L").save(tmp_path / f"figure.{suffix}")
    (page,) = open_figure(tmp_path / f"figure.{suffix}")
    assert page.size == (600, 800) and page.mode in ("L", "RGB")
    assert np.abs(np.asarray(page.convert("L"), int) - np.asarray(line_art().convert("L"), int)).mean() < 3


def test_every_page_of_a_group4_tiff(tmp_path):
    pages = [line_art((100 + 10 * index, 120)) for index in range(3)]
    pages[0].save(tmp_path / "sheets.tif", save_all=True, append_images=pages[1:], compression="group4")
    opened = open_figure(tmp_path / "sheets.tif")
    assert [page.size for page in opened] == [(100, 120), (110, 120), (120, 120)]
    for page, original in zip(opened, pages, strict=True):
        assert np.array_equal(np.asarray(page), np.asarray(original.convert("L")))
    assert count_pages(tmp_path / "sheets.tif") == 3
    assert np.array_equal(np.asarray(open_page(tmp_path / "sheets.tif", 1)), np.asarray(opened[1]))


def test_a_page_is_opened_without_the_one_before_it(tmp_path):
    pages = [line_art((100, 120)), line_art((100, 130))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    with Image.open(tmp_path / "a.tif") as image:
        strip = image.tag_v2[273][0]  # StripOffsets
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[strip : strip + 20] = b"\xff" * 20
    (tmp_path / "a.tif").write_bytes(data)
    assert count_pages(tmp_path / "a.tif") == 2 and open_page(tmp_path / "a.tif", 1).size == (100, 130)
    with pytest.raises(FigureError, match="a.tif: damaged"):
        open_page(tmp_path / "a.tif", 0)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_of_an_animation_the_first_frame(tmp_path, suffix):
    frames = [Image.new("L", (40, 40), value) for value in (250, 120, 10)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=100)
    (page,) = open_figure(tmp_path / f"a.{suffix}")
    assert np.asarray(page.convert("L")).mean() > 240


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_the_exif_rotation_is_applied(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees to see it upright
    image = Image.new("L", (60, 40), 255)
    image.paste(0, (0, 0, 20, 20))
    image.save(tmp_path / f"a.{suffix}", exif=exif)
    (page,) = open_figure(tmp_path / f"a.{suffix}")
    assert page.size == (40, 60)
    assert page.convert("L").getpixel((35, 5)) < 40 and page.convert("L").getpixel((5, 5)) > 200


def test_cmyk_and_palette_with_transparency(tmp_path):
    Image.new("CMYK", (40, 40), (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    assert np.asarray(open_figure(tmp_path / "a.jpg")[0].convert("L")).min() > 250
    palette = Image.new("P", (40, 40), 0)
    palette.putpalette([0, 0, 0, 200, 0, 0] + [0] * 762)
    palette.save(tmp_path / "b.png", transparency=0)
    assert np.asarray(open_figure(tmp_path / "b.png")[0]).min() == 255


def test_sixteen_bit_png(tmp_path):
    Image.fromarray(np.full((40, 40), 40000, np.uint16)).save(tmp_path / "a.png")
    assert np.asarray(open_figure(tmp_path / "a.png")[0]).mean() == pytest.approx(40000 / 257, abs=1)


def test_missing_directory_and_special_files(tmp_path):
    assert "check the path" in refused(tmp_path / "none.png")
    assert "is a directory" in refused(tmp_path)
    assert "not a regular file" in refused("/dev/null")
    with pytest.raises(FigureError, match="cannot be read"):
        open_figure("a\0b.png")


def test_empty_text_and_truncated_files(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    assert "0 bytes" in refused(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("this is no image at all")
    assert "not an image" in refused(tmp_path / "text.png")
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (200, 200), dtype=np.uint8))
    for suffix in ("png", "jpg", "tif", "webp", "gif", "bmp"):
        noise.save(tmp_path / f"whole.{suffix}")
        data = (tmp_path / f"whole.{suffix}").read_bytes()
        for share in (0.02, 0.3, 0.7):
            path = tmp_path / f"cut.{suffix}"
            path.write_bytes(data[: int(len(data) * share)])
            assert "again" in (message := refused(path)) or "header is damaged" in message


@pytest.mark.parametrize(
    "head, word",
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"<svg", "SVG"),
    ],
)
def test_vector_formats_are_refused_with_the_way_out(tmp_path, head, word):
    (tmp_path / "figure.png").write_bytes(head + b" " * 600)
    message = refused(tmp_path / "figure.png")
    assert word in message and "render" in message


def test_formats_that_could_run_programs_are_not_tried(tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.eps")
    assert "EPS" in refused(tmp_path / "a.eps")
    Image.new("RGB", (40, 40)).save(tmp_path / "a.ppm")
    assert "not an image we read" in refused(tmp_path / "a.ppm")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [30_000, 12_500, 60_000])
def test_a_decompression_bomb_is_refused_unopened(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png_header(side, side))
    message = refused(tmp_path / "bomb.png")
    assert "150000000 pixels" in message and "redu" in message


def test_a_bomb_on_a_later_page_is_refused(tmp_path):
    pages = [Image.new("1", (40, 40)), Image.new("1", (13_000, 13_000))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="group4")
    assert "150000000" in refused(tmp_path / "a.tif")


def test_too_many_pages(tmp_path):
    page = Image.new("1", (20, 20), 1)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page] * MAX_PAGES, compression="group4")
    assert f"more than {MAX_PAGES} pages" in refused(tmp_path / "a.tif")


def test_a_million_pages_are_not_counted(tmp_path):
    """Each page is a directory of its width, its height, where its strip is, and where the next directory is."""
    with open(tmp_path / "a.tif", "wb") as file:
        file.write(struct.pack("<2sHI", b"II", 42, 8))
        for index in range(1_000_000):
            following = 8 + 42 * (index + 1)
            file.write(struct.pack("<HHHIIHHIIHHIII", 3, 256, 3, 1, 20, 257, 3, 1, 20, 273, 4, 1, 8, following))
    started = time.perf_counter()
    assert f"more than {MAX_PAGES} pages" in refused(tmp_path / "a.tif")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("size", [(1, 1), (MIN_SIDE - 1, 500)])
def test_too_small(tmp_path, size):
    Image.new("L", size).save(tmp_path / "a.png")
    assert "too small" in refused(tmp_path / "a.png")


@given(st.binary(min_size=1, max_size=400), st.sampled_from(["png", "jpg", "tif", "gif", "bmp", "webp"]), st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_never_raise_anything_else(tmp_path_factory, noise, suffix, data):
    folder = tmp_path_factory.getbasetemp()
    whole = folder / f"fuzz-source.{suffix}"
    if not whole.exists():
        line_art((60, 60)).convert("L").save(whole)
    content = bytearray(whole.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + len(noise)] = noise
    path = folder / f"fuzz.{suffix}"
    path.write_bytes(bytes(content))
    try:
        pages = open_figure(path)
    except FigureError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert all(page.mode in ("L", "RGB") for page in pages)
