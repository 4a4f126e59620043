"""What a text calls its parts: the noun phrase at each reference character, and which phrases mean the same part."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .references_patentlmm import PLAIN, Reference, find_references, parse_character
from .specification_patentlmm import Paragraph, Specification

DETERMINERS = frozenset(
    "a an the said each every another other any some this that these those its their such both all plurality more "
    "respective corresponding single same one two three four five six seven eight nine ten several various multiple "
    "different particular".split()
)
ORDINALS = frozenset(
    "first second third fourth fifth sixth seventh eighth ninth tenth 1st 2nd 3rd 4th last next previous initial "
    "additional further exemplary example optional new conventional".split()
)
# Words that end a noun phrase when one walks back from a reference character.
STOPS = frozenset(
    "of in at to by with from for on into onto and or nor but as is are was were be been being has have had which if "
    "when while where whose via between among through per than then thus it may can could should will would must not "
    "no so also within without toward towards across along over under above below after before during until upon "
    "about there here either neither called namely including includes include comprising comprises comprise contains "
    "contain containing having shows show showing provides provide providing using uses use used receives receive "
    "sends send causes cause drives drive allows allow enables enable generates generate stores store supplies supply "
    "couples couple connects connect coupled connected denotes represents indicates designates via against around near "
    "behind beside beneath adjacent off out up down forms form defines define requires require follows follow "
    "illustrates illustrate depicts describes see shown i.e e.g eg ie figure figures fig figs claim claims only both "
    "e g i and/or throughout once although though least aforementioned aforesaid accordingly however therefore "
    "furthermore wherein thereby whether since because like unlike".split()
)
GENERIC = frozenset(
    "step block element component unit device member portion part numeral number reference item operation process "
    "method procedure act stage box state embodiment example figure view apparatus assembly system structure article "
    "character sign arrow line node decision action task function point position location area region".split()
)
# Of these, those that a noun phrase may begin with or hold: "the drive 4", "a vacuum supply hose 36".
NOUNS_TOO = frozenset("drive supply".split())
BEFORE_VERBS = frozenset("to which that who and or will can may must not would could should then".split())
MAX_WORDS = 5
_WORD = re.compile(r"[A-Za-z][A-Za-z'/-]*$")
_NAME = re.compile(r"(?<!\w)[A-Za-z][\w'/-]*$")
_ASIDE = re.compile(r"\s*\(([^()]{1,40})\)$")
_BETWEEN = re.compile(r"(?:\s*[,;/&(–—-]?\s*)(?:(?:and/or|and|or|to|through|thru|&)\s*)?")
_AFTER = re.compile(r"\s*[(\[]([A-Za-z][A-Za-z /-]{2,50})[)\]]")
_PART = re.compile(
    r"(?P<character>[A-Za-z]{0,3}\d{1,6}[A-Za-z'\"]{0,2}(?:-\d+)?)\s*[:.=,–—\t -]+\s*(?P<term>[A-Za-z].{1,60})"
)


@dataclass(frozen=True)
class Term:
    """A noun phrase: its words in lower case with a singular head; `anchored` when a determiner opened it.

    `alias` is the abbreviation in brackets behind it: "healthcare provider (HCP)".
    """

    words: tuple[str, ...]
    anchored: bool = False
    plural: bool = False
    alias: str = ""

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def head(self) -> str:
        return self.words[-1]


@dataclass(frozen=True)
class Mention:
    """A reference character in a text: where it stands, and the term at it.

    `implied` says that only a range names it (103 in "102 to 104"); `listed` that it shares the term with others.
    """

    character: str
    paragraph: int
    start: int
    end: int
    term: Term | None = None
    implied: bool = False
    listed: bool = False


@dataclass(frozen=True)
class FigureMention:
    """A figure that a text names, and where."""

    label: str
    paragraph: int
    start: int
    end: int
    implied: bool = False


def find_mentions(specification: Specification) -> tuple[list[Mention], list[FigureMention]]:
    """Every reference character and every figure a specification names, in order."""
    characters: list[Mention] = []
    figures: list[FigureMention] = []
    for index, paragraph in enumerate(specification.paragraphs):
        if listed := _list_entry(paragraph, index):
            characters.append(listed)
            continue
        references = find_references(paragraph.text)
        for reference in references:
            if reference.kind == "figure":
                place = (index, reference.start, reference.end)
                figures.append(FigureMention(reference.text, *place, _is_implied(paragraph.text, reference)))
        characters += _characters(paragraph, index, [each for each in references if each.kind == "character"])
    return characters, figures


def _list_entry(paragraph: Paragraph, index: int) -> Mention | None:
    """An entry "12 - housing" of a list of reference signs."""
    entry = _PART.fullmatch(paragraph.text) if paragraph.section == "parts" else None
    if entry is None or parse_character(entry["character"]) is None:
        return None
    return Mention(entry["character"], index, *entry.span("character"), _as_term(entry["term"].split(), True))


def _is_implied(text: str, reference: Reference) -> bool:
    """Whether a reference is read from a whole range, and not from its own characters."""
    return len(text[reference.start : reference.end]) > len(reference.text) + 3


def _characters(paragraph: Paragraph, index: int, references: Sequence[Reference]) -> Iterable[Mention]:
    starts = [start for start, _ in paragraph.sentences]
    term, last_end = None, 0
    shared: list[Mention] = []
    for reference in references:
        implied = _is_implied(paragraph.text, reference)
        gap = paragraph.text[last_end : reference.start]  # empty within a range
        if not shared or not implied and not _BETWEEN.fullmatch(gap):
            yield from _settled(shared)
            shared = []
            start = max(starts[bisect_right(starts, reference.start) - 1], reference.start - 200)
            term = term_at(paragraph.text[start : reference.start], paragraph.text[reference.end : reference.end + 60])
        place = (index, reference.start, reference.end)
        shared.append(Mention(reference.text, *place, term, implied))
        last_end = max(last_end, reference.end)
    yield from _settled(shared)


def _settled(shared: list[Mention]) -> list[Mention]:
    """The mentions of one list, marked as such where they are several."""
    if len(shared) < 2:
        return shared
    return [replace(mention, listed=True) for mention in shared]


def term_at(before: str, after: str = "") -> Term | None:
    """The noun phrase in front of a reference character ("the housing", "housing ("), else in brackets behind it."""
    before = before.translate(PLAIN).rstrip().rstrip("([\"'").rstrip()
    aside = _ASIDE.search(before)
    if aside:
        before = before[: aside.start()]
    words, anchored = [], False
    while match := _last_word(before):
        written = match.group().strip("'-/")
        word, rest = written.lower(), before[: match.start()]
        if word in DETERMINERS or word.endswith("'s"):
            anchored = True
            break
        if word in STOPS and not _is_noun(word, rest) or len(words) == MAX_WORDS or not word:
            break
        words.insert(0, written)
        before = rest.rstrip()
        if rest and not rest[-1].isspace():
            break
    term = _as_term(words, anchored)
    if term and aside and aside[1].isupper():
        return replace(term, alias=aside[1].lower())
    if term is None and (behind := _AFTER.match(after)):
        return _as_term(behind[1].split(), True)
    return term


def _last_word(before: str) -> re.Match | None:
    """The word at the end of a text, with the digits in it ("V1cmd"); None for the b of a reference character 32b."""
    word = _WORD.search(before)
    if word is None or not before[: word.start()][-1:].isdigit():
        return word
    whole = _NAME.search(before)
    return whole if whole and whole.start() < word.start() and parse_character(whole.group()) is None else None


def _is_noun(word: str, before: str) -> bool:
    """Whether a word that may be a verb is a noun by the one before: "the drive", not "motors drive", "to drive"."""
    previous = _WORD.search(before.rstrip())
    if word not in NOUNS_TOO or previous is None:
        return False
    last = previous.group().lower()
    return last in DETERMINERS or last not in BEFORE_VERBS and not last.endswith("s")


def _as_term(words: Sequence[str], anchored: bool) -> Term | None:
    written = [word.strip(".,;:") for word in words]
    words = [word.lower() for word in written]
    while words and words[0] in ORDINALS | DETERMINERS:
        words, anchored = words[1:], True
    if not words or not words[-1]:
        return None
    head = words[-1] if len(words[-1]) > 1 and written[-1].isupper() else singular(words[-1])  # EPGS is no plural
    return Term((*words[:-1], head), anchored, head != words[-1])


def singular(word: str) -> str:
    """A noun in the singular, by its ending: bodies -> body, switches -> switch, lenses -> lens, gas -> gas."""
    if len(word) < 4 or word.endswith(("ss", "us", "is", "gas", "bias", "lens", "means", "series")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "nses", "gases", "buses", "biases")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def is_generic(term: Term) -> bool:
    """Whether a term may stand for any part: "element", "step"."""
    return term.head in GENERIC and len(term.words) == 1


def mean_the_same(a: Term, b: Term) -> bool:
    """Whether two terms may name one part: a shared word or stem, a general word, or an abbreviation of the other."""
    if is_generic(a) or is_generic(b) or a.alias in b.words or b.alias in a.words:
        return True
    return any(same_word(x, y) for x in a.words for y in b.words) or _abbreviates(a, b) or _abbreviates(b, a)


def same_word(a: str, b: str) -> bool:
    """Whether two words are the same, or of one stem: process, processor; or one within the other: sub-frame, frame."""
    a, b = singular(a), singular(b)
    if a == b:
        return True
    if min(len(a), len(b)) < 4:
        return False
    return a[:5] == b[:5] or a in b or b in a or bool(set(re.split("[/-]", a)) & set(re.split("[/-]", b)))


def _abbreviates(short: Term, long: Term) -> bool:
    """CPU for central processing unit, also as the head of a phrase."""
    letters = short.head.replace("-", "")
    initials = "".join(word[0] for part in long.words for word in part.split("-") if word)
    return 2 <= len(letters) <= 5 and (initials.startswith(letters) or initials.endswith(letters))


@dataclass(frozen=True)
class Naming:
    """What a text calls one character: the usual term, and how often that and each other term occur."""

    main: Term
    count: int
    counts: dict[str, int]

    def __contains__(self, term: Term) -> bool:
        return self.counts.get(term.text, 0) > 0


def name_characters(mentions: Iterable[Mention]) -> dict[str, Naming]:
    """The usual term of every character that has one: of the terms with the commonest head, the commonest."""
    terms: dict[str, list[Term]] = {}
    for mention in mentions:
        if mention.term and not mention.implied and not is_generic(mention.term):
            terms.setdefault(mention.character, []).append(mention.term)
    return {character: _naming(found) for character, found in terms.items()}


def _naming(terms: Sequence[Term]) -> Naming:
    weight = Counter()
    for term in terms:
        weight[term.head] += 2 if term.anchored else 1
    head = max(weight, key=weight.__getitem__)
    same = Counter(term.text for term in terms if term.head == head)
    text = max(same, key=lambda text: (same[text], -len(text)))
    main = next(term for term in terms if term.text == text)
    return Naming(main, sum(same.values()), dict(Counter(term.text for term in terms)))
