"""Described figures to what is filed: in filing order, one registry of reference characters, as text, JSON and DOCX.

The rules are those of US practice: 37 CFR 1.52 (paper, type, spacing, numbered paragraphs), 1.77 (headings), 1.84(p)
(reference characters) and 1.84(u) (numbering of views). What could not be read for certain is never made up; it is
listed as to be checked.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, combinations

from modeling_patentlmm.describe_patentlmm import CUT_OFF, UNCERTAIN_BELOW
from modeling_patentlmm.grounding_patentlmm import UNGROUNDED
from modeling_patentlmm.numerals_patentlmm import ReferenceCharacter, in_order, parse_parts_list
from modeling_patentlmm.references_patentlmm import find_references, parse_character, parse_label, plain_character
from modeling_patentlmm.terms_patentlmm import Term, is_generic, mean_the_same, singular
from space.filing_docx import Section, write_document

BRIEF_HEADING = "BRIEF DESCRIPTION OF THE DRAWINGS"
DETAILED_HEADING = "DETAILED DESCRIPTION"
CHARACTERS_HEADING = "LIST OF REFERENCE CHARACTERS"
CHECK_HEADING = "TO BE CHECKED BEFORE FILING"
NOT_READABLE = "[figure number not readable]"
NOT_DESCRIBED = "[not described]"
COLUMNS = ("Reference character", "Part", "Figures", "To be checked")
SCHEMA, VERSION = "patentlmm.filing", 1  # the version changes when a field changes its meaning or goes
MAX_PARTS = 1000
MAX_NAME = 200  # letters of a part's name

# What XML cannot hold, and what turns the direction of the text around it.
_UNFIT = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_ROMAN = re.compile(r"(?=[IVX])(X{0,3})(IX|IV|V?I{0,3})([A-H]?)")
_ROMAN_VALUES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}
_PART = re.compile(r"(?P<character>[^\s:,;=]+)\s*(?:[:,;\t]\s*|\s[-\u2013\u2014]\s+|\s+)(?P<name>.*\S)")


@dataclass(frozen=True)
class Character:
    """A reference character of a figure.

    `name` is what it is called, None where that is not known; `confidence` (0..1) that of its reading, None where a
    person confirmed it. `read` says that it was read in the figure, `mentioned` that the figure's text uses it.
    """

    text: str
    name: str | None
    confidence: float | None
    read: bool
    mentioned: bool

    @property
    def sure(self) -> bool:
        """Whether it was read in the figure, and not below `UNCERTAIN_BELOW`."""
        return self.read and (self.confidence is None or self.confidence >= UNCERTAIN_BELOW)


@dataclass(frozen=True)
class Described:
    """A figure with its texts; `label` is its number without "FIG.", None where that was not read.

    `source` says where the figure is from, such as "sheets.pdf, page 3".
    """

    label: str | None
    brief: str
    detailed: str
    characters: tuple[Character, ...]
    source: str

    @property
    def name(self) -> str:
        return f"FIG. {self.label}" if self.label else f"{NOT_READABLE} ({self.source})"


@dataclass(frozen=True)
class Entry:
    """A reference character over a set of figures.

    `names` gives for each name the figures that it comes from; `figures` are all that show the character; `sure` says
    that it was read for certain in one of them; `conflicts` are sentences, where 37 CFR 1.84(p)(4) is broken.
    """

    text: str
    names: dict[str, tuple[str, ...]]
    figures: tuple[str, ...]
    sure: bool
    conflicts: tuple[str, ...] = ()

    @property
    def conflict(self) -> bool:
        """The flag: whether its names, or theirs, clash."""
        return bool(self.conflicts)


# --- order -----------------------------------------------------------------------------------------------------------


def in_filing_order(figures: Iterable[Described]) -> list[Described]:
    """The figures by number: FIG. 1, 2, 2A, 2B, 3, ...; those whose number was not read last, in the order given."""
    return sorted(figures, key=lambda figure: _place(_plain_label(figure.label)))


def _plain_label(label: str | None) -> str | None:
    """A figure number as it is written, or typed with its "FIG."; None for an empty one."""
    return re.sub(r"(?i)^fig(ure)?\b\.?\s*", "", plain_character(_line(label or ""))) or None


def _place(label: str | None) -> tuple:
    if label is None:
        return (2,)
    roman, item = _ROMAN.fullmatch(label), parse_label(label)
    if roman:
        number = 10 * len(roman[1]) + _ROMAN_VALUES[roman[2]]
        return 0, number, len(roman[3]), roman[3], 0, "", label
    if item is None:
        return 1, label
    branch = re.search(r"\d+", item.branch)
    return 0, item.number, len(item.suffix), item.suffix.upper(), int(branch[0]) if branch else 0, item.branch, label


def _prepared(figures: Iterable[Described]) -> list[Described]:
    """The figures in filing order, fit for any document."""
    return [_cleaned(figure) for figure in in_filing_order(figures)]


def _cleaned(figure: Described) -> Described:
    """The figure with texts that any document can hold, each paragraph on one line."""
    characters = tuple(
        replace(each, text=plain_character(_line(each.text)), name=_line(each.name or "") or None)
        for each in figure.characters
    )
    return Described(
        _plain_label(figure.label),
        _line(figure.brief),
        "\n".join(filter(None, map(_line, re.split(r"[\r\n]+", figure.detailed)))),
        characters,
        _line(figure.source),
    )


def _line(text: str) -> str:
    return " ".join(_UNFIT.sub("", text).split())


# --- the registry of reference characters ----------------------------------------------------------------------------


def registry(figures: Iterable[Described]) -> list[Entry]:
    """The reference characters of all figures in the order of a list of parts, conflicts flagged.

    The same part has the same character in every view, and no character is that of different parts (37 CFR
    1.84(p)(4)): a conflict is a character with two names that cannot mean one part, or a name with two characters.
    10, 10' and 10A may share a name: they are forms of one part.
    """
    entries = _collected(_prepared(figures))
    owners = _owners(entries)
    return [replace(entry, conflicts=tuple(_conflicts(entry, owners))) for entry in entries]


def _collected(figures: Sequence[Described]) -> list[Entry]:
    found: dict[str, list[tuple[str, Character]]] = {}
    for figure in figures:
        for character in figure.characters:
            found.setdefault(character.text, []).append((figure.name, character))
    ordered = in_order(ReferenceCharacter(text, None, 1.0) for text in found)
    return [_entry(each.text, found[each.text]) for each in ordered]


def _entry(text: str, found: Sequence[tuple[str, Character]]) -> Entry:
    names: dict[str, list[str]] = {}
    spellings: dict[str, str] = {}
    for figure, character in found:
        if character.name:
            spelling = spellings.setdefault(character.name.casefold(), character.name)
            names.setdefault(spelling, []).append(figure)
    return Entry(
        text,
        {name: tuple(dict.fromkeys(where)) for name, where in names.items()},
        tuple(dict.fromkeys(figure for figure, _ in found)),
        any(character.sure for _, character in found),
    )


def _term(name: str) -> Term:
    *words, head = name.casefold().split()
    return Term((*words, singular(head)))


def _owners(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """The characters of each name; general ones ("step") are no names."""
    owners: dict[str, list[str]] = {}
    for entry in entries:
        for term in {term.text: term for term in map(_term, entry.names)}.values():
            if not is_generic(term):
                owners.setdefault(term.text, []).append(entry.text)
    return owners


def _conflicts(entry: Entry, owners: dict[str, list[str]]) -> Iterator[str]:
    if any(not mean_the_same(_term(a), _term(b)) for a, b in combinations(entry.names, 2)):
        names = [f'"{name}" ({", ".join(where)})' for name, where in entry.names.items()]
        yield f"{entry.text} has different names: {' and '.join(names)}"
    for term in dict.fromkeys(_term(name).text for name in entry.names):
        sharing = owners.get(term, [])
        if not all(_same_part(text, entry.text) for text in sharing):
            yield f'{" and ".join(sharing)} have one name: "{term}"'


def _same_part(a: str, b: str) -> bool:
    """Whether two characters are one, or forms of one part: 10, 10A, 10', 10-1."""
    one, other = parse_character(a), parse_character(b)
    return a == b or bool(one and other) and (one.prefix, one.number) == (other.prefix, other.number)


