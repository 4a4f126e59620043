"""Generation that names no reference character and no figure the drawing does not hold (37 CFR 1.84(p)(5))."""

import re
import unicodedata
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessor

from .references_patentlmm import (
    PLAIN,
    RUN,
    Item,
    Opening,
    expand,
    figure_list,
    figure_opening,
    find_references,
    parse_character,
    parse_label,
    plain_character,
    run_start,
)

_BRACKETED = re.compile(r"\([A-Za-z0-9]{0,4}\)?")
_PIECE = re.compile(r"(?:[^\W_]|['\"\-()])+")
_HEADS = frozenset(
    head[:n]
    for word in ("FIG", "FIGURE", "Fig", "Figure", "fig", "figure")
    for head in (word, word + "S" if word.isupper() else word + "s")
    for n in range(1, len(head) + 1)
)
_ROMAN = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})[A-H]?")
_LIST_TAIL = re.compile(
    r"\s*[,;&/\-–—]?\s*(?:a|an|and|and/|and/o|and/or|o|or|t|to|th|thr|thro|throu|throug|through|thru)?\s*\(?"
    r"(?:[^\W_]|['\"\-])*"
)
_CHAIN = re.compile(
    r"(?P<plural>[a-z]s\s|[,;]\s?|\band\s|\bor\s|&\s)?(?<![\w'\"\-])(?P<item>[A-Za-z]{0,3}\d[\w'\"\-]*)"
    r"(?P<rest>\s*[,;&/–—\-]?\s*(?:a|an|and|and/|and/o|and/or|o|or|t|to|th|thr|thro|throu|throug|through|thru)?\s*"
    r"(?:(?<=\s)|(?<=[,;&/–—]))(?:[^\W_]|['\"\-])*)$"
)
_SEPARATOR = re.compile(
    r"(?P<ranged>\s?[–—]\s?|\s-\s|\s+(?P<word>to|through|thru)\s+)|"
    r"\s?[,;]\s*(?:and/or\s+|and\s+|or\s+)?|\s+(?:and/or|and|or|&)\s+|/"
)
_LONE_LETTER = re.compile(r"(?<![^\W_])(?<!['\-])[A-Za-z](?=[^\w'\"\-]|_)")
_LONE_ROMAN = re.compile(r"(?<![^\W_])(?:[IVX]+[A-H]?|[A-H])(?=[^\w'\"\-]|_)")


# --- the vocabulary, read once per tokenizer -------------------------------------------------------------------------


def _surfaces(tokenizer) -> list[str | None]:
    """What each token adds to a text; None where that is no whole character.

    Read off `anchor + token` by the tokenizer's own decoder, so leading spaces (Ġ, ▁) and byte tokens come out true.
    """
    anchor = tokenizer("a", add_special_tokens=False)["input_ids"][-1:]
    prefix = tokenizer.decode(anchor, clean_up_tokenization_spaces=False)
    pairs = [[*anchor, token] for token in range(len(tokenizer))]
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is not None:
        texts = fast.decode_batch(pairs, skip_special_tokens=False)
        prefix = fast.decode(anchor, skip_special_tokens=False)
    else:
        texts = [tokenizer.decode(pair, clean_up_tokenization_spaces=False) for pair in pairs]
    return [text[len(prefix) :] if text.startswith(prefix) and "\ufffd" not in text else None for text in texts]


