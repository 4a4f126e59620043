"""The recipe end to end on a tiny model: what is supervised, what is trained, what is measured, and that it resumes."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import TrlParser

from tests.tiny import TEXTS, language_tokenizer
from train import pretrain_patentllama as llama

SENTENCES = [f"{TEXTS[index % 2]} The part {100 + 2 * index} is number {index}." for index in range(12)]
SHAPE = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


@pytest.fixture
def folder(tmp_path):
    """Texts for training, others held out, and a tokenizer."""
    for name, sentences in {"train": SENTENCES, "validation": [s.replace("part", "shaft") for s in SENTENCES]}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": s}) + "\n" for s in sentences))
    language_tokenizer().save_pretrained(tmp_path / "tokenizer")
    return tmp_path


def recipe(folder, **changes) -> str:
    """Write a recipe of a few steps; None leaves a field out."""
    fields = {
        "train_data": str(folder / "train.jsonl"),
        "eval_data": str(folder / "validation.jsonl"),
        "tokenizer": str(folder / "tokenizer"),
        "from_scratch": SHAPE,
        "output_dir": str(folder / "out"),
        "max_length": 64,
        "max_steps": 2,
        "learning_rate": 0.01,
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "logging_steps": 1,
        "gradient_checkpointing": False,
        "bf16": False,
        "use_cpu": True,
        "report_to": "none",
        **changes,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in fields.items() if value is not None}))
    return str(path)


def run(monkeypatch, folder, **changes) -> Path:
    path = recipe(folder, **changes)
    monkeypatch.setattr(sys, "argv", ["pretrain_patentllama", "--config", path])
    llama.main()
    return Path(yaml.safe_load(Path(path).read_text())["output_dir"])


def prepare(folder, **changes) -> llama.PerplexityTrainer:
    parser = TrlParser((llama.PatentLlamaArguments, llama.PatentLlamaConfig))
    return llama.prepare(*parser.parse_args_and_config(["--config", recipe(folder, **changes)]))


def base_model(monkeypatch, folder, **shape) -> Path:
    return run(monkeypatch, folder, output_dir=str(folder / "base"), from_scratch={**SHAPE, **shape})


# --- Rows ---


def test_every_document_ends_with_a_supervised_eos_and_none_is_cut(folder):
    trainer = prepare(folder, max_length=160)
    eos = trainer.processing_class.eos_token_id
    rows = list(trainer.train_dataset)
    assert len(rows) < len(SENTENCES)
    assert all(len(row["input_ids"]) <= 160 and row["labels"] == row["input_ids"] for row in rows)
    assert sum(row["input_ids"].count(eos) for row in rows) == len(SENTENCES)
    tokens = sum(len(trainer.processing_class(text)["input_ids"]) + 1 for text in SENTENCES)
    assert sum(len(row["input_ids"]) for row in rows) == tokens
    batch = trainer.data_collator(rows)
    assert (batch["labels"] == eos).sum() == len(SENTENCES)


def test_special_tokens_spelt_in_a_text_are_only_text(folder):
    (folder / "train.jsonl").write_text(json.dumps({"text": "a <image> and <eos>, <bos>"}) + "\n")
    trainer = prepare(folder)
    (row,) = trainer.train_dataset
    tokenizer = trainer.processing_class
    assert set(row["input_ids"]) & set(tokenizer.all_special_ids) == {tokenizer.eos_token_id}
    assert row["input_ids"][-1] == tokenizer.eos_token_id
    assert tokenizer.decode(row["input_ids"][:-1]) == "a <image> and <eos>, <bos>"


def test_packed_documents_do_not_see_each_other(folder):
    """A document's logits in a packed row are those that it has alone."""
    trainer = prepare(folder, max_length=160)
    row = next(row for row in trainer.train_dataset if len(row["seq_lengths"]) > 1)
    batch = trainer.data_collator([row])
    model = trainer.model.eval()
    with torch.no_grad():
        packed = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits[0]
        alone = [model(input_ids=document[None]).logits[0] for document in split(batch["input_ids"][0], row)]
    torch.testing.assert_close(packed, torch.cat(alone))


def split(ids, row):
    return ids.split(list(row["seq_lengths"]))


def test_tokens_that_a_strategy_leaves_out_are_counted(folder, capsys):
    prepare(folder, max_length=8, packing_strategy="bfd")
    assert "tokens are over max_length and left out" in capsys.readouterr().err
    prepare(folder, max_length=8)
    assert "left out" not in capsys.readouterr().err


# --- Perplexity ---


