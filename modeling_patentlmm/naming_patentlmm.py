"""The parts of a text named as the drawing names them, and every character of the drawing named in the text.

A reference character designates one part by one name (37 CFR 1.84(p)(4)), and a character that the drawing shows has to
be in the description (1.84(p)(5)). A small model garbles names it has never seen, calls a part by its neighbour's name
and leaves characters out. The layout alone tells most names (`names_patentlmm.py`), so a finished text is held to it.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

from .names_patentlmm import Box, find_printed_names
from .processing_patentlmm import find_acronyms
from .references_patentlmm import find_references, named_characters
from .terms_patentlmm import DETERMINERS, GENERIC, STOPS

MOST_WORDS = 8  # of a printed name; more are a sentence
SURE = 0.7  # least confidence of each word of a name
ALIKE = 0.8  # of the letters of two spellings of one name: "sew ing treadle" was read, "sewing treadle" written
MOST_LISTED = 8  # characters in one sentence
# What the printed words of a drawing are not names of parts in: steps, axes and legends.
_NO_PARTS = re.compile(
    r"(?i)\bflow[ -]?(?:charts?|diagrams?)\b|\bsteps?\b|\bmethods?\b|\b(?:graph|plot|chart|timing)\b"
)
_STEPS = re.compile(r"(?i)\bflow[ -]?(?:charts?|diagrams?)\b|\bsteps?\b|\bmethods?\b")
_PHRASE = re.compile(r"(?:[A-Za-z][\w'/&.-]*[ ]){1,12}$")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['/&.-])*")
# An article and a number with nothing between, where the noun phrase ends: not "a 60 degree bend".
_BARE = re.compile(r"(?<!\w)(?:[Aa]n?|[Tt]he) (?=(?P<character>\d[\w'-]*)(?:[,.;:)]|$| (?P<next>\w+)))")
# The same item twice in a row: "a lid and a lid of", not "a lid and a lid 12".
_TWICE = re.compile(
    r"(?i)(?P<comma>, )?\b(?P<item>(?:an?|the) [^,.;:()]{2,80}?)(?P<join>, and |, | and )(?P=item)"
    r"(?=[,.;:)]|$| (?:and|are|in|is|of|for|to|that|which|according)\b)"
)
_SENTENCE_START = re.compile(r"(?:^|[.!?] )$")
_ARTICLE = re.compile(r"\b([Aa])n? (?=[A-Za-z])(?!n? (?:and|or)\b)")
_VOWEL = re.compile(
    r"[AEFHILMNORSXaefhilmnorsx]-|[aeio](?!-)|u(?!ni|s[eiu]|-)|[AEFHILMNORSX](?=[A-Z])|[AEIO]|U(?=n[a-hj-z]|[lmprt])"
)
_ELEMENTS = frozenset("numerals characters numbers elements parts references signs steps blocks".split())
# Nouns for what a screen shows, which a text adds to the printed word: "delete button 12".
_CONTROLS = frozenset("box button checkbox field icon link list menu page panel screen slider tab window".split())


def printed_names(
    words: Sequence[str],
    boxes: Sequence[Box],
    confidences: Sequence[float],
    size: tuple[int, int],
    listed: Mapping[str, str],
) -> dict[str, str]:
    """What the caller's list of parts (`listed`) or else the drawing calls each reference character.

    Printed names come in lower case but for acronyms. Characters without a name, with one read unsurely, or with a
    sentence for one are left out. The other arguments are as for `find_printed_names`, confidences 0..1.
    """
    acronyms = find_acronyms(words)
    names = dict(listed)
    for character, indices in find_printed_names(words, boxes, size):
        name = [words[i] if words[i] in acronyms else words[i].lower() for i in indices]
        sure = all(confidences[i] >= SURE for i in indices)
        if sure and 0 < len(name) <= MOST_WORDS and all(map(_WORD.fullmatch, name)):
            names.setdefault(character.text, " ".join(name))
    return names


def shows_parts(text: str) -> bool:
    """Whether the drawing that a text describes shows named parts; a flowchart shows steps, a graph curves."""
    return not _NO_PARTS.search(text)


def name_as_printed(text: str, names: Mapping[str, str]) -> str:
    """`text` with the noun phrase before each reference character made the name that `names` gives the character.

    A phrase stays that is the name, holds it ("display screen 12" for "display"), ends it ("screen 12" for "display
    screen"), spells it a little otherwise, or is all words for parts in general ("step 12"), unless it is the name of
    another character. A character that has no name does not get that of another either. Characters with a letter in
    front (R1, S10) stay as they are.

    >>> name_as_printed("A sensor housing 12 and a lid 14 are shown.", {"12": "upper lid", "14": "sensor housing"})
    'An upper lid 12 and a sensor housing 14 are shown.'
    """
    taken = {name.lower() for name in names.values()}
    out, end = [], 0
    for reference in find_references(text):
        phrase = phrase_before(text[end : reference.start]).strip()
        if reference.kind == "character" and reference.text[0].isdigit() and phrase:
            start = text.rindex(phrase, end, reference.start)
            name = _name_for(phrase, names.get(reference.text), taken)
            out += [text[end:start], phrase if name == phrase else _as_begun(text[:start], name)]
            end = start + len(phrase)
        out.append(text[end : reference.end])
        end = max(end, reference.end)
    return _with_articles("".join(out) + text[end:])


def name_bare(text: str, characters: Container[str], names: Mapping[str, str]) -> str:
    """`text` with a noun between an article and one of `characters` that stands directly behind it.

    >>> name_bare("A laser 40, an 80, and a 60 are shown.", ["40", "60", "80"], {"60": "lens"})
    'A laser 40, an element 80, and a lens 60 are shown.'
    """

    def named(match: re.Match) -> str:
        character, following = match["character"], match["next"]
        if character not in characters or (following and following.lower() not in STOPS):
            return match.group()
        return f"{match.group()}{names.get(character, 'element')} "

    return _with_articles(_BARE.sub(named, text))


def items_once(text: str) -> str:
    """`text` without an item of a list that is said twice in a row, which tells nothing.

    >>> items_once("A system including a hub, a hub, and a fan 12 and a fan 12 is shown.")
    'A system including a hub, and a fan 12 is shown.'
    """

    def one(match: re.Match) -> str:
        before = match["join"] if match["comma"] and "and" in match["join"] else match["comma"] or ""
        return f"{before}{match['item']}"

    while (once := _TWICE.sub(one, text)) != text:
        text = once
    return text


def mention_all(text: str, characters: Iterable[str], names: Mapping[str, str], label: str | None) -> str:
    """`text` and at its end, in sentences of their own, those of `characters` that it does not mention.

    >>> mention_all("FIG. 1 shows a lid 12.", ["12", "14", "16"], {"14": "arm"}, "1")
    'FIG. 1 shows a lid 12. FIG. 1 also shows an arm 14. Reference character 16 designates a further element.'
    """
    said = named_characters(text)
    missing = [character for character in characters if character not in said]
    named = {each for each in missing if each in names and each[0].isdigit()}
    shown = [f"{_indefinite(names[each])} {each}" for each in missing if each in named]
    bare = [each for each in missing if each not in named]
    figure, noun = f"FIG. {label}" if label else "The figure", "step" if _STEPS.search(text) else "element"
    sentences = [f"{figure} also shows {listing(some)}." for some in _portions(shown)]
    sentences += [_designation(some, noun) for some in _portions(bare)]
    return " ".join([ended(text) if sentences else text, *sentences]).strip()


def _designation(characters: Sequence[str], noun: str) -> str:
    if len(characters) == 1:
        return f"Reference character {characters[0]} designates a further {noun}."
    return f"Reference characters {listing(characters)} designate further {noun}s."


def phrase_before(text: str) -> str:
    """The noun phrase at the end of a text, with the space behind it."""
    match = _PHRASE.search(text)
    words = re.findall(r"\S+ ", match.group()) if match else []
    kept = list(takewhile(lambda word: word.strip().lower() not in STOPS | DETERMINERS, reversed(words)))
    return "".join(reversed(kept))


def _name_for(phrase: str, name: str | None, taken: set[str]) -> str:
    """What to write for a noun phrase before a character of that name."""
    head = phrase.split()[-1].lower()
    if name is None:
        return (head if head in GENERIC else "element") if phrase.lower() in taken else phrase
    if phrase.lower() in taken - {name.lower()}:
        return name
    if _may_stay(phrase.lower().split(), name.lower().split()):
        return phrase
    return f"{name} {head}" if head in _CONTROLS and not name.endswith(head) else name


def _may_stay(said: list[str], printed: list[str]) -> bool:
    """Whether words may stand where the drawing says others."""
    if all(word in GENERIC | _ELEMENTS for word in said):
        return True
    if said == printed[-len(said) :] or _holds(said, printed):
        return True
    return SequenceMatcher(None, "".join(said), "".join(printed), autojunk=False).ratio() >= ALIKE


def _holds(words: list[str], part: list[str]) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _as_begun(before: str, name: str) -> str:
    """A name, with a capital where it begins a sentence."""
    return name[0].upper() + name[1:] if _SENTENCE_START.search(before) else name


def _with_articles(text: str) -> str:
    """`text` with "a" and "an" as the word behind asks for."""
    return _ARTICLE.sub(lambda match: f"{match[1]}{'n' if _VOWEL.match(text, match.end()) else ''} ", text)


def _indefinite(name: str) -> str:
    plural = name.endswith("s") and not name.endswith(("ss", "us", "is"))
    return name if plural else _with_articles(f"a {name}")


def listing(items: Sequence[str]) -> str:
    """The items with commas and "and"."""
    if len(items) < 3:
        return " and ".join(items)
    return f"{', '.join(items[:-1])}, and {items[-1]}"


def ended(text: str) -> str:
    """A text that more can be said behind: with a full stop, if it does not end yet."""
    return text if not text or text.endswith((".", "]", ":", "!", "?")) else f"{text}."


def _portions(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[i : i + MOST_LISTED] for i in range(0, len(items), MOST_LISTED)]


__all__ = [
    "ended",
    "items_once",
    "listing",
    "mention_all",
    "name_as_printed",
    "name_bare",
    "phrase_before",
    "printed_names",
    "shows_parts",
]
