"""How well `patentlmm audit` finds faults put into real patents, and how often it gives a false alarm on them.

    python -m benchmarks.audit --data FOLDER --workdir out/audit [--pixels N]

Prints one line of JSON. FOLDER (or the variable PATENTLMM_DATA) holds the real patents of `PATENTS`: their sheets, read
once into `readings.jsonl` in the workdir, and their texts. Recall is over faults put in one kind at a time, `FAULTS` of
each kind a patent, into the text or into what was read of the sheets; characters are those that the reader read and
the text has. With `--pixels N`, N sheets are also changed in their pixels (a numeral wiped off or lettered in) and read
again; a numeral lettered in counts only if the reader reads it. "sure" counts findings that are reported as open,
"any" those reported as less certain too.

Alarms are the findings on the patents as they are, by kind, on patents whose text is "full" and whose text was read
from a scan ("ocr", scan errors and line numbers included). Those of "full" texts were judged by eye
(`audit_labels.jsonl`): a true fault of the patent is no false alarm. The rules were tuned on `PATENTS`, so the patent
that was held apart has scores of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from modeling_patentlmm.audit_patentlmm import Finding, Sheet, audit
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from modeling_patentlmm.specification_patentlmm import Specification, specification_from_text
from modeling_patentlmm.terms_patentlmm import Mention, Naming, find_mentions, name_characters, same_word
from train.texts import read_jsonl

from .runs import parse_with_data, read_all, rounded

LABELS = Path(__file__).with_name("audit_labels.jsonl")
FAULTS = 6
# Utility patents of the data folder with all sheets and a text, one of every family with numerals.
PATENTS = (
    "US20250250937A1 US11475441B2 US10089492B2 US10586069B2 US11874949B2 US20240006038A1 US9418355B2 US10839020B2 "
    "US6285999B1 US5437011A US4663735A US20160148332A1 US4718024A US4747081A US3438011A US5025407A"
).split()
HELD_APART = ("US11044221B2",)  # of another family, not looked at before the rules were settled
NOUNS = "flange gasket turnstile sprocket bellows ferrule grommet spindle trunnion cotter".split()


@dataclass(frozen=True)
class Patent:
    """A patent's sheets and text, and the characters both have."""

    name: str
    quality: str
    sheets: tuple[Sheet, ...]
    specification: Specification

    @property
    def mentions(self) -> dict[str, list[Mention]]:
        named: dict[str, list[Mention]] = {}
        for mention in find_mentions(self.specification)[0]:
            named.setdefault(mention.character, []).append(mention)
        return named

    @property
    def drawn(self) -> set[str]:
        return {text for sheet in self.sheets for text in sheet.inventory.texts}

    def shared(self) -> list[str]:
        """Characters that were read and that the text has, none of them from a range."""
        mentions = self.mentions
        return sorted(c for c in self.drawn & set(mentions) if not any(m.implied for m in mentions[c]))

    def unused(self, rng: random.Random, count: int) -> list[str]:
        """Characters of the usual look that stand nowhere."""
        taken = {token for sheet in self.sheets for token in sheet.tokens} | set(self.mentions)
        taken |= {word for p in self.specification.paragraphs for word in re.findall(r"\w+", p.text)}
        models = [c for c in self.shared() if c.isdigit() and len(c) > 1] or ["100"]
        found: list[str] = []
        while len(found) < count:
            digits = len(rng.choice(models))
            candidate = str(rng.randrange(10 ** (digits - 1) + 1, 10**digits))
            if candidate not in taken and candidate not in found:
                found.append(candidate)
        return found


Seeded = tuple[Patent, list[Callable[[Finding], bool]]]


def _about(kind: str, character: str) -> Callable[[Finding], bool]:
    return lambda finding: finding.kind == kind and finding.subject.split()[0].split("|")[0] == character


