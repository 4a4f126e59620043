"""QLoRA: what is quantised, what is not, and that it trains (bitsandbytes has a CPU path)."""

import bitsandbytes
import torch

from modeling_patentlmm import PatentLMMForConditionalGeneration
from tests.train.runs import losses, train
from train import sft
from train.merge import main as merge


def test_the_language_model_alone_is_in_four_bits_and_what_trains_is_in_float32(
    monkeypatch, tmp_path, stage_1, figures
):
    seen = {}
    fit = sft.FigureTrainer.train

    def observed(trainer, **kwargs):
        for name, module in trainer.model.named_modules():
            if isinstance(module, torch.nn.Linear):
                seen[name] = isinstance(module, bitsandbytes.nn.Linear4bit)
        seen["trained"] = {p.dtype for p in trainer.model.parameters() if p.requires_grad}
        return fit(trainer, **kwargs)

    monkeypatch.setattr(sft.FigureTrainer, "train", observed)
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "stage": "lora", "lora_r": 4}
    trained = train(monkeypatch, tmp_path, load_in_4bit=True, dtype="bfloat16", max_steps=6, **fields)
    assert seen.pop("trained") == {torch.float32}
    quantised = {name for name, is_quantised in seen.items() if is_quantised}
    assert quantised == {name for name in seen if name.endswith("_proj.base_layer")}
    assert losses(trained)[6] < losses(trained)[1]
    assert merge(["--adapter", str(trained), "--out", str(tmp_path / "merged")]) == 0
    base = PatentLMMForConditionalGeneration.from_pretrained(stage_1).state_dict()
    after = PatentLMMForConditionalGeneration.from_pretrained(tmp_path / "merged").state_dict()
    name = "model.vision_tower.encoder.layer.0.attention.self.query.weight"
    assert torch.equal(base[name], after[name]) and {value.dtype for value in after.values()} == {torch.float32}
