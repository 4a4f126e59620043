"""The card of a repository: metadata that is valid and whole, links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import yaml
from huggingface_hub import DatasetCard, ModelCard, SpaceCard

from train.publish import PublishError
from train.publish.tree import place

CARDS = {"model": ModelCard, "dataset": DatasetCard, "space": SpaceCard}
NEEDED = {
    "model": ("license", "language", "library_name", "pipeline_tag", "tags"),
    "dataset": ("license", "language", "pretty_name", "size_categories", "task_categories", "tags", "configs"),
    "space": ("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "license"),
}
FIXED = {
    "model": {"library_name": "transformers", "pipeline_tag": "image-text-to-text"},
    "dataset": {},
    "space": {"sdk": "gradio"},
}
# huggingface.co/docs/hub/spaces-config-reference
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SHORT_DESCRIPTION = 60  # characters

_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)|<(?:img|a)\b[^>]*?(?:src|href)=[\"']([^\"']+)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def read_card(path: Path, kind: str) -> ModelCard | DatasetCard | SpaceCard:
    """The card in a file, its metadata whole; `kind` is "model", "dataset" or "space".

    Raises:
        PublishError: there is no such file, it opens with no metadata, or they are not valid or not complete.
    """
    try:
        card = CARDS[kind](path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PublishError(f"{path}: is no card with metadata ({reason}); write its front matter") from None
    check_metadata(path, kind, card.data.to_dict())
    return card


def check_metadata(path: Path, kind: str, data: Mapping) -> None:
    """Refuse metadata that the hub would refuse, or that leave a reader without an answer; raises PublishError."""
    if missing := [name for name in NEEDED[kind] if not data.get(name)]:
        raise PublishError(f"{path}: has no {' and no '.join(missing)}; add it to the front matter")
    for name, value in FIXED[kind].items():
        if data[name] != value:
            raise PublishError(f"{path}: {name} is {data[name]!r}, not {value!r}; correct the front matter")
    if data["license"] == "other" and not data.get("license_name"):
        raise PublishError(f"{path}: has license other and no license_name; add it to the front matter")
    if kind == "space":
        _check_space(path, data)


def _check_space(path: Path, data: Mapping) -> None:
    for name in ("colorFrom", "colorTo"):
        if data[name] not in COLOURS:
            raise PublishError(f"{path}: {name} is {data[name]!r}; take one of {', '.join(sorted(COLOURS))}")
    if len(data.get("short_description") or "") > SHORT_DESCRIPTION:
        raise PublishError(f"{path}: short_description is longer than {SHORT_DESCRIPTION} characters; shorten it")
    if not (path.parent / data["app_file"]).is_file():
        raise PublishError(f"{path}: app_file {data['app_file']} is not in the repository; correct the front matter")


def relative_links(text: str) -> Iterator[str]:
    """What links and images of a Markdown text refer to beside it, outside code, without `#anchor` and `?query`."""
    for match in _LINK.finditer(_CODE.sub("", text)):
        target = match[1] or match[2]
        if not _ELSEWHERE.match(target):
            yield unquote(re.split("[#?]", target)[0])


def take_links_along(card: Path, text: str, folder: Path) -> None:
    """Put into `folder` what `text`, the card kept at `card`, refers to and `folder` does not hold.

    Raises:
        PublishError: it refers to no file below the card's own folder.
    """
    for link in relative_links(text):
        if link.startswith("/") or ".." in Path(link).parts:
            raise PublishError(f"{card}: links to {link}, which is outside the repository; link to a file or a page")
        if not (folder / link).is_file():
            if not (card.parent / link).is_file():
                raise PublishError(f"{card}: links to {link}, which is no file; correct or remove the link")
            place(card.parent / link, folder / link)


def with_section(text: str, section: str) -> str:
    """A card with a section put before its first."""
    head, mark, rest = text.partition("\n## ")
    return f"{head.rstrip()}\n\n{section.strip()}\n{mark}{rest}"
