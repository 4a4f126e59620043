"""The authors' checkpoints into our format.

python -m train.convert lmm --checkpoint mp_rank_00_model_states.pt --out DIR
python -m train.convert encoder --checkpoint last.ckpt --out DIR
python -m train.convert patentllama --checkpoint adapter_model.safetensors --out DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safetensors import SafetensorError


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line as a namespace; exits with status 2 and a usage line where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m train.convert", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    lmm = add_command(commands, "lmm", run_lmm, "PatentLMM as DeepSpeed saved it")
    lmm.add_argument("--checkpoint", type=Path, required=True, help="mp_rank_00_model_states.pt")
    lmm.add_argument("--lora-alpha", type=float, help="default: --config's, else twice the rank (256 at rank 128)")
    lmm.add_argument("--tokenizer", help="the language model's, folder or hub name; with --ocr-tokenizer")
    lmm.add_argument("--ocr-tokenizer", help="the encoder's (microsoft/layoutlmv3-large); with --tokenizer")
    lmm.add_argument("--dry-run", action="store_true", help="check everything, write nothing")

    encoder = add_command(commands, "encoder", run_encoder, "PatentMME as Lightning saved it")
    encoder.add_argument("--checkpoint", type=Path, required=True, help="last.ckpt")
    encoder.add_argument("--keep-heads", action="store_true", help="write PatentMMEForPreTraining")
    encoder.add_argument("--keep-image-tokenizer", action="store_true", help="write image_tokenizer.safetensors too")

    llama = add_command(commands, "patentllama", run_patentllama, "PatentLLaMA's adapter, LLaVA's projector")
    llama.add_argument("--checkpoint", type=Path, help="adapter_model.safetensors")
    llama.add_argument("--base", help="backbone, noted in the adapter; mm_projector.bin in such a folder is converted")
    llama.add_argument("--projector", type=Path, help="mm_projector.bin of LLaVA or of stage 1")
    llama.add_argument("--lora-alpha", type=float, help="default: --config's, else twice the rank")

    for command in (lmm, encoder):
        command.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), help="default: the file's")
    arguments = parser.parse_args(argv)
    if arguments.command == "lmm" and (arguments.tokenizer is None) != (arguments.ocr_tokenizer is None):
        lmm.error("give both --tokenizer and --ocr-tokenizer, or neither")
    return arguments


def add_command(commands, name: str, run, text: str) -> argparse.ArgumentParser:
    """A command with the options all of them have."""
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument("--out", type=Path, required=True, help="folder to write, new or empty")
    command.add_argument("--config", type=Path, help="JSON with the sizes; default: the published ones")
    command.set_defaults(run=run)
    return command


def run_lmm(arguments: argparse.Namespace) -> str:
    from .lmm import convert_lmm
    from .sizes import read_sizes

    return convert_lmm(
        arguments.checkpoint,
        arguments.out,
        read_sizes(arguments.config),
        alpha=arguments.lora_alpha,
        dtype=arguments.dtype,
        tokenizers=(arguments.tokenizer, arguments.ocr_tokenizer) if arguments.tokenizer else None,
        dry_run=arguments.dry_run,
    )


def run_encoder(arguments: argparse.Namespace) -> str:
    from .encoder import convert_encoder
    from .sizes import read_sizes

    return convert_encoder(
        arguments.checkpoint,
        arguments.out,
        read_sizes(arguments.config),
        dtype=arguments.dtype,
        keep_heads=arguments.keep_heads,
        keep_image_tokenizer=arguments.keep_image_tokenizer,
    )


def run_patentllama(arguments: argparse.Namespace) -> str:
    from .patentllama import convert_patentllama
    from .sizes import read_sizes

    return convert_patentllama(
        arguments.out,
        read_sizes(arguments.config),
        checkpoint=arguments.checkpoint,
        base=arguments.base,
        projector=arguments.projector,
        alpha=arguments.lora_alpha,
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 1 with one line on stderr that says why nothing was converted."""
    arguments = parse_arguments(argv)
    try:
        print(arguments.run(arguments))
    except (ValueError, OSError, SafetensorError) as error:  # refused by us or by a configuration; a full disk
        print(f"train.convert: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
