"""How well the texts of figures and the names of parts are cut out of patents, beside plain regular expressions.

    python -m benchmarks.descriptions --data FOLDER [--errors FILE]

FOLDER (or the variable PATENTLMM_DATA) holds the patents that `description_labels.jsonl` and `term_labels.jsonl` name;
`description_labels.md` tells how they were labelled. Prints one JSON line. A brief description is right when it has the
label's words, apart from case, white space and the punctuation at its end. Paragraphs are pooled over figures; those
labelled optional count neither way. Terms are pairs of reference character and name, leading ordinals and articles
apart. Patents labelled in part count with the labelled figures alone.

The rules were made with the errors on the patents of "tune" at hand. Of those of "held" no error was looked at, but the
scores and the counts by kind were, and rules were chosen by them, so they flatter too. `--errors` writes down those on
"tune".
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from dataset_builder.descriptions import FigureText, PartName, describe_figures, name_parts
from dataset_builder.google_patents import SUFFIXES, read_google_patents
from dataset_builder.patent import BRIEF, Patent
from dataset_builder.redbook import read_redbook
from dataset_builder.rejects import Rejects
from train.texts import read_jsonl

from .runs import parse_with_data, rounded

FIGURE_LABELS = Path(__file__).with_name("description_labels.jsonl")
TERM_LABELS = Path(__file__).with_name("term_labels.jsonl")
SETS = ("tune", "held")


# --- the peer --------------------------------------------------------------------------------------------------------

_PLAIN_FIGURE = r"FIGS?\.\s*(\d+[A-Za-z]?)"


def peer_figures(patent: Patent) -> tuple[FigureText, ...]:
    """Sentences that start with "FIG. N" in the list of drawings, and paragraphs after it that hold "FIG. N"."""
    listed = [each for each in patent.paragraphs if each.section == BRIEF and not each.is_heading]
    after = patent.paragraphs[patent.paragraphs.index(listed[-1]) + 1 :] if listed else patent.paragraphs
    briefs: dict[str, str] = {}
    for paragraph in listed:
        for sentence in re.split(r"(?<=[.;])\s+(?=FIG)", paragraph.text):
            if found := re.match(_PLAIN_FIGURE, sentence):
                briefs.setdefault(found[1], sentence)
    named = {label: re.compile(rf"FIGS?\. {label}\b") for label in briefs}
    return tuple(
        FigureText(label, brief, detailed_paragraphs=tuple(each.id for each in after if named[label].search(each.text)))
        for label, brief in briefs.items()
    )


def peer_parts(patent: Patent) -> tuple[PartName, ...]:
    """The last two words before a number."""
    found = Counter(
        (match[2], match[1].lower())
        for paragraph in patent.paragraphs
        for match in re.finditer(r"\b([A-Za-z-]+ [A-Za-z-]+) (\d+[a-z]?)\b", paragraph.text)
    )
    return tuple(PartName(character, term, count) for (character, term), count in found.items())


# --- counting --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was right, what was wrong and what is missing; each error under its kind."""

    right: int = 0
    wrong: int = 0
    missing: int = 0
    errors: list[dict] = field(default_factory=list)

    def fail(self, kind: str, wrong: int, missing: int, **details: object) -> None:
        self.wrong += wrong
        self.missing += missing
        self.errors.append({"kind": kind, **details})

    def summary(self) -> dict:
        found, labelled = self.right + self.wrong, self.right + self.missing
        return {
            "precision": self.right / found if found else None,
            "recall": self.right / labelled if labelled else None,
            "labelled": labelled,
            "found": found,
            "errors": dict(Counter(error["kind"] for error in self.errors).most_common()),
        }


def plain_brief(text: str) -> str:
    """A brief description as it is compared: lower case, no white space, no punctuation or "and" at its end."""
    text = re.sub(r"(?:[\s.;:,]|[\s;,]and(?=[\s.;:,]*$))+$", "", text.lower())
    return "".join(text.split())


def score_briefs(tally: Tally, patent: str, labels: Sequence[dict], figures: Sequence[FigureText]) -> None:
    found = {figure.figure: figure.brief for figure in figures}
    for label in labels:
        told, wanted = found.pop(label["figure"], None), label["brief"]
        place = {"patent": patent, "figure": label["figure"], "label": wanted, "found": told}
        if wanted and told and plain_brief(told) == plain_brief(wanted):
            tally.right += 1
        elif wanted and not told:
            tally.fail("shared_sentence_missed" if label["brief_shared"] else "missing_figure", 0, 1, **place)
        elif told and not wanted:
            tally.fail("extra_brief", 1, 0, **place)
        elif wanted and told:
            tally.fail(_brief_error(plain_brief(told), plain_brief(wanted)), 1, 1, **place)
    if not any(label.get("partial") for label in labels):
        for figure, told in found.items():
            if told:
                tally.fail("extra_figure", 1, 0, patent=patent, figure=figure, label=None, found=told)


def _brief_error(told: str, wanted: str) -> str:
    return "wrong_extent" if told in wanted or wanted in told else "other_text"