# --- a person's list of parts ----------------------------------------------------------------------------------------


def parse_parts(text: str) -> dict[str, str]:
    """A list of parts, a part to a line, as a mapping from reference character to name.

    Lines may read "10 = housing", "10: housing", "10 - housing", "10 housing", with a tab or as CSV; a line with "="
    may hold several, "10=housing, 12=lid". An empty text is an empty list.

    Raises:
        ValueError: one sentence that names the line and says how to write it.
    """
    parts: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = _UNFIT.sub("", line).strip().lstrip("\ufeff")
        for character, name in _parts_of_line(number, line) if line else ():
            if parts.setdefault(character, name) != name:
                raise ValueError(
                    f'Line {number}: {character} is "{name}" here and "{parts[character]}" above; keep one of them.'
                )
        if len(parts) > MAX_PARTS:
            raise ValueError(f"Line {number}: the list has more than {MAX_PARTS} parts; shorten it.")
    return parts


def _parts_of_line(number: int, line: str) -> list[tuple[str, str]]:
    if "=" in line:
        try:
            found = list(parse_parts_list(line).items())
        except ValueError as error:
            raise ValueError(f"Line {number}: {error}.") from None
    else:
        match = _PART.fullmatch(_unquoted(line))
        found = [(plain_character(match["character"]), match["name"])] if match else []
    if not found or not all(_is_character(character) for character, _ in found):
        raise ValueError(f'Line {number}: "{line[:40]}" names no part; write "10 = housing".')
    if any(len(name) > MAX_NAME for _, name in found):
        raise ValueError(f"Line {number}: the name is longer than {MAX_NAME} letters; shorten it.")
    return [(character, " ".join(name.split())) for character, name in found]


