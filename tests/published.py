"""The reference's parity case and key lists (`tests/data/README.md`), and files in the authors' forms."""

import gzip
import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file

DATA = Path(__file__).resolve().parent / "data"
PARITY = DATA / "parity"
LMM_FILE, ENCODER_FILE, CONFIG_FILE = (
    PARITY / name for name in ("mp_rank_00_model_states.pt", "last.ckpt", "config.json")
)
FEATURES = 27  # of the case's figure: 10 OCR tokens, the visual CLS, 16 patches


def parity_io() -> dict[str, torch.Tensor]:
    """Inputs and outputs of the case."""
    return load_file(PARITY / "io.safetensors")


def parity_figure() -> dict[str, torch.Tensor]:
    """The case's figure as the model takes it."""
    io = parity_io()
    return {name: io[name] for name in ("pixel_values", "ocr_input_ids", "ocr_bbox", "ocr_attention_mask")}


def expanded(ids: torch.Tensor, places: torch.Tensor, filler: int, count: int = FEATURES) -> torch.Tensor:
    """A row (1, S) with `count` times `filler` where `places` (1, S) holds the reference's image index, -200."""
    at = places[0].tolist().index(-200)
    row = ids[0].tolist()
    return torch.tensor([row[:at] + [filler] * count + row[at + 1 :]])


def full_size(name: str) -> dict[str, tuple[int, ...]]:
    """Key -> shape of a checkpoint form at full size."""
    with gzip.open(DATA / "state_dicts" / f"{name}.json.gz", "rt") as file:
        return {key: tuple(shape) for key, (shape, _) in json.load(file).items()}


def lmm_tensors() -> dict[str, torch.Tensor]:
    """The case's `module`."""
    return torch.load(LMM_FILE, weights_only=True)["module"]


def encoder_tensors() -> dict[str, torch.Tensor]:
    """The case's `state_dict`."""
    return torch.load(ENCODER_FILE, weights_only=True)["state_dict"]


def save_lmm(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """A file in DeepSpeed's form."""
    torch.save({"module": tensors, "global_steps": 1}, path)
    return path


def save_encoder(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """A file in Lightning's form."""
    torch.save({"state_dict": tensors, "epoch": 3}, path)
    return path


def pretraining_tensors(seed: int = 0) -> dict[str, torch.Tensor]:
    """The case's encoder with the heads, the mask token and a small image tokenizer that HEAD's checkpoints have."""
    draw = torch.Generator().manual_seed(seed)
    tensors = encoder_tensors()
    tensors["model.vis_mask_token"] = torch.randn(1, 1, 48, generator=draw)
    sizes = {"mlm": 300, "mim": 33, "patch_cls_linear": 5, "tba_linear": 26, "tna_ocr": 8, "tna_vis": 8}
    for head, size in sizes.items():
        for layer, shape in ((0, (96, 48)), (2, (size, 96))):
            tensors[f"model.{head}_head.proj.{layer}.weight"] = torch.randn(shape, generator=draw)
            tensors[f"model.{head}_head.proj.{layer}.bias"] = torch.randn(shape[:1], generator=draw)
    codes = torch.randn(512, 32, generator=draw)
    tensors["model.vqgan.quantize.embedding.weight"] = 0.02 * codes
    tensors["model.vqgan.encoder.down.0.block.0.norm1.weight"] = torch.ones(8)
    return tensors


def larger_grid(tensors: dict[str, torch.Tensor], side: int) -> dict[str, torch.Tensor]:
    """The same encoder with positions of a larger grid, whose bicubic reduction is exactly the one it had."""
    table = tensors["model.pos_embed"]
    small = math.isqrt(table.shape[1] - 1)
    unit = torch.eye(side, dtype=torch.float64)[
        None, :, None
    ]  # every unit vector through the interpolation, a row each
    weights = torch.nn.functional.interpolate(
        unit.expand(1, side, small, side), size=(small, small), mode="bicubic", align_corners=False
    )[0, :, 0].T
    inverse = torch.linalg.pinv(weights)  # (side, small)
    grid = table[0, 1:].double().view(small, small, -1)
    grid = torch.einsum("ya,xb,abd->yxd", inverse, inverse, grid).flatten(0, 1)
    return {**tensors, "model.pos_embed": torch.cat([table[:, :1], grid.float()[None]], dim=1)}
