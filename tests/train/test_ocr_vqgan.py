"""OCR-VQGAN's layout: the same codes as taming-transformers' encoder gives, every key placed, bad files refused."""

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.published import full_size
from train.convert.checkpoint import ConvertError
from train.convert.image_tokenizer import CODEBOOK
from train.image_tokenizer import load_image_tokenizer
from train.image_tokenizer.ocr_vqgan import fit, rename

CHANNELS, CODES, CODE_SIZE = (32, 32, 64), 24, 8


# --- the architecture of taming-transformers (taming/modules/diffusionmodules/model.py), restated ---


def norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    def __init__(self, before: int, after: int):
        super().__init__()
        self.norm1, self.conv1 = norm(before), nn.Conv2d(before, after, 3, padding=1)
        self.norm2, self.conv2 = norm(after), nn.Conv2d(after, after, 3, padding=1)
        if before != after:
            self.nin_shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.nin_shortcut(x) if self.conv1.in_channels != self.conv1.out_channels else x)


class AttnBlock(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2) for layer in (self.q, self.k, self.v))
        weights = (torch.einsum("bci,bcj->bij", q, k) * x.shape[1] ** -0.5).softmax(dim=2)
        return x + self.proj_out(torch.einsum("bcj,bij->bci", v, weights).view_as(x))


class Conv(nn.Module):
    """Down- or up-sampling: a module that holds `conv`."""

    def __init__(self, channels: int, down: bool):
        super().__init__()
        self.down = down
        self.conv = nn.Conv2d(channels, channels, 3, stride=2 if down else 1, padding=0 if down else 1)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.down else F.interpolate(x, scale_factor=2.0))


