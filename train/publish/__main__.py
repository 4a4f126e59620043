"""Publishes on the Hugging Face hub, as one commit with a tag, what a stranger can load.

python -m train.publish model --repo OWNER/NAME --dry-run
python -m train.publish dataset --repo OWNER/NAME --data DIR
python -m train.publish space --repo OWNER/NAME
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from train.publish import PublishError
from train.publish.source import BUNDLED_CHECKPOINT, ROOT, source_commit


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line as a namespace; exits with status 2 and a usage line where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m train.publish", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="kind", required=True, metavar="model|dataset|space")

    model = add_command(commands, "model", assemble_model, "code, weights and card of a checkpoint")
    model.add_argument(
        "--checkpoint", type=Path, default=ROOT / BUNDLED_CHECKPOINT, metavar="DIR", help="default: the bundled one"
    )
    dataset = add_command(commands, "dataset", assemble_dataset, "Parquet and card of a dataset")
    dataset.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that dataset_builder wrote")
    space = add_command(commands, "space", assemble_space, "the app with all it needs")
    space.add_argument(
        "--model", metavar="OWNER/NAME", help="fetch this model, of the same tag, instead of carrying one"
    )
    return parser.parse_args(argv)


def add_command(commands, name: str, assemble, text: str) -> argparse.ArgumentParser:
    """A command with the options all of them have."""
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument("--repo", required=True, metavar="OWNER/NAME", help="repository on the hub; made if not there")
    command.add_argument("--tag", help="default: v and the package's version")
    command.add_argument("--out", type=Path, metavar="DIR", help="keep the repository folder here; new or empty")
    command.add_argument("--dry-run", action="store_true", help="assemble, prove and show everything, upload nothing")
    command.set_defaults(assemble=assemble)
    return command


def assemble_model(arguments: argparse.Namespace, out: Path) -> None:
    from train.publish.model import assemble_model

    assemble_model(arguments.checkpoint, out, arguments.repo, arguments.tag)


def assemble_dataset(arguments: argparse.Namespace, out: Path) -> None:
    from train.publish.dataset import assemble_dataset

    assemble_dataset(arguments.data, out, arguments.repo, arguments.tag)


def assemble_space(arguments: argparse.Namespace, out: Path) -> None:
    from train.publish.space import assemble_space

    assemble_space(out, arguments.tag, arguments.model)


def parts_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What of the source repository goes into the one to publish."""
    if arguments.kind == "dataset":
        return ()
    if arguments.kind == "model":
        from train.publish.model import PARTS
    else:
        from train.publish.space import PARTS
    return PARTS


@contextmanager
def repository_folder(out: Path | None) -> Iterator[Path]:
    """The folder to assemble in: `out`, or one that is removed afterwards."""
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PublishError(f"{out}: exists and is not an empty folder; name a new one")
    out.mkdir(parents=True, exist_ok=True)
    yield out


def publish(arguments: argparse.Namespace) -> str:
    """Assemble, prove, show and upload; returns what to say at the end.

    Raises:
        PublishError, ExportError: it must not be published, or could not be.
    """
    from train.publish.hub import Target
    from train.publish.tree import check_tree, drawn

    arguments.tag = arguments.tag or f"v{importlib.metadata.version('patentlmm')}"
    target = Target(arguments.kind, arguments.repo, arguments.tag)
    target.check_names()
    commit = None
    if not arguments.dry_run:
        commit = source_commit(parts_of(arguments))
        target.check_free()
    with repository_folder(arguments.out) as folder:
        tell("assembling it and loading it as a stranger")
        arguments.assemble(arguments, folder)
        files = check_tree(folder)
        print(drawn(files), flush=True)
        if arguments.dry_run:
            return f"{arguments.repo} {arguments.tag}: loads by itself; dry run, nothing was uploaded"
        tell(f"uploading to {target.api.endpoint}")
        said = f"Made from source commit {commit}." if commit else ""
        url = target.upload(folder, files, f"Publish {arguments.tag}", said)
        return f"published {url} as {arguments.tag}"


def tell(text: str) -> None:
    """A line on stderr."""
    print(f"train.publish: {' '.join(text.split())}", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0, or 1 with one line on stderr that says why nothing was published."""
    arguments = parse_arguments(argv)
    try:
        print(publish(arguments))
    except (ValueError, OSError) as error:  # refused by us, by the hub, by a library; a full disk
        tell(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