def _about_pair(a: str, b: str) -> Callable[[Finding], bool]:
    pair = {a, b}
    return lambda f: f.kind in ("swapped", "two-characters") and set(f.subject.split("|")) == pair


def _edit(specification: Specification, edits: Iterable[tuple[Mention, str]]) -> Specification:
    """The text with each mention's own characters replaced."""
    paragraphs = list(specification.paragraphs)
    for mention, text in sorted(edits, key=lambda edit: -edit[0].start):
        old = paragraphs[mention.paragraph]
        paragraphs[mention.paragraph] = replace(old, text=old.text[: mention.start] + text + old.text[mention.end :])
    return Specification(tuple(paragraphs))


def _with_words(sheet: Sheet, change: Callable[[Word], Word | None], more: Iterable[Word] = ()) -> Sheet:
    words = [changed for word in sheet.reading.words if (changed := change(word))]
    return Sheet(sheet.name, replace(sheet.reading, words=(*words, *more)))


# --- faults ----------------------------------------------------------------------------------------------------------


def drop_from_text(patent: Patent, rng: random.Random) -> Seeded:
    """Every mention of a character taken out of the text."""
    shared, mentions = patent.shared(), patent.mentions
    chosen = rng.sample(shared, min(FAULTS, len(shared)))
    edits = [(mention, "") for character in chosen for mention in mentions[character]]
    seeded = replace(patent, specification=_edit(patent.specification, edits))
    return seeded, [_about("not-described", character) for character in chosen]


def add_to_text(patent: Patent, rng: random.Random) -> Seeded:
    """A sentence about a part that is not drawn."""
    paragraphs = list(patent.specification.paragraphs)
    places = [i for i, p in enumerate(paragraphs) if p.section != "claims" and len(p.text) > 200]
    chosen = patent.unused(rng, FAULTS)
    for character, noun in zip(chosen, rng.sample(NOUNS, FAULTS), strict=True):
        place = rng.choice(places)
        text = f"{paragraphs[place].text} The {noun} {character} is held in place by friction."
        paragraphs[place] = replace(paragraphs[place], text=text)
    seeded = replace(patent, specification=Specification(tuple(paragraphs)))
    return seeded, [_about("not-drawn", character) for character in chosen]


def drop_from_drawings(patent: Patent, rng: random.Random) -> Seeded:
    """Every reading of a character taken off the sheets."""
    shared = patent.shared()
    chosen = rng.sample(shared, min(FAULTS, len(shared)))
    boxes = {c.box for sheet in patent.sheets for c in sheet.inventory.characters if c.text in chosen}

    def kept(word: Word) -> Word | None:
        return None if word.box in boxes or word.text in chosen else word

    sheets = tuple(_with_words(sheet, kept) for sheet in patent.sheets)
    return replace(patent, sheets=sheets), [_about("not-drawn", character) for character in chosen]


def add_to_drawings(patent: Patent, rng: random.Random) -> Seeded:
    """A character on a sheet, clear of everything else, that the text does not have."""
    sheets, chosen = list(patent.sheets), patent.unused(rng, FAULTS)
    for character in chosen:
        place = rng.randrange(len(sheets))
        word = Word(character, _free_box(sheets[place].reading, rng), 0.99)
        sheets[place] = _with_words(sheets[place], lambda word: word, [word])
    return replace(patent, sheets=tuple(sheets)), [_about("not-described", character) for character in chosen]


def _free_box(
    reading: FigureReading, rng: random.Random, size: tuple[int, int] = (24, 12)
) -> tuple[int, int, int, int]:
    """A box of 0..1000 with nothing read in or near it."""
    for _ in range(500):
        x, y = rng.randrange(20, 950 - size[0]), rng.randrange(120, 950 - size[1])
        box = (x, y, x + size[0], y + size[1])
        if all(b[2] < x - 40 or b[0] > box[2] + 40 or b[3] < y - 15 or b[1] > box[3] + 15 for b in _boxes(reading)):
            return box
    return (2, 985, 2 + size[0], 985 + size[1])


