"""Names of parts, steps, axes and controls, composed from words so that the splits never share a label.

A label belongs to train, validation or test by a hash of its words (90/5/5); the split "unseen" is composed of the
reserved words of `lexicon.py` only, which the other splits never use. No label holds a digit.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from random import Random
from typing import NamedTuple, TypeVar

from .lexicon import RESERVED, RESERVED_WORDING, SEEN, SEEN_WORDING, Technology, Wording

SPLITS = ("train", "validation", "test", "unseen")
MAX_NAME, MAX_STEP = 30, 60

T = TypeVar("T")


class Step(NamedTuple):
    """A step as told ("receiving a request from the host") and as printed ("receive request from host")."""

    gerund: str
    imperative: str


class Decision(NamedTuple):
    """A decision as told ("the request is valid") and as printed ("request valid?")."""

    clause: str
    question: str


class Axis(NamedTuple):
    """An axis as told ("output voltage") and as printed ("Output voltage (V)")."""

    term: str
    printed: str


class CircuitElement(NamedTuple):
    """An element's full name ("feedback resistor"), plain kind ("resistor"), drawn symbol and designator letter."""

    term: str
    kind: str
    symbol: str
    letter: str


class Control(NamedTuple):
    """A control as told ("save settings button"), its printed words ("Save Settings") and its widget ("button")."""

    term: str
    printed: str
    widget: str


def split_of(label: str) -> str:
    """The split that owns a composed label of seen words: train, validation or test."""
    bucket = zlib.crc32(" ".join(re.findall(r"\w+", label.lower())).encode()) % 100
    return "train" if bucket < 90 else "validation" if bucket < 95 else "test"


def _wording(split: str) -> Wording:
    return RESERVED_WORDING if split == "unseen" else SEEN_WORDING


def _technologies(split: str) -> dict[str, Technology]:
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: use one of {', '.join(SPLITS)}")
    return RESERVED if split == "unseen" else SEEN


def technology(rng: Random, split: str) -> str:
    """Pick the field of technology that one figure speaks of."""
    return rng.choice(tuple(_technologies(split)))


def _field(rng: Random, split: str, name: str | None) -> Technology:
    technologies = _technologies(split)
    return technologies[name if name is not None else technology(rng, split)]


def _owned(split: str, label: str) -> bool:
    return split == "unseen" or split_of(label) == split


def _draw(split: str, make: Callable[[], T], longest: int = MAX_NAME) -> T:
    """Call `make` until its label (a string, or the first field of a tuple) belongs to `split` and is short enough."""
    for _ in range(5000):
        made = make()
        label = made if isinstance(made, str) else made[0]
        if len(label) <= longest and _owned(split, label):
            return made
    raise RuntimeError(f"no label of the split {split!r} found: add words to lexicon.py")


def _join(*words: str) -> str | None:
    """The words as one label, or None where a word would come twice."""
    label = " ".join(words)
    singles = label.lower().replace("-", " ").split()
    stems = {single.rstrip("s")[:6] for single in singles}
    return label if len(stems) == len(singles) else None


def _compose(rng: Random, modifiers: tuple[str, ...], heads: tuple[str, ...], ordinals: tuple[str, ...]) -> str:
    """A name of one to four words, mostly two: [ordinal] [modifier [modifier]] head."""
    while True:
        words = [rng.choice(heads)]
        size = rng.random()
        if size > 0.07:
            words.insert(0, rng.choice(modifiers))
        if size > 0.76:
            words.insert(0, rng.choice(modifiers))
        if 0.66 < size < 0.82:
            words.insert(0, rng.choice(ordinals))
        label = _join(*words)
        if label is not None and label.count(" ") <= 3:
            return label


def component(rng: Random, split: str, technology: str | None = None) -> str:
    """Name a component ("memory controller", "first packet buffer"), in lower case with acronyms kept."""
    field, ordinals = _field(rng, split, technology), _wording(split).ordinals
    return _draw(split, lambda: _compose(rng, field.modifiers, field.heads, ordinals))


