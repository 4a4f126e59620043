"""Loading as a stranger does: a bare process, nothing of ours importable, offline; and as an installed package.

Where each trap of custom-code model repositories is guarded (T: seen on transformers 4.57, 5.0 or 5.23):

| trap | guard |
|---|---|
| T1 post_init not called, T2 tied weights as a list | test_strangers: loads, logits equal to the saved model's |
| T3, T4 buffers and tensors made in __init__ | test_strangers: logits; test_every_buffer_survives |
| T5 .item() in __init__, T6 attention flags as properties | test_strangers: loads on the meta device |
| T7 unguarded optional imports | test_the_scanner_finds_only_what_is_always_there; engines blocked in test_strangers |
| T8 imports the loader does not follow | test_the_scanner_copies_what_python_imports |
| T9 isinstance on our configuration | test_strangers: local folder, two copies of every class |
| T10 head missing from the weights | test_export_refuses_incomplete_weights |
| T11 extra keywords of the processor | test_strangers: settings survive two round trips |
| T12 encoder runs once, and runs at all | test_modeling_patentlmm.py |
| T13 OCR tokenizer with five entries | test_processing.py: its vocabulary is lost |
| T14 two tokenizers in one processor | test_strangers; test_a_missing_ocr_tokenizer_is_noticed |
| T15, T17 embedding accessors, checkpointing | test_modeling_patentlmm.py; a Trainer's checkpoint below |
| T16 names of the library | test_our_names_are_not_the_librarys |
| 10 code of a saved checkpoint, 11 processor beside it | test_strangers: Trainer checkpoint, two round trips |
| 13 count of placeholders, 14 padding, 16 labels | test_processing.py |
| 20 dots in folder names | the checkpoint fixture's folder is called patentlmm-random_v1.0 |
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.dynamic_module_utils import get_imports, get_relative_import_files, get_relative_imports

import modeling_patentlmm
from modeling_patentlmm.export_patentlmm import ExportError, check_as_stranger, code_files, export
from modeling_patentlmm.processing_patentlmm import PatentLMMProcessor, prompt_messages
from tests.tiny import BOXES, WORDS, draw_figure, make_model, make_processor

REPOSITORY = Path(modeling_patentlmm.__file__).resolve().parent.parent
CODE = code_files()
HUB_NAME = "someone/patentlmm-random"
SETTINGS = (
    "ocr_engine_version",
    "max_ocr_tokens",
    "feature_mode",
    "visual_pool",
    "lowercase_words",
    "copy_head",
    "words_by_character",
)
AUTO_MAP = {
    "AutoConfig": "configuration_patentlmm.PatentLMMConfig",
    "AutoModel": "modeling_patentlmm.PatentLMMModel",
    "AutoModelForImageTextToText": "modeling_patentlmm.PatentLMMForConditionalGeneration",
    "AutoModelForCausalLM": "modeling_patentlmm.PatentLMMForConditionalGeneration",
    "AutoModelForMultimodalLM": "modeling_patentlmm.PatentLMMForConditionalGeneration",
}

STRANGER = r"""
import importlib.abc, json, os, sys

import torch
import transformers
from PIL import Image
from transformers import pipeline


class Hiding(importlib.abc.MetaPathFinder):
    # does not find our packages, nor what reads figures

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("modeling_patentlmm", "dataset_builder", "train", "rapidocr", "cv2", "onnxruntime"):
            return None
        return self.finder.find_spec(name, path, target)


names, work, trust = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
if trust["installed"]:
    sys.path.insert(0, trust["installed"])
    import modeling_patentlmm
else:
    sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
trust = trust["trust_remote_code"]
given = torch.load(os.path.join(work, "given.pt"), weights_only=False)
code = {"trust_remote_code": True} if trust else {}


def answer(model, processor):
    figure = Image.open(os.path.join(work, "figure.png"))
    inputs = processor(images=[figure], text=given["text"], words=[given["words"]], boxes=[given["boxes"]])
    with torch.no_grad():
        return {name: inputs[name] for name in inputs}, model(**inputs).logits


