"""What only a GPU shows of training and decoding; called by `benchmarks.training_speed --device cuda`.

Samples per second and model FLOPs utilisation of the stage-2 step at the largest batch that fits, memory of the QLoRA
step, and decoding with a compiled static cache against the time that reading the weights and the cache takes. The
card's peaks are NVIDIA's for the H100 SXM; give those of another card in the environment variables PEAK_TFLOPS (dense
bfloat16) and PEAK_TBS (memory, TB/s).
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel

from train.stages import quantisation

from .runs import report
from .timing import peak_memory

PEAK_FLOPS = float(os.environ.get("PEAK_TFLOPS", 989)) * 1e12
PEAK_BYTES = float(os.environ.get("PEAK_TBS", 3.35)) * 1e12
NEW_TOKENS = 128


def timed(run: Callable[[], object], repeats: int = 5) -> float:
    """Median seconds of a run that ends by synchronising, after two to warm up."""
    seconds = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[2:])


def enlarged(inputs: Mapping, times: int) -> dict:
    """The batch `times` over."""
    return {name: torch.cat([value] * times) if torch.is_tensor(value) else value for name, value in inputs.items()}


def run_enlarged(step, times: int, run: Callable[[], object]):
    """What `run` gives while the step's batch is `times` over."""
    inputs, step.inputs = step.inputs, enlarged(step.inputs, times)
    try:
        return run()
    finally:
        step.inputs = inputs


def most_times(step, limit: int = 64) -> int:
    """How often the step's batch fits into memory with activation checkpointing, a power of two."""
    times = 1
    while times < limit:
        try:
            run_enlarged(step, 2 * times, step.checkpointed)
        except torch.OutOfMemoryError:
            break
        finally:
            gc.collect()
            torch.cuda.empty_cache()
        times *= 2
    return times


def utilisation(step, times: int) -> dict:
    """Speed and model FLOPs utilisation of the checkpointed step on its batch `times` over.

    The operations are those that forward and backward need by themselves, counted on the batch once without
    checkpointing: what is computed twice counts once, and what LoRA spares (gradients of frozen weights) not at all.
    Attention is counted in full, though it is causal (3 % of the whole at 7B and 800 tokens).
    """
    with FlopCounterMode(display=False) as counter:
        step()
    seconds = run_enlarged(step, times, lambda: timed(step.checkpointed))
    samples = times * len(step.inputs["input_ids"])
    return {
        "batch_size": samples,
        "samples_per_second": samples / seconds,
        "model_flops_utilisation": counter.get_total_flops() * times / seconds / PEAK_FLOPS,
    }


def bytes_read(model: PreTrainedModel, length: int) -> int:
    """What a decoding step at batch 1 must read: weights of layers and head, keys and values of `length` tokens."""
    text = model.config.text_config
    parts = (model.model.language_model.layers, model.lm_head)
    weights = sum(weight.nbytes for part in parts for weight in part.parameters())
    return (
        weights + 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * length * model.dtype.itemsize
    )


def decoding(model: PreTrainedModel, prompt: int = 640, new_tokens: int = NEW_TOKENS) -> dict:
    """Seconds of a token at batch 1 with a compiled static cache, and the share of the memory's pace that this is.

    The prompt is text as long as a figure's: after it only the language model runs. A run of half the tokens is taken
    off, so that neither the prompt nor what surrounds generation counts.
    """
    ids = torch.arange(prompt, device=model.device)[None] % 1000 + 8

    def run(tokens: int) -> None:
        count = {"max_new_tokens": tokens, "min_new_tokens": tokens}
        model.generate(ids, do_sample=False, cache_implementation="static", **count).cpu()

    # The longer first: transformers keeps the cache as long for the other, which so needs no compiling of its own.
    whole, half = (timed(lambda tokens=tokens: run(tokens)) for tokens in (new_tokens, new_tokens // 2))
    seconds = (whole - half) / (new_tokens - new_tokens // 2)
    bound = bytes_read(model, prompt + new_tokens * 3 // 4) / PEAK_BYTES
    return {"seconds_per_token": seconds, "memory_bound_share": bound / seconds}


def quantised(model: PreTrainedModel) -> PreTrainedModel:
    """The model as the QLoRA recipe loads it."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return type(model).from_pretrained(
            folder, quantization_config=quantisation(), dtype=torch.bfloat16, device_map={"": model.device}
        )


def qlora_memory(model: PreTrainedModel, make_step: Callable[[PreTrainedModel], object]) -> int:
    """Bytes that loading in four bits and two checkpointed steps take at most; the optimizer is AdamW in 32 bits."""

    def run() -> None:
        step = make_step(quantised(model))
        step.checkpointed()
        step.checkpointed()

    return peak_memory(run, model.device.type)


def measure_gpu(
    steps: Mapping[str, object],
    build: Callable[[], PreTrainedModel],
    make_step: Callable[[PreTrainedModel], object],
) -> dict:
    """All of it.

    Args:
        steps: the steps of `patentlmm` and `llava`.
        build: makes a PatentLMM with random weights.
        make_step: the QLoRA recipe's step of a model, on one figure.
    """
    result = {}
    for name, step in steps.items():
        result[name] = utilisation(step, most_times(step))
        report(result)
    model = build().eval()
    result["decoding"] = decoding(model)
    report(result)
    result["qlora_peak_gb"] = qlora_memory(model, make_step) / 1e9
    return result


def gpu_claims(result: dict) -> list[dict]:
    """The goals of the issue."""
    pace = result["patentlmm"]["samples_per_second"] / result["llava"]["samples_per_second"]
    held = (
        ("Stage-2 LoRA step, batch by memory: model FLOPs utilisation (GPU)",
         result["patentlmm"]["model_flops_utilisation"], 0.45, False),
        ("Stage-2 LoRA step against LLaVA's, batch by memory: samples per second (GPU)", pace, 1.3, False),
        ("QLoRA step, batch 1: peak memory in GB (GPU)", result["qlora_peak_gb"], 24.0, True),
        ("Decoding at batch 1 with a compiled static cache: share of the memory-bandwidth bound (GPU)",
         result["decoding"]["memory_bound_share"], 0.80, False),
    )  # fmt: skip
    return [
        {"claim": claim, "measured": measured, "goal": goal, "at_most": at_most, "reason": None}
        for claim, measured, goal, at_most in held
    ]
