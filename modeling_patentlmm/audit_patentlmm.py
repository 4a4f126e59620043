"""Drawings held against their text: what one has and the other lacks, and parts named or numbered in two ways.

37 CFR 1.84(p)(5): a reference character in the drawings is mentioned in the description, and the reverse; 1.84(p)(4):
one character for one part in every view, and no character for two parts; 1.74: the text refers to every view by its
figure number. The reading of the drawings is the one that descriptions are made from; nothing is generated.

A finding's confidence says how likely it is a fault and not a slip of the reader or a free choice of words. Findings
below `SURE` are told apart from the others, never left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .numerals_patentlmm import Inventory, ReferenceCharacter, plain_character, take_inventory
from .ocr_patentlmm import Box, FigureReading
from .overlay_patentlmm import find_label_box
from .references_patentlmm import parse_character
from .specification_patentlmm import Specification
from .terms_patentlmm import (
    FigureMention,
    Mention,
    Naming,
    Term,
    find_mentions,
    is_generic,
    mean_the_same,
    name_characters,
    same_word,
)

SURE = 0.5
RULES = {
    "not-described": "37 CFR 1.84(p)(5)",
    "not-drawn": "37 CFR 1.84(p)(5)",
    "two-terms": "37 CFR 1.84(p)(4)",
    "two-characters": "37 CFR 1.84(p)(4)",
    "swapped": "37 CFR 1.84(p)(4)",
    "figure-not-described": "37 CFR 1.74",
    "figure-not-listed": "37 CFR 1.74",
    "figure-not-drawn": "37 CFR 1.74",
}
MAX_QUOTES = 5  # sentences quoted for one finding


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was read: what it is called, and its words on the upright page."""

    name: str
    reading: FigureReading

    @cached_property
    def inventory(self) -> Inventory:
        return take_inventory(*self.reading.columns)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Everything in its words that could be a character, also where its surroundings speak against it."""
        texts = [plain_character(word.text).lower() for word in self.reading.words]
        found = [token for text in texts for token in re.findall(r"(?<![a-z0-9])[a-z]{1,3}\d+[a-z]?", text)]
        found += [token for text in texts for token in re.findall(r"\d+[a-z]{0,2}(?:-\d+)?'*", text)]
        return frozenset(found)

    def label_box(self, label: str) -> Box | None:
        return find_label_box(self.reading.words, label)


@dataclass(frozen=True)
class Place:
    """Where on which sheet (from 0) something was read: its box in 0..1000 of the upright page, or None, its text."""

    sheet: int
    box: Box | None
    text: str
    confidence: float


@dataclass(frozen=True)
class Quote:
    """A sentence of the text, the place of what it is quoted for in it, and the paragraph it stands in (from 0)."""

    paragraph: int
    number: str | None
    sentence: str
    start: int
    end: int


@dataclass(frozen=True)
class Finding:
    """Something to look at. `subject` says of what ("102", "102|104", "FIG. 3"); `waived` why it may stand, or None."""

    kind: str
    subject: str
    message: str
    confidence: float
    places: tuple[Place, ...] = ()
    quotes: tuple[Quote, ...] = ()
    waived: str | None = None

    @property
    def key(self) -> str:
        """What a waiver names: `not-drawn 102`."""
        return f"{self.kind} {self.subject}"

    @property
    def rule(self) -> str:
        return RULES[self.kind]

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


def audit(sheets: Sequence[Sheet], specification: Specification) -> list[Finding]:
    """All findings, surest first within each kind; waivers are applied by `waive`."""
    case = _Case(sheets, specification)
    findings = [*_not_described(case), *_not_drawn(case), *_misnamed(case), *_swapped_on_sheets(case), *_figures(case)]
    order = list(RULES)
    return sorted(findings, key=lambda f: (order.index(f.kind), -f.confidence, _natural(f.subject)))


def _natural(text: str) -> list:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]


class _Case:
    """Sheets and text with what each holds, looked up many times."""

    def __init__(self, sheets: Sequence[Sheet], specification: Specification):
        self.sheets, self.specification = sheets, specification
        self.mentions, self.figure_mentions = find_mentions(specification)
        self.drawn: dict[str, list[tuple[int, ReferenceCharacter]]] = {}
        for index, sheet in enumerate(sheets):
            for character in sheet.inventory.characters:
                self.drawn.setdefault(character.text, []).append((index, character))
        self.named: dict[str, list[Mention]] = {}
        for mention in self.mentions:
            self.named.setdefault(mention.character, []).append(mention)
        self.labels = {label for sheet in sheets for label in sheet.inventory.labels}
        self.named_lower = {character.lower(): character for character in self.named}
        self.drawn_lower = {character.lower() for character in self.drawn}

    @cached_property
    def words_of_text(self) -> Counter:
        return Counter(word for p in self.specification.paragraphs for word in re.findall(r"\w+'*", p.text))

    @cached_property
    def spaced(self) -> frozenset[str]:
        """Characters whose letter stands apart: "102 a"."""
        found = (re.findall(r"\d+ [a-z](?![\w'])", p.text) for p in self.specification.paragraphs)
        return frozenset(each for several in found for each in several)

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset().union(*(sheet.tokens for sheet in self.sheets))

    @cached_property
    def namings(self) -> dict[str, Naming]:
        """What the description, without the claims, calls each character."""
        paragraphs = self.specification.paragraphs
        return name_characters(m for m in self.mentions if paragraphs[m.paragraph].section != "claims")

    @cached_property
    def owners(self) -> dict[str, list[str]]:
        """The characters that each usual term belongs to."""
        owners: dict[str, list[str]] = {}
        for character, naming in self.namings.items():
            owners.setdefault(naming.main.text, []).append(character)
        return owners

    @cached_property
    def usual_lengths(self) -> set[int]:
        """How many digits the characters have that stand both in the drawings and in the text."""
        shared = [_digits(character) for character in self.named if character in self.drawn]
        counts = Counter(shared)
        return {length for length, count in counts.items() if count >= max(2, 0.03 * len(shared))}

    def is_unusual(self, character: str) -> bool:
        """Whether a character is longer or shorter than the others, and not numbered after a figure: FIG. 10, 1004."""
        if any(re.match(rf"{label}\d\d(?!\d)", character) for label in self.figure_numbers):
            return False
        return bool(self.usual_lengths) and _digits(character) not in self.usual_lengths

    @cached_property
    def figure_numbers(self) -> set[str]:
        return {number[0] for label in self.labels if (number := re.match(r"\d+", label))}

    def unexplained_near(self, character: str) -> list[str]:
        """Characters that only the drawings have, and that may be a misreading of `character`."""
        return [other for other in self.drawn if other not in self.named and _one_apart(character, other)]

    @cached_property
    def unread_figures(self) -> bool:
        """Whether the text names figures that no sheet shows: then sheets, or labels, are missing."""
        return any(not m.implied and m.label not in self.labels for m in self.figure_mentions)

    def places(self, character: str) -> tuple[Place, ...]:
        """Everywhere a character is drawn."""
        found = self.drawn.get(character, [])
        return tuple(Place(sheet, each.box, each.raw or each.text, each.confidence) for sheet, each in found)

    def examples(self, *characters: str) -> tuple[Place, ...]:
        """Where each of some characters is drawn first."""
        return tuple(place for character in characters for place in self.places(character)[:1])

    def quotes(self, mentions: Iterable[Mention | FigureMention]) -> tuple[Quote, ...]:
        return tuple(self.quote(mention) for mention in list(mentions)[:MAX_QUOTES])

    def quote(self, mention: Mention | FigureMention) -> Quote:
        paragraph = self.specification.paragraphs[mention.paragraph]
        start, end = next((s, e) for s, e in reversed(paragraph.sentences) if s <= mention.start)
        place = (mention.start - start, mention.end - start)
        return Quote(mention.paragraph, paragraph.number, paragraph.text[start:end], *place)


def _digits(character: str) -> int:
    return len(re.sub(r"\D", "", character.split("-")[0]))


def _stem(character: str) -> str:
    """102a -> 102, 12' -> 12; the character itself where it has no such ending."""
    item = parse_character(character)
    return f"{item.prefix}{item.number}" if item and (item.suffix or item.prime or item.branch) else character


