"""The trainer of figures: exact resumption, learning rates by part, and descriptions of held-out figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import torch
from torch.utils.data import Sampler, SequentialSampler
from transformers import TrainerCallback
from transformers.integrations import TensorBoardCallback
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.trainer_utils import has_length

from .lengths import ConversationLengths
from .samples import SampleFigures, first_of_each_task, score, show
from .stages import parameter_groups
from .trainer import ModelLossSFTTrainer


class FigureTrainer(ModelLossSFTTrainer):
    """Train PatentLMM on figures: its own order of the data, learning rates by part, and descriptions in evaluation.

    Nothing that decides a step lives in this process alone: the order of the figures and what they are asked are
    functions of seed and epoch, so that a run that was killed goes on as if it had not been.

    Args:
        rates: learning rate by part (`train.stages.part_of`), None for the recipe's `learning_rate`.
        samples: figures to describe at every evaluation, if any.
    """

    def __init__(self, *args, rates: dict[str, float | None], samples: SampleFigures | None = None, **kwargs):
        self.rates, self.samples, self.sampler, self.rates_used = rates, samples, None, {}
        super().__init__(*args, **kwargs)
        self.add_callback(_Bookkeeping(self))
        keep_trained_in_float32(self.model)

    def create_optimizer(self, model=None) -> torch.optim.Optimizer:
        model = self.model if model is None else model
        if self.optimizer is None:
            decayed = set(self.get_decay_parameter_names(model))
            groups = parameter_groups(model, self.rates, decayed, self.args.learning_rate, self.args.weight_decay)
            optimizer_class, options = self.get_optimizer_cls_and_kwargs(self.args, model)
            self.optimizer = optimizer_class(groups, **options)
        return self.optimizer

    def _get_train_sampler(self, train_dataset=None):
        if self.args.train_sampling_strategy not in ("random", "group_by_length") or not has_length(self.train_dataset):
            return super()._get_train_sampler(train_dataset)
        by_length = self.args.train_sampling_strategy == "group_by_length"
        self.sampler = EpochSampler(
            len(self.train_dataset),
            self.args.seed if self.args.data_seed is None else self.args.data_seed,
            ConversationLengths(self.train_dataset, self.data_collator) if by_length else None,
            self.args.train_batch_size * self.args.gradient_accumulation_steps,
        )
        return self.sampler

    def _get_eval_sampler(self, eval_dataset):
        # In the order given: by length, transformers looks for token ids, which figures get only in the collator.
        alone = has_length(eval_dataset) and self.args.world_size <= 1
        return SequentialSampler(eval_dataset) if alone else None

    def announce(self) -> None:
        """Say what begins, once: what is trained, on how much, by how many processes."""
        trained = sum(parameter.numel() for parameter in self.model.parameters() if parameter.requires_grad)
        figures = f"{len(self.train_dataset)} figures" if has_length(self.train_dataset) else "a stream of figures"
        step = self.get_total_train_batch_size(self.args)
        if self.is_world_process_zero():
            print(
                f"sft: {trained:,} parameters train on {figures}, {step} a step, {self.args.world_size} processes",
                file=sys.stderr,
            )

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch: the order of the figures, and what each is asked."""
        self.data_collator.set_epoch(epoch)
        if self.sampler is not None:
            self.sampler.set_epoch(epoch)

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        metrics = super().evaluate(*args, **kwargs)
        if self.samples is not None:
            scores = self._describe_samples()
            self.log(dict(scores))
            metrics |= scores
        return metrics

    def _describe_samples(self) -> dict[str, float]:
        model = self.accelerator.unwrap_model(self.model)
        with self.compute_loss_context_manager():
            samples = self.samples.write(model.eval(), self.accelerator)
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, TensorBoardCallback) and callback.tb_writer is not None:
                show(first_of_each_task(samples), callback.tb_writer, self.state.global_step)
        return {f"eval_{name}": value for name, value in score(samples).items()}

    def log(self, logs: dict, *args, **kwargs) -> None:
        if "learning_rate" in logs:
            logs |= {f"learning_rate_{part}": rate for part, rate in self.rates_used.items()}
        super().log(logs, *args, **kwargs)


class EpochSampler(Sampler[int]):
    """All figures in an order drawn from seed and epoch; those of like length near each other where asked.

    Args:
        count: number of figures.
        lengths: the length of each figure in an epoch; None for no such order.
        group: figures of one update of a process, whose lengths are to be alike.
    """

    def __init__(self, count: int, seed: int, lengths: Callable[[int], Sequence[int]] | None = None, group: int = 1):
        self.count, self.seed, self.lengths, self.group, self.epoch = count, seed, lengths, group, 0

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        if self.lengths is None:
            return iter(torch.randperm(len(self), generator=generator).tolist())
        return iter(LengthGroupedSampler(self.group, lengths=self.lengths(self.epoch), generator=generator))


class _Bookkeeping(TrainerCallback):
    """Tells the trainer of each epoch, and notes the learning rates of each step before the schedule moves on.

    accelerate's own `set_epoch` does not reach through the wrappers that a resumed run has.
    """

    def __init__(self, trainer: FigureTrainer):
        self.trainer = trainer

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.trainer.set_epoch(int(state.epoch or 0))

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        groups = self.trainer.optimizer.param_groups
        self.trainer.rates_used = {group["name"]: group["lr"] for group in groups}


def keep_trained_in_float32(model: torch.nn.Module) -> None:
    """Turn trained parameters to float32: in bfloat16, TRL's choice for QLoRA, small updates are lost."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype != torch.float32:
            parameter.data = parameter.data.float()
