"""Tiny random models of several architectures behind one harness, and PatentLMM with parts taken away."""

import pytest
from PIL import Image
from transformers import AutoProcessor

from modeling_patentlmm.numerals_patentlmm import find_references
from tests import tiny_library
from tests.tiny import make_model, make_processor
from train.evaluate.writers import WordsWriter, Written, chat_batch, load_model, make_writer

MODELS = [tiny_library.llava, tiny_library.idefics3, tiny_library.qwen2_vl, tiny_library.florence2]
LIMIT = 6


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: make.__name__)
def library(request):
    return request.param()


@pytest.fixture(scope="module")
def ours():
    processor = make_processor()
    return make_model(processor.tokenizer, processor.ocr_tokenizer), processor


def test_every_architecture_writes_for_a_batch_what_it_writes_for_one(library, figures):
    rows = list(figures.select(range(3)))
    writer = make_writer(*library, limit=LIMIT)
    written = writer.write(rows, "brief")
    assert len(written) == 3 and all(isinstance(one, Written) for one in written)
    assert written == [writer.write([row], "brief")[0] for row in rows]


def test_no_more_than_the_new_tokens_are_the_text(library, figures):
    model, processor = library
    (written,) = make_writer(model, processor, limit=1).write([figures[0]], "detailed")
    assert len(written.text) < 20, "one token, without the prompt"


def test_words_alone_go_through_the_language_model_of_a_chat_model(library, figures):
    if library[0].config.model_type == "florence2":
        with pytest.raises(ValueError, match="has no variant words_only; leave it out"):
            make_writer(*library, limit=LIMIT, variant="words_only")
        return
    writer = make_writer(*library, limit=LIMIT, variant="words_only")
    assert isinstance(writer, WordsWriter) and not writer.needs_image
    assert len(writer.write([{"words": figures[0]["words"]}], "brief")) == 1


def test_only_patentlmm_can_lose_its_ocr_and_its_rules(library):
    for variant in ("no_ocr", "no_rules"):
        with pytest.raises(ValueError, match=f"has no variant {variant}"):
            make_writer(*library, limit=LIMIT, variant=variant)


@pytest.mark.parametrize("make", [tiny_library.llava, tiny_library.idefics3, tiny_library.florence2])
def test_a_saved_model_is_loaded_by_its_folder(make, figures, tmp_path):
    model, processor = load_model(str(tiny_library.save(make, tmp_path)))
    rows = list(figures.select(range(2)))
    assert make_writer(model, processor, LIMIT).write(rows, "brief") == make_writer(*make(), LIMIT).write(rows, "brief")


def test_a_processor_that_is_not_whole_is_refused(monkeypatch, tmp_path):
    """Without torchvision transformers gives the tokenizer alone for a Qwen-VL folder, and says nothing."""
    model, processor = tiny_library.llava()
    model.save_pretrained(tmp_path)
    monkeypatch.setattr(AutoProcessor, "from_pretrained", lambda name: processor.tokenizer)
    with pytest.raises(ValueError, match="of its processor can be loaded; save the whole processor"):
        load_model(str(tmp_path))


def test_a_processor_without_a_chat_template_is_refused():
    _, processor = tiny_library.llava()
    processor.chat_template = None
    with pytest.raises(ValueError, match="LlavaProcessor has no chat template; save one"):
        chat_batch(processor, [[{"type": "text", "text": "?"}]])


# --- PatentLMM -------------------------------------------------------------------------------------------------------


def test_rules_hold_characters_to_the_reading_and_can_be_lifted(ours, figures):
    rows = list(figures.select(range(2)))
    held = make_writer(*ours, limit=16).write(rows, "brief")
    free = make_writer(*ours, limit=16, variant="no_rules").write(rows, "brief")
    assert held != free
    for row, written in zip(rows, held, strict=True):
        said = {found.text for found in find_references(written.text) if found.kind == "character"}
        assert said <= {numeral["text"] for numeral in row["numerals"]} | set(row["words"])


def test_without_ocr_the_words_make_no_difference(ours, figures):
    row = figures[0]
    writer = make_writer(*ours, limit=LIMIT, variant="no_ocr")
    stripped = row | {"words": [], "boxes": [], "confidences": []}
    assert writer.write([row], "brief") == writer.write([stripped], "brief")


def test_a_blank_figure_gets_an_empty_text_among_others(ours, figures):
    blank = figures[0] | {"image": Image.new("L", (300, 200), 255)}
    first, second = make_writer(*ours, limit=LIMIT).write([blank, figures[1]], "brief")
    assert first == Written("", False)
    assert second.truncated is True and "[...]" not in second.text


def test_words_alone_go_through_patentlmm(ours, figures):
    writer = make_writer(*ours, limit=LIMIT, variant="words_only")
    assert len(writer.write([{"words": row["words"]} for row in figures], "detailed")) == len(figures)