def _prefix(character: str) -> str:
    item = parse_character(character)
    return item.prefix if item else ""


def _one_apart(a: str, b: str) -> bool:
    """Whether one text is the other with a letter changed, or with one more at an end, as a lead line may read."""
    if a == b or min(len(a), len(b)) < 2:
        return False
    if len(a) == len(b):
        return len(a) > 2 and sum(x != y for x, y in zip(a, b)) == 1
    short, long = sorted((a, b), key=len)
    return len(long) == len(short) + 1 and short in (long[1:], long[:-1])


# --- characters ------------------------------------------------------------------------------------------------------


def _not_described(case: _Case) -> Iterable[Finding]:
    """Characters in the drawings that the text does not have."""
    for character, found in case.drawn.items():
        if _is_described(case, character):
            continue
        confidence, doubts = _drawn_for_certain(case, character, found)
        message = f"{character} is in the drawings but not in the text{_because(doubts)}"
        yield Finding("not-described", character, message, confidence, case.places(character))


def _is_described(case: _Case, character: str) -> bool:
    """Whether the text has a drawn character in any form: as a reference, spaced (102 a), or as two read as one."""
    if character.lower() in case.named_lower:
        return True
    if not any(letter.isdigit() for letter in character):
        return bool(case.words_of_text[character])  # a letter that labels a part stands in the text like any word
    stem = _stem(character)
    return (stem != character and f"{stem} {character[len(stem) :]}" in case.spaced) or _run_together(
        character, case.named
    )


