"""Rows of figures to training batches: conversations about a figure, right-padded, only the answers supervised."""

from __future__ import annotations

import random
import string
import zlib
from dataclasses import dataclass, field

import torch

from modeling_patentlmm.processing_patentlmm import PROMPTS

# Transcribing is an exercise, not a product: it teaches the model to point at the figure's words.
QUESTIONS = {**PROMPTS, "transcribe": "Write down the words of this patent image."}
# Shares of the conversations a figure can be trained on; every task stays in every mix, or it is forgotten.
CONVERSATIONS = {
    ("brief", "detailed"): 0.50,
    ("detailed",): 0.30,
    ("brief",): 0.10,
    ("transcribe", "brief"): 0.10,
}
TRANSCRIBED_WORDS = 60
SCRAMBLED_SHARE = 0.3


@dataclass
class FigureCollator:
    """Turn dataset rows (columns of `dataset_builder.figure`) into tensors for PatentLMM.

    The labels are -100 everywhere but on the assistant's answers, their end-of-sequence token included; a batch in
    which a row would end unsupervised is refused. `token_kinds` (batch, length) tells phrasing, names and numerals
    apart for the log. What a figure is asked in an epoch depends on `seed`, its id and how often it has come by.
    """

    processor: object
    conversations: dict[tuple[str, ...], float] = field(default_factory=lambda: dict(CONVERSATIONS))
    seed: int = 0

    def __post_init__(self):
        self._visits: dict[str, int] = {}
        tokenizer = self.processor.tokenizer
        self._has_digit = torch.tensor(
            [any(c.isdigit() for c in token) for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))]
        )

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        examples = [self._example(row) for row in rows]
        batch = self.processor.apply_chat_template(
            [messages for messages, _ in examples],
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            # as arrays: transformers finds the answers token by token, which takes far longer in tensors
            processor_kwargs={"padding": True, "padding_side": "right", "return_tensors": "np"},
        )
        batch = {name: torch.as_tensor(values) for name, values in batch.items()}
        answers = batch.pop("assistant_masks").bool()
        labels = batch["input_ids"].masked_fill(~answers, -100)
        self._check(labels, rows)
        return {**batch, "labels": labels, "token_kinds": self._token_kinds(labels, batch["ocr_input_ids"])}

    def _example(self, row: dict) -> tuple[list[dict], tuple[str, ...]]:
        """The conversation about one row, and the tasks in it."""
        visit = self._visits[row["image_id"]] = self._visits.get(row["image_id"], -1) + 1
        rng = random.Random(zlib.crc32(f"{self.seed} {row['image_id']} {visit}".encode()))
        tasks = rng.choices(list(self.conversations), weights=list(self.conversations.values()))[0]
        words = list(row["words"])
        if "transcribe" in tasks and rng.random() < SCRAMBLED_SHARE:
            words, tasks = [scramble(word, rng) for word in words], ("transcribe",)
        figure = {"type": "image", "image": row["image"], "words": words, "boxes": row["boxes"]}
        messages = []
        for turn, task in enumerate(tasks):
            question = QUESTIONS[task]
            content = [figure] * (turn == 0) + [{"type": "text", "text": question}]
            messages.append({"role": "user", "content": content})
            messages.append(
                {"role": "assistant", "content": [{"type": "text", "text": self._answer(row, words, task)}]}
            )
        return messages, tasks

    def _answer(self, row: dict, words: list[str], task: str) -> str:
        if task == "transcribe":
            words, _, _ = self.processor.order_words(words, row["boxes"], row["image"].size)
            return " ".join(self.processor.ocr_words(words)[:TRANSCRIBED_WORDS])
        return row[f"{task}_description"]

    def _check(self, labels: torch.Tensor, rows: list[dict]) -> None:
        """Refuse answers whose end is not supervised: such models never stop (LLaVA issues 661, 1166)."""
        ends = (labels == self.processor.tokenizer.eos_token_id).any(dim=1)
        for row, ended in zip(rows, ends, strict=True):
            if not ended:
                raise ValueError(
                    f"figure {row['image_id']}: no supervised end-of-sequence token; the chat template must put it "
                    "inside its generation block"
                )

    def _token_kinds(self, labels: torch.Tensor, ocr_input_ids: torch.Tensor) -> torch.Tensor:
        """0 phrasing, 1 a token the figure's words hold, 2 a token with a digit; (batch, length)."""
        ids = labels.clamp(min=0)
        named = torch.stack([torch.isin(row, words) for row, words in zip(ids, ocr_input_ids, strict=True)])
        return torch.where(self._has_digit[ids], 2, named.long())


def scramble(word: str, rng: random.Random) -> str:
    """Replace a word by random letters or digits of its length, so that copying cannot be guessing."""
    letters = string.digits if word.isdigit() else string.ascii_lowercase
    return "".join(rng.choice(letters) for _ in word)