def _unquoted(line: str) -> str:
    """A line of CSV without the quotation marks around its fields, other lines as they are."""
    return ",".join(next(csv.reader([line]))) if '"' in line and "," in line else line


def _is_character(text: str) -> bool:
    return parse_character(text) is not None or re.fullmatch("[A-Z]", text) is not None


# --- what is filed ---------------------------------------------------------------------------------------------------


def brief_paragraphs(figures: Iterable[Described]) -> list[str]:
    """A paragraph for each figure in filing order."""
    return [_with_number(figure, figure.brief) for figure in _prepared(figures)]


def detailed_paragraphs(figures: Iterable[Described]) -> list[str]:
    """The paragraphs of each figure in filing order, the first with the figure's number."""
    paragraphs = []
    for figure in _prepared(figures):
        first, *rest = figure.detailed.split("\n")
        paragraphs += [_with_number(figure, first), *(_readable(figure, line) for line in rest)]
    return paragraphs


def _with_number(figure: Described, text: str) -> str:
    """A text that says of which figure it is: as it was written where it does, else with the number before it."""
    text = _readable(figure, text or NOT_DESCRIBED)
    if figure.label is None:
        return text if NOT_READABLE in text else f"{NOT_READABLE}: {text}"
    return text if figure.label in _figures_named(text) else f"FIG. {figure.label}: {text}"


def _readable(figure: Described, text: str) -> str:
    """The text with words for the mark of a figure number that was not read."""
    unread = f"FIG. {UNGROUNDED}"
    return text.replace(unread, NOT_READABLE) if figure.label is None else text


def _figures_named(text: str) -> list[str]:
    return [found.text for found in find_references(text) if found.kind == "figure"]