def _run_together(character: str, named: Mapping[str, object]) -> bool:
    """Whether two characters of the text stand close together on the sheet and were read as one: 524525."""
    cuts = range(2, len(character) - 1)
    return any(character[:cut] in named and character[cut:] in named for cut in cuts)


def _drawn_for_certain(case: _Case, character: str, found: list) -> tuple[float, list[str]]:
    """How far a character that only the drawings have is believed, and what speaks against it."""
    best = max(each.confidence for _, each in found)
    confidence, doubts = 0.95 * best, []
    if best < 0.8:
        confidence, doubts = 0.6 * confidence, [*doubts, "it was read with little confidence"]
    if _stem(character) != character and _stem(character) in case.named:
        confidence, doubts = 0.45 * confidence, [*doubts, f"the text has {_stem(character)}"]
    elif len(found) <= 3 and (meant := _misread_for(case, character)):
        certain = 0.5 if len(character) < len(meant) else 0.6 if best < 0.95 else 0.85  # letters get lost sooner
        confidence, doubts = certain * confidence, [*doubts, f"it may be a misread {meant}"]
    if case.is_unusual(character):
        confidence, doubts = 0.5 * confidence, [*doubts, "it is shorter or longer than the other characters"]
    if len(character) > 2 and case.words_of_text[character]:
        confidence, doubts = 0.6 * confidence, [*doubts, "the text has the number, but not as a reference"]
    if (letters := _prefix(character)) and not any(_prefix(other) == letters for other in case.named):
        confidence, doubts = 0.5 * confidence, [*doubts, "it may be the name of a signal or of a pin"]
    return round(confidence, 3), doubts


def _misread_for(case: _Case, character: str) -> str | None:
    """The character of the text, drawn nowhere, that `character` may have been read for."""
    candidates = (other for other in case.named if other not in case.drawn and _one_apart(character, other))
    return next(candidates, None)


def _not_drawn(case: _Case) -> Iterable[Finding]:
    """Characters of the text that no sheet shows."""
    for character, mentions in case.named.items():
        if character.lower() in case.drawn_lower:
            continue
        confidence, doubts = _named_for_certain(case, character, mentions)
        message = f"{_called(case, character)} is in the text but not in the drawings{_because(doubts)}"
        near = tuple(place for other in case.unexplained_near(character) for place in case.places(other))
        yield Finding("not-drawn", character, message, confidence, near, case.quotes(mentions))


def _joined_on_a_sheet(case: _Case, character: str) -> str | None:
    """A reading of a sheet that holds the character run together with another of the text."""
    if len(character) < 2:
        return None
    for token in case.tokens:
        rest = token.removeprefix(character) if token.startswith(character) else token.removesuffix(character)
        if 1 < len(rest) < len(token) and rest in case.named:
            return token
    return None


