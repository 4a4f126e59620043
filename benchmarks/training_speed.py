"""A stage-2 LoRA step (forward, backward, optimizer) of PatentLMM against LLaVA's in transformers.

    python -m benchmarks.training_speed [--size small] [--batch-size 2] [--repeats 5]
    python -m benchmarks.training_speed --device cuda --size 7b --batch-size 8

Both have the same language model, weights included, LoRA on the same layers, an encoder of the same size, and the same
drawn figures with the same tokens: LLaVA reads as text the words that PatentLMM's encoder reads. Prints one line of
JSON, and to stderr what is known on the way: tokens per second and peak memory of both, of PatentLMM without visual
tokens of blank paper, with the logits of every position and with activation checkpointing, and what padding costs. On
a GPU also what `benchmarks.training_gpu` measures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial

import torch
from datasets import Dataset
from peft import get_peft_model
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, set_seed

from dataset_builder.figure import FEATURES
from dataset_builder.synthetic import generate
from modeling_patentlmm import (
    PatentLMMConfig,
    PatentLMMForConditionalGeneration,
    PatentLMMImageProcessor,
    PatentLMMProcessor,
    PatentMMEConfig,
    load_checkpoint,
)
from train.arguments import PatentLMMArguments
from train.collate import FigureCollator, conversation_mix
from train.figure_trainer import EpochSampler, keep_trained_in_float32
from train.lengths import ConversationLengths
from train.stages import freeze, lora_config
from train.trainer import from_first_answer

from .runs import report, rounded
from .timing import add_threads, environment, interleaved, median_ratio, peak_memory

# hidden, layers, heads and feed-forward of the encoder and of the language model; pixels; rank of LoRA
SIZES = {
    "tiny": {"encoder": (24, 1, 2, 48), "llama": (32, 2, 4, 64), "pixels": 64, "rank": 4},
    "small": {"encoder": (192, 3, 6, 768), "llama": (512, 8, 8, 1376), "pixels": 384, "rank": 16},
    "7b": {"encoder": (1024, 24, 16, 4096), "llama": (4096, 32, 32, 11008), "pixels": 384, "rank": 128},
}
FIELDS = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
VOCABULARY, PATCH = 32000, 16
QLORA_RANK = 64  # of recipes/qlora_24gb
FIRST_SEED = 20_000_000


# --- figures ---
REASON = "the goal is meant for a GPU; on a CPU the lead comes from the loss, which looks at supervised positions alone"


def make_processor(pixels: int, ink_only: bool = False) -> PatentLMMProcessor:
    """The bundled checkpoint's tokenizers, which give words and text the same ids, on figures of `pixels`."""
    _, bundled = load_checkpoint("checkpoints/patentlmm-tiny")
    size = {"height": pixels, "width": pixels}
    return PatentLMMProcessor(
        PatentLMMImageProcessor(size=size), bundled.tokenizer, bundled.ocr_tokenizer, ink_only=ink_only
    )


def collate(processor: PatentLMMProcessor, rows: list[dict]) -> dict[str, torch.Tensor]:
    """The batch that `train.sft` makes of the rows, each asked for its detailed description."""
    batch = FigureCollator(processor, {("detailed",): 1.0})(rows)
    batch.pop("token_kinds")
    return batch


def as_llava(batch: dict[str, torch.Tensor], image_token: int) -> dict[str, torch.Tensor]:
    """The same tokens for LLaVA: the placeholders of words become the words, those of patches stay."""
    ids = batch["input_ids"].clone()
    for row, words, mask in zip(ids, batch["ocr_input_ids"], batch["ocr_attention_mask"], strict=True):
        places = (row == image_token).nonzero()[: mask.sum(), 0]
        row[places] = words[mask.bool()]
    names = ("attention_mask", "pixel_values", "labels")
    return {"input_ids": ids, **{name: batch[name] for name in names}, "use_cache": False}


def padding_shares(rows: list[dict], processor: PatentLMMProcessor, batch_size: int) -> dict[str, float]:
    """Share of the tokens of an epoch's batches that are padding, in any order and grouped by length."""
    collator = FigureCollator(processor, conversation_mix(["brief", "detailed"], copying=False))
    tokens = torch.tensor([collator([row])["input_ids"].shape[1] for row in rows])
    lengths = ConversationLengths(Dataset.from_list(rows, features=FEATURES), collator)
    shares = {}
    for order, grouped in (("random", None), ("group_by_length", lengths)):
        batches = tokens[list(EpochSampler(len(rows), 0, grouped, batch_size))].split(batch_size)
        padded = sum(len(batch) * int(batch.max()) for batch in batches)
        shares[order] = 1 - int(tokens.sum()) / padded
    return shares


