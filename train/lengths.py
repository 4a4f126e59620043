"""How many tokens the conversation about each figure needs in an epoch: batches are to hold those of like length.

Counted from the words and texts alone, no image is opened. Left out is what all figures have (visual tokens) and what
only the image tells: the order of the words, and blank paper where `ink_only` is on.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from datasets import Dataset
from tqdm import tqdm

from modeling_patentlmm.processing_patentlmm import encode_words

from .collate import QUESTIONS, TASKS, FigureCollator

TURN = 3  # tokens of the two roles and the end


class ConversationLengths:
    """Tokens of each figure's conversation, by epoch.

    Args:
        figures: rows with the columns of `dataset_builder.figure`; their words and texts are counted once.
        collator: what decides which conversation a figure gets in an epoch.
    """

    def __init__(self, figures: Dataset, collator: FigureCollator):
        self.collator = collator
        processor = collator.processor
        names = [f"{task}_description" for task in TASKS]
        texts = [name for name in names if name in figures.column_names]
        asked = _count_tokens(processor.tokenizer, list(QUESTIONS.values()))
        self._asked = {task: count + TURN for task, count in zip(QUESTIONS, asked, strict=True)}
        self._ids: list[str] = []
        self._counts = {name: array("l") for name in ("words", "characters", *texts)}
        batches = figures.select_columns(["image_id", "words", *texts]).iter(batch_size=1000)
        for batch in tqdm(batches, desc="counting tokens", total=-(-len(figures) // 1000), disable=None):
            self._ids += batch["image_id"]
            words = [processor.ocr_words(some) for some in batch["words"]]
            self._counts["words"].extend(len(encode_words(processor.ocr_tokenizer, some)[0]) for some in words)
            self._counts["characters"].extend(sum(map(len, some)) for some in words)
            for name in texts:
                self._counts[name].extend(_count_tokens(processor.tokenizer, batch[name]))

    def __len__(self) -> int:
        return len(self._ids)

    def __call__(self, epoch: int) -> list[int]:
        """The lengths in an epoch."""
        return [self._length(index, epoch) for index in range(len(self))]

    def _length(self, index: int, epoch: int) -> int:
        counts = {name: values[index] for name, values in self._counts.items()}
        mix = self.collator.answerable({"image_id": self._ids[index], **counts})
        tasks, scrambled, _ = self.collator.draw(self._ids[index], epoch, mix)
        words = counts["characters" if scrambled else "words"]  # random letters are tokens by themselves, nearly
        answers = [words if task == "transcribe" else counts[f"{task}_description"] for task in tasks]
        read = min(words, self.collator.processor.max_ocr_tokens - 2)  # without <s> and </s>
        return read + sum(answers) + sum(map(self._asked.get, tasks))


def _count_tokens(tokenizer, texts: Sequence[str | None]) -> list[int]:
    """Tokens of each text; 0 for one that is absent or empty, which is asked of no figure."""
    ids = tokenizer([text or "" for text in texts], add_special_tokens=False)["input_ids"]
    return [len(some) for some in ids]
