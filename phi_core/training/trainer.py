"""PHITrainer: transformers' Trainer on a flat step plan, through public hooks only.

The plan lists the samples of every optimizer step of the whole run, so the Trainer sees one epoch of `num_steps`
batches with no accumulation of its own; `training_step` cuts each into micro-batches. The loss is summed and divided
by the trained tokens of the whole step, and is therefore independent of how the step is cut. Knows nothing about run
directories: callbacks report.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerControl, TrainingArguments

from phi_core.chat.prompt_format import Tokenised
from phi_core.errors import TrainingFailed
from phi_core.planning.step_plan import StepPlan, micro_batches
from phi_core.samples.samples import Samples
from phi_core.training.batches import Batch
from phi_core.training.loss import Loss

Collate = Callable[[Sequence[Tokenised], str], Batch]


class PHITrainer(Trainer):
    """`multipliers[k]` scales the learning rate of step k + 1. `validation` may be empty.

    `labels` name the sources that samples come from: tokens are counted and validation losses told apart by them.
    """

    control: TrainerControl

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments,
        *,
        train: Samples,
        validation: Samples,
        labels: Sequence[str],
        steps: StepPlan,
        multipliers: Sequence[float],
        batch_size: int,
        collate: Collate,
        loss: Loss,
        **more: Any,
    ) -> None:
        self._train, self._validation, self._steps, self._labels = train, validation, steps, labels
        self._multipliers, self._batch_size = multipliers, batch_size
        self._collate, self._loss = collate, loss
        self.step_trained_tokens = 0
        self.step_tokens: dict[str, int] = {}
        super().__init__(model, args, train_dataset=train, **more)
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader[Tokenised]:
        """One batch an optimizer step: the samples of that step, untouched, each with the source it is from."""
        samples: Any = _WithSource(self._train, self._labels)
        order: Any = _Steps(self._steps)
        return DataLoader(samples, batch_sampler=order, collate_fn=list)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LRScheduler:
        last = len(self._multipliers) - 1
        optimizer = self.optimizer if optimizer is None else optimizer
        self.lr_scheduler = LambdaLR(optimizer, lambda step: self._multipliers[min(step, last)])
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of one optimizer step. `inputs` are its (sample, source) pairs. Returns the mean loss per
        trained token; `step_tokens` then holds the tokens that were computed, by source.

        TrainingFailed if the loss is not finite: the weights are then still those of the step before.
        """
        model.train()
        samples = [sample for sample, _ in inputs]
        self.step_trained_tokens = sum(sample.num_trained for sample in samples)
        self.step_tokens = _tokens_by_source(inputs)
        total = torch.zeros((), device=self.args.device)
        for micro in micro_batches(samples, self._batch_size):
            batch = self._collate(micro, self.args.device.type)
            loss = self.compute_loss(model, batch) / self.step_trained_tokens
            self.accelerator.backward(loss)
            total += loss.detach()
        self._require_finite(float(total))
        return total

    def compute_loss(
        self, model: nn.Module, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The summed loss of a micro-batch."""
        return self._loss(model, inputs)

    @torch.no_grad()
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Mean loss per trained token over the validation samples, and its exponential, the perplexity.

        With several sources also the loss of each, as `eval_loss/LABEL`.
        """
        self.model.eval()
        totals = {source: self._validation_loss(source) for source in sorted(set(self._validation.sources))}
        loss = sum(totals.values()) / self._validation.num_trained_tokens
        metrics = {f"{metric_key_prefix}_loss": loss, f"{metric_key_prefix}_perplexity": _perplexity(loss)}
        if len(totals) > 1:
            metrics |= {
                f"{metric_key_prefix}_loss/{self._labels[source]}": total / self._trained_tokens(source)
                for source, total in totals.items()
            }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: the parent's formula does not fit batches without padding."""
        return 0

    def _validation_loss(self, source: int) -> float:
        """Summed loss of the validation samples of one source."""
        samples = [place for place, own in enumerate(self._validation.sources) if own == source]
        batches = (
            self._collate(self._taken(micro), self.args.device.type)
            for micro in micro_batches(samples, self._batch_size)
        )
        return sum(float(self._loss(self.model, batch)) for batch in batches)

    def _taken(self, places: Sequence[int]) -> list[Tokenised]:
        return [self._validation[place] for place in places]

    def _trained_tokens(self, source: int) -> int:
        pairs = zip(self._validation.sources, self._validation.trained, strict=True)
        return sum(trained for own, trained in pairs if own == source)

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingFailed(
                f"the loss is {loss} at step {self.state.global_step + 1}",
                "Lower learning_rate or raise warmup_ratio and start anew; checkpoints from before are sound",
            )


class _Steps:
    """The steps of a plan as a batch sampler."""

    def __init__(self, plan: StepPlan) -> None:
        self._plan = plan

    def __len__(self) -> int:
        return self._plan.num_steps

    def __iter__(self) -> Iterator[list[int]]:
        return self._plan.steps()


class _WithSource:
    """Samples as a dataset of (sample, label of its source)."""

    def __init__(self, samples: Samples, labels: Sequence[str]) -> None:
        self._samples, self._labels = samples, labels

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Tokenised, str]:
        return self._samples[index], self._labels[self._samples.sources[index]]


def _tokens_by_source(step: Sequence[tuple[Tokenised, str]]) -> dict[str, int]:
    tokens: Counter[str] = Counter()
    for sample, label in step:
        tokens[label] += len(sample.ids)
    return dict(tokens)


def _perplexity(loss: float) -> float:
    return math.exp(loss) if loss < 700 else math.inf