def _boxes(reading: FigureReading) -> list[tuple[int, int, int, int]]:
    return [word.box for word in reading.words]


def _pairs(patent: Patent, rng: random.Random) -> list[tuple[str, str]]:
    """Pairs of characters of one sheet that the text calls by different names, three times or more."""
    namings = _namings(patent)
    pairs = []
    for sheet in patent.sheets:
        known = sorted(c for c in set(sheet.inventory.texts) & set(namings) if namings[c].count >= 3)
        pairs += [
            (a, b) for a in known for b in known if a < b and not same_word(namings[a].main.head, namings[b].main.head)
        ]
    rng.shuffle(pairs)
    chosen: list[tuple[str, str]] = []
    for pair in dict.fromkeys(pairs):
        if not any(set(pair) & set(other) for other in chosen):
            chosen.append(pair)
    return chosen[:FAULTS]


def _namings(patent: Patent) -> dict[str, Naming]:
    return name_characters(m for several in patent.mentions.values() for m in several)


def swap_in_text(patent: Patent, rng: random.Random) -> Seeded:
    """Two characters exchanged at one mention each."""
    mentions, namings = patent.mentions, _namings(patent)
    edits, expected = [], []
    for a, b in _pairs(patent, rng):
        usual = [
            [m for m in mentions[c] if m.term and not m.listed and m.term.text == namings[c].main.text] for c in (a, b)
        ]
        if all(usual):
            edits += [(rng.choice(usual[0]), b), (rng.choice(usual[1]), a)]
            expected.append(_about_pair(a, b))
    return replace(patent, specification=_edit(patent.specification, edits)), expected


def swap_on_sheet(patent: Patent, rng: random.Random) -> Seeded:
    """Two characters exchanged on every sheet; found only where the sheets print the names of parts."""
    pairs = _pairs(patent, rng)
    other = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    sheets = tuple(
        _with_words(sheet, lambda word: replace(word, text=other.get(word.text, word.text))) for sheet in patent.sheets
    )
    return replace(patent, sheets=sheets), [_about_pair(a, b) for a, b in pairs]


def rename_in_text(patent: Patent, rng: random.Random) -> Seeded:
    """The noun of one mention of a part exchanged for another."""
    mentions, namings = patent.mentions, _namings(patent)
    eligible = {}
    for character, naming in namings.items():
        own = [m for m in mentions[character] if m.term and m.term.anchored and not m.listed and not m.term.plural]
        own = [m for m in own if m.term.text == naming.main.text and not m.term.alias]
        if naming.count >= 4 and own:
            eligible[character] = rng.choice(own)
    chosen = rng.sample(sorted(eligible), min(FAULTS, len(eligible)))
    paragraphs, expected = list(patent.specification.paragraphs), []
    for character, noun in sorted(zip(chosen, rng.sample(NOUNS, len(chosen))), key=lambda c: -eligible[c[0]].start):
        mention = eligible[character]
        old = paragraphs[mention.paragraph].text
        words = r"[\s-]+".join(re.escape(word) for word in mention.term.words)
        before, count = re.subn(rf"(?i){words}(\W*)$", rf"{noun}\1", old[: mention.start])
        if count:
            paragraphs[mention.paragraph] = replace(paragraphs[mention.paragraph], text=before + old[mention.start :])
            expected.append(_about("two-terms", character))
    return replace(patent, specification=Specification(tuple(paragraphs))), expected


KINDS: dict[str, Callable[[Patent, random.Random], Seeded]] = {
    "dropped_from_text": drop_from_text,
    "added_to_text": add_to_text,
    "dropped_from_drawings": drop_from_drawings,
    "added_to_drawings": add_to_drawings,
    "swapped_in_text": swap_in_text,
    "swapped_on_sheet": swap_on_sheet,
    "renamed_in_text": rename_in_text,
}


