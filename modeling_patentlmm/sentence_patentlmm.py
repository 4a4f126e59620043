"""Decoding that names a reference character once per sentence, puts a number after "FIG." and does not go in circles.

A small model that has lost its place writes "elements 6, 6, 6 and 6" and "address address address"; a patent does not.
Rules of style stand behind `GroundedNumeralsLogitsProcessor`, and give way where they would leave nothing.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import reduce

import torch
from transformers import LogitsProcessor

from .grounding_patentlmm import GroundedNumeralsLogitsProcessor, read_vocabulary, refuse
from .references_patentlmm import named_characters, run_start

FIGURE_NUMBER_DUE = re.compile(r"\bFIGS?\.(?P<space>\s?)$")
BEGUN_HEAD = re.compile(r"(?:(?<![A-Za-z])FI?)?$")
SENTENCE_END = re.compile(r"(?<!FIG)(?<!FIGS)(?<!Fig)(?<!Figs)[.!?](?=\s)")
_CAPITALS = re.compile(r"[A-Z]*")
ANY_WORD = "it"
LONGEST_PHRASE = 24
KEPT_RULES = 32  # inventories less what a sentence holds, each with the masks it has used; and two a figure


class OncePerSentenceLogitsProcessor(LogitsProcessor):
    """Allows the reference characters that the sentence being written does not hold yet.

    Where the sentence holds all that begin with a letter, that letter alone is not begun either: a model that writes
    " D" means D1, and would have to go on otherwise.

    Args:
        inventories: per row of the batch the reference characters and the figure labels, as for
            `GroundedNumeralsLogitsProcessor`; rows of scores may be a multiple of them (beams).
        prompt_length: the tokens before the generated text.
    """

    def __init__(self, tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int):
        self.tokenizer, self.inventories, self.prompt_length = tokenizer, inventories, prompt_length
        self.whole = GroundedNumeralsLogitsProcessor(tokenizer, inventories, prompt_length)
        self.lettered = [any(map(_letters, characters)) for characters, _ in inventories]
        self._rules: OrderedDict[tuple, GroundedNumeralsLogitsProcessor] = OrderedDict()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) with the sentence's own characters refused."""
        each = scores.shape[0] // len(self.inventories)
        texts = map(self.whole.vocabulary.text, input_ids[:, self.prompt_length :].tolist())
        return refuse(scores, [self._refused(text, row // each, scores) for row, text in enumerate(texts)])

    def _refused(self, text: str, figure: int, scores: torch.Tensor) -> torch.Tensor | None:
        """What may not follow `text` (width,), None for nothing."""
        sentence = SENTENCE_END.split(text)[-1]
        said = named_characters(sentence)
        masks = [self._repeated(said, sentence, text, figure, scores), *self._spent(said, text, figure, scores)]
        masks = [mask for mask in masks if mask is not None]
        return reduce(torch.logical_or, masks) if masks else None

    def _repeated(
        self, said: set[str], sentence: str, text: str, figure: int, scores: torch.Tensor
    ) -> torch.Tensor | None:
        """The characters of the sentence: a run at its end is said for what starts anew, not for what lengthens it."""
        length = len(sentence) - run_start(sentence)
        before = named_characters(sentence[: len(sentence) - length])
        if said == before:
            return self._without(said, text, figure, scores)
        anew = self._without(said, f"{text[: len(text) - length]}{ANY_WORD}", figure, scores)
        lengthening = _widened(self.whole.vocabulary.mask("lengthening", scores.device), scores)
        longer = self._without(before, text, figure, scores)
        longer, anew = (torch.zeros_like(lengthening) if mask is None else mask for mask in (longer, anew))
        return torch.where(lengthening, longer, anew)

    def _spent(self, said: set[str], text: str, figure: int, scores: torch.Tensor) -> list[torch.Tensor]:
        """The letters that only characters of the sentence begin with, as words of their own."""
        if not self.lettered[figure] or text.rstrip()[-1:] in ("", *".!?"):
            return []
        left = {_letters(one) for one in self.inventories[figure][0] if one not in said}
        gap = r"\W*" if run_start(text) == len(text) else r"\W+"
        spent = sorted({_letters(one) for one in said} - left - {""})
        masks = [self.whole.vocabulary.matching(rf"{gap}{letters}$") for letters in spent]
        return [_widened(mask, scores) for mask in masks]

    def _without(self, said: set[str], text: str, figure: int, scores: torch.Tensor) -> torch.Tensor | None:
        characters, labels = self.inventories[figure]
        left = tuple(character for character in characters if character not in said)
        if len(left) == len(characters):
            return None
        return self._rule((left, tuple(labels))).refused(text, 0, scores)

    def _rule(self, inventory: tuple) -> GroundedNumeralsLogitsProcessor:
        if inventory not in self._rules:
            self._rules[inventory] = GroundedNumeralsLogitsProcessor(self.tokenizer, [inventory], self.prompt_length)
            if len(self._rules) > KEPT_RULES + 2 * len(self.inventories):  # a large batch must not crowd itself out
                self._rules.popitem(last=False)
        self._rules.move_to_end(inventory)
        return self._rules[inventory]


def _letters(character: str) -> str:
    """The capitals a character begins with: R of R1, none of 10 and 12A."""
    return _CAPITALS.match(character).group()


def _widened(mask: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """A mask over the tokens (V,) as one over the columns of the scores, which may be more."""
    return torch.nn.functional.pad(mask.to(scores.device), (0, scores.shape[-1] - len(mask)))


class FigureNumberLogitsProcessor(LogitsProcessor):
    """After "FIG." only a number may follow, if one may at all; put it behind `GroundedNumeralsLogitsProcessor`.

    A space comes first: a model that copies the drawing's own words writes "FIG.5" where the drawing does. Where no
    figure number was read, "FIG" is not begun. `inventories` as for `GroundedNumeralsLogitsProcessor`.
    """

    def __init__(self, tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int):
        self.prompt_length, self.vocabulary = prompt_length, read_vocabulary(tokenizer)
        self.labelled = [bool(labels) for _, labels in inventories]
        tokens = self.vocabulary.matching
        self.number, self.spaced = tokens(r"\s?\w*\d"), tokens(r"\s(?:\w*\d|$)")
        self.heads = {"": tokens(r"\W*FIG"), "F": tokens(r"IG|\W+FIG"), "FI": tokens(r"G|\W+FIG")}

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) with everything but a number, and the space before it, refused where it is due."""
        ends = input_ids[:, max(self.prompt_length, input_ids.shape[1] - 6) :].tolist()
        each = scores.shape[0] // len(self.labelled)
        refused = [self._refused(tokens, scores[row], self.labelled[row // each]) for row, tokens in enumerate(ends)]
        return refuse(scores, refused)

    def _refused(self, tokens: list[int], scores: torch.Tensor, labelled: bool) -> torch.Tensor | None:
        """What is refused (width,) after `tokens`, None for nothing, by the scores (width,) the rules before left."""
        size, text = self.vocabulary.size, self.vocabulary.text(tokens)
        if not labelled:
            return _widened(self.heads[BEGUN_HEAD.search(text)[0]], scores)
        due = FIGURE_NUMBER_DUE.search(text)
        if not due:
            return None
        open_ = ~scores[:size].isneginf()
        number, spaced = self.number.to(scores.device) & open_, self.spaced.to(scores.device) & open_
        if not number.any():
            return None
        wanted = spaced if not due["space"] and spaced.any() else number
        return ~_widened(wanted, scores)


class NoThirdCopyLogitsProcessor(LogitsProcessor):
    """Refuses to write a phrase a third time on end: "address address", then something else.

    A phrase is up to `LONGEST_PHRASE` tokens. What lengthens a numeral is never refused, which would make another
    numeral of it.
    """

    def __init__(self, tokenizer, prompt_length: int):
        self.prompt_length, self.vocabulary = prompt_length, read_vocabulary(tokenizer)
        self.lengthening = frozenset(self.vocabulary.lengthening)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) without the first token of a third copy."""
        tails = input_ids[:, max(self.prompt_length, input_ids.shape[1] - 4 * LONGEST_PHRASE) :].tolist()
        return refuse(scores, [self._refused(tokens, scores) for tokens in tails])

    def _refused(self, tokens: list[int], scores: torch.Tensor) -> torch.Tensor | None:
        written = [token for token in tokens if self.vocabulary.text([token])]
        third = [token for token in _third_copies(written) if not self._goes_on_a_numeral(written, token)]
        if not third:
            return None
        refused = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
        refused[third] = True
        return refused

    def _goes_on_a_numeral(self, written: list[int], token: int) -> bool:
        tail = self.vocabulary.text(written[-8:])
        return token in self.lengthening and bool(re.search(r"\d", tail[run_start(tail) :]))


def _third_copies(written: list[int]) -> set[int]:
    """The tokens that would begin a phrase which `written` ends with twice."""
    longest = min(LONGEST_PHRASE, len(written) // 2)
    return {written[-n] for n in range(1, longest + 1) if written[-n:] == written[-2 * n : -n]}


__all__ = ["FigureNumberLogitsProcessor", "NoThirdCopyLogitsProcessor", "OncePerSentenceLogitsProcessor"]
