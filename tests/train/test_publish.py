"""`python -m train.publish`: what is assembled, what is refused, what the hub is sent (a hub on loopback)."""

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from datasets import load_dataset
from huggingface_hub import HfApi, ModelCard, constants, snapshot_download
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.synthetic.shards import Plan, write_shards
from modeling_patentlmm.export_patentlmm import ExportError, run_as_stranger
from tests.fake_hub import TOKEN, FakeHub
from train.publish import PublishError
from train.publish.__main__ import parse_arguments, publish
from train.publish.card import check_metadata, read_card, relative_links, take_links_along, with_section
from train.publish.dataset import assemble_dataset, check_loading, size_category, whole_shards
from train.publish.hub import Target
from train.publish.imports import packages, reachable
from train.publish.model import RESULTS, card_of, loading, measured
from train.publish.source import ROOT, source_commit
from train.publish.space import assemble_space, check_requirements, code_of, read_requirements
from train.publish.tree import File, check_tree, drawn, shown

REPOSITORY = Path(__file__).resolve().parents[2]
CARD = (
    "---\nlicense: mit\nlanguage: [en]\nlibrary_name: transformers\npipeline_tag: image-text-to-text\ntags: [x]\n---\n"
)


@pytest.fixture(scope="module")
def figures_folder(tmp_path_factory) -> Path:
    """Five drawn figures each of `test` and `train`, as `python -m dataset_builder.synthetic` writes them."""
    folder = tmp_path_factory.mktemp("figures")
    for split, seed in (("test", 7), ("train", 70)):
        list(write_shards(Plan(folder, 5, split, seed, max_side=300)))
    return folder


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def hub(online, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def folder(tmp_path) -> Path:
    """A repository folder with a large and a small file."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "README.md").write_text(CARD + "# Card\n")
    (folder / "sub" / "model.safetensors").write_bytes(b"\x80\x02" + bytes(998))
    return folder


def target(hub: FakeHub, tag: str = "v1", token: str = TOKEN, kind: str = "model") -> Target:
    return Target(kind, "me/thing", tag, HfApi(endpoint=hub.url, token=token))


def upload(hub: FakeHub, folder: Path, tag: str = "v1") -> str:
    to = target(hub, tag)
    to.check_free()
    return to.upload(folder, check_tree(folder), f"Publish {tag}", "Made from here.")


def run(*arguments, hub: str = "http://127.0.0.1:9", token: str | None = TOKEN) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    known = {"HF_TOKEN": token} if token else {"HF_TOKEN_PATH": os.devnull}
    return subprocess.run(
        [sys.executable, "-m", "train.publish", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**bare, **known, "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


# --- the tree ---


def test_a_tree_is_drawn_with_aligned_sizes_and_a_total(folder):
    lines = drawn(check_tree(folder)).splitlines()
    assert lines[0].startswith("README.md ") and lines[1] == "sub/" and lines[2].startswith("  model.safetensors ")
    assert lines[2].endswith("1.0 kB") and re.fullmatch(r"2 files +1\.1 kB", lines[3])
    assert len({len(line) for line in lines if line != "sub/"}) == 1


@given(st.lists(st.from_regex(r"[a-c]{1,2}(/[a-c]{1,2}){0,2}\.md", fullmatch=True), min_size=1, unique=True))
def test_every_file_and_folder_is_drawn_once(names):
    files = [File(name, 1) for name in names]
    folders = {tuple(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 1)}
    lines = drawn(files).splitlines()
    assert len(lines) == len(names) + len(folders) + 1
    assert sorted(line.split()[0] for line in lines[:-1] if " 1 B" in line) == sorted(
        name.split("/")[-1] for name in names
    )


@pytest.mark.parametrize(
    "size, text",
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (29_069_404, "29.1 MB"), (5e12, "5.0 TB")],
)
def test_sizes_are_for_people(size, text):
    assert shown(size) == text


@pytest.mark.parametrize(
    "name, content, said",
    [
        (".env", b"A=1", "is hidden"),
        (".git/config", b"", "is hidden"),
        ("optimizer.pt", b"x", "kind that is not published"),
        ("weights.bin", b"x", "kind that is not published"),
        ("id_rsa", b"x", "kind that is not published"),
        ("code.py", b"\x80\x04\x95 pickled", "pickle or an archive"),
        ("table.parquet", b"PK\x03\x04 torch.save", "pickle or an archive"),
        ("config.json", b'{"token": "hf_' + b"a" * 34 + b'"}', "looks like a Hugging Face token"),
        ("LICENSE", b"AKIA" + b"A" * 16, "looks like an AWS key"),
        ("notes.txt", b"x" * 70000 + b"-----BEGIN RSA PRIVATE " + b"KEY-----", "looks like a private key"),
    ],
)
def test_what_must_not_be_published_is_refused(folder, name, content, said):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    with pytest.raises(PublishError, match=f"^{re.escape(name)}: .*{said}") as refused:
        check_tree(folder)
    assert "a" * 34 not in str(refused.value)


def test_links_and_empty_folders_are_refused(folder, tmp_path):
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    with pytest.raises(PublishError, match="passwd.txt: is a link"):
        check_tree(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PublishError, match="holds no file"):
        check_tree(tmp_path / "empty")


def test_files_above_the_hubs_limits_are_refused(folder, monkeypatch):
    monkeypatch.setattr("train.publish.tree.MAX_FILE_BYTES", 999)
    with pytest.raises(PublishError, match="sub/model.safetensors: has 1.0 kB, more than the hub takes"):
        check_tree(folder)
    monkeypatch.setattr("train.publish.tree.MAX_FILE_BYTES", 1000)
    monkeypatch.setattr("train.publish.tree.MAX_FILES_A_FOLDER", 0)
    with pytest.raises(PublishError, match="holds 1 files, more than 0"):
        check_tree(folder)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_uncommitted_sources_are_refused(tmp_path):
    assert source_commit(["code"], tmp_path) is None
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("1")
    git(tmp_path, "init")
    with pytest.raises(PublishError, match="code/.*is not committed"):
        source_commit(["code"], tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "a")
    (tmp_path / "elsewhere.py").write_text("2")
    assert re.fullmatch("[0-9a-f]{40}", source_commit(["code"], tmp_path))
    (tmp_path / "code" / "a.py").write_text("3")
    with pytest.raises(PublishError, match="^code/a.py: is not committed"):
        source_commit(["code"], tmp_path)
    assert source_commit(["code"], tmp_path / "code") is None


# --- cards ---


def test_our_model_card_is_valid_and_its_links_lead_somewhere(tmp_path):
    card = read_card(ROOT / "model_card.md", "model")
    take_links_along(ROOT / "model_card.md", card.text, tmp_path)


def test_results_on_the_card_are_those_of_the_benchmarks():
    card = ModelCard(CARD)
    card.data.model_name, card.data.eval_results = "x", measured(ROOT / "benchmarks" / "results")
    again = ModelCard(str(card)).data.eval_results
    drawn_figures = json.loads((ROOT / "benchmarks" / "results" / "drawn_figures.json").read_text())
    assert len(again) == sum(len(measures) for _, measures in RESULTS.values())
    assert [each.metric_value for each in again if each.metric_name == "BLEU-4 detailed"] == [
        drawn_figures["detailed_bleu4"]
    ]
    assert again[0].dataset_name == f"{drawn_figures['figures']} held-out drawn figures"


def test_a_card_speaks_of_its_own_checkpoint(tmp_path):
    assert card_of(ROOT / "checkpoints" / "patentlmm-tiny") == ROOT / "model_card.md"
    with pytest.raises(PublishError, match="has no README.md; write the card of this checkpoint"):
        card_of(tmp_path)


@pytest.mark.parametrize(
    "kind, change, said",
    [
        ("model", {"license": None}, "has no license"),
        ("model", {"pipeline_tag": "text-generation"}, "pipeline_tag is 'text-generation', not 'image-text-to-text'"),
        ("model", {"license": "other"}, "license other and no license_name"),
        ("space", {"colorFrom": "mauve"}, "colorFrom is 'mauve'; take one of blue"),
        ("space", {"short_description": "x" * 61}, "longer than 60"),
        ("space", {"app_file": "gone.py"}, "app_file gone.py is not in the repository"),
    ],
)
def test_metadata_that_the_hub_would_refuse_are_refused(tmp_path, kind, change, said):
    (tmp_path / "app.py").touch()
    data = {
        "model": {"license": "mit", "language": "en", "library_name": "transformers", "tags": ["x"]},
        "space": {
            "title": "T",
            "emoji": "x",
            "colorFrom": "blue",
            "colorTo": "gray",
            "sdk": "gradio",
            "license": "mit",
        },
    }[kind]
    data |= {"pipeline_tag": "image-text-to-text", "sdk_version": "6", "python_version": "3.11", "app_file": "app.py"}
    check_metadata(tmp_path / "README.md", kind, data)
    with pytest.raises(PublishError, match=said):
        check_metadata(tmp_path / "README.md", kind, {**data, **change})


@pytest.mark.parametrize("text", ["# no front matter", "---\na: [\n---\n", "---\nmodel-index: 3\nlicense: mit\n---\n"])
def test_a_card_without_valid_metadata_ends_in_one_line(tmp_path, text):
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(PublishError, match="^[^\n]*README.md: [^\n]*front matter$"):
        read_card(tmp_path / "README.md", "model")


def test_links_are_found_outside_code_and_taken_along(tmp_path):
    text = (
        '![a](pictures/a.png) [b](b.md#part) [c](https://x.y) [d](#here) <img width="3" src="c%20d.png">\n'
        "`[no](no.md)`\n```\n[no](no.md)\n```\n[mail](mailto:a@b.c)"
    )
    assert list(relative_links(text)) == ["pictures/a.png", "b.md", "c d.png"]
    (tmp_path / "pictures").mkdir()
    for name in ("pictures/a.png", "b.md", "c d.png"):
        (tmp_path / name).write_text(name)
    out = tmp_path / "out"
    take_links_along(tmp_path / "README.md", text, out)
    assert (out / "pictures" / "a.png").read_text() == "pictures/a.png" and (out / "c d.png").is_file()
    for link in ("../b.md", "/etc/passwd", "gone.md", "pictures"):
        with pytest.raises(PublishError, match=f"links to {link}, which is"):
            take_links_along(tmp_path / "README.md", f"[x]({link})", out)


def test_how_to_load_comes_before_the_first_section():
    text = with_section("---\na: b\n---\n\n# T\n\nIntro.\n\n## One\n\n## Two\n", loading("me/x", "v1"))
    assert re.findall("^## .*", text, re.MULTILINE) == ["## Load", "## One", "## Two"]
    assert text.count('"me/x", revision="v1"') == 2 and with_section("# T\n", "## Load").endswith("# T\n\n## Load\n")


# --- datasets ---


def test_drawn_figures_become_a_dataset_that_loads(figures_folder, tmp_path):
    (figures_folder / "notes.txt").write_text("stays at home")
    before = {path.name: path.read_bytes() for path in figures_folder.iterdir()}
    assemble_dataset(figures_folder, tmp_path / "out", "me/drawn", "v1")
    names = [file.name for file in check_tree(tmp_path / "out")]
    assert names == ["README.md", "test-00000-of-00001.parquet", "train-00000-of-00001.parquet"]
    assert check_loading(tmp_path / "out") == {"both train": 5, "both test": 5}
    card = read_card(tmp_path / "out" / "README.md", "dataset")
    assert card.data.license == "apache-2.0" and 'load_dataset("me/drawn", "both", revision="v1")' in card.text
    assert before == {path.name: path.read_bytes() for path in figures_folder.iterdir()}


@pytest.mark.slow
def test_a_built_dataset_is_published_with_its_own_card(tmp_path):
    from dataset_builder.card import Making, write_card
    from tests.dataset_builder.test_card import write

    built = write(tmp_path / "built")
    write_card(built, Making("Figures", "python -m dataset_builder.build", "By family."))
    (built / "work").mkdir()
    (built / "work" / "reading.jsonl").write_text("stays")
    (built / "rejects.jsonl").write_text("stays")
    assemble_dataset(built, tmp_path / "out", "me/built", "v2")
    names = {file.name for file in check_tree(tmp_path / "out")}
    pictures = {f"pictures/{path.name}" for path in (built / "pictures").iterdir()}
    assert names == {"README.md", *pictures, *(f"data/{path.name}" for path in (built / "data").iterdir())}
    assert 'load_dataset("me/built", "brief", revision="v2")' in (tmp_path / "out" / "README.md").read_text()
    for shard in (tmp_path / "out" / "data").glob("train-both-*"):
        shard.unlink()
        shard.write_bytes(b"PAR1 damaged")
    with pytest.raises(ExportError, match="does not load by itself"):
        check_loading(tmp_path / "out")


@pytest.mark.slow
def test_the_official_release_is_published_as_parquet(tmp_path):
    from dataset_builder.release_to_parquet import main as release_to_parquet
    from tests.dataset_builder.release_folder import write_release

    release = write_release(tmp_path / "release")
    assert release_to_parquet([str(release), "--out", str(tmp_path / "data")]) == 0
    assemble_dataset(tmp_path / "data", tmp_path / "out", "me/patentdesc", "v1")
    assert check_loading(tmp_path / "out") == {"both train": 6, "both validation": 3, "both test": 3}
    names = [file.name for file in check_tree(tmp_path / "out")]
    assert len(names) == 4 and not [name for name in names if name.endswith(".py")]
    text = (tmp_path / "out" / "README.md").read_text()
    assert "no loading script" in text and "license_name: us-patents" in text


def test_a_folder_that_is_no_whole_dataset_is_refused(figures_folder, tmp_path):
    with pytest.raises(PublishError, match="holds no Parquet files"):
        whole_shards(tmp_path)
    shard = next(figures_folder.glob("train-*.parquet"))
    shutil.copy(shard, tmp_path / "train-00001-of-00003.parquet")
    with pytest.raises(PublishError, match="has 1 of 3 files train-\\*.parquet; write the dataset again"):
        whole_shards(tmp_path)
    shutil.copy(shard, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(PublishError, match="has 2 of 1 or 3 files"):
        whole_shards(tmp_path)
    (tmp_path / "train-00000-of-00001.parquet").unlink()
    (tmp_path / "train-00001-of-00003.parquet").rename(tmp_path / "a.parquet")
    with pytest.raises(PublishError, match="a.parquet: belongs to none of train, validation, test"):
        whole_shards(tmp_path)
    (tmp_path / "a.parquet").rename(tmp_path / "train-00000-of-00001.parquet")
    with (tmp_path / "train-00000-of-00001.parquet").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(PublishError, match="is no Parquet file"):
        assemble_dataset(tmp_path, tmp_path / "out", "me/x", "v1")


def test_other_columns_or_origins_are_refused(figures_folder, tmp_path):
    rows = load_dataset("parquet", data_files=str(next(figures_folder.glob("train-*.parquet"))), split="train")
    file = str(tmp_path / "train-00000-of-00001.parquet")
    rows.remove_columns("words").to_parquet(file)
    with pytest.raises(PublishError, match="has not the columns of figures .words."):
        assemble_dataset(tmp_path, tmp_path / "out", "me/x", "v1")
    rows.select([]).to_parquet(file)
    with pytest.raises(PublishError, match="holds no figure; remove it"):
        assemble_dataset(tmp_path, tmp_path / "out", "me/x", "v1")
    rows.map(lambda row: {"source": "elsewhere"}).to_parquet(file)
    with pytest.raises(PublishError, match="has no README.md, and figures of elsewhere; write its card"):
        assemble_dataset(tmp_path, tmp_path / "out2", "me/x", "v1")


def test_a_card_that_names_no_files_is_refused(figures_folder, tmp_path):
    shutil.copytree(figures_folder, tmp_path / "data")
    front = "license: mit\nlanguage: [en]\npretty_name: x\nsize_categories: [n<1K]\ntask_categories: [image-to-text]\n"
    configs = "configs:\n- config_name: a\n  data_files: train-*.parquet\n"
    (tmp_path / "data" / "README.md").write_text(f"---\n{front}tags: [x]\n{configs}---\n# X\n")
    with pytest.raises(PublishError, match="its configs name no files; list data_files with split and path"):
        assemble_dataset(tmp_path / "data", tmp_path / "out", "me/x", "v1")


def test_sizes_have_the_hubs_names():
    assert [size_category(rows) for rows in (999, 1000, 355_000, 2_000_000)] == [
        "n<1K", "1K<n<10K", "100K<n<1M", "1M<n<10M"
    ]  # fmt: skip


# --- the Space ---

APP = """
import gradio as gr
from modeling_patentlmm import load_checkpoint
from space.parts import title

with gr.Blocks(title=title()) as demo:
    gr.Button("x").click(lambda: None)

if __name__ == "__main__":
    demo.launch()
"""
PARTS = """
def title():
    from dataset_builder.figures import TITLE
    return TITLE
"""
SPACE_CARD = """---
title: Figures
emoji: x
colorFrom: blue
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "3.11"
app_file: app.py
license: apache-2.0
---
# Figures
"""


@pytest.fixture
def source(tmp_path) -> Path:
    """A small source repository with a Space."""
    root = tmp_path / "source"
    files = {
        "space/app.py": APP,
        "space/parts.py": PARTS,
        "space/README.md": SPACE_CARD.format(gradio=importlib.metadata.version("gradio")),
        "space/requirements.txt": "# nothing but Gradio\n--extra-index-url https://example.org/simple\n",
        "space/__pycache__/app.pyc": "no",
        "modeling_patentlmm/__init__.py": "def load_checkpoint(): pass",
        "modeling_patentlmm/on_demand.py": "",
        "dataset_builder/__init__.py": "",
        "dataset_builder/figures.py": "from .words import TITLE",
        "dataset_builder/words.py": "CHILDREN = 'dataset_builder.child', 'beside.py', 'elsewhere.py'\nTITLE = 'x'",
        "dataset_builder/child.py": "",
        "dataset_builder/beside.py": "",
        "dataset_builder/unused.py": "import nothing_of_that_name",
        "examples/a.png": "png",
        "checkpoints/patentlmm-tiny/config.json": "{}",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.slow
def test_a_space_is_cut_out_with_what_it_imports_and_starts(source, tmp_path):
    assemble_space(tmp_path / "out", "v1", root=source)
    assert {file.name for file in check_tree(tmp_path / "out")} == {
        "README.md", "requirements.txt", "app.py", "space/app.py", "space/parts.py",
        "modeling_patentlmm/__init__.py", "modeling_patentlmm/on_demand.py", "dataset_builder/__init__.py",
        "dataset_builder/figures.py", "dataset_builder/words.py", "dataset_builder/child.py",
        "dataset_builder/beside.py",
        "examples/a.png", "checkpoints/patentlmm-tiny/config.json",
    }  # fmt: skip


@pytest.mark.slow
def test_a_space_can_name_a_model_in_place_of_a_checkpoint(source, tmp_path):
    pin = f"huggingface_hub=={huggingface_hub.__version__}"
    (source / "space" / "requirements.txt").write_text(pin)
    (source / "space" / "parts.py").write_text("import os\ndef title(): return os.environ['PATENTLMM_CHECKPOINT'][0]")
    assemble_space(tmp_path / "out", "v3", "me/model", root=source)
    assert not (tmp_path / "out" / "checkpoints").exists()
    card = read_card(tmp_path / "out" / "README.md", "space").data.to_dict()
    assert card["models"] == card["preload_from_hub"] == ["me/model"]
    assert 'snapshot_download("me/model", revision="v3")' in (tmp_path / "out" / "app.py").read_text()
    assert "models" not in (source / "space" / "README.md").read_text()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"space/app.py": "import missing_module"}, "pins nothing that gives missing_module, which app.py imports"),
        ({"space/app.py": "import numpy"}, "pins nothing that gives numpy"),
        ({"space/requirements.txt": "numpy>=1"}, "'numpy>=1' pins no version"),
        ({"space/requirements.txt": "numpy==1.0"}, "pins numpy 1.0, but .* is what the Space is tried with"),
        ({"space/requirements.txt": "gradio==1.0"}, "pins gradio 1.0, but sdk_version is"),
        ({"space/requirements.txt": "no-such-package==1"}, "no-such-package, which is not installed here"),
    ],
)
def test_a_space_whose_requirements_are_not_whole_is_refused(source, tmp_path, change, said):
    for name, content in change.items():
        (source / name).write_text(content)
    with pytest.raises(PublishError, match=said):
        assemble_space(tmp_path / "out", "v1", root=source)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, said",
    [
        ({"space/app.py": "print('no launch')"}, "ended without launching"),
        (
            {"space/parts.py": "import urllib.request as u\nu.urlopen('http://example.org')"},
            "a stranger may be offline",
        ),
        ({"space/parts.py": "def title(): return open('../secret').read()"}, "No such file"),
    ],
)
def test_a_space_that_does_not_start_by_itself_is_refused(source, tmp_path, change, said):
    for name, content in change.items():
        (source / name).write_text(content)
    with pytest.raises(ExportError, match=said):
        assemble_space(tmp_path / "out", "v1", root=source)


def test_a_source_without_a_space_is_refused(source, tmp_path):
    (source / "space" / "README.md").unlink()
    with pytest.raises(PublishError, match="space/README.md: is no card with metadata"):
        assemble_space(tmp_path / "out", "v1", root=source)
    with pytest.raises(PublishError, match="space/app.py: is missing"):
        assemble_space(tmp_path / "out", "v1", root=tmp_path)


def test_imports_are_followed_and_packages_found(source):
    names = [str(path.relative_to(source)) for path in reachable(source, [source / "space" / "app.py"])]
    assert "dataset_builder/child.py" in names and "dataset_builder/unused.py" not in names
    assert set(packages(source, code_of(source) + [source / "space" / "app.py"])) == {"gradio"}
    here = ROOT / "modeling_patentlmm" / "lettering_patentlmm.py"
    assert {"rapidocr", "onnxruntime", "cv2"} <= set(packages(ROOT, [here]))


@pytest.mark.skipif(not (ROOT / "space").is_dir(), reason="there is no space/")
def test_our_space_pins_what_it_imports(tmp_path):
    pins = read_requirements(ROOT / "space" / "requirements.txt")
    tested = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    tested = {name.lower().replace("_", "-"): version for name, version in tested.items()}
    assert {name: str(version) for name, version in pins.items() if name in tested}.items() <= tested.items()


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "space").is_dir(), reason="there is no space/")
def test_our_space_starts_by_itself(tmp_path):
    assemble_space(tmp_path / "out", "v1")
    check_requirements(tmp_path / "out")
    assert "app.py" in {file.name for file in check_tree(tmp_path / "out")}


# --- the stranger ---


def test_a_stranger_has_no_token_no_network_and_none_of_our_modules(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    program = "import os, importlib.util as u; print(os.environ.get('HF_TOKEN'), u.find_spec('dataset_builder'))"
    installed = subprocess.run(
        [sys.executable, "-I", "-c", "import dataset_builder"], cwd=tmp_path, capture_output=True
    )
    said = run_as_stranger(program, tmp_path).split()
    assert said[0] == "None" and (said[1] == "None" or installed.returncode == 0)
    connect = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    with pytest.raises(ExportError, match="asks 192.0.2.1, but a stranger may be offline"):
        run_as_stranger(connect, tmp_path)
    with pytest.raises(ExportError, match="did not load within 1 seconds"):
        run_as_stranger("import time; time.sleep(60)", tmp_path, timeout=1)


# --- the hub ---


def test_a_folder_is_one_commit_with_a_tag(hub, folder):
    url = upload(hub, folder)
    repository = hub.repositories["models/me/thing"]
    (commit,) = repository.commits
    assert url.endswith(commit["oid"]) and repository.tags == {"v1": commit["oid"]}
    assert commit["header"]["summary"] == "Publish v1" and commit["header"]["description"] == "Made from here."
    assert [line["key"] for line in commit["lines"]] == ["header", "file", "lfsFile"]
    content = {file.name: (folder / file.name).read_bytes() for file in check_tree(folder)}
    assert repository.files == {".gitattributes": repository.files[".gitattributes"], **content}
    assert list(hub.objects.values()) == [content["sub/model.safetensors"]]


def test_a_new_version_holds_its_own_files_only(hub, folder):
    upload(hub, folder)
    (folder / "README.md").write_text(CARD + "# Second\n")
    (folder / "sub" / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    upload(hub, folder, "v2")
    repository = hub.repositories["models/me/thing"]
    assert set(repository.files) == {".gitattributes", "README.md", "model-00001-of-00001.safetensors"}
    assert len(repository.commits) == 2 and set(repository.tags) == {"v1", "v2"}
    assert len(hub.asked("/lfs/")) == 1 + 2, "the weights are sent once; each commit asks once what to send"


def test_a_tag_is_never_moved(hub, folder):
    upload(hub, folder)
    before = len(hub.requests)
    with pytest.raises(PublishError, match="me/thing: has a tag v1 already; publish under a new one with --tag"):
        upload(hub, folder)
    assert not [path for method, path in hub.requests[before:] if method != "GET"]
    with pytest.raises(PublishError, match="has a tag v1 already"):  # taken between the check and the commit
        target(hub).upload(folder, check_tree(folder), "again")
    assert len(hub.repositories["models/me/thing"].commits) == 1


def test_what_broke_off_before_its_tag_can_be_done_again(hub, folder):
    hub.fail["POST", "/tag/"] = [503]
    with pytest.raises(PublishError, match="the hub failed .503.; publish again"):
        upload(hub, folder)
    upload(hub, folder)
    repository = hub.repositories["models/me/thing"]
    assert len(repository.commits) == 1 and repository.tags == {"v1": repository.head}


def test_passing_failures_are_tried_again(hub, folder):
    hub.fail["POST", "/preupload/"] = [500]
    hub.fail["PUT", "/lfs/"] = [503]
    upload(hub, folder)
    assert len(hub.asked("/preupload/")) == 2 and len([1 for method, _ in hub.asked("/lfs/") if method == "PUT"]) == 2


@pytest.mark.parametrize(
    "failing, status, said",
    [
        (("POST", "/commit/"), 500, "the hub failed (500); publish again"),
        (("POST", "/commit/"), 412, "somebody else is writing there"),
        (("POST", "/repos/create"), 403, "the token may not write there"),
        (("POST", "/validate-yaml"), 400, "as the test wishes"),
        (("POST", "/preupload/"), 413, "the hub refused (413, as the test wishes)"),
    ],
)
def test_refusals_end_in_one_sentence(hub, folder, failing, status, said):
    hub.fail[failing] = [status] * 9
    with pytest.raises(PublishError, match=f"^me/thing: [^\n]*{re.escape(said)}") as refused:
        upload(hub, folder)
    assert TOKEN not in str(refused.value)
    assert not any(repository.tags for repository in hub.repositories.values())


def test_a_wrong_token_is_told_before_anything_is_made(hub):
    with pytest.raises(PublishError, match="does not accept the token; log in with `hf auth login`"):
        target(hub, token="hf_wrong").check_free()
    assert [path for _, path in hub.requests] == ["/api/whoami-v2"]


def test_a_hub_that_cannot_be_reached_is_told(online):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(PublishError, match=f"{url} failed .*refused.*; check the network and HF_ENDPOINT"):
            Target("model", "me/x", "v1", HfApi(endpoint=url, token=TOKEN)).check_free()


@pytest.mark.parametrize(
    "repo, tag, said",
    [
        ("x", "v1", "has no owner; write OWNER/x"),
        ("a/b/c", "v1", "is no name of a repository"),
        ("a/--b", "v1", "is no name of a repository"),
        ("me/x", "v 1", "is no name of a tag"),
        ("me/x", "../main", "is no name of a tag"),
    ],
)
def test_names_that_the_hub_would_refuse_are_refused(repo, tag, said):
    with pytest.raises(PublishError, match=said):
        Target("model", repo, tag, HfApi(endpoint="http://127.0.0.1:9")).check_names()


# --- the command ---


@pytest.mark.slow
def test_the_dry_run_shows_everything_and_asks_nobody(hub, figures_folder, tmp_path):
    result = run(
        "dataset", "--repo", "me/drawn", "--data", figures_folder, "--dry-run", "--out", tmp_path / "kept", hub=hub.url
    )
    assert result.returncode == 0, result.stderr
    assert re.search(r"^train-00000-of-00001\.parquet +\d+\.\d kB$", result.stdout, re.MULTILINE)
    assert re.search(r"^3 files +\d+\.\d kB$", result.stdout, re.MULTILINE)
    assert "dry run, nothing was uploaded" in result.stdout and not hub.requests
    assert len(check_tree(tmp_path / "kept")) == 3


def test_the_command_publishes(hub, figures_folder):
    result = run("dataset", "--repo", "me/drawn", "--data", figures_folder, "--tag", "v7", hub=hub.url)
    assert result.returncode == 0, result.stderr
    repository = hub.repositories["datasets/me/drawn"]
    assert len(repository.commits) == 1 and repository.tags == {"v7": repository.head}
    assert f"published {hub.url}/datasets/me/drawn/commit/{repository.head} as v7" in result.stdout
    assert TOKEN not in result.stdout + result.stderr
    assert repository.files["train-00000-of-00001.parquet"] == next(figures_folder.glob("train-*")).read_bytes()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"token": None}, "there is no token; log in"),
        ({"token": "hf_wrong"}, "does not accept the token"),
        ({"hub": "http://127.0.0.1:9"}, "http://127.0.0.1:9 failed"),
    ],
)
def test_the_command_ends_in_one_sentence(hub, figures_folder, change, said):
    result = run("dataset", "--repo", "me/drawn", "--data", figures_folder, **{"hub": hub.url, **change})
    assert result.returncode == 1 and result.stderr.startswith("train.publish: me/drawn: ") and said in result.stderr
    assert result.stderr.count("\n") == 1 and not hub.repositories


def test_a_folder_with_other_files_is_not_written_to(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(PublishError, match="not an empty folder"):
        publish(parse_arguments(["model", "--repo", "me/x", "--dry-run", "--out", str(tmp_path)]))


@pytest.mark.slow
def test_a_model_is_published_and_loads_from_the_hub(hub, checkpoint, tmp_path):
    """Published by the command, fetched by huggingface_hub, loaded as the card says."""
    mine = tmp_path / "mine"
    shutil.copytree(checkpoint, mine, ignore=shutil.ignore_patterns("*.py"))
    (mine / "README.md").write_text(CARD + "# Mine\n\n![x](x.png)\n\n## More\n")
    (mine / "x.png").write_bytes(b"\x89PNG")
    (mine / "optimizer.pt").write_bytes(b"stays at home")
    arguments = ["model", "--repo", "me/mine", "--checkpoint", str(mine), "--tag", "v1", "--out", str(tmp_path / "out")]
    to = parse_arguments([*arguments, "--dry-run"])
    publish(to)
    assert "optimizer.pt" not in {file.name for file in check_tree(tmp_path / "out")}
    target = Target("model", "me/mine", "v1", HfApi(endpoint=hub.url, token=TOKEN))
    target.upload(tmp_path / "out", check_tree(tmp_path / "out"), "Publish v1")
    fetched = snapshot_download("me/mine", revision="v1", endpoint=hub.url, token=TOKEN, cache_dir=tmp_path / "cache")
    card = (Path(fetched) / "README.md").read_text()
    snippet = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1].replace('"me/mine", revision="v1"', "sys.argv[1]")
    said = run_as_stranger(f"{snippet}\nprint(type(model).__name__, type(processor).__name__)", fetched)
    assert said.split() == ["PatentLMMForConditionalGeneration", "PatentLMMProcessor"]


@pytest.mark.slow
def test_the_bundled_checkpoint_passes_the_dry_run():
    result = run("model", "--repo", "me/patentlmm-tiny", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^model\.safetensors +29\.1 MB$", result.stdout, re.MULTILINE)
    assert result.stderr.count("\n") == 1
