"""Trainer of the three objectives, with means over all that is masked in an optimiser step."""

from __future__ import annotations

from collections import defaultdict

import torch
from transformers import Trainer

from ..trainer import spread
from .figure_processor import save_figure_processor
from .masking import generator_of, mask_patches, mask_words
from .scores import MASKED, PATCH_LOSS, count_masked, count_patches, summarise
from .teacher import ENCODER_INPUTS, PatchTeacher

LOSSES = {"mlm": "mlm_loss", "mim": "mim_loss", "pc": PATCH_LOSS}
LABELS = {"mlm": "labels", "mim": "codebook_labels", "pc": "patch_labels"}
EVALUATION_STEP = -1


class PretrainingTrainer(Trainer):
    """Train `PatentMMEForPreTraining` on unmasked batches of `PretrainingCollator`.

    Each objective's loss is its mean over all positions it counts in an optimiser step, over the processes and the
    accumulated batches together, so that neither changes a gradient. What is masked depends on the seed, the figure
    and the step alone: a resumed run masks what the unbroken one would have.

    Args:
        objectives: of mlm, mim, pc.
        mask_token_id: of the OCR tokenizer.
        image_tokenizer: with `encode(pixel_values) -> (B, patches)`, where mim is an objective.
        teacher: labels patches of which the truth is not known.
    """

    def __init__(
        self,
        *args,
        objectives: list[str],
        mask_token_id: int,
        image_tokenizer=None,
        teacher: PatchTeacher | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = True  # the loss below is scaled for accumulation
        self.objectives = objectives
        self.mask_token_id = mask_token_id
        self.image_tokenizer = image_tokenizer.to(self.args.device).eval() if "mim" in objectives else None
        self.teacher = teacher
        self._logged = defaultdict(float)

    # --- masking ---

    @torch.no_grad()
    def mask(self, batch: dict[str, torch.Tensor], step: int) -> dict[str, torch.Tensor]:
        """The inputs and labels of the model for a batch of the collator, at a step."""
        device = batch["input_ids"].device
        patch_labels = self.teacher.label(batch) if self.teacher else batch["patch_labels"]
        generators = [generator_of(self.args.seed, key, step) for key in batch["figure_keys"].tolist()]
        masked = {name: batch[name] for name in ENCODER_INPUTS}
        if "mlm" in self.objectives:
            ids, labels = mask_words(
                batch["input_ids"].cpu(), batch["attention_mask"].cpu(), self.mask_token_id, generators
            )
            masked |= {"input_ids": ids.to(device), "labels": labels.to(device)}
        if "mim" in self.objectives:
            hidden = mask_patches(patch_labels.cpu(), batch["pixel_attention_mask"].cpu(), generators).to(device)
            codes = self.image_tokenizer.encode(batch["pixel_values"])
            masked |= {"patch_mask": hidden, "codebook_labels": codes.masked_fill(~hidden, -100)}
        if "pc" in self.objectives:
            masked["patch_labels"] = patch_labels
        return masked

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """The masked batches of an optimiser step, and how much each objective counts in all of them, (objectives,)."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        batches = [self.mask(batch, self.state.global_step) for batch in batches]
        counts = sum((self.count(batch) for batch in batches), torch.zeros(len(self.objectives), device=device))
        return batches, self.accelerator.reduce(counts, reduction="sum")

    def count(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Positions that each objective's loss is a mean over in one batch: (objectives,)."""
        model = self.accelerator.unwrap_model(self.model)
        return torch.stack([self._count(model, name, batch) for name in self.objectives]).float()

    def _count(self, model, objective: str, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        labels = batch[LABELS[objective]]
        if model.config.dilute_losses:
            return torch.tensor(labels.numel(), device=labels.device)
        if objective == "pc":
            return model.counted_patch_labels(labels, batch["pixel_attention_mask"]).sum()
        return (labels != -100).sum()

    # --- losses ---

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Sum of the objectives' losses, each this batch's share of the mean over the whole optimiser step.

        Args:
            num_items_in_batch: (objectives,), what `get_batch_samples` counted.
        """
        outputs = model(**inputs)
        means = torch.stack([outputs[LOSSES[name]] for name in self.objectives])
        shares = self.count(inputs) / num_items_in_batch.clamp(min=1)
        losses = means * shares * self.accelerator.num_processes  # DDP averages the gradients of the processes
        self._note(outputs, inputs, losses.detach())
        return (losses.sum(), outputs) if return_outputs else losses.sum()

    @torch.no_grad()
    def _note(self, outputs, inputs: dict, losses: torch.Tensor) -> None:
        """Remember what the next line of the log needs."""
        for name, loss in zip(self.objectives, losses):
            self._logged[LOSSES[name]] += loss
        for name, values in count_masked(outputs, inputs).items():
            self._logged[name] += values.sum()
        if self.state.global_step % self.args.logging_steps == 0:
            seen = torch.cat([inputs["attention_mask"], inputs["pixel_attention_mask"].flatten(1)], dim=1).bool()
            text, _, patches = outputs.last_hidden_state.tensor_split(
                [inputs["input_ids"].shape[1], inputs["input_ids"].shape[1] + 1], dim=1
            )
            self._logged["spread"] += spread(torch.cat([text, patches], dim=1)[seen].float())
            self._logged["spreads"] += 1
        self._logged["steps"] += 1 / self.current_gradient_accumulation_steps

    def log(self, logs: dict, *args, **kwargs) -> None:
        if self._logged and "loss" in logs:
            logs |= self._means()
            self._logged.clear()
        super().log(logs, *args, **kwargs)

    def _means(self) -> dict[str, float]:
        """Losses, accuracies and feature spread since the last line of the log, over all processes."""
        names = sorted(self._logged)
        values = torch.tensor([float(self._logged[name]) for name in names], device=self.args.device)
        total = dict(zip(names, self.accelerator.reduce(values, reduction="sum").tolist()))
        means = {LOSSES[name]: total[LOSSES[name]] / total["steps"] for name in self.objectives}
        for name, (_, _, _, accuracy) in MASKED.items():
            if total.get(f"{name}_masked"):
                means[accuracy] = total[f"{name}_right"] / total[f"{name}_masked"]
        if total.get("spreads"):
            means["feature_spread"] = total["spread"] / total["spreads"]
        return means

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the encoder with its heads and, in checkpoints too, how its figures are processed."""
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            save_figure_processor(self.data_collator.processor, output_dir or self.args.output_dir)

    # --- held-out figures ---

    @torch.no_grad()
    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix: str = "eval") -> dict[str, float]:
        """Losses and accuracies of the masked figures, the same masks every time, and patch F1 of the unmasked ones."""
        model = self.accelerator.unwrap_model(self.model).eval()
        counts = defaultdict(list)
        for batch in self.get_eval_dataloader(eval_dataset):
            figures = self.accelerator.gather_for_metrics(self._count_figures(model, batch))
            for name, values in figures.items():
                counts[name].append(values.cpu())
        scores = summarise({name: torch.cat(values) for name, values in counts.items()})
        scores["loss"] = sum(scores.get(LOSSES[name], 0.0) for name in self.objectives)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _count_figures(self, model, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        masked = self.mask(batch, EVALUATION_STEP)
        with self.compute_loss_context_manager():
            counts = count_masked(model(**masked), masked)
            if "pc" not in self.objectives:
                return counts
            logits = model(**{name: batch[name] for name in ENCODER_INPUTS}).patch_cls_logits
        labels = batch["patch_labels"]  # without the teacher's guesses: F1 is held against what is known
        counted = (labels != -100) & batch["pixel_attention_mask"].flatten(1)[..., None].bool()
        return counts | count_patches(logits, labels, counted)