def count_found(findings: list[Finding], expected: list[Callable[[Finding], bool]]) -> Counter:
    """How many of the expected findings there are, at any confidence and among the sure ones."""
    found = Counter(faults=len(expected), any=0, sure=0)
    for wanted in expected:
        hits = [finding for finding in findings if wanted(finding)]
        found["any"] += bool(hits)
        found["sure"] += any(finding.sure for finding in hits)
    return found


# --- the same in pixels ----------------------------------------------------------------------------------------------


def wipe_and_letter(image: Image.Image, sheet: Sheet, wiped: str, lettered: str, rng: random.Random) -> Image.Image:
    """The upright sheet with every reading of one character painted over and another one lettered in."""
    page = image.convert("L").rotate(sheet.reading.rotation, expand=True)
    draw = ImageDraw.Draw(page)
    scale = (page.width / 1000, page.height / 1000) * 2
    heights = []
    for character in sheet.inventory.characters:
        if character.text == wiped:
            x0, y0, x1, y1 = (side * factor for side, factor in zip(character.box, scale, strict=True))
            heights.append(min(x1 - x0, y1 - y0))
            draw.rectangle((x0 - 6, y0 - 6, x1 + 6, y1 + 6), fill=255)
    height = max(24, round(max(heights)))
    font = ImageFont.load_default(size=round(height * 1.3))
    size = (round(len(lettered) * height / scale[0]), round(1.3 * height / scale[1]))
    for _ in range(200):
        box = _free_box(sheet.reading, rng, size)
        x0, y0, x1, y1 = (round(side * factor) for side, factor in zip(box, scale, strict=True))
        if page.crop((x0 - 9, y0 - 9, x1 + 9, y1 + 9)).getextrema()[0] > 200:
            break
    draw.text((x0, y0), lettered, fill=0, font=font)
    return page


def score_pixels(patents: list[Patent], data: Path, count: int, rng: random.Random, cache: Path) -> dict:
    """Recall of numerals wiped off sheets and lettered into them, and how many of those the reader reads."""
    totals = {"wiped_off": Counter(), "lettered_in": Counter()}
    candidates = []
    for patent in patents:
        for index, sheet in enumerate(patent.sheets):
            elsewhere = {c for other in patent.sheets if other is not sheet for c in other.tokens}
            alone = sorted(c for c in patent.shared() if c in sheet.inventory.texts and c.lower() not in elsewhere)
            if alone:
                candidates.append((patent, index, rng.choice(alone), patent.unused(rng, 1)[0], rng.randrange(10**6)))
    for patent, index, wiped, lettered, seed in rng.sample(candidates, min(count, len(candidates))):
        sheet = patent.sheets[index]
        key = f"{sheet.name} -{wiped} +{lettered}"
        image = wipe_and_letter(Image.open(data / sheet.name), sheet, wiped, lettered, random.Random(seed))
        reading = read_all([(key, image)], 1, cache)[key]
        changed = replace(
            patent, sheets=(*patent.sheets[:index], Sheet(sheet.name, reading), *patent.sheets[index + 1 :])
        )
        findings = audit(changed.sheets, changed.specification)
        totals["wiped_off"] += count_found(findings, [_about("not-drawn", wiped)])
        readable = lettered in changed.sheets[index].inventory.texts
        totals["lettered_in"] += count_found(findings, [_about("not-described", lettered)] if readable else [])
        totals["lettered_in"]["unreadable"] += not readable
    return {kind: _recall(total) for kind, total in totals.items()}


# --- everything ------------------------------------------------------------------------------------------------------