def _named_for_certain(case: _Case, character: str, mentions: list[Mention]) -> tuple[float, list[str]]:
    """How far a character that only the text has is believed to be one, and to be missing."""
    own = [mention for mention in mentions if not mention.implied]
    if not own:
        return 0.3, ["only a range names it"]
    confidence, doubts = 0.9, []
    if (called := _is_called_something(case, own)) < 1:
        confidence, doubts = called * confidence, ["it may be no reference character"] if called <= 0.5 else []
    if character.lower() in case.tokens:
        confidence, doubts = 0.4 * confidence, [*doubts, "a sheet has it among other writing"]
    elif joined := _joined_on_a_sheet(case, character):
        confidence, doubts = 0.3 * confidence, [*doubts, f"a sheet has {joined}, perhaps it and another"]
    if case.is_unusual(character):
        confidence, doubts = 0.5 * confidence, [*doubts, "it is shorter or longer than the other characters"]
    if re.fullmatch(r"(19|20)\d\d", character) and len(own) < 3:
        confidence, doubts = 0.5 * confidence, [*doubts, "it may be a year"]
    if drawn := next((drawn for drawn in case.drawn if _stem(drawn) == character != drawn), None):
        confidence, doubts = 0.45 * confidence, [*doubts, f"the drawings have {drawn}"]
    elif _stem(character) != character and _stem(character) in case.drawn:
        confidence, doubts = 0.6 * confidence, [*doubts, f"the drawings have {_stem(character)}"]
    elif read := case.unexplained_near(character):
        certain = 0.5 if len(read[0]) < len(character) else 0.75
        confidence, doubts = certain * confidence, [*doubts, f"the drawings have {read[0]}, perhaps misread for it"]
    if case.unread_figures:
        confidence, doubts = 0.8 * confidence, [*doubts, "not every figure of the text was found"]
    return round(confidence, 3), doubts


def _is_called_something(case: _Case, mentions: list[Mention]) -> float:
    """How far the words at a number make it a reference character: "the housing 12", "step 302", or any noun often."""
    paragraphs = case.specification.paragraphs
    labels = sum(paragraphs[m.paragraph].text[m.end : m.end + 1] == ":" for m in mentions)  # "Segment 12: ..."
    terms = [mention.term for mention in mentions if mention.term]
    if labels == len(mentions) or not terms:
        return 0.5
    return 1.0 if len(terms) > 2 or any(term.anchored or is_generic(term) for term in terms) else 0.7


def _called(case: _Case, character: str) -> str:
    naming = case.namings.get(character)
    return f"{character} ({naming.main.text})" if naming else character


def _because(doubts: Sequence[str]) -> str:
    return f"; {', '.join(doubts)}" if doubts else ""


# --- terms -----------------------------------------------------------------------------------------------------------


def _misnamed(case: _Case) -> list[Finding]:
    """Mentions whose term is not that of their character: of another one, of another one in return, or of none."""
    of_other: dict[tuple[str, str], list[Mention]] = {}
    of_none: dict[tuple[str, str], list[Mention]] = {}
    paragraphs = case.specification.paragraphs
    for mention in case.mentions:
        naming = case.namings.get(mention.character)
        if (
            naming is None
            or mention.implied
            or mention.term is None
            or paragraphs[mention.paragraph].section == "claims"
        ):
            continue
        owner = _owner(case, mention, naming)
        if owner:
            of_other.setdefault((mention.character, owner), []).append(mention)
        elif not mean_the_same(mention.term, naming.main) and mention.term.anchored:
            of_none.setdefault((mention.character, mention.term.head), []).append(mention)
    swapped = {(a, b) for a, b in of_other if (b, a) in of_other and _natural(a) < _natural(b)}
    findings = [_swapped(case, a, b, of_other[a, b] + of_other[b, a]) for a, b in swapped]
    findings += [
        _two_characters(case, character, owner, mentions)
        for (character, owner), mentions in of_other.items()
        if not {(character, owner), (owner, character)} & swapped
    ]
    return findings + [_two_terms(case, character, mentions) for (character, _), mentions in of_none.items()]


def _owner(case: _Case, mention: Mention, naming: Naming) -> str | None:
    """The one other character whose usual term stands at `mention`, where that is not also a term of its own."""
    term = mention.term
    if is_generic(term) or _suffixed(term, naming.main) or naming.counts[term.text] > max(1, naming.count / 2):
        return None
    owners = case.owners.get(term.text, [])
    others = [other for other in owners if other != mention.character]
    if len(others) != 1 or len(owners) != 1 or case.namings[others[0]].count < 2:
        return None
    return others[0]


def _suffixed(a: Term, b: Term) -> bool:
    """Whether one phrase is the other with more in front (sensor housing, housing), or has the same words."""
    short, long = sorted((a.words, b.words), key=len)
    return long[-len(short) :] == short or set(short) <= set(long)


def _swapped(case: _Case, a: str, b: str, mentions: list[Mention]) -> Finding:
    terms = case.namings[a].main.text, case.namings[b].main.text
    message = f"{a} and {b} change places: {a} is the {terms[0]} and {b} the {terms[1]}, but not in these sentences"
    return Finding("swapped", f"{a}|{b}", message, 0.9, case.examples(a, b), case.quotes(mentions))


