"""SFTTrainer whose loss is the model's own, with the losses of names and numerals logged apart."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch.nn import functional as F
from transformers import Trainer
from trl import SFTTrainer

TOKEN_KINDS = ("phrasing", "name", "numeral")


class ModelLossSFTTrainer(SFTTrainer):
    """Train on `model(**inputs).loss` instead of TRL's fused head.

    The fused head multiplies hidden states with `lm_head` itself, so it cannot see a copy head; the model's own loss
    does, and makes logits for the supervised positions only. `token_kinds` (batch, length) from the
    collator, indices into TOKEN_KINDS, splits the logged loss: a total hides a model that writes fluent phrases and
    wrong numerals.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._kind_losses = defaultdict(list)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        token_kinds = inputs.pop("token_kinds", None)
        inputs |= {"logits_to_keep": from_first_answer(inputs["labels"]), "skip_logits": True, "use_cache": False}
        loss, outputs = Trainer.compute_loss(
            self, model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
        )
        noted = not self.model.training or self.state.global_step % self.args.logging_steps == 0
        if token_kinds is not None and noted:
            self._note_kind_losses(outputs["token_losses"].detach(), inputs["labels"], token_kinds)
            self._kind_losses["feature_spread"].append(spread(outputs["image_hidden_states"].detach()))
        return (loss, outputs) if return_outputs else loss

    def _note_kind_losses(self, losses: torch.Tensor, labels: torch.Tensor, token_kinds: torch.Tensor) -> None:
        """Remember the mean cross-entropy of each kind of token; losses (batch, kept positions)."""
        kept = losses.shape[1]
        labels, token_kinds = F.pad(labels, (0, 1), value=-100)[:, 1:], F.pad(token_kinds, (0, 1))[:, 1:]
        labels, token_kinds = labels[:, -kept:], token_kinds[:, -kept:]
        for index, name in enumerate(TOKEN_KINDS):
            chosen = (labels != -100) & (token_kinds == index)
            if chosen.any():
                self._kind_losses[f"loss_{name}"].append(losses[chosen].mean().item())

    def log(self, logs: dict, *args, **kwargs) -> None:
        prefix = "" if self.model.training else "eval_"
        for name, values in self._kind_losses.items():
            logs[f"{prefix}{name}"] = sum(values) / len(values)
        self._kind_losses.clear()
        super().log(logs, *args, **kwargs)


def spread(features: torch.Tensor) -> float:
    """How far the features (N, hidden) lie from their mean, relative to their length; 0 is a collapsed encoder."""
    return ((features - features.mean(dim=0)).norm(dim=-1).mean() / features.norm(dim=-1).mean()).item()


def from_first_answer(labels: torch.Tensor) -> int:
    """How many last positions need logits: from just before the first supervised token of the batch (0: all)."""
    supervised = (labels != -100).any(dim=0).nonzero()
    first = int(supervised[0]) if len(supervised) else 0
    return labels.shape[1] - first + 1 if first else 0