def load_patents(data: Path, workdir: Path) -> list[Patent]:
    """The patents with their sheets read."""
    rows = list(read_jsonl(data / "figures.jsonl"))
    images = {
        name: sorted({r["image"] for r in rows if r["patent_id"] == name and r["kind"] != "front_page_figure"})
        for name in (*PATENTS, *HELD_APART)
    }
    every = [image for several in images.values() for image in several]
    readings = read_all(((key, Image.open(data / key)) for key in every), len(every), workdir / "readings.jsonl")
    every_text = read_jsonl(data / "texts" / "patent_texts.jsonl.gz")
    texts = {row["patent_id"]: row for row in every_text if row["patent_id"] in images}
    return [
        Patent(
            name,
            texts[name]["quality"].split("_")[0],
            tuple(Sheet(image, readings[image]) for image in images[name]),
            specification_from_text(texts[name]["description"]),
        )
        for name in images
    ]


def score_recall(patents: list[Patent]) -> dict:
    """Recall of each kind of fault, over all patents and over those with a clean text."""
    recall = {}
    for kind, seed_faults in KINDS.items():
        totals = {"full": Counter(), "ocr": Counter()}
        for patent in patents:
            seeded, expected = seed_faults(patent, random.Random(f"{patent.name} {kind}"))
            totals[patent.quality] += count_found(audit(seeded.sheets, seeded.specification), expected)
        recall[kind] = _recall(totals["full"] + totals["ocr"]) | {"sure_full_texts": _recall(totals["full"])["sure"]}
    return recall


def _recall(total: Counter) -> dict:
    faults = total["faults"]
    scores = {"faults": faults} | {k: total[k] / faults if faults else None for k in ("sure", "any")}
    return scores | ({"unreadable": total["unreadable"]} if "unreadable" in total else {})


def score_alarms(patents: list[Patent], found: dict[str, list[Finding]], labels: dict[tuple[str, str], str]) -> dict:
    """Findings on the patents as they are, a sheet; where they were judged by eye, how many are false."""
    scores = {}
    for quality in ("full", "ocr"):
        chosen = [patent for patent in patents if patent.quality == quality]
        if not chosen:
            continue
        sheets = sum(len(patent.sheets) for patent in chosen)
        findings = [(patent.name, finding) for patent in chosen for finding in found[patent.name]]
        sure = [(name, finding) for name, finding in findings if finding.sure]
        scores[quality] = {
            "patents": len(chosen),
            "sheets": sheets,
            "sure_per_sheet": len(sure) / sheets,
            "less_certain_per_sheet": (len(findings) - len(sure)) / sheets,
            "sure_by_kind": dict(sorted(Counter(finding.kind for _, finding in sure).items())),
        }
        if quality == "full":
            verdicts = Counter(labels.get((name, finding.key), "not judged") for name, finding in sure)
            scores[quality]["sure_by_eye"] = dict(sorted(verdicts.items()))
            scores[quality]["false_alarms_per_sheet"] = (verdicts["false"] + verdicts["not judged"]) / sheets
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, default=Path("out/audit"))
    parser.add_argument("--pixels", type=int, default=0, metavar="N", help="change N sheets and read them again")
    args = parse_with_data(parser)
    args.workdir.mkdir(parents=True, exist_ok=True)
    patents = load_patents(args.data, args.workdir)
    found = {patent.name: audit(patent.sheets, patent.specification) for patent in patents}
    labels = {}
    if LABELS.exists():
        labels = {(row["patent"], row["key"]): row["verdict"] for row in read_jsonl(LABELS)}
    result = {"benchmark": "audit"}
    for part, names in (("tuned_on", PATENTS), ("held_apart", HELD_APART)):
        chosen = [patent for patent in patents if patent.name in names]
        result[part] = {"patents": len(chosen), "sheets": sum(len(patent.sheets) for patent in chosen)}
        result[part] |= {"recall": score_recall(chosen), "alarms": score_alarms(chosen, found, labels)}
    if args.pixels:
        full = [patent for patent in patents if patent.quality == "full" and patent.name in PATENTS]
        rng = random.Random(0)
        result["pixels"] = score_pixels(full, args.data, args.pixels, rng, args.workdir / "pixels.jsonl")
    print(json.dumps(rounded(result)))


if __name__ == "__main__":
    main()