def _two_characters(case: _Case, character: str, owner: str, mentions: list[Mention]) -> Finding:
    """A part that has its own character, mentioned with that of another part."""
    naming, owned = case.namings[character], case.namings[owner]
    confidence = 0.6 + 0.1 * (naming.count >= 2) + 0.1 * (owned.count >= 4) + 0.1 * (len(owned.main.words) > 1)
    if same_word(naming.main.head, owned.main.head) or all(mention.listed for mention in mentions):
        confidence -= 0.2
    if not any(mention.term.anchored for mention in mentions):
        confidence -= 0.15
    message = (
        f"the {owned.main.text} is {owner} ({_times(owned.count)}) but also {character}, "
        f"which is the {naming.main.text} ({_times(naming.count)})"
    )
    places = case.examples(owner, character)
    return Finding(
        "two-characters", f"{owner}|{character}", message, round(confidence, 3), places, case.quotes(mentions)
    )


def _two_terms(case: _Case, character: str, mentions: list[Mention]) -> Finding:
    """A character at a term that is neither its usual one nor another character's."""
    naming, term = case.namings[character], mentions[0].term
    confidence = (
        0.45
        + 0.05 * (naming.count >= 3)
        + 0.05 * (naming.count >= 5)
        + 0.05 * (len(mentions) >= 2)
        + 0.05 * (len(term.words) > 1)
    )
    if naming.count < 2 or all(mention.listed or mention.term.plural for mention in mentions):
        confidence -= 0.2
    if len(term.head) < 4:
        confidence -= 0.15
    message = (
        f"{character} is the {naming.main.text} ({_times(naming.count)}) and the {term.text} ({_times(len(mentions))})"
    )
    subject = f"{character} {naming.main.text}|{term.text}"
    return Finding("two-terms", subject, message, round(confidence, 3), case.examples(character), case.quotes(mentions))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _swapped_on_sheets(case: _Case) -> Iterable[Finding]:
    """Pairs of characters on one sheet, each beside the printed name of the other."""
    for index, sheet in enumerate(case.sheets):
        beside = {}
        for character in sheet.inventory.characters:
            if character.text in case.namings and (owner := _printed_owner(case, sheet, character)):
                beside[character.text] = owner
        for a, b in beside.items():
            if beside.get(b) == a and _natural(a) < _natural(b):
                places = tuple(place for place in case.places(a) + case.places(b) if place.sheet == index)
                terms = case.namings[a].main.text, case.namings[b].main.text
                message = (
                    f"on the sheet {a} stands at the {terms[1]} and {b} at the {terms[0]}; "
                    f"in the text {a} is the {terms[0]} and {b} the {terms[1]}"
                )
                mentions = [m for c in (a, b) for m in case.named[c] if m.term and m.term.text in terms]
                yield Finding("swapped", f"{a}|{b}", message, 0.8, places, case.quotes(mentions[:2]))


def _printed_owner(case: _Case, sheet: Sheet, character: ReferenceCharacter) -> str | None:
    """The character of the same sheet whose name, and not its own, is printed at `character`."""
    printed = _printed_at(sheet, character)
    own = {word for term, count in case.namings[character.text].counts.items() if count > 1 for word in term.split()}
    own |= set(case.namings[character.text].main.words)
    owners = [
        other
        for other in sheet.inventory.texts
        if other != character.text and other in case.namings and _is_printed(case.namings[other].main, own, printed)
    ]
    return owners[0] if len(owners) == 1 else None


def _is_printed(term: Term, own: set[str], printed: Sequence[str]) -> bool:
    """Whether all words of another's term are printed, and none of a character's own that the term does not have."""
    has = lambda words, word: any(same_word(word, other) for other in words)  # noqa: E731
    foreign = [word for word in term.words if not has(own, word)]
    if is_generic(term) or not foreign or not all(has(printed, word) for word in term.words):
        return False
    return not any(has(printed, word) for word in own if not has(term.words, word))