def container(rng: Random, split: str, technology: str | None = None) -> str:
    """Name a system that holds components ("packet switching network", "data storage system")."""
    field = _field(rng, split, technology)

    def make() -> str:
        words = [rng.choice(field.systems)]
        while rng.random() < (0.75 if len(words) == 1 else 0.2) and len(words) < 3:
            words.insert(0, rng.choice(field.modifiers))
        return _join(*words) or make()

    return _draw(split, make)


def message(rng: Random, split: str, technology: str | None = None) -> str:
    """Name what is passed between parts ("read request", "channel estimate")."""
    field = _field(rng, split, technology)
    return _draw(split, lambda: _object(rng, field))


def region(rng: Random, split: str, technology: str | None = None) -> str:
    """Name a region of a drawing ("buried contact region", "coolant zone")."""
    field, wording = _field(rng, split, technology), _wording(split)
    return _draw(split, lambda: _compose(rng, field.modifiers, wording.regions, wording.ordinals))


def _object(rng: Random, field: Technology) -> str:
    head = rng.choice(field.objects)
    if rng.random() < 0.45:
        return head
    return _join(rng.choice(field.modifiers), head) or head


_DOUBLED = frozenset(
    "transmit submit transfer control format input output program get set map drop stop scan fit emit plan ship strip "
    "stir dim spin knit hem whip".split()
)
_MASS = frozenset(
    "data metadata traffic bandwidth water vapor slurry steam fuel air feedback power information inventory access "
    "silicide content condensate presence usage shear moisture slackness".split()
)
_LETTERWISE = "AEFHILMNORSX"
_SPOKEN = {"RAM", "ROM", "LAN", "NAND", "RAID", "SIM", "MIMO", "SCSI", "LADAR"}
_CONSONANT_SOUND = re.compile(r"^(?:uni(?!n)|use|usa|usu|util|one\b|once|eu|ur[aei]|ubiq)", re.IGNORECASE)


def gerund(verb: str) -> str:
    """The -ing form of an imperative whose first word is the verb ("back up" -> "backing up")."""
    head, _, rest = verb.partition(" ")
    if head in _DOUBLED:
        head += head[-1] + "ing"
    elif head.endswith("ie"):
        head = head[:-2] + "ying"
    elif head.endswith("e") and not head.endswith(("ee", "ye", "oe")):
        head = head[:-1] + "ing"
    else:
        head += "ing"
    return f"{head} {rest}".strip()


@lru_cache(maxsize=8192)
def article(noun: str) -> str:
    """The indefinite article that the noun's first sound asks for: "a" or "an"."""
    first = re.split(r"[\s/-]", noun.strip(), maxsplit=1)[0]
    if len(first) == 1 and first != noun.strip():
        first = first.upper()
    if first.isupper() and first not in _SPOKEN:
        return "an" if first[0] in _LETTERWISE else "a"
    if first.lower().startswith(("hour", "honest", "heir")):
        return "an"
    return "an" if first[:1].lower() in "aeiou" and not _CONSONANT_SOUND.match(first) else "a"


def is_plural(noun: str) -> bool:
    """Whether the noun phrase is plural by its last word ("settings", but not "bus" or "radius")."""
    last = noun.lower().split()[-1]
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "bellows", "lens", "chassis", "series", "axis"))


def is_mass(noun: str) -> bool:
    """Whether the noun phrase takes no indefinite article although it is singular ("sensor data")."""
    last = noun.lower().split()[-1]
    return last in _MASS


@lru_cache(maxsize=8192)
def with_article(noun: str) -> str:
    """The noun phrase at its first mention: "a memory", "an I/O port", "settings", "sensor data"."""
    return noun if is_plural(noun) or is_mass(noun) else f"{article(noun)} {noun}"


_INSTRUMENTS = {"using", "with", "through", "by"}


def step(rng: Random, split: str, technology: str | None = None) -> Step:
    """A step of a method, of at most 60 characters; the split is that of its printed words.

    The first object takes "a" or "an", what follows the preposition takes "the", so the prose is a function of the
    printed words.
    """
    field, ordinals = _field(rng, split, technology), _wording(split).ordinals

    def make() -> tuple[str, str]:
        verb, prepositions = rng.choice(field.verbs)
        thing = _object(rng, field)
        printed, told = f"{verb} {thing}", f"{gerund(verb)} {with_article(thing)}"
        if prepositions and rng.random() < 0.62:
            place = _compose(rng, field.modifiers, field.heads, ordinals)
            if rng.random() < 0.5:
                place = rng.choice(field.heads)
            preposition = rng.choice(prepositions)
            printed, told = f"{printed} {preposition} {place}", f"{told} {preposition} the {place}"
        return printed, told

    printed, told = _draw(split, make, MAX_STEP)
    return Step(told, printed)