def _special_ids(tokenizer) -> set[int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return set(tokenizer.all_special_ids) | {token for token, entry in added.items() if entry.special}


class _Vocabulary:
    """The tokens of a tokenizer, sorted by what they can do to a numeral."""

    def __init__(self, tokenizer):
        raw = _surfaces(tokenizer)
        special = _special_ids(tokenizer)
        ends = {tokenizer.eos_token_id, tokenizer.pad_token_id}
        self.surfaces = ["" if token in special else (text or "").translate(PLAIN) for token, text in enumerate(raw)]
        self.special = [t for t in special if t < len(raw) and (t in ends or not re.search(r"\d", raw[t] or ""))]
        self.size = len(raw)
        usable = [t for t in range(self.size) if raw[t] and t not in special and not _foreign_digit(raw[t])]
        self.words = [t for t in usable if not re.search(r"[0-9]", self.surfaces[t])]
        self.pure: dict[str, list[int]] = {}  # a piece of one numeral: a run, or with the brackets of 3(a)
        self.leading: dict[str, list[int]] = {}  # a run, then more
        self.trailing: dict[str, dict[str, list[int]]] = {}  # run with a digit -> separator before it
        self.mixed: list[int] = []  # separator first, and several runs with digits among them
        for token in usable:
            self._sort(token)
        self.separators = [t for t in self.words if not RUN.match(self.surfaces[t])]
        self.lengthening = [t for t in usable if RUN.match(self.surfaces[t])]  # go on with the run before them
        self.ends = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else self.special
        if not self.ends and not self.words:
            raise ValueError("the tokenizer has no token without a digit: no text without a numeral can be written")
        self.brackets = [t for t in self.separators if self.surfaces[t][0] == "("]
        self.letters = [t for t in self.words if _LONE_LETTER.search(self.surfaces[t])]
        self.romans = [t for t in self.words if _LONE_ROMAN.search(self.surfaces[t])]
        self._tensors: dict[str, torch.Tensor] = {}

    def _sort(self, token: int) -> None:
        text = self.surfaces[token]
        runs = list(RUN.finditer(text))
        if _PIECE.fullmatch(text):
            self.pure.setdefault(text, []).append(token)
        if not runs or runs[0].end() == len(text) and runs[0].start() == 0:
            return
        if runs[0].start() == 0:
            self.leading.setdefault(runs[0].group(), []).append(token)
        elif re.search(r"[0-9]", text):
            if len(runs) == 1 and runs[0].end() == len(text):
                of_run = self.trailing.setdefault(runs[0].group(), {})
                of_run.setdefault(text[: runs[0].start()], []).append(token)
            else:
                self.mixed.append(token)

    def mask(self, name: str, device: torch.device) -> torch.Tensor:
        """A boolean tensor (V) that is true at the ids of `self.<name>`."""
        key = f"{name} {device}"
        if key not in self._tensors:
            found = torch.zeros(self.size, dtype=torch.bool)
            found[torch.tensor(getattr(self, name), dtype=torch.long)] = True
            self._tensors[key] = found.to(device)
        return self._tensors[key]

    def matching(self, pattern: str) -> torch.Tensor:
        """A boolean tensor (V) that is true where a token's text begins with `pattern`; looked for once."""
        if pattern not in self._tensors:
            found = re.compile(pattern).match
            self._tensors[pattern] = torch.tensor([found(surface) is not None for surface in self.surfaces])
        return self._tensors[pattern]

    def text(self, tokens: Iterable[int]) -> str:
        """What tokens read as, primes and hyphens in one form."""
        return "".join([self.surfaces[token] for token in tokens if token < self.size])

    def spells(self, text: str, known: dict[str, bool]) -> bool:
        """Whether tokens can write `text` and no more: a numeral is begun only if it can be ended."""
        if text not in known:
            known[text] = not text or any(
                text[:n] in self.pure and self.spells(text[n:], known) for n in range(len(text), 0, -1)
            )
        return known[text]


def _foreign_digit(text: str) -> bool:
    return any(not letter.isascii() and unicodedata.category(letter)[0] == "N" for letter in text)


_VOCABULARIES: "weakref.WeakKeyDictionary[object, tuple[int, _Vocabulary]]" = weakref.WeakKeyDictionary()


def read_vocabulary(tokenizer) -> _Vocabulary:
    """The tokens of a tokenizer, sorted once and kept while it lives."""
    size, vocabulary = _VOCABULARIES.get(tokenizer, (-1, None))
    if size != len(tokenizer):
        vocabulary = _Vocabulary(tokenizer)
        _VOCABULARIES[tokenizer] = (len(tokenizer), vocabulary)
    return vocabulary


# --- what a figure allows --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a run stands: at an opening of a list of figures, inside its bracket, or among the characters.

    `last` is the numeral before it in a list, `ranged` says a range joins them, `bracket` is the "3(" of
    "FIGS. 3(a) and (".
    """

    opening: Opening | None = None
    last: Item | None = None
    ranged: bool = False
    bracket: str = ""


@dataclass(frozen=True)
class _Allowed:
    """The numerals of a place, the prefixes from which the tokenizer can reach one, and the same for ranges ("2A-2C"),
    kept by their first numeral since they are many."""

    whole: frozenset[str]
    begun: frozenset[str]
    ranges: dict[str, tuple[frozenset[str], frozenset[str]]]

    def has(self, run: str, whole: bool) -> bool:
        """Whether `run` is a numeral or range of the place or, unless `whole`, begins one."""
        if run in (self.whole if whole else self.begun):
            return True
        first = run.partition("-")[0]
        return first != run and first in self.ranges and run in self.ranges[first][0 if whole else 1]

    def longer(self, run: str) -> set[str]:
        """What begins with `run` and goes on."""
        found = {text for text in self.begun if len(text) > len(run) and text.startswith(run)}
        ranges = self.ranges.get(run.partition("-")[0])
        return (
            found | {text for text in ranges[1] if len(text) > len(run) and text.startswith(run)} if ranges else found
        )


class _Figure:
    """The characters and labels of one figure, and what may be written in each place."""

    def __init__(self, characters: Iterable[str], labels: Iterable[str], vocabulary: _Vocabulary):
        self.vocabulary = vocabulary
        self.characters = {text: parse_character(text) for text in _read_back(characters, "the part {} is")}
        self.labels = {text: parse_label(text) for text in _read_back(labels, "FIG. {} is")}
        self.spelled: dict[str, bool] = {}
        self.places: dict[_Place, _Allowed] = {}

    def allowed(self, place: _Place) -> _Allowed:
        if place not in self.places:
            whole, ranges = self._whole(place)
            reach = {first: (frozenset(texts), self._begun(texts)) for first, texts in ranges.items()}
            self.places[place] = _Allowed(frozenset(whole), self._begun(whole), reach)
        return self.places[place]

    def _begun(self, whole: set[str]) -> frozenset[str]:
        spells = self.vocabulary.spells
        prefixes = {text[:n] for text in whole for n in range(1, len(text)) if spells(text[n:], self.spelled)}
        return frozenset(prefixes | whole)

    def _whole(self, place: _Place) -> tuple[set[str], dict[str, set[str]]]:
        if place.bracket:
            stem = place.bracket
            return {label[len(stem) : -1] for label in self.labels if label.startswith(stem) and label[-1] == ")"}, {}
        if place.opening is None:
            return self._joined(self.characters, place.last if place.ranged else None, False)
        opening = place.opening
        figures = {text: item for text, item in self.labels.items() if item is None or opening.takes(item)}
        last = opening.last if opening.ranged else None
        others = {t for t, item in self.characters.items() if opening.last and not (item and opening.takes(item))}
        whole, ranges = self._joined(figures, last, True)
        return whole | (set() if opening.ranged else others), ranges

    def _joined(self, items: dict[str, Item | None], last: Item | None, figure: bool) -> tuple[set, dict]:
        """The texts of `items` that a range from `last` may end with, and without `last` the ranges among them."""
        known = self.labels if figure else self.characters
        if last is not None:
            return {t for t, i in items.items() if i is None or self._holds(last, i, known, figure)}, {}
        ranges = {text: self._ranges(text, item, known, figure) for text, item in items.items() if item}
        return set(items), {text: joined for text, joined in ranges.items() if joined}

    def _ranges(self, text: str, first: Item, known: dict[str, Item | None], figure: bool) -> set[str]:
        """The ranges "2A-2C" and "2A-C" from `first` whose every member is known."""
        later = [(t, i) for t, i in known.items() if i and _goes_up(first, i) and self._holds(first, i, known, figure)]
        letters = {f"{text}-{i.suffix}" for _, i in later if i.number == first.number}
        return {f"{text}-{t}" for t, _ in later} | letters

    def _holds(self, first: Item, last: Item, known: dict[str, Item | None], figure: bool) -> bool:
        return all(plain_character(text) in known for text in expand(first, last, figure))


def _read_back(texts: Iterable[str], sentence: str) -> list[str]:
    """The plain texts in which a reader of `sentence` finds nothing beyond them: "12-14" also names 13."""
    plain = list(dict.fromkeys(plain_character(text) for text in texts))
    return [text for text in plain if {found.text for found in find_references(sentence.format(text))} <= set(plain)]


def _goes_up(first: Item, last: Item) -> bool:
    if first.branch or last.branch or first.prime or last.prime or first.prefix != last.prefix:
        return False
    if first.number == last.number:
        return len(first.suffix) == len(last.suffix) == 1 and first.suffix < last.suffix
    return first.number < last.number and not first.suffix and not last.suffix


# --- where in the text -----------------------------------------------------------------------------------------------


def _place(before: str) -> _Place:
    """The place of a run that starts after `before`."""
    if before.endswith("("):
        opening = figure_opening(before[:-1])
        if opening and opening.last and opening.last.branch.startswith("("):
            return _Place(bracket=f"{opening.last.number}{opening.last.suffix}(")
    opening = figure_opening(before)
    if opening:
        return _Place(opening, opening.last, opening.ranged)
    chain = _CHAIN.search(before[-64:])
    between = chain and _SEPARATOR.fullmatch(chain["rest"])
    item = parse_character(chain["item"]) if between else None
    if item is None:
        return _Place()
    ranged = bool(between["ranged"]) and (between["word"] != "to" or bool(chain["plural"]))
    return _Place(last=item, ranged=ranged) if ranged or len(item.suffix) == 1 else _Place()


def _state(text: str, begun: frozenset[str]) -> str:
    """The shortest ending of `text` that decides all that may follow it, in one form for equal cases."""
    start = run_start(text)
    run = text[start:]
    figures = figure_list(text) if "ig" in text or "IG" in text else None
    if figures and _LIST_TAIL.fullmatch(text, figures[1]):
        return text[figures[0] :]
    chain = _CHAIN.search(text[-64:])
    if chain and parse_character(chain["item"]):
        return ("es " if chain["plural"] else "x ") + chain["item"] + chain["rest"]
    if re.search(r"\d", run) or run in begun or re.split(r"['\"\-]", run)[-1] in _HEADS:
        return text[start:]
    return "~~ææ" if run else "~~"


class _Checker:
    """Decides for one figure which continuations of a state stay true to it."""

    def __init__(self, figure: _Figure):
        self.figure = figure

    def run_holds(self, run: str, place: _Place, whole: bool) -> bool:
        """Whether a run (whole, or so far) may stand in its place; words without a digit may, but for letters that
        go on a list ("10A, B") and Roman figure numbers."""
        allowed = self.figure.allowed(place)
        if place.bracket or re.search(r"\d", run):
            return allowed.has(run, whole)
        if not whole:
            return True
        if place.opening and place.opening.last is None:
            return not _ROMAN.fullmatch(run) or run in self.figure.labels
        last = place.last
        if last is None or len(last.suffix) != 1 or last.branch or last.prime or not re.fullmatch("[A-Za-z]", run):
            return True
        if run.isupper() != last.suffix.isupper() or run <= last.suffix:
            return True
        known = self.figure.labels if place.opening else self.figure.characters
        item = Item(last.prefix, last.number, run)
        texts = expand(last, item, bool(place.opening)) if place.ranged else [item.text]
        return all(text in known for text in texts)

    def holds(self, text: str, start: int) -> bool:
        """Whether every run of `text` from `start` on holds; the last may be unfinished."""
        at = start
        while match := RUN.search(text, at):
            place = _place(text[: match.start()])
            run, at = match.group(), match.end()
            if place.opening and re.search(r"\d", run) and text.startswith("(", at):
                bracket = _BRACKETED.match(text, at).group()
                run, at = run + bracket, at + len(bracket)
                if at < len(text) and (not bracket.endswith(")") or RUN.match(text, at)):
                    return False
            if not self.run_holds(run, place, at < len(text)):
                return False
        return True


class _Masks:
    """What each state of one figure refuses, as a boolean tensor over the columns of the scores."""

    def __init__(self, figure: _Figure, vocabulary: _Vocabulary, like: torch.Tensor):
        self.figure, self.vocabulary, self.device, self.width = figure, vocabulary, like.device, like.shape[-1]
        self.check = _Checker(figure)
        self.begun = frozenset().union(*(figure.allowed(place).begun for place in (_Place(), _Place(Opening(None)))))
        self.masks: OrderedDict[str, torch.Tensor] = OrderedDict()

    def of(self, text: str) -> torch.Tensor:
        """The mask (width of the scores) after `text`, from the store of the 256 states used last."""
        state = _state(text, self.begun)
        if state not in self.masks:
            beyond = (0, self.width - self.vocabulary.size)
            self.masks[state] = ~torch.nn.functional.pad(self._build(state), beyond)
            if len(self.masks) > 256:
                self.masks.popitem(last=False)
        self.masks.move_to_end(state)
        return self.masks[state]

    def _build(self, state: str) -> torch.Tensor:
        vocabulary = self.vocabulary
        start = run_start(state)
        start, run = self._open_bracket(state, start)
        place = _place(state[:start])
        ends = not run or self.check.run_holds(run, place, True)
        numeral = bool(place.bracket or re.search(r"\d", run))
        mask = torch.zeros(vocabulary.size, dtype=torch.bool, device=self.device)
        if not numeral:
            mask |= vocabulary.mask("words", self.device)
        if not ends:
            mask &= ~vocabulary.mask("separators", self.device)
        elif numeral:
            mask |= vocabulary.mask("separators", self.device)
        self._set(mask, vocabulary.special if ends else [], True)
        self._set(mask, self._continuing(state, start, run, place, numeral), True)
        self._set(mask, self._following(state, start) if ends else [], True)
        doubtful = self._doubtful(place, run, state)
        self._set(mask, doubtful, False)
        self._set(mask, [t for t in doubtful if self.check.holds(state + vocabulary.surfaces[t], start)], True)
        return mask

    def _open_bracket(self, state: str, start: int) -> tuple[int, str]:
        """The start and text of the run at the end, "FIG. 3(a" included, whose bracket belongs to the label."""
        inside = re.search(r"(?:[^\W_]|['\"\-])*\d(?:[^\W_]|['\"\-])*\([A-Za-z0-9]{0,4}\)?$", state)
        if inside and _place(state[: inside.start()]).opening:
            return inside.start(), inside.group()
        return start, state[start:]

    def _set(self, mask: torch.Tensor, ids: Sequence[int], value: bool) -> None:
        if ids:
            mask[torch.tensor(ids, dtype=torch.long, device=mask.device)] = value

    def _continuing(self, state: str, start: int, run: str, place: _Place, numeral: bool) -> list[int]:
        """Tokens that begin with a run which lengthens the one at the end of `state`."""
        allowed, vocabulary, found = self.figure.allowed(place), self.vocabulary, []
        for text in allowed.longer(run):
            found += vocabulary.pure.get(text[len(run) :], ())
            more = vocabulary.leading.get(text[len(run) :], ()) if allowed.has(text, True) else ()
            found += [token for token in more if self.check.holds(state + vocabulary.surfaces[token], start)]
        return found

    def _following(self, state: str, start: int) -> list[int]:
        """Tokens with digits that begin with a separator, the run at the end of `state` being whole."""
        places: dict[str, frozenset[str]] = {}
        tried = list(self.vocabulary.mixed)
        found = []
        for run in self._digit_runs():
            for separator, tokens in self.vocabulary.trailing.get(run, {}).items():
                if separator not in places:
                    places[separator] = self.figure.allowed(_place(state + separator)).begun
                if separator[0] == "(":  # it may belong to the label before it: FIG. 3(8)
                    tried += tokens
                elif run in places[separator]:
                    found += tokens
        return found + [t for t in tried if self.check.holds(state + self.vocabulary.surfaces[t], start)]

    def _digit_runs(self) -> list[str]:
        return [text for text in self.begun if text in self.vocabulary.trailing]

    def _doubtful(self, place: _Place, run: str, state: str) -> list[int]:
        """Tokens without a digit that must be tried all the same: brackets, lone letters and Roman numbers in lists."""
        item = parse_label(run) if place.opening else parse_character(run)
        doubtful = list(self.vocabulary.brackets) if place.opening and item else []
        last = item or place.last
        if last and len(last.suffix) == 1:
            doubtful += self.vocabulary.letters
        if run in _HEADS or (place.opening and place.opening.last is None):
            doubtful += self.vocabulary.romans
        return doubtful


class GroundedNumeralsLogitsProcessor(LogitsProcessor):
    """Lets generation write a numeral only if the figure holds it.

    Every maximal run of letters, digits, primes and hyphens that contains a digit must be one of the row's characters
    or, after "FIG." and in the list that follows, one of its figure labels; so must what a range or a list names in
    short ("2A-2C", "10A, B"). A numeral is begun only if the tokenizer can end it, and the text ends only after a whole
    one. Other digits than 0-9 and tokens that are no whole character are never written. Works with greedy search,
    sampling and beams, and with left padding. Where the processors before it refused everything that it allows, it
    takes no notice of them: put it first, and behind it only such as leave something (`refuse`).

    `inventories`: per row of the batch the allowed characters and the allowed figure labels. `prompt_length`: the
    tokens before the generated text, 0 when generating from `inputs_embeds`. Raises ValueError when the rows of scores
    are no multiple of the inventories.
    """

    def __init__(
        self, tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int
    ) -> None:
        if not inventories:
            raise ValueError("inventories is empty; give one (characters, figure labels) pair per row of the batch")
        self.vocabulary = read_vocabulary(tokenizer)
        self.prompt_length = prompt_length
        self.figures = [_Figure(characters, labels, self.vocabulary) for characters, labels in inventories]
        self.masks: dict[tuple[torch.device, int], list[_Masks]] = {}

    def _on(self, scores: torch.Tensor) -> list[_Masks]:
        key = (scores.device, scores.shape[-1])
        if key not in self.masks:
            self.masks[key] = [_Masks(figure, self.vocabulary, scores) for figure in self.figures]
        return self.masks[key]

    def refused(self, text: str, figure: int, scores: torch.Tensor) -> torch.Tensor:
        """What may not follow `text` about a figure, true over the columns (width,) of `scores`; after a text that was
        wrong before it may be everything."""
        return self._on(scores)[figure].of(text)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        rows = scores.shape[0]
        if rows % len(self.figures):
            raise ValueError(f"{rows} rows of scores for {len(self.figures)} inventories; give one inventory per input")
        each = rows // len(self.figures)
        texts = map(self.vocabulary.text, input_ids[:, self.prompt_length :].tolist())
        refused = torch.stack([self.refused(text, row // each, scores) for row, text in enumerate(texts)])
        left = scores.masked_fill(refused, -float("inf"))
        if not _some_row_is_empty(left):  # as nearly always: all else passes over the whole vocabulary again
            return left
        stuck = refused.all(-1, keepdim=True)
        refused = torch.where(stuck, self._but_the_way_out(scores), refused)
        left = scores.masked_fill(refused, -float("inf"))
        nothing = left.isneginf().all(-1, keepdim=True)
        return left.masked_fill(nothing & ~refused, 0.0)

    def _but_the_way_out(self, scores: torch.Tensor) -> torch.Tensor:
        """All (width,) but the end of the text, or what has no digit where the tokenizer knows no end."""
        vocabulary = self.vocabulary
        name = "ends" if vocabulary.ends else "separators" if vocabulary.separators else "words"
        return ~torch.nn.functional.pad(vocabulary.mask(name, scores.device), (0, scores.shape[-1] - vocabulary.size))


def refuse(scores: torch.FloatTensor, refused: Sequence[torch.BoolTensor | None]) -> torch.FloatTensor:
    """Scores (rows, width) without what is `refused`, (width,) for each row or None for nothing; a row that would lose
    everything keeps its own.

    For rules of style behind `GroundedNumeralsLogitsProcessor`: where all scores are -inf, greedy search takes token 0.
    """
    if all(mask is None for mask in refused):
        return scores
    nothing = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
    left = scores.masked_fill(torch.stack([nothing if mask is None else mask for mask in refused]), -float("inf"))
    if not _some_row_is_empty(left):
        return left
    return torch.where(left.isneginf().all(-1, keepdim=True), scores, left)


def _some_row_is_empty(scores: torch.Tensor) -> bool:
    return bool(scores.amax(-1).isneginf().any())


UNGROUNDED = "[?]"


def mark_ungrounded(text: str, characters: Iterable[str], labels: Iterable[str]) -> str:
    """`text` with "[?]" for every reference that the figure does not hold, so that none passes in silence.

    A text written under `GroundedNumeralsLogitsProcessor` holds none; this is for one that was not.
    """
    known = {
        "character": {plain_character(each) for each in characters},
        "figure": {plain_character(each) for each in labels},
    }
    while wrong := [found for found in find_references(text) if found.text not in known[found.kind]]:
        text = f"{text[: wrong[-1].start]}{UNGROUNDED}{text[wrong[-1].end :]}"
    return text