def check(model, processor):
    inputs, logits = answer(model, processor)
    assert all(torch.equal(inputs[name], given["inputs"][name]) for name in given["inputs"])
    difference = (logits - given["logits"]).abs().max().item()
    assert difference < 1e-5, difference


report = {}
for name in names:
    config = transformers.AutoConfig.from_pretrained(name, **code)
    assert type(config).__name__ == "PatentLMMConfig"
    processor = transformers.AutoProcessor.from_pretrained(name, **code)
    image_processor = transformers.AutoImageProcessor.from_pretrained(name, **code)
    assert type(image_processor).__name__ == "PatentLMMImageProcessor"
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, **code)
    assert tokenizer.get_vocab() == processor.tokenizer.get_vocab() == given["vocab"]
    assert processor.ocr_tokenizer.get_vocab() == given["ocr_vocab"]
    for auto in ("AutoModel", "AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModelForMultimodalLM"):
        model, loading = getattr(transformers, auto).from_pretrained(name, output_loading_info=True, **code)
        assert not loading["missing_keys"], loading
        expected = "PatentLMMModel" if auto == "AutoModel" else "PatentLMMForConditionalGeneration"
        assert type(model).__name__ == expected
        if auto != "AutoModel":
            check(model.eval(), processor)
    assert type(model).__module__.startswith("transformers_modules" if trust else "modeling_patentlmm")
    try:
        processor(images=[Image.new("L", (60, 60), 255)], text=processor.image_token)
    except Exception as error:
        assert trust and "pip install" in str(error), error
    pipe = pipeline("image-text-to-text", model=name, **code)
    chat = given["chat"]
    chat[0]["content"][0]["image"] = Image.open(os.path.join(work, "figure.png"))
    greedy = {"max_new_tokens": 4, "do_sample": False}
    said = pipe(text=chat, generate_kwargs=greedy, return_full_text=False)[0]["generated_text"]
    assert said == given["said"], (said, given["said"])
    # load -> save -> load -> save
    folders = [os.path.join(work, f"{len(report)}-once.v1"), os.path.join(work, f"{len(report)}-twice")]
    for folder in folders:
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
        processor = transformers.AutoProcessor.from_pretrained(folder, **code)
        model = transformers.AutoModelForImageTextToText.from_pretrained(folder, **code).eval()
        check(model, processor)
    report[name] = folders
assert trust == ("modeling_patentlmm" not in sys.modules)
print("REPORT" + json.dumps(report))
"""


def run_stranger(names, work: Path, installed: str = "", trust: bool = True, **environment) -> dict[str, list[str]]:
    """Run `STRANGER` from `/` on folders or hub names; where it saved each, twice."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HF_"))}
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(work / "home"), "OMP_NUM_THREADS": "1", **environment}
    how = json.dumps({"installed": installed, "trust_remote_code": trust})
    result = subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, json.dumps([str(name) for name in names]), str(work), how],
        cwd="/",
        env={**bare, **environment},
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.split("REPORT")[1])


