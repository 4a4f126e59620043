"""The `patentlmm` command: `patentlmm describe FIGURE...`, `patentlmm audit ...` and `patentlmm export SRC OUT`.

What needs torch is imported where it is used, so that help and usage errors come at once.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from . import register

CHECKPOINT_VARIABLE = "PATENTLMM_CHECKPOINT"
BUNDLED_CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "patentlmm-tiny"
OVERLAY_FORMATS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line as a namespace; exits with status 2 and a usage line where it makes no sense."""
    parser = argparse.ArgumentParser(prog="patentlmm", description="Describe patent figures.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser(
        "describe",
        help="describe figures",
        description="Describe figures. Exits with 0 if every figure was described, with 1 if one was not.",
    )
    command.add_argument("figures", nargs="+", metavar="FIGURE", help="PNG, JPEG, WebP, GIF, BMP or TIFF (all pages)")
    command.add_argument("--kind", choices=("brief", "detailed", "both"), default="both", help="default: both")
    command.add_argument(
        "--checkpoint", metavar="DIR", help=f"default: ${CHECKPOINT_VARIABLE}, or the bundled patentlmm-tiny"
    )
    command.add_argument(
        "--numerals", type=parts_list, metavar='"10=housing,12=lid"', help="list of parts the text may use"
    )
    command.add_argument(
        "--rotation",
        type=int,
        choices=(0, 90, 180, 270),
        help="degrees counter-clockwise that turn the figures upright; default: found out",
    )
    command.add_argument("--engine", choices=("rapidocr", "tesseract"), help="reads words; default: the checkpoint's")
    command.add_argument("--json", action="store_true", help="print one JSON object a line for every figure")
    command.add_argument(
        "--overlay",
        type=overlay_path,
        metavar="OUT.png",
        help="draw what was read and mentioned; OUT-1.png, OUT-2.png, ... for several figures",
    )
    command.add_argument("--max-new-tokens", type=positive, metavar="N", help="most tokens of a description")
    command.set_defaults(run=run_describe)

    command = commands.add_parser(
        "audit",
        help="check drawings against their text",
        description="Check that drawings and text have the same reference characters, parts and figures. Exits with 0 "
        "if there is no open finding, with 1 if there is one, with 2 if a file could not be read.",
    )
    command.add_argument(
        "--drawings", nargs="+", required=True, metavar="SHEET", help="PNG, JPEG, WebP, GIF, BMP or TIFF (all pages)"
    )
    command.add_argument("--text", required=True, metavar="SPEC", help=".txt, .docx, .xml (Red Book) or .html")
    command.add_argument(
        "--waivers", metavar="FILE", help='findings that may stand, a line each: "not-drawn 102  # why"'
    )
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="write audit.json, report.html, annotated sheets and crops"
    )
    command.add_argument("--json", action="store_true", help="print everything as one JSON object")
    command.add_argument("--engine", choices=("rapidocr", "tesseract"), default="rapidocr", help="default: rapidocr")
    command.set_defaults(run=run_audit)

    command = commands.add_parser(
        "export",
        help="write a self-contained model repository",
        description="Write weights, configurations, tokenizers, chat template, code and card to a new folder.",
    )
    command.add_argument("source", metavar="SRC", help="checkpoint folder")
    command.add_argument("output", metavar="OUT", help="folder to write")
    command.set_defaults(run=run_export)
    return parser.parse_args(argv)