@pytest.mark.parametrize("batch_size", [1, 4])
def test_perplexity_is_the_mean_over_tokens(folder, batch_size):
    """Whatever the batch size: against one document at a time, summed by hand."""
    trainer = prepare(folder, per_device_eval_batch_size=batch_size)
    metrics = trainer.evaluate()
    nats = tokens = 0
    with torch.no_grad():
        for row in trainer.eval_dataset:
            for document in split(torch.tensor(row["input_ids"]), row):
                logits = trainer.model(input_ids=document[None]).logits[0, :-1]
                nats += torch.nn.functional.cross_entropy(logits, document[1:], reduction="sum").item()
                tokens += len(document) - 1
    assert metrics["eval_predicted_tokens"] == tokens
    assert metrics["eval_loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert metrics["eval_perplexity"] == pytest.approx(math.exp(nats / tokens), rel=1e-5)


# --- Runs ---


def test_training_lowers_the_held_out_perplexity_and_says_so(monkeypatch, folder, capsys):
    out = run(monkeypatch, folder, max_steps=8, learning_rate=0.02)
    scores = json.loads((out / "perplexity.json").read_text())
    assert 200 < scores["before"]["perplexity"] < 500  # 340 tokens, none preferred
    assert scores["after"]["perplexity"] < scores["before"]["perplexity"] / 2
    assert scores["after"]["predicted_tokens"] == scores["before"]["predicted_tokens"]
    assert f"{scores['before']['perplexity']:.1f} before, {scores['after']['perplexity']:.1f} after" in (
        capsys.readouterr().out
    )
    model = AutoModelForCausalLM.from_pretrained(out)
    assert model.config.use_cache and len(AutoTokenizer.from_pretrained(out)) <= model.config.vocab_size


def test_lora_ends_in_an_adapter_and_in_the_merged_model(monkeypatch, folder):
    from peft import PeftModel

    base = base_model(monkeypatch, folder)
    out = run(
        monkeypatch,
        folder,
        **{"from_scratch": None, "model_name_or_path": str(base), "lora": True, "lora_r": 4, "merge": True},
    )
    adapter = load_file(out / "adapter_model.safetensors")
    assert {name.split(".")[-3] for name in adapter} == {
        *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    }
    plain = AutoModelForCausalLM.from_pretrained(base)
    ids = torch.arange(10)[None]
    before = plain(ids).logits
    adapted = PeftModel.from_pretrained(plain, out)(ids).logits
    merged = AutoModelForCausalLM.from_pretrained(out / "merged")(ids).logits
    assert not torch.allclose(before, adapted, atol=1e-4)
    torch.testing.assert_close(adapted, merged, rtol=1e-4, atol=1e-5)
    assert len(AutoTokenizer.from_pretrained(out / "merged")) == len(AutoTokenizer.from_pretrained(base))


def test_lora_on_four_bits_trains_and_is_merged_into_the_whole_weights(monkeypatch, folder):
    base = base_model(monkeypatch, folder, hidden_size=64, intermediate_size=128)  # blocks of 64
    options = {"from_scratch": None, "model_name_or_path": str(base), "merge": True}
    options |= {"lora": True, "lora_r": 4, "lora_alpha": 8}
    trainer = prepare(folder, **options, load_in_4bit=True)
    stored = {type(parameter).__name__ for parameter in trainer.model.parameters() if not parameter.requires_grad}
    assert "Params4bit" in stored
    out = run(monkeypatch, folder, **options, load_in_4bit=True)
    scores = json.loads((out / "perplexity.json").read_text())
    assert scores["after"]["perplexity"] < scores["before"]["perplexity"]
    merged, before = (load_file(path / "model.safetensors") for path in (out / "merged", base))
    assert merged.keys() == before.keys()
    changed = {name for name in before if not torch.equal(merged[name], before[name])}
    assert changed == {name for name in before if "_proj" in name}
    # but for what the adapter adds, of rank 4, the weights are those that were never quantised
    name = min(changed)
    assert torch.linalg.matrix_rank((merged[name] - before[name]).double(), rtol=1e-4) <= 4


def test_frozen_weights_are_bfloat16_and_trained_ones_are_not(monkeypatch, folder):
    base = str(base_model(monkeypatch, folder))
    continued = {"from_scratch": None, "model_name_or_path": base, "bf16": True}
    whole = prepare(folder, **continued)
    assert {parameter.dtype for parameter in whole.model.parameters()} == {torch.float32}
    adapted = prepare(folder, **continued, lora=True)
    types = {(parameter.requires_grad, parameter.dtype) for parameter in adapted.model.parameters()}
    assert types == {(True, torch.float32), (False, torch.bfloat16)}


@pytest.mark.parametrize("streaming", [False, True])
def test_a_resumed_run_ends_like_an_unbroken_one(monkeypatch, folder, streaming):
    options = {"streaming": streaming, "max_steps": 4, "save_steps": 2, "max_length": 32, "shuffle_dataset": True}
    unbroken = run(monkeypatch, folder, **options, output_dir=str(folder / "unbroken"))
    broken = folder / "broken"
    with pytest.raises(KeyboardInterrupt):
        with monkeypatch.context() as patch:
            patch.setattr(llama.PerplexityTrainer, "training_step", stop_at(3))
            run(patch, folder, **options, output_dir=str(broken))
    assert not (broken / "perplexity.json").exists()
    run(monkeypatch, folder, **options, output_dir=str(broken), resume_from_checkpoint=True)
    ours, theirs = load_file(broken / "model.safetensors"), load_file(unbroken / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert json.loads((broken / "perplexity.json").read_text()) == json.loads(
        (unbroken / "perplexity.json").read_text()
    )


def stop_at(step):
    """A training step that is interrupted when the third begins."""
    original, done = llama.PerplexityTrainer.training_step, []

    def training_step(*args, **kwargs):
        done.append(None)
        if len(done) == step:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    return training_step


@pytest.mark.slow
def test_two_processes_train_like_one_that_accumulates(monkeypatch, folder):
    """Plain gradient descent: the weights are equal after two steps only if the gradients of both were."""
    options = {"optim": "sgd", "learning_rate": 1.0, "max_grad_norm": 0.0, "lr_scheduler_type": "constant"}
    one = run(monkeypatch, folder, **options, gradient_accumulation_steps=2, output_dir=str(folder / "one"))
    path = recipe(folder, **options, output_dir=str(folder / "two"))
    command = [*"-m accelerate.commands.launch --multi_gpu --num_processes 2 --main_process_port 0 -m".split()]
    subprocess.run(
        [sys.executable, *command, "train.pretrain_patentllama", "--config", path],
        env={**os.environ, "ACCELERATE_USE_CPU": "1"},
        check=True,
        timeout=300,
    )
    scores = [json.loads((out / "perplexity.json").read_text()) for out in (one, folder / "two")]
    assert [score["processes"] for score in scores] == [1, 2]
    for when in ("before", "after"):
        assert scores[0][when] == pytest.approx(scores[1][when], rel=1e-5)
    assert scores[0]["after"]["perplexity"] < scores[0]["before"]["perplexity"] * 0.9
    ours, theirs = (load_file(out / "model.safetensors") for out in (folder / "two", one))
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, rtol=1e-4, atol=1e-6)


# --- Refusals ---

REFUSED = {
    "missing file": ({"train_data": "nowhere.jsonl"}, "nowhere.jsonl does not exist"),
    "missing held-out file": ({"eval_data": "nowhere.parquet"}, "nowhere.parquet does not exist"),
    "two models": ({"model_name_or_path": "here"}, "give exactly one of model_name_or_path and from_scratch"),
    "no model": ({"from_scratch": None}, "give exactly one of"),
    "no architecture": ({"from_scratch": {"hidden_size": 8}}, "from_scratch has no model_type"),
    "no such model": ({"from_scratch": None, "model_name_or_path": "./nowhere"}, "nowhere"),
    "no such tokenizer": ({"tokenizer": "./nowhere"}, "nowhere"),
    "missing list of patents": ({"held_apart": "held.jsonl"}, "held.jsonl does not exist"),
    "other columns": ({"fields": ["abstract"]}, "train.jsonl:1 has no `abstract`, but text"),
    "lora from nothing": ({"lora": True}, "lora adapts a trained model"),
    "merge without lora": ({"merge": True}, "merge and load_in_4bit are for lora"),
    "endless stream": ({"streaming": True, "max_steps": -1}, "set max_steps"),
    "no checkpoint": ({"resume_from_checkpoint": "nowhere"}, "nowhere does not exist"),
    "unknown key": ({"trian_data": "x"}, "trian_data"),
    "no length": ({"max_length": "null"}, "max_length"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_recipes_end_in_a_sentence(monkeypatch, folder, name):
    changes, message = REFUSED[name]
    with pytest.raises(SystemExit, match=message) as end:
        run(monkeypatch, folder, **changes)
    assert str(end.value).startswith("pretrain_patentllama: ") and "\n" not in str(end.value)
    assert not (folder / "out" / "perplexity.json").exists()


def test_a_tokenizer_larger_than_the_model_is_refused(monkeypatch, folder):
    base = base_model(monkeypatch, folder)
    larger = language_tokenizer()
    larger.add_tokens(["housing", "shaft"])
    larger.save_pretrained(folder / "tokenizer")
    known = len(larger) - 2
    with pytest.raises(SystemExit, match=f"has {known + 2} tokens, .* embeddings for {known} only"):
        run(monkeypatch, folder, from_scratch=None, model_name_or_path=str(base))


def test_a_tokenizer_without_an_end_is_refused(monkeypatch, folder):
    endless = language_tokenizer()
    endless.eos_token = None
    endless.save_pretrained(folder / "tokenizer")
    with pytest.raises(SystemExit, match="has no end-of-sequence token"):
        run(monkeypatch, folder)