def to_be_checked(figures: Iterable[Described]) -> list[str]:
    """A sentence for everything that a person has to look at before filing."""
    figures = _prepared(figures)
    counts = Counter(figure.label for figure in figures if figure.label)
    found = [
        f"FIG. {label} occurs {count} times; number each view once, or join the parts of one."
        for label, count in counts.items()
        if count > 1
    ]
    for figure in figures:
        found += [f"{figure.name}: {what}." for what in (*_doubts_of_text(figure), *_doubts_of_characters(figure))]
    conflicts = chain(*(entry.conflicts for entry in registry(figures)))
    return found + [f"{each} (37 CFR 1.84(p)(4))." for each in dict.fromkeys(conflicts)]


def _doubts_of_text(figure: Described) -> Iterator[str]:
    if figure.label is None:
        yield "the number of the figure could not be read; a single view has none (37 CFR 1.84(u)(1))"
    named = _figures_named(figure.brief)
    if figure.label and named and figure.label not in named:
        yield f"its brief description is of FIG. {named[0]}; generate it again"
    for kind, text in (("brief", figure.brief), ("detailed", figure.detailed)):
        if not text:
            yield f"it has no {kind} description"
        if UNGROUNDED in text:
            yield f"its {kind} description has {UNGROUNDED} for what the figure does not show"
        if text.endswith(CUT_OFF.strip()):
            yield f"its {kind} description was cut off"


def _doubts_of_characters(figure: Described) -> Iterator[str]:
    kinds = {
        "read with doubt, check them on the drawing": [e for e in figure.characters if e.read and not e.sure],
        "in the list of parts but not read in the figure": [e for e in figure.characters if not e.read],
        "drawn but not mentioned (37 CFR 1.84(p)(5))": [e for e in figure.characters if e.read and not e.mentioned],
    }
    for what, characters in kinds.items():
        if characters:
            yield f"{', '.join(dict.fromkeys(each.text for each in characters))}: {what}"


def _rows(figures: Sequence[Described]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of the list of reference characters, as `COLUMNS`."""
    for entry in registry(figures):
        doubts = [] if entry.sure else ["not read for certain"]
        yield entry.text, " / ".join(entry.names), ", ".join(entry.figures), "; ".join([*doubts, *entry.conflicts])


# --- forms -----------------------------------------------------------------------------------------------------------


def _sections(figures: Iterable[Described]) -> list[Section]:
    figures = _prepared(figures)
    brief, detailed, doubts = brief_paragraphs(figures), detailed_paragraphs(figures), to_be_checked(figures)
    numbers = [paragraph_number(number) for number in range(1, len(brief) + len(detailed) + 1)]
    sections = [
        Section(BRIEF_HEADING, tuple(zip(numbers, brief))),
        Section(DETAILED_HEADING, tuple(zip(numbers[len(brief) :], detailed))),
        Section(CHARACTERS_HEADING, rows=(COLUMNS, *_rows(figures))),
    ]
    return sections + [Section(CHECK_HEADING, tuple(("-", each) for each in doubts))] if doubts else sections


def paragraph_number(number: int) -> str:
    """[0001], as 37 CFR 1.52(b)(6) has paragraphs numbered."""
    return f"[{number:04d}]"


def as_text(figures: Iterable[Described]) -> str:
    """All of it as plain text, paragraphs parted by empty lines, columns by tabs."""
    blocks = []
    for section in _sections(figures):
        blocks += [section.heading, *(f"{number}    {text}" for number, text in section.paragraphs)]
        blocks += ["\n".join("\t".join(row).rstrip() for row in section.rows)] if section.rows else []
    return "\n\n".join(blocks) + "\n"


def as_json(figures: Iterable[Described]) -> dict:
    """All of it in plain lists and dictionaries; `schema` and `version` name the form."""
    figures = _prepared(figures)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "figures": [asdict(figure) for figure in figures],
        "reference_characters": [asdict(entry) for entry in registry(figures)],
        "to_be_checked": to_be_checked(figures),
    }


def write_docx(figures: Iterable[Described], path: str | os.PathLike) -> None:
    """Write all of it as a Word document.

    Raises:
        OSError: the file cannot be written.
    """
    write_document(_sections(figures), path)
