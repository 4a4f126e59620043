"""The card and the packages of the Space are those that were tested."""

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SPACE = REPOSITORY / "space"


def pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def card() -> dict:
    return yaml.safe_load((SPACE / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_packages_are_pinned_to_what_was_tested():
    named, tested = pins(SPACE / "requirements.txt"), pins(REPOSITORY / "constraints.txt")
    assert len(named) > 10 and {name: tested[name] for name in named} == named


def test_every_package_of_the_project_and_of_the_page_is_there():
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    lists = [project.split("\ndependencies = [")[1].split("]\n")[0], re.search(r"^space = (\[.+)", project, re.M)[1]]
    wanted = {re.sub(r"[-_.]+", "-", name).lower() for each in lists for name in re.findall(r'"([\w.-]+)', each)}
    assert wanted <= set(pins(SPACE / "requirements.txt"))


def test_the_card_says_how_the_space_runs():
    data = card()
    assert data["sdk"] == "gradio" and data["sdk_version"] == pins(SPACE / "requirements.txt")["gradio"]
    assert (SPACE / data["app_file"]).is_file() and "mcp-server" in data["tags"]
    assert len(data["short_description"]) <= 60 and data["license"] == "apache-2.0"


def test_what_is_said_of_the_checkpoint_is_what_was_measured():
    """The figures of the page are those of the model card's table of real figures."""
    table = (REPOSITORY / "model_card.md").read_text(encoding="utf-8").split("| 72 real figures |")[1].split("\n\n")[0]
    said = (SPACE / "about.html").read_text(encoding="utf-8")
    figures = re.findall(r"\b0\.\d+", said)
    measured = [
        re.search(rf"\| {re.escape(row)} \| (\S+) \|", table)[1]
        for row in (
            "figure number exact (sheets with at most one figure)",
            "reference characters read, recall",
            "reference characters in the detailed text, recall",
        )
    ]
    assert figures == measured
