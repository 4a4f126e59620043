"""Decoding that names a reference character at most once in a sentence, and a number after every "FIG.".

A small model that has lost its place writes "elements 6, 6, 6 and 6"; a patent names each part of a list once.
"""

import re
from collections.abc import Sequence

import torch
from transformers import LogitsProcessor

from .grounding_patentlmm import GroundedNumeralsLogitsProcessor
from .references_patentlmm import find_references

UNFINISHED_RUN = re.compile(r"[\w'-]*$")
FIGURE_NUMBER_DUE = re.compile(r"\bFIGS?\.\s?$")
SENTENCE_END = re.compile(r"(?<!FIG)(?<!FIGS)[.!?](?=\s)")


class OncePerSentenceLogitsProcessor(LogitsProcessor):
    """Allows the reference characters that the sentence being written does not hold yet.

    Args:
        inventories: per row of the batch the reference characters and the figure labels, as for
            `GroundedNumeralsLogitsProcessor`; rows of scores may be a multiple of them (beams).
        prompt_length: the tokens before the generated text.
    """

    def __init__(self, tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int):
        self.tokenizer, self.inventories, self.prompt_length = tokenizer, inventories, prompt_length
        self._rules: dict[tuple, GroundedNumeralsLogitsProcessor] = {}

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores (rows, vocabulary) with the sentence's own characters refused."""
        each = scores.shape[0] // len(self.inventories)
        rows = []
        for row in range(scores.shape[0]):
            characters, labels = self.inventories[row // each]
            said = self._said(input_ids[row, self.prompt_length :])
            left = tuple(character for character in characters if character not in said)
            rule = self._rule((left, tuple(labels))) if len(left) < len(characters) else None
            ids, own = input_ids[row : row + 1], scores[row : row + 1]
            rows.append(own if rule is None else rule(ids, own))
        return torch.cat(rows)

    def _said(self, tokens: torch.LongTensor) -> set[str]:
        """The characters of the sentence in the making, a run that is not finished aside; tokens (length,)."""
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        sentence = SENTENCE_END.split(UNFINISHED_RUN.sub("", text))[-1]
        return {found.text for found in find_references(sentence) if found.kind == "character"}

    def _rule(self, inventory: tuple) -> GroundedNumeralsLogitsProcessor:
        if inventory not in self._rules:
            self._rules[inventory] = GroundedNumeralsLogitsProcessor(self.tokenizer, [inventory], self.prompt_length)
        return self._rules[inventory]


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
            due = FIGURE_NUMBER_DUE.search(self.tokenizer.decode(tokens, skip_special_tokens=True))
            if not due or scores[row].masked_fill(refused[row], -float("inf")).isneginf().all():
                refused[row] = False
        return scores.masked_fill(refused, -float("inf"))


__all__ = ["FigureNumberLogitsProcessor", "OncePerSentenceLogitsProcessor"]