# --- models ---


def llama(size: str) -> LlamaConfig:
    fields = dict(zip(FIELDS, SIZES[size]["llama"], strict=True))
    return LlamaConfig(vocab_size=VOCABULARY, max_position_embeddings=4096, pad_token_id=1, **fields)


def make_patentlmm(size: str, image_token: int) -> PatentLMMForConditionalGeneration:
    """PatentLMM with random weights."""
    fields = dict(zip(FIELDS, SIZES[size]["encoder"], strict=True))
    side = fields["hidden_size"] // 6
    boxes = {"coordinate_size": side, "shape_size": (fields["hidden_size"] - 4 * side) // 2}
    vision = PatentMMEConfig(input_size=SIZES[size]["pixels"], patch_size=PATCH, **fields, **boxes)
    config = PatentLMMConfig(vision, llama(size), image_token_id=image_token)
    return PatentLMMForConditionalGeneration._from_config(config, attn_implementation="sdpa")


def make_llava(size: str, image_token: int) -> LlavaForConditionalGeneration:
    """LLaVA with random weights; it is handed CLIP's class token too, as PatentLMM is handed its own."""
    fields = dict(zip(FIELDS, SIZES[size]["encoder"], strict=True))
    vision = CLIPVisionConfig(image_size=SIZES[size]["pixels"], patch_size=PATCH, **fields)
    config = LlavaConfig(
        vision_config=vision,
        text_config=llama(size),
        image_token_index=image_token,
        vision_feature_select_strategy="full",
    )
    return LlavaForConditionalGeneration._from_config(config, attn_implementation="sdpa")


def build(make: Callable, size: str, image_token: int, device: str):
    """A random model on the device, in the dtype that a recipe would choose for what is frozen."""
    set_seed(0)
    torch.set_default_dtype(torch.bfloat16 if device == "cuda" else torch.float32)
    with torch.device(device):
        model = make(size, image_token)
    torch.set_default_dtype(torch.float32)
    return model


def make_pair(size: str, image_token: int, device: str) -> dict:
    """Both models, with one and the same language model."""
    ours, llava = (build(make, size, image_token, device) for make in (make_patentlmm, make_llava))
    llava.model.language_model.load_state_dict(ours.model.language_model.state_dict())
    llava.lm_head.load_state_dict(ours.lm_head.state_dict())
    return {"patentlmm": ours, "llava": llava}


def for_stage_2(model, rank: int):
    """LoRA and projector trained, the rest frozen, as `stage: lora` of `train.sft`."""
    arguments = PatentLMMArguments("", [], lora_r=rank, lora_alpha=2 * rank)
    freeze(model, "lora")
    model = get_peft_model(model, lora_config(arguments)).train()
    keep_trained_in_float32(model)
    return model


# --- steps ---


class Step:
    """A training step on one batch; the optimizer keeps its moments from step to step."""

    def __init__(self, model, optimizer: torch.optim.Optimizer, inputs: dict):
        self.model, self.optimizer = model, optimizer
        self.inputs = {
            name: value.to(model.device) if torch.is_tensor(value) else value for name, value in inputs.items()
        }

    @property
    def tokens(self) -> int:
        return int(self.inputs["attention_mask"].sum())

    def loss(self) -> torch.Tensor:
        device = self.model.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            return self.model(**self.inputs).loss

    def __call__(self) -> None:
        self.loss().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.model.device.type == "cuda":
            torch.cuda.synchronize()

    def checkpointed(self) -> None:
        """The same step with activation checkpointing, which is then turned off again."""
        self.model.gradient_checkpointing_enable({"use_reentrant": False})
        self.model.enable_input_require_grads()
        try:
            self()
        finally:  # also where memory ran out
            self.optimizer.zero_grad()
            self.model.disable_input_require_grads()
            self.model.gradient_checkpointing_disable()


def as_trained(batch: dict) -> dict:
    """What `train.sft` adds to a batch: only supervised positions get logits."""
    return batch | {"logits_to_keep": from_first_answer(batch["labels"]), "skip_logits": True, "use_cache": False}


def make_optimizer(model) -> torch.optim.Optimizer:
    return torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-5, fused=True)


def make_steps(models: dict, rows: list[dict], pixels: int) -> dict[str, Step]:
    """The step of each side on the rows; the variants of one model share it and its optimizer."""
    processor = make_processor(pixels)
    batch, ink = collate(processor, rows), collate(make_processor(pixels, ink_only=True), rows)
    ours, llava = ((models[name], make_optimizer(models[name])) for name in ("patentlmm", "llava"))
    sides = {
        "llava": (llava, as_llava(batch, processor.image_token_id)),
        "patentlmm": (ours, as_trained(batch)),
        "patentlmm_ink_only": (ours, as_trained(ink)),
        "patentlmm_all_logits": (ours, batch | {"use_cache": False}),
    }
    return {name: Step(*side, inputs) for name, (side, inputs) in sides.items()}