def score_paragraphs(tally: Tally, patent: Patent, labels: Sequence[dict], figures: Sequence[FigureText]) -> None:
    texts = {paragraph.id: paragraph.text for paragraph in patent.paragraphs}
    found = {figure.figure: set(figure.detailed_paragraphs) for figure in figures}
    for label in labels:
        told, wanted = found.pop(label["figure"], set()), set(label["paragraphs"])
        tally.right += len(told & wanted)
        for each in sorted(told - wanted - set(label["optional"])):
            kind = "names_it_otherwise" if _names(texts[each], label["figure"]) else "goes_on_too_far"
            tally.fail(kind, 1, 0, patent=patent.patent_id, figure=label["figure"], id=each, text=texts[each])
        for each in sorted(wanted - told):
            kind = "naming_missed" if _names(texts.get(each, ""), label["figure"]) else "going_on_missed"
            tally.fail(kind, 0, 1, patent=patent.patent_id, figure=label["figure"], id=each, text=texts.get(each))
    if not any(label.get("partial") for label in labels):
        for figure, told in found.items():
            for each in sorted(told):
                tally.fail("extra_figure", 1, 0, patent=patent.patent_id, figure=figure, id=each, text=texts[each])


def _names(text: str, figure: str | None) -> bool:
    return bool(re.search(rf"(?i)\bfig[a-z.]*\s[^.;]{{0,30}}{re.escape(figure or '')}", text))


_LEADING = re.compile(
    r"^(?:(?:a|an|the|said|each|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d(?:st|nd|rd|th))\s+)+"
)


def plain_term(term: str) -> str:
    """A name as it is compared: lower case, without leading articles and ordinals."""
    return _LEADING.sub("", " ".join(term.lower().split()))


def score_terms(tally: Tally, patent: str, labels: Sequence[dict], parts: Iterable[PartName]) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        found[part.text].add(plain_term(part.term))
    for label in labels:
        told, wanted = found.pop(label["numeral"], set()), {plain_term(term) for term in label["terms"]}
        tally.right += len(told & wanted)
        place = {"patent": patent, "numeral": label["numeral"], "label": sorted(wanted), "found": sorted(told)}
        for term in sorted(told - wanted - {plain_term(each) for each in label.get("optional", ())}):
            tally.fail("other_name", 1, 0, term=term, **place)
        for term in sorted(wanted - told):
            tally.fail("name_missed" if told else "numeral_missed", 0, 1, term=term, **place)
    for numeral, told in found.items():
        for term in sorted(told):
            tally.fail("no_numeral", 1, 0, patent=patent, numeral=numeral, label=[], found=sorted(told), term=term)


# --- the run ---------------------------------------------------------------------------------------------------------

WAYS: dict[str, tuple[Callable, Callable]] = {
    "ours": (describe_figures, name_parts),
    "peer": (peer_figures, peer_parts),
}


def by_patent(rows: Iterable[dict]) -> dict[str, list[dict]]:
    patents: dict[str, list[dict]] = defaultdict(list)
    for row in rows:
        patents[row["patent"]].append(row)
    return patents


def read_patents(data: Path, labels: Sequence[dict]) -> Iterator[Patent]:
    """The labelled patents of the data folder."""
    wanted = {row["patent"] for row in labels}
    for file in tqdm(sorted({row["file"] for row in labels}), desc="reading"):
        read = read_google_patents if file.endswith(SUFFIXES) else read_redbook
        for patent in read(data / file, Rejects()):
            if patent.patent_id in wanted:
                wanted.discard(patent.patent_id)
                yield patent
    if wanted:
        raise SystemExit(f"not found in the data folder: {', '.join(sorted(wanted))}; is it the right folder?")


def score_all(patents: Iterable[Patent], figures: Sequence[dict], terms: Sequence[dict]) -> dict[tuple, Tally]:
    """A tally by way, set and what is scored."""
    figures_of, terms_of = by_patent(figures), by_patent(terms)
    tallies: dict[tuple, Tally] = defaultdict(Tally)
    for patent in patents:
        name = patent.patent_id
        for way, (describe, name_all) in WAYS.items():
            if labels := figures_of.get(name):
                texts = describe(patent)
                score_briefs(tallies[way, labels[0]["set"], "brief"], name, labels, texts)
                score_paragraphs(tallies[way, labels[0]["set"], "detailed"], patent, labels, texts)
            if labels := terms_of.get(name):
                score_terms(tallies[way, labels[0]["set"], "terms"], name, labels, name_all(patent))
    return tallies


def summarise(tallies: dict[tuple, Tally], way: str) -> dict:
    """The scores of one way on each set and on both."""
    told: dict[str, dict] = {}
    for part in ("brief", "detailed", "terms"):
        both = Tally()
        for name in SETS:
            tally = tallies[way, name, part]
            told.setdefault(name, {})[part] = tally.summary()
            both.right, both.wrong = both.right + tally.right, both.wrong + tally.wrong
            both.missing, both.errors = both.missing + tally.missing, both.errors + tally.errors
        told.setdefault("all", {})[part] = both.summary()
    return told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.descriptions", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--errors", type=Path, help='write each of our errors on the set "tune" to this file of JSON lines'
    )
    arguments = parse_with_data(parser)
    figures, terms = list(read_jsonl(FIGURE_LABELS)), list(read_jsonl(TERM_LABELS))
    tallies = score_all(read_patents(arguments.data, [*figures, *terms]), figures, terms)
    result = {"benchmark": "descriptions", "patents": len(by_patent(figures)), "figures": len(figures)}
    result |= {"patents_with_terms": len(by_patent(terms)), "numerals": len(terms)}
    result |= {way: summarise(tallies, way) for way in WAYS}
    if arguments.errors:
        parts = {part: tallies["ours", "tune", part].errors for part in ("brief", "detailed", "terms")}
        lines = [json.dumps({"part": part, **error}) for part, errors in parts.items() for error in errors]
        arguments.errors.write_text("".join(f"{line}\n" for line in lines))
    print(json.dumps(rounded(result)))


if __name__ == "__main__":
    main()
