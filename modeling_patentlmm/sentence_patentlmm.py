"""Decoding that names a reference character once per sentence and puts a number after "FIG.".

A small model that has lost its place writes "elements 6, 6, 6 and 6"; a patent does not.
Rules of style stand behind `GroundedNumeralsLogitsProcessor`, and give way where they would leave nothing.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence

import torch
from transformers import LogitsProcessor

from .grounding_patentlmm import GroundedNumeralsLogitsProcessor, refuse
from .references_patentlmm import find_references, run_start

FIGURE_NUMBER_DUE = re.compile(r"\bFIGS?\.\s?$")
SENTENCE_END = re.compile(r"(?<!FIG)(?<!FIGS)(?<!Fig)(?<!Figs)[.!?](?=\s)")
ANY_WORD = "it"
KEPT_RULES = 32  # inventories less what a sentence holds, each with the masks it has used


class OncePerSentenceLogitsProcessor(LogitsProcessor):
    """Allows the reference characters that the sentence being written does not hold yet.

    Args:
        inventories: per row of the batch the reference characters and the figure labels, as for
            `GroundedNumeralsLogitsProcessor`; rows of scores may be a multiple of them (beams).
        prompt_length: the tokens before the generated text.
    """

    def __init__(self, tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int):
        self.tokenizer, self.inventories, self.prompt_length = tokenizer, inventories, prompt_length
        self.whole = GroundedNumeralsLogitsProcessor(tokenizer, inventories, prompt_length)
        self._rules: OrderedDict[tuple, GroundedNumeralsLogitsProcessor] = OrderedDict()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) with the sentence's own characters refused."""
        each = scores.shape[0] // len(self.inventories)
        texts = map(self.whole.text, input_ids[:, self.prompt_length :].tolist())
        return refuse(scores, torch.stack([self._refused(text, row // each, scores) for row, text in enumerate(texts)]))

    def _refused(self, text: str, figure: int, scores: torch.Tensor) -> torch.Tensor:
        """What may not follow `text` (width,): a run at its end is said for what starts anew, not for what lengthens
        it."""
        sentence = SENTENCE_END.split(text)[-1]
        length = len(sentence) - run_start(sentence)
        before, said = _characters(sentence[: len(sentence) - length]), _characters(sentence)
        if said == before:
            return self._without(said, text, figure, scores)
        anew = self._without(said, f"{text[: len(text) - length]}{ANY_WORD}", figure, scores)
        lengthening = self.whole.vocabulary.mask("lengthening", scores.device)
        lengthening = torch.nn.functional.pad(lengthening, (0, scores.shape[-1] - len(lengthening)))
        return torch.where(lengthening, self._without(before, text, figure, scores), anew)

    def _without(self, said: set[str], text: str, figure: int, scores: torch.Tensor) -> torch.Tensor:
        characters, labels = self.inventories[figure]
        left = tuple(character for character in characters if character not in said)
        if len(left) == len(characters):
            return torch.zeros_like(scores[0], dtype=torch.bool)
        return self._rule((left, tuple(labels))).refused(text, 0, scores)

    def _rule(self, inventory: tuple) -> GroundedNumeralsLogitsProcessor:
        if inventory not in self._rules:
            self._rules[inventory] = GroundedNumeralsLogitsProcessor(self.tokenizer, [inventory], self.prompt_length)
            if len(self._rules) > KEPT_RULES:
                self._rules.popitem(last=False)
        self._rules.move_to_end(inventory)
        return self._rules[inventory]


def _characters(text: str) -> set[str]:
    return {found.text for found in find_references(text) if found.kind == "character"}


class FigureNumberLogitsProcessor(LogitsProcessor):
    """After "FIG." only a number may follow, if one may at all; put it behind `GroundedNumeralsLogitsProcessor`."""

    def __init__(self, tokenizer, prompt_length: int):
        self.tokenizer, self.prompt_length = tokenizer, prompt_length
        pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self.has_digit = torch.tensor([any(map(str.isdigit, piece)) for piece in pieces])

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) with everything but numbers refused where one is due."""
        refused = torch.ones_like(scores, dtype=torch.bool)
        refused[:, : len(self.has_digit)] = ~self.has_digit.to(scores.device)
        for row, tokens in enumerate(input_ids[:, max(self.prompt_length, input_ids.shape[1] - 4) :]):
            text = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            if not FIGURE_NUMBER_DUE.search(text):
                refused[row] = False
        return refuse(scores, refused)


__all__ = ["FigureNumberLogitsProcessor", "OncePerSentenceLogitsProcessor"]