@pytest.fixture(scope="module")
def work(tmp_path_factory, checkpoint) -> Path:
    """A folder with a figure, and what the saved model and processor make of it."""
    folder = tmp_path_factory.mktemp("work")
    figure = draw_figure()
    figure.save(folder / "figure.png")
    processor = make_processor()
    model = make_model(processor.tokenizer, processor.ocr_tokenizer)
    text = f"<|user|>{processor.image_token}Write.<|assistant|>"
    inputs = processor(images=[figure], text=text, words=[WORDS], boxes=[BOXES])
    chat = prompt_messages("brief", words=WORDS, boxes=BOXES)
    chat[0]["content"][0]["image"] = figure
    prompt = processor.apply_chat_template(chat, tokenize=True, return_dict=True, add_generation_prompt=True)
    del chat[0]["content"][0]["image"]
    with torch.no_grad():
        logits = model(**inputs).logits
        new = model.generate(**prompt, max_new_tokens=4, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    given = {
        "text": text,
        "words": WORDS,
        "boxes": BOXES,
        "chat": chat,
        "inputs": dict(inputs),
        "logits": logits,
        "said": processor.decode(new, skip_special_tokens=True),
        "vocab": processor.tokenizer.get_vocab(),
        "ocr_vocab": processor.ocr_tokenizer.get_vocab(),
    }
    torch.save(given, folder / "given.pt")
    return folder


def put_into_hub_cache(folder: Path, home: Path) -> None:
    """As if `hf download` had fetched the folder under `HUB_NAME`."""
    repository = home / "hub" / f"models--{HUB_NAME.replace('/', '--')}"
    revision = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(folder, repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)


def complete(folder: Path) -> None:
    """A saved folder has its code, both tokenizers, and maps that are flat and whole."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    needed = {"configuration_patentlmm.py", "modeling_patentlmm.py", "modeling_patentmme.py", "processing_patentlmm.py"}
    needed |= {"image_processing_patentlmm.py", "ocr_patentlmm.py", "model.safetensors", "chat_template.jinja"}
    needed |= {"tokenizer.json", "ocr_tokenizer/tokenizer.json", "ocr_tokenizer/config.json", "processor_config.json"}
    assert needed <= files, needed - files
    assert json.loads((folder / "config.json").read_text())["auto_map"] == AUTO_MAP
    processor = json.loads((folder / "processor_config.json").read_text())
    assert processor["auto_map"]["AutoProcessor"] == "processing_patentlmm.PatentLMMProcessor"
    nested = processor["image_processor"]["auto_map"]
    assert nested["AutoImageProcessor"] == "image_processing_patentlmm.PatentLMMImageProcessor"
    assert not any("--" in value for value in [*processor["auto_map"].values(), *nested.values()])
    assert processor["ocr_engine"] == "rapidocr" and set(SETTINGS) <= set(processor)
    for name in ("tokenizer.json", "ocr_tokenizer/tokenizer.json"):
        assert (folder / name).stat().st_size > 1000


def trainer_checkpoint(folder: Path) -> Path:
    """What transformers' Trainer writes after one step."""
    from transformers import Trainer, TrainingArguments

    processor = make_processor()
    model = make_model(processor.tokenizer, processor.ocr_tokenizer)

    def collate(rows):
        count, figures = len(rows), [draw_figure(seed=row["seed"]) for row in rows]
        batch = processor(images=figures, text=["<image>a"] * count, words=[WORDS] * count, boxes=[BOXES] * count)
        return {**batch, "labels": batch["input_ids"]}

    arguments = TrainingArguments(
        str(folder), max_steps=1, save_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True,
        remove_unused_columns=False, learning_rate=0.0,
    )  # fmt: skip
    rows = [{"seed": seed} for seed in range(2)]
    Trainer(model, arguments, collate, train_dataset=rows, processing_class=processor).train()
    return folder / "checkpoint-1"


@pytest.mark.slow
def test_strangers_load_folders_and_the_hub_cache(tmp_path, work, checkpoint):
    """A saved folder, a Trainer's checkpoint and a hub name, through every Auto class and the pipeline."""
    trained = trainer_checkpoint(tmp_path / "run")
    put_into_hub_cache(checkpoint, work / "home")
    for folders in run_stranger([checkpoint, trained, HUB_NAME], work).values():
        for folder in folders:
            complete(Path(folder))


def test_a_stranger_loads_the_saved_folder(work, checkpoint):
    (folders,) = run_stranger([checkpoint], work).values()
    for folder in folders:
        complete(Path(folder))
    assert config_of(folders[0]) == config_of(folders[1])


def config_of(folder) -> dict:
    return json.loads((Path(folder) / "processor_config.json").read_text())


@pytest.mark.slow
def test_the_installed_package_needs_no_trust(tmp_path, work, checkpoint):
    """Of a folder without code, and it wins over the code of a folder with."""
    bare = tmp_path / "without-code"
    shutil.copytree(checkpoint, bare, ignore=shutil.ignore_patterns("*.py"))
    run_stranger([bare, checkpoint], work, installed=str(REPOSITORY), trust=False)


def test_the_command_answers_without_torch():
    program = "import sys; sys.argv = ['patentlmm']; import modeling_patentlmm; print('torch' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    assert loaded.stdout.strip() == "False"


def test_every_name_of_the_package_exists():
    for name in modeling_patentlmm.__all__:
        assert getattr(modeling_patentlmm, name) is not None and name in dir(modeling_patentlmm)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        modeling_patentlmm.nothing  # noqa: B018


def test_every_buffer_survives(checkpoint):
    processor = make_processor()
    saved = dict(make_model(processor.tokenizer, processor.ocr_tokenizer).named_buffers())
    loaded = dict(modeling_patentlmm.PatentLMMForConditionalGeneration.from_pretrained(checkpoint).named_buffers())
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_our_names_are_not_the_librarys():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    assert not {"patentlmm", "patentmme"} & set(CONFIG_MAPPING_NAMES)


# --- what is missing is noticed ---


def test_a_missing_ocr_tokenizer_is_noticed(tmp_path, checkpoint):
    """transformers loads the language model's in its place, with no more than a warning."""
    shutil.copytree(checkpoint, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "ocr_tokenizer")
    with pytest.raises(ValueError, match="not the encoder's; the checkpoint's ocr_tokenizer/ folder must hold"):
        PatentLMMProcessor.from_pretrained(tmp_path / "copy")


@pytest.mark.slow
def test_export_writes_what_a_stranger_can_load(tmp_path, checkpoint):
    shutil.copytree(checkpoint, tmp_path / "src", ignore=shutil.ignore_patterns("*.py"))
    (tmp_path / "src" / "README.md").write_text("# card")
    files = export(tmp_path / "src", tmp_path / "out")
    assert {path.name for path in CODE} <= set(files) and (tmp_path / "out" / "README.md").read_text() == "# card"
    complete(tmp_path / "out")
    assert not {"__init__.py", "__main__.py", "export_patentlmm.py"} & set(files)
    with pytest.raises(ExportError, match="not an empty folder"):
        export(tmp_path / "src", tmp_path / "out")
    (tmp_path / "out" / "modeling_patentmme.py").write_text("import a_package_nobody_has\n")
    with pytest.raises(ExportError, match="a_package_nobody_has.*do not publish"):
        check_as_stranger(tmp_path / "out")


def test_export_refuses_incomplete_weights(tmp_path, checkpoint):
    weights = load_file(checkpoint / "model.safetensors")
    for change, message in (
        ({**weights, "stray.weight": torch.zeros(1)}, "1 unexpected keys .stray.weight"),
        (
            {name: value for name, value in weights.items() if name != "lm_head.weight"},
            "1 missing keys .lm_head.weight",
        ),
    ):
        src = tmp_path / message.split()[1]
        shutil.copytree(checkpoint, src)
        save_file(change, src / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ExportError, match=message):
            export(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_export_refuses_what_is_no_checkpoint(tmp_path):
    with pytest.raises(ExportError, match="has no config.json"):
        export(tmp_path, tmp_path / "out")


# --- the code that travels ---


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_the_scanner_finds_only_what_is_always_there(path):
    """The loader demands every package it sees imported outside `try`, inside functions too."""
    allowed = {"torch", "transformers", "PIL", "numpy"} | set(sys.stdlib_module_names)
    assert set(get_imports(path)) <= allowed


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_the_scanner_copies_what_python_imports(path):
    """The loader reads text, docstrings too: it must find the relative imports Python makes, and no others."""
    tree = ast.parse(path.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert all(node.level == 1 and node.module and "." not in node.module for node in imports)
    assert set(get_relative_imports(path)) == {node.module for node in imports}
    assert all(Path(file).is_file() for file in get_relative_import_files(path))
    assert not re.search(r"\.register(_for_auto_class)?\(|from __future__", path.read_text())
    assert "isinstance(config, Patent" not in path.read_text()