def decision(rng: Random, split: str, technology: str | None = None) -> Decision:
    """A decision: the clause of the prose and the printed question; the split is that of the words asked about."""
    field = _field(rng, split, technology)

    def make() -> tuple[str, str, str]:
        thing = rng.choice(_wording(split).conditions) if rng.random() < 0.12 else _object(rng, field)
        return f"{thing} {rng.choice(field.states)}", thing, ""

    while True:
        asked, thing, _ = _draw(split, make, 40)
        if not is_plural(thing):
            break
    state = asked[len(thing) + 1 :]
    question = f"is {asked}?" if rng.random() < 0.3 else f"{asked}?"
    return Decision(f"the {thing} is {state}", question)


def terminal(rng: Random, first: bool) -> str:
    """The printed word of a flowchart's start or end; a closed class that all splits share."""
    if first:
        return rng.choices(("start", "begin"), (5, 1))[0]
    return rng.choices(("end", "return", "stop", "exit", "done"), (8, 3, 1, 1, 1))[0]


def yes_no(rng: Random) -> tuple[str, str]:
    """The printed labels of a decision's two ways out, the affirmative first."""
    return rng.choices((("YES", "NO"), ("Yes", "No"), ("Y", "N"), ("yes", "no"), ("TRUE", "FALSE")), (10, 4, 3, 2, 1))[
        0
    ]


def axis(rng: Random, split: str, independent: bool) -> Axis:
    """An axis of a graph; `independent` asks for the abscissa, whose plain names ("time") all splits share."""
    wording = _wording(split)
    name, units = rng.choice(wording.abscissae if independent else wording.quantities)
    if not independent:
        name = _draw(split, lambda: _quantity(rng, wording))
        units = next((units for quantity, units in wording.quantities if name.endswith(quantity)), ())
    elif rng.random() < 0.35:
        name = "time" if split != "unseen" else name
        units = ("s", "ms", "min") if split != "unseen" else units
    unit = rng.choice(units) if units and rng.random() < 0.7 else None
    return Axis(name, name if unit is None else f"{name} ({unit})")


def _quantity(rng: Random, wording: Wording) -> str:
    while True:
        quantity = rng.choice(wording.quantities)[0]
        if rng.random() < 0.12:
            return quantity
        words = [rng.choice(wording.quantity_modifiers) for _ in range(1 + (rng.random() < 0.25))]
        label = _join(*words, quantity)
        if label is not None:
            return label


def curve(rng: Random, split: str) -> str:
    """Name a curve of a graph ("measured response", "gate voltage waveform")."""
    wording = _wording(split)

    def make() -> str:
        words = [rng.choice(wording.curve_modifiers) for _ in range(1 + (rng.random() < 0.4))]
        return _join(*words, rng.choice(wording.curve_heads)) or make()

    return _draw(split, make)


def circuit_element(rng: Random, split: str) -> CircuitElement:
    """An element of a circuit. With only its designator printed (letter and count) use `kind`, else `term`."""
    wording = _wording(split)

    def make() -> CircuitElement:
        kind = rng.choice(tuple(wording.circuits))
        symbol, letter = wording.circuits[kind]
        if kind == "ground":
            return CircuitElement(kind, kind, symbol, letter) if rng.random() < 0.2 else make()
        words = [rng.choice(wording.circuit_modifiers) for _ in range(rng.choice((1, 1, 1, 2)))]
        term = _join(*words, kind)
        return CircuitElement(term, kind, symbol, letter) if term else make()

    while True:
        made = make()
        if made.kind == "ground" or (len(made.term) <= MAX_NAME + 6 and _owned(split, made.term)):
            return made