def parts_list(text: str) -> dict[str, str]:
    """`"10=housing,12=lid"` as a mapping."""
    from .numerals_patentlmm import parse_parts_list

    try:
        return parse_parts_list(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def overlay_path(text: str) -> Path:
    """A path we can write an image to."""
    path = Path(text)
    if path.suffix.lower() not in OVERLAY_FORMATS:
        raise argparse.ArgumentTypeError(f"{text}: name an image file, such as overlay.png")
    return path


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def complain(message: object) -> None:
    """One line on stderr, which does not disturb the progress bar."""
    from tqdm import tqdm

    tqdm.write(f"patentlmm: {' '.join(str(message).split())}", file=sys.stderr)


def say(text: str) -> None:
    """A text on stdout, which does not disturb the progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()


def run_describe(arguments: argparse.Namespace) -> int:
    """Describe every page of every file; 0 if all were described, else 1."""
    from tqdm import tqdm

    from .describe_patentlmm import CheckpointError, load_checkpoint

    quiet_libraries()
    folder = arguments.checkpoint or os.environ.get(CHECKPOINT_VARIABLE) or BUNDLED_CHECKPOINT
    try:
        model, processor = load_checkpoint(folder)
    except CheckpointError as error:
        complain(error)
        return 1
    described = failed = 0
    several = len(arguments.figures) > 1
    for path in tqdm(arguments.figures, unit="figure", disable=not several, file=sys.stderr):
        for name, page, pages in open_pages(path):
            number = described + failed + 1 if several or pages > 1 else None
            if page is not None and describe_page(model, processor, name, page, number, arguments):
                described += 1
            else:
                failed += 1
    return 1 if failed else 0


def quiet_libraries() -> None:
    """Keep the libraries' progress bars and advice off the terminal; errors still come through."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def open_pages(path: str) -> Iterator[tuple[str, object, int]]:
    """Name, image and number of pages for each page of a file: `sheets.tif#2` where it has several.

    A file that cannot be opened is complained of and yields one page of None.
    """
    from .image_processing_patentlmm import FigureError, open_figure

    try:
        pages = open_figure(path)
    except FigureError as error:
        complain(error)
        yield path, None, 1
        return
    for number, page in enumerate(pages, start=1):
        yield page_name(path, number, len(pages)), page, len(pages)


def page_name(path: str, number: int, pages: int) -> str:
    """What a page is called: its file, and its number (from 1) where the file has several."""
    return f"{path}#{number}" if pages > 1 else path


def describe_page(model, processor, name: str, page, number: int | None, arguments: argparse.Namespace) -> bool:
    """Describe one page, print it and write its overlay; False, with a complaint, if that failed."""
    from .describe_patentlmm import KINDS, describe
    from .image_processing_patentlmm import FigureError
    from .ocr_patentlmm import EngineError
    from .overlay_patentlmm import draw_overlay

    try:
        description = describe(
            model,
            processor,
            page,
            kinds=KINDS if arguments.kind == "both" else (arguments.kind,),
            parts=arguments.numerals,
            rotation=arguments.rotation,
            max_new_tokens=arguments.max_new_tokens,
            engine=arguments.engine,
            figure=name,
        )
        say(json.dumps(description.as_dict()) if arguments.json else as_text(description))
        if arguments.overlay:
            arguments.overlay.parent.mkdir(parents=True, exist_ok=True)
            draw_overlay(page, description).save(numbered(arguments.overlay, number))
    except (FigureError, EngineError) as error:
        complain(error)
        return False
    except OSError as error:
        complain(f"{name}: the overlay could not be written ({error}); name another file")
        return False
    # One figure that breaks something must not cost the others their description.
    except Exception as error:
        complain(f"{name}: could not be described ({type(error).__name__}: {error}); please report this figure")
        return False
    return True


def numbered(path: Path, number: int | None) -> Path:
    """`overlay.png` as `overlay-2.png`."""
    return path if number is None else path.with_name(f"{path.stem}-{number}{path.suffix}")


def as_text(description) -> str:
    """A description for the terminal: what it is of, the texts, and what could not be read for certain."""
    label = f"FIG. {description.label}" if description.label else "figure number unreadable"
    turned = f", turned upright by {description.rotation} degrees" if description.rotation else ""
    blocks = [f"== {description.figure} ({label}{turned})"]
    blocks += [text for text in (description.brief, description.detailed) if text is not None]
    if not description.numerals:
        blocks.append("No reference characters could be read.")
    if description.uncertain:
        blocks.append(f"Uncertain readings, check them on the drawing: {', '.join(description.uncertain)}")
    return "\n\n".join(blocks) + "\n"


def run_audit(arguments: argparse.Namespace) -> int:
    """Hold drawings against their text; 0 without open findings, 1 with some, 2 where a file cannot be used."""
    from .audit_patentlmm import WaiverError, audit, waive
    from .audit_report_patentlmm import Audit, as_dict, as_text, write_report
    from .image_processing_patentlmm import FigureError
    from .ocr_patentlmm import EngineError
    from .specification_patentlmm import SpecificationError, read_specification

    try:
        specification = read_specification(arguments.text)
        waivers = read_waivers(arguments.waivers)
        sheets, images = read_sheets(arguments.drawings, arguments.engine)
        findings, unused = waive(audit(sheets, specification), waivers)
        report = Audit(arguments.text, tuple(sheets), tuple(findings), tuple(unused))
        if arguments.out:
            write_report(report, images, arguments.out)
    except (EngineError, FigureError, SpecificationError, WaiverError) as error:
        complain(error)
        return 2
    except OSError as error:
        complain(f"{arguments.out}: the report could not be written ({error}); name another folder")
        return 2
    say(json.dumps(as_dict(report, crops=bool(arguments.out))) if arguments.json else as_text(report))
    return 1 if report.of_state("open") else 0


def read_waivers(path: str | None) -> dict[str, str]:
    """The waivers of a file; none where no file is named."""
    from .audit_patentlmm import WaiverError, parse_waivers

    if path is None:
        return {}
    try:
        return parse_waivers(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise WaiverError(f"{path}: cannot be read ({reason}); name a text file of waivers") from None
    except WaiverError as error:
        raise WaiverError(f"{path}: {error}") from None


def read_sheets(paths: list[str], engine: str) -> tuple[list, list]:
    """Every page of every file, read, and its image."""
    from tqdm import tqdm

    from .audit_patentlmm import Sheet
    from .image_processing_patentlmm import open_figure
    from .ocr_patentlmm import read_figure

    names, images = [], []
    for path in paths:
        pages = open_figure(path)
        names += [page_name(path, number, len(pages)) for number in range(1, len(pages) + 1)]
        images += pages
    progress = tqdm(images, unit="sheet", disable=len(images) < 2, file=sys.stderr)
    return [Sheet(name, read_figure(image, engine)) for name, image in zip(names, progress, strict=True)], images


def run_export(arguments: argparse.Namespace) -> int:
    """Write a self-contained model repository; 0 if that worked, else 1."""
    from .export_patentlmm import export

    quiet_libraries()
    try:
        export(arguments.source, arguments.output)
    except (OSError, ValueError) as error:
        complain(error)
        return 1
    say(f"wrote {arguments.output}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = parse_arguments(argv)
    try:
        register()
        return arguments.run(arguments)
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`| head`); what is left in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