def _printed_at(sheet: Sheet, character: ReferenceCharacter) -> list[str]:
    """The words printed close around a character, those nearer to another character left out."""
    x, y = _middle(character.box)
    aspect = sheet.reading.size[0] / sheet.reading.size[1]
    height = max(character.box[3] - character.box[1], 8)
    others = [c.box for c in sheet.inventory.characters if c.box != character.box]
    printed = []
    for word in sheet.reading.words:
        if not re.search(r"[A-Za-z]{2}", word.text) or re.search(r"\d", word.text):
            continue
        distance = _gap((x, y), word.box, aspect)
        if distance < 3 * height and all(_gap(_middle(other), word.box, aspect) > distance for other in others):
            printed.append(word.text.strip(".,:;()").lower())
    return printed


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _gap(point: tuple[float, float], box: Box, aspect: float) -> float:
    """From a point to the nearest point of a box, in thousandths of the height of the page."""
    across = max(box[0] - point[0], point[0] - box[2], 0) * aspect
    return (across**2 + max(box[1] - point[1], point[1] - box[3], 0) ** 2) ** 0.5


# --- figures ---------------------------------------------------------------------------------------------------------


def _figures(case: _Case) -> Iterable[Finding]:
    """Figures that the drawings have and the text lacks, and the reverse."""
    named: dict[str, list[FigureMention]] = {}
    for mention in case.figure_mentions:
        named.setdefault(mention.label.upper(), []).append(mention)
    drawn = {label.upper(): label for sheet in case.sheets for label in sheet.inventory.labels}
    listed = {
        m.label.upper() for m in case.figure_mentions if case.specification.paragraphs[m.paragraph].section == "brief"
    }
    for upper, label in drawn.items():
        places = _label_places(case, label)
        confidence = 0.9 * max((place.confidence for place in places), default=0.5)
        if upper not in named and not _parts_of(upper, named):
            yield Finding(
                "figure-not-described",
                f"FIG. {label}",
                f"FIG. {label} is drawn but not in the text",
                confidence,
                places,
            )
        elif upper in named and listed and upper not in listed and not _parts_of(upper, listed):
            message = f"FIG. {label} is missing from the brief description of the drawings"
            yield Finding(
                "figure-not-listed",
                f"FIG. {label}",
                message,
                round(0.9 * confidence, 3),
                places,
                case.quotes(named[upper]),
            )
    unlabelled = sum(sheet.inventory.label is None for sheet in case.sheets)
    for upper, mentions in named.items():
        if upper in drawn or _parts_of(upper, drawn):
            continue
        confidence = (
            (0.9 if len(mentions) > 1 else 0.7) * (0.5 if unlabelled else 1) * (0.5 if mentions[0].implied else 1)
        )
        doubt = f"; {unlabelled} sheets have no figure number that could be read" if unlabelled else ""
        message = f"FIG. {mentions[0].label} is in the text but not in the drawings{doubt}"
        yield Finding(
            "figure-not-drawn", f"FIG. {mentions[0].label}", message, round(confidence, 3), (), case.quotes(mentions)
        )


def _parts_of(label: str, others: Iterable[str]) -> bool:
    """Whether FIG. 3 is shown or named as 3A, 3B, or FIG. 3A as 3."""
    stem = re.match(r"\d+", label)
    rest = [other for other in others if stem and re.match(r"\d+", other) and re.match(r"\d+", other)[0] == stem[0]]
    return any(other == stem[0] or label == stem[0] for other in rest)


def _label_places(case: _Case, label: str) -> tuple[Place, ...]:
    return tuple(
        Place(index, sheet.label_box(label), f"FIG. {label}", sheet.inventory.label_confidence)
        for index, sheet in enumerate(case.sheets)
        if label in sheet.inventory.labels
    )


# --- waivers ---------------------------------------------------------------------------------------------------------


class WaiverError(ValueError):
    """A file of waivers that cannot be used; the message is one line that names the line and the remedy."""


def parse_waivers(text: str) -> dict[str, str]:
    """The findings that may stand, and why: a line each, `not-drawn 102  # shown in the parent application`.

    Raises:
        WaiverError: a line that names no kind of finding, or nothing it is about.
    """
    waivers = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key, _, reason = line.partition("#")
        kind, _, subject = " ".join(key.split()).partition(" ")
        if not kind:
            continue
        if kind not in RULES or not subject:
            raise WaiverError(
                f"line {number}: {line.strip()[:60]!r} waives nothing; write for example `not-drawn 102  # why`"
            )
        waivers[f"{kind} {subject}"] = reason.strip() or "no reason given"
    return waivers


def waive(findings: Sequence[Finding], waivers: Mapping[str, str]) -> tuple[list[Finding], list[str]]:
    """The findings with the waivers on them, and the waivers that no finding answers to."""
    done = [replace(finding, waived=waivers.get(finding.key)) for finding in findings]
    keys = {finding.key for finding in findings}
    return done, [key for key in waivers if key not in keys]