_WIDGETS = {
    "button": 8,
    "field": 6,
    "checkbox": 3,
    "drop-down menu": 3,
    "slider": 1,
    "tab": 2,
    "icon": 2,
    "list": 2,
    "radio button": 1,
}


def screen_control(rng: Random, split: str, technology: str | None = None, widget: str | None = None) -> Control:
    """A control of a user interface; `widget` fixes its kind (one of WIDGETS)."""
    field, wording = _field(rng, split, technology), _wording(split)
    widget = widget or rng.choices(tuple(_WIDGETS), tuple(_WIDGETS.values()))[0]

    def make() -> str:
        if widget in ("button", "icon"):
            return (
                f"{rng.choice(wording.actions)} {_object(rng, field)}"
                if rng.random() < 0.7
                else rng.choice(wording.actions)
            )
        if rng.random() < 0.4:
            return rng.choice(wording.settings)
        return _object(rng, field)

    words = _draw(split, make, 24)
    return Control(words if words.lower().endswith(widget) else f"{words} {widget}", words, widget)


WIDGETS = tuple(_WIDGETS)


def window(rng: Random, split: str, technology: str | None = None) -> Control:
    """A window: told as "device settings window", printed as its title "device settings"."""
    field, wording = _field(rng, split, technology), _wording(split)
    words = _draw(split, lambda: _join(rng.choice(field.modifiers), rng.choice(wording.screens)) or "")
    while not words:
        words = _draw(split, lambda: _join(rng.choice(field.modifiers), rng.choice(wording.screens)) or "")
    widget = rng.choices(("window", "screen", "page", "dialog box"), (6, 5, 3, 1))[0]
    return Control(f"{words} {widget}", words, widget)


def mechanical_part(rng: Random, split: str) -> str:
    """Name a part of a mechanism ("impeller blade", "lower mounting flange")."""
    wording = _wording(split)

    def make() -> str:
        size = rng.random()
        words = [rng.choice(wording.mechanical_modifiers) for _ in range((size > 0.2) + (size > 0.85))]
        return _join(*words, rng.choice(wording.mechanical_heads)) or make()

    return _draw(split, make)


def mechanical_assembly(rng: Random, split: str) -> str:
    """Name a whole mechanism ("hydraulic cylinder", "folding hand tool")."""
    wording = _wording(split)

    def make() -> str:
        words = [rng.choice(wording.mechanical_modifiers) for _ in range(rng.choice((0, 1, 1, 1)))]
        return _join(*words, rng.choice(wording.assemblies)) or make()

    return _draw(split, make)


def subject(rng: Random, split: str, family: str, technology: str | None = None) -> str:
    """What a figure of `family` is of, with its article ("a packet routing system", "a method of erasing a page")."""
    if family == "flowchart":
        told = step(rng, split, technology).gerund
        joint = rng.choices(("for", "of"), (3, 2))[0]
        return f"{rng.choices(('a method', 'a process'), (4, 1))[0]} {joint} {told}"
    if family == "graph":
        return f"{axis(rng, split, False).term}"
    if family == "circuit":
        field = technology or (rng.choice(("signal", "power", "wireless")) if split != "unseen" else None)
        return with_article(f"{component(rng, split, field)} circuit")
    if family == "screen":
        return with_article(window(rng, split, technology).term)
    if family == "mechanical":
        return with_article(mechanical_assembly(rng, split))
    return with_article(container(rng, split, technology))


def cased(text: str, style: str) -> str:
    """The text as lettered on the sheet: style "upper", "title" (each word), "sentence" (first word) or "plain"."""
    if style == "upper":
        return text.upper()
    if style == "title":
        return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
    return text[:1].upper() + text[1:] if style == "sentence" else text


def distinct(make: Callable[[], T], count: int, taken: Iterable[object] = ()) -> list[T]:
    """Call `make` until `count` different items came (by label: the item, or its first field), none among `taken`."""

    def key(item: object) -> str:
        return str(item[0] if isinstance(item, tuple) else item).lower()

    seen, items = {key(item) for item in taken}, []
    for _ in range(1000 * (count + 1)):
        if len(items) == count:
            return items
        item = make()
        if key(item) not in seen:
            seen.add(key(item))
            items.append(item)
    raise ValueError(f"only {len(items)} of {count} distinct names could be made")