# --- the benchmark ---


def check_alike(models: dict, steps: dict[str, Step]) -> None:
    """The language models are the same function, both sides have as many tokens, and skipped logits change no loss."""
    text = {"input_ids": torch.arange(8, 72)[None].to(models["llava"].device)}
    with torch.no_grad():
        difference = (models["patentlmm"](**text).logits - models["llava"](**text).logits).abs().max().item()
        models["patentlmm"].eval()
        losses = [steps[name].loss().item() for name in ("patentlmm", "patentlmm_all_logits")]
        models["patentlmm"].train()
    if difference > 1e-2 or abs(losses[0] - losses[1]) > 1e-2:
        raise SystemExit(f"training_speed: logits differ by {difference}, losses are {losses}; nothing to compare")
    if steps["patentlmm"].tokens != steps["llava"].tokens:
        raise SystemExit("training_speed: the sides have different numbers of tokens; nothing to compare")


def measure(steps: dict[str, Step], batch_size: int, repeats: int, device: str) -> dict:
    """Speed and memory of each side, and their ratios."""
    seconds = interleaved(steps, repeats)
    runs = dict(steps) | {f"{name}_checkpointed": steps[name].checkpointed for name in ("patentlmm", "llava")}
    memory = {name: peak_memory(run, device) for name, run in runs.items()}
    middle = {name: sorted(some)[len(some) // 2] for name, some in seconds.items()}
    return {
        "tokens": {name: step.tokens for name, step in steps.items()},
        "tokens_per_second": {name: step.tokens / middle[name] for name, step in steps.items()},
        "samples_per_second": {name: batch_size / middle[name] for name in steps},
        "speed_ratio": {name: median_ratio(seconds, "llava", name) for name in steps},
        "peak_memory_gb": {name: some / 1e9 for name, some in memory.items()},
        "memory_ratio": memory["patentlmm"] / memory["llava"],
        "checkpointing_memory_ratio": memory["patentlmm_checkpointed"] / memory["patentlmm"],
    }


def claims(result: dict, size: str, device: str) -> list[dict]:
    """What the figures are held to; the issue names 1.3 for a GPU."""
    where = f"{size} size, {device.upper()}"
    held = (
        (f"Stage-2 LoRA step against LLaVA's in transformers, same tokens: tokens per second ({where})",
         result["speed_ratio"]["patentlmm"], 1.3, False),
        (f"The same with visual tokens only where there is ink: figures per second ({where})",
         result["speed_ratio"]["patentlmm_ink_only"], 1.3, False),
        (f"Stage-2 LoRA step against LLaVA's, same tokens: peak memory ({where})", result["memory_ratio"], 1.0, True),
    )  # fmt: skip
    return [
        {
            "claim": claim,
            "measured": measured,
            "goal": goal,
            "at_most": at_most,
            "reason": None if (measured <= goal) == at_most else REASON,
        }
        for claim, measured, goal, at_most in held
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--figures", type=int, default=200, help="drawn figures whose padding is counted")
    add_threads(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    # Figures and models
    rows = [generate(FIRST_SEED + index, "train").as_row() for index in range(args.figures)]
    processor = make_processor(SIZES[args.size]["pixels"])
    models = {
        name: for_stage_2(model, SIZES[args.size]["rank"])
        for name, model in make_pair(args.size, processor.image_token_id, args.device).items()
    }
    steps = make_steps(models, rows[: args.batch_size], SIZES[args.size]["pixels"])
    check_alike(models, steps)

    # Measurements
    result = measure(steps, args.batch_size, args.repeats, args.device)
    report(result)
    result["padding"] = padding_shares(rows, processor, 8)
    result["claims"] = claims(result, args.size, args.device)
    if args.device == "cuda":
        from .training_gpu import gpu_claims, measure_gpu

        def qlora_step(model) -> Step:
            model = for_stage_2(model, QLORA_RANK)
            return Step(model, make_optimizer(model), as_trained(collate(processor, rows[:1])))

        new = partial(build, make_patentlmm, args.size, processor.image_token_id, args.device)
        result["gpu"] = measure_gpu({name: steps[name] for name in ("patentlmm", "llava")}, new, qlora_step)
        result["claims"] += gpu_claims(result["gpu"])
    head = {"benchmark": "training_speed", "size": args.size, "batch_size": args.batch_size, "repeats": args.repeats}
    print(json.dumps(rounded(head | result | environment("peft"))))


if __name__ == "__main__":
    main()