class Middle(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.block_1, self.attn_1 = ResnetBlock(channels, channels), AttnBlock(channels)
        self.block_2 = ResnetBlock(channels, channels)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class Level(nn.Module):
    def __init__(self, before: int, after: int, blocks: int, attends: bool):
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(before if n == 0 else after, after) for n in range(blocks))
        self.attn = nn.ModuleList(AttnBlock(after) for _ in range(blocks) if attends)

    def forward(self, x):
        for number, block in enumerate(self.block):
            x = block(x)
            x = self.attn[number](x) if len(self.attn) else x
        return x


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        last = len(CHANNELS) - 1
        self.conv_in = nn.Conv2d(3, CHANNELS[0], 3, padding=1)
        self.down = nn.ModuleList(
            Level(CHANNELS[max(n - 1, 0)], CHANNELS[n], 2, attends=n == last) for n in range(len(CHANNELS))
        )
        for n in range(last):
            self.down[n].downsample = Conv(CHANNELS[n], down=True)
        self.mid, self.norm_out = Middle(CHANNELS[-1]), norm(CHANNELS[-1])
        self.conv_out = nn.Conv2d(CHANNELS[-1], CODE_SIZE, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for n, level in enumerate(self.down):
            x = level(x)
            x = level.downsample(x) if n < len(CHANNELS) - 1 else x
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        last = len(CHANNELS) - 1
        self.conv_in, self.mid = nn.Conv2d(CODE_SIZE, CHANNELS[-1], 3, padding=1), Middle(CHANNELS[-1])
        self.up = nn.ModuleList(
            Level(CHANNELS[min(n + 1, last)], CHANNELS[n], 3, attends=n == last) for n in range(len(CHANNELS))
        )
        for n in range(1, last + 1):
            self.up[n].upsample = Conv(CHANNELS[n], down=False)
        self.norm_out, self.conv_out = norm(CHANNELS[0]), nn.Conv2d(CHANNELS[0], 3, 3, padding=1)

    def forward(self, x):
        x = self.mid(self.conv_in(x))
        for n in reversed(range(len(CHANNELS))):
            x = self.up[n](x)
            x = self.up[n].upsample(x) if n else x
        return self.conv_out(F.silu(self.norm_out(x)))


class Vqgan(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        self.quantize = nn.Module()
        self.quantize.embedding = nn.Embedding(CODES, CODE_SIZE)
        self.quant_conv, self.post_quant_conv = (nn.Conv2d(CODE_SIZE, CODE_SIZE, 1) for _ in range(2))

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        latents = self.quant_conv(self.encoder(pixels)).permute(0, 2, 3, 1).flatten(1, 2)
        distances = latents.square().sum(-1, keepdim=True) + self.quantize.embedding.weight.square().sum(-1)
        return (distances - 2 * latents @ self.quantize.embedding.weight.T).argmin(-1)

    def decode(self, codes: torch.Tensor, side: int) -> torch.Tensor:
        embedded = self.quantize.embedding(codes).permute(0, 2, 1).unflatten(2, (side, side))
        return self.decoder(self.post_quant_conv(embedded))


@pytest.fixture
def vqgan() -> Vqgan:
    """Random weights, norms too, and codes among the latents of a random image."""
    torch.manual_seed(0)
    model = Vqgan().requires_grad_(False)
    for name, value in model.named_parameters():
        if "norm" in name:
            value.normal_()
    latents = model.quant_conv(model.encoder(torch.randn(1, 3, 32, 32)))
    model.quantize.embedding.weight.copy_(latents[0].flatten(1).T[:CODES])
    return model


def save(path: Path, tensors: dict, **others) -> Path:
    torch.save({"state_dict": tensors, "global_step": 1, **others}, path)
    return path


# --- it is one architecture ---


@pytest.mark.parametrize("prefix", ["", "model.vqgan."])
def test_the_codes_and_the_drawing_are_those_of_taming_transformers(vqgan, tmp_path, prefix):
    tensors = {f"{prefix}{name}": value for name, value in vqgan.state_dict().items()}
    others = {"loss.discriminator.weight": torch.ones(1)} if not prefix else {"model.cls_token": torch.ones(1)}
    tokenizer = load_image_tokenizer(save(tmp_path / "last.ckpt", tensors | others))
    assert (tokenizer.codebook_size, tokenizer.patch_size) == (CODES, 4)
    pixels = torch.randn(3, 3, 32, 32)
    codes = tokenizer.encode(pixels)
    assert torch.equal(codes, vqgan.encode(pixels)) and len(codes.unique()) > CODES / 2
    latents = tokenizer.vq.encode(pixels).latents
    assert torch.allclose(latents, vqgan.quant_conv(vqgan.encoder(pixels)), atol=1e-5)
    assert torch.allclose(tokenizer.vq.decode(latents).sample, vqgan.decode(codes, 8), atol=1e-4)


def test_what_the_conversion_keeps_of_an_encoder_is_loaded(vqgan, tmp_path):
    from safetensors.torch import save_file

    save_file(vqgan.state_dict(), tmp_path / "image_tokenizer.safetensors")
    pixels = torch.randn(1, 3, 16, 16)
    codes = load_image_tokenizer(tmp_path / "image_tokenizer.safetensors").encode(pixels)
    assert torch.equal(codes, vqgan.encode(pixels))


def test_every_key_of_the_published_size_finds_its_place():
    shapes = {name: shape for name, shape in full_size("patentmme_pretrain").items() if ".vqgan." in name}
    tensors = {name.removeprefix("model.vqgan."): torch.empty(shape, device="meta") for name, shape in shapes.items()}
    vq, placed = fit(tensors, Path("last.ckpt"))
    assert len(placed) == len(shapes) == 343
    assert sum(value.numel() for value in placed.values()) == sum(value.numel() for value in vq.parameters())
    assert vq.config.num_vq_embeddings == 16384 and vq.config.block_out_channels == (128, 128, 256, 256, 512)
    assert vq.config.down_block_types == (*["DownEncoderBlock2D"] * 4, "AttnDownEncoderBlock2D")


def test_levels_of_the_decoder_count_from_the_other_end():
    assert rename("decoder.up.4.attn.1.proj_out.bias", 5) == "decoder.up_blocks.0.attentions.1.to_out.0.bias"
    assert (
        rename("encoder.down.0.block.1.nin_shortcut.weight", 5)
        == "encoder.down_blocks.0.resnets.1.conv_shortcut.weight"
    )


# --- what is refused ---


def change(tensors: dict, how: str) -> dict:
    if how == "no codebook":
        return {name: value for name, value in tensors.items() if name != CODEBOOK}
    if how == "other names":
        return {name.replace("down.", "downs."): value for name, value in tensors.items()}
    if how == "a key too many":
        return tensors | {"encoder.stray": torch.ones(1)}
    if how == "a key too few":
        return {name: value for name, value in tensors.items() if name != "encoder.mid.attn_1.q.bias"}
    if how == "another shape":
        return tensors | {"quant_conv.bias": torch.ones(3)}
    if how == "a level apart":
        return tensors | {"encoder.down.9.block.0.conv1.weight": torch.ones(32, 32, 3, 3)}
    if how == "no numbers":
        return tensors | {CODEBOOK: torch.ones(0, 8)}
    if how == "narrow":
        return tensors | {"encoder.down.0.block.0.conv1.weight": torch.ones(5, 32, 3, 3)}
    if how == "numbers for names":
        return {**tensors, 7: torch.ones(1)}
    return tensors | {CODEBOOK: torch.ones(1).expand(10**9, CODE_SIZE)}


@pytest.mark.parametrize(
    "how, message",
    [
        ("no codebook", "holds no image tokenizer"),
        ("other names", "is not laid out as taming-transformers"),
        ("a key too many", r"has no place for encoder.stray"),
        ("a key too few", "lacks encoder.mid_block.attentions.0.to_q.bias"),
        ("another shape", r"shapes differ \(quant_conv.bias \(3,\) for \(8,\)\)"),
        ("a level apart", "is not laid out as taming-transformers"),
        ("no numbers", "is not laid out as taming-transformers"),
        ("narrow", "is not laid out as taming-transformers"),
        ("numbers for names", "has no place for 7"),
        ("more than there is", "claims more numbers than the file holds"),
    ],
)
def test_another_file_is_refused_by_name(vqgan, tmp_path, how, message):
    file = save(tmp_path / "last.ckpt", change(vqgan.state_dict(), how))
    with pytest.raises(ConvertError, match=rf"last.ckpt: .*{message}"):
        load_image_tokenizer(file)


def test_an_untrained_one_is_refused(vqgan, tmp_path):
    """Drawn from N(0, 0.02), as the reference leaves it (B1)."""
    codes = 0.02 * torch.randn(CODES * 100, CODE_SIZE)
    file = save(tmp_path / "last.ckpt", vqgan.state_dict() | {CODEBOOK: codes})
    with pytest.raises(ValueError, match=r"last.ckpt: its image tokenizer was never trained .*; train one with"):
        load_image_tokenizer(file)


class Hostile:
    def __reduce__(self):
        return (print, ("run",))


def test_a_pickle_that_would_run_code_is_refused(vqgan, tmp_path, capsys):
    file = save(tmp_path / "last.ckpt", vqgan.state_dict(), callbacks=Hostile())
    with pytest.raises(ConvertError, match="last.ckpt: refused, because its pickle asks for"):
        load_image_tokenizer(file)
    (tmp_path / "bare.ckpt").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ConvertError, match="bare.ckpt: "):
        load_image_tokenizer(tmp_path / "bare.ckpt")
    assert "run" not in capsys.readouterr().out
