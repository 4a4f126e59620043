"""Rows of figures to training batches: conversations about a figure, right-padded, only the answers supervised."""

from __future__ import annotations

import random
import string
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from modeling_patentlmm.processing_patentlmm import PROMPTS

TASKS = tuple(PROMPTS)
# Transcribing is an exercise, not a product: it teaches a copying model to point at the figure's words.
QUESTIONS = {**PROMPTS, "transcribe": "Write down the words of this patent image."}
# Shares of the conversations a figure can be trained on; every task stays in every mix, or it is forgotten.
BOTH = {("brief", "detailed"): 0.50, ("detailed",): 0.30, ("brief",): 0.10}
ONE_SHARE, TRANSCRIBE_SHARE = 0.90, 0.10
TRANSCRIBED_WORDS = 60
SCRAMBLED_SHARE = 0.3


@dataclass
class FigureCollator:
    """Turn dataset rows (columns of `dataset_builder.figure`) into tensors for PatentLMM.

    The labels are -100 everywhere but on the assistant's answers, their end-of-sequence token included; a batch in
    which a row would end unsupervised is refused. `token_kinds` (batch, length) tells phrasing, names and numerals
    apart for the log.

    What a figure is asked is a function of `seed`, its id and its visit: the row's column `visit` where it has one,
    else the epoch. So neither a restart nor the number of workers changes it.

    Args:
        conversations: the tasks of each conversation and its share, as `conversation_mix` gives them.
    """

    processor: object
    conversations: dict[tuple[str, ...], float]
    seed: int = 0

    def __post_init__(self):
        # In shared memory, so that workers that outlive an epoch see the next one begin.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        tokenizer = self.processor.tokenizer
        self._has_digit = torch.tensor(
            [any(c.isdigit() for c in token) for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))]
        )

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, here and in every worker."""
        self._epoch.fill_(epoch)

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        batch = self.processor.apply_chat_template(
            [self._example(row) for row in rows],
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

    def tokens_needed(self, row: dict) -> int:
        """Tokens of the longest conversation that a row can be asked for, placeholders included."""
        words = list(row["words"])
        conversations = [self._messages(row, tasks, words) for tasks in self.answerable(row)]
        encoded = [
            self.processor.apply_chat_template([some], tokenize=True, return_dict=True) for some in conversations
        ]
        return max(batch["input_ids"].shape[1] for batch in encoded)

    def _example(self, row: dict) -> list[dict]:
        """The conversation about one row."""
        tasks, scrambled, rng = self.draw(row["image_id"], row.get("visit", int(self._epoch)), self.answerable(row))
        words = list(row["words"])
        if scrambled:
            words = [scramble(word, rng) for word in words]
        return self._messages(row, tasks, words)

    def draw(
        self, image_id: str, visit: int, mix: dict[tuple[str, ...], float]
    ) -> tuple[tuple[str, ...], bool, random.Random]:
        """The tasks of a figure at a visit, of those in `mix`; whether its words are scrambled; and with what."""
        rng = random.Random(zlib.crc32(f"{self.seed} {image_id} {visit}".encode()))
        tasks = rng.choices(list(mix), weights=list(mix.values()))[0]
        scrambled = "transcribe" in tasks and rng.random() < SCRAMBLED_SHARE
        return ("transcribe",) if scrambled else tasks, scrambled, rng

    def _messages(self, row: dict, tasks: tuple[str, ...], words: list[str]) -> list[dict]:
        figure = {"type": "image", "image": row["image"], "words": words, "boxes": row["boxes"]}
        messages = []
        for turn, task in enumerate(tasks):
            question = QUESTIONS[task]
            content = [figure] * (turn == 0) + [{"type": "text", "text": question}]
            messages.append({"role": "user", "content": content})
            messages.append(
                {"role": "assistant", "content": [{"type": "text", "text": self._answer(row, words, task)}]}
            )
        return messages

    def answerable(self, row: dict) -> dict[tuple[str, ...], float]:
        """The conversations to which the row has all answers; with one of two texts, those about that one."""
        known = {"transcribe", *(task for task in TASKS if row.get(f"{task}_description"))}
        mix = {tasks: share for tasks, share in self.conversations.items() if known.issuperset(tasks)}
        if not mix:
            raise ValueError(f"figure {row['image_id']}: has no text to train on; leave it out of the data")
        return mix

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


def conversation_mix(tasks: Sequence[str], copying: bool) -> dict[tuple[str, ...], float]:
    """The conversations of a recipe's `tasks`; a model with a copy head also transcribes.

    >>> conversation_mix(["brief"], copying=True)
    {('brief',): 0.9, ('transcribe', 'brief'): 0.1}
    """
    asked = tuple(task for task in TASKS if task in tasks)
    mix = dict(BOTH) if asked == TASKS else {asked: ONE_SHARE}
    return mix | {("transcribe", asked[0]): TRANSCRIBE_SHARE} if copying else mix


def scramble(word: str, rng: random.Random) -> str:
    """Replace a word by random letters or digits of its length, so that copying cannot be guessing."""
    letters = string.digits if word.isdigit() else string.ascii_lowercase
    return "".join(rng.choice(letters) for _ in word)
