"""RunPlan: everything that a run would do, from its configuration and its files, without weights.

`make_plan` reads and checks the data, tokenises it if the tokenizer is on this machine, and lays out every step.
The form previews this object and the worker executes it. Raises a RequestError for a request that cannot work.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from phi_core.chat.prompt_format import PromptFormat, read_prompt_format, stop_ids
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer
from phi_core.config.training import TrainingConfig
from phi_core.data.dataset import Dataset, read_dataset, require_records
from phi_core.data.records import Record
from phi_core.data.split import split
from phi_core.errors import ConfigError, DataError, Problem
from phi_core.files import user_path
from phi_core.model_files.architecture import KNOWN_CONFIGS, Shape, shape_of
from phi_core.model_files.folder import locate, read_json
from phi_core.planning.extras import require_extras
from phi_core.planning.machine import Machine
from phi_core.planning.memory import MemoryEstimate, estimate_memory
from phi_core.planning.samples import Samples, estimated_lengths, require_samples, tokenise_records
from phi_core.planning.step_plan import StepPlan, make_step_plan
from phi_core.schedules.multipliers import multipliers

OUTER_TARGETS = ("lm_head", "embed_tokens", "embed_out", "embed_in", "wte")
"""Layers outside the blocks that may be adapted too; the worker finds out whether the model has them."""


@dataclass(frozen=True)
class ModelFacts:
    """What the model's files say. Everything is None for a hub model that is not on this machine."""

    shape: Shape | None
    form: PromptFormat | None
    tokenizer: TextTokenizer | None


@dataclass(frozen=True)
class RunPlan:
    """`train` and `validation` are None where the tokenizer is not on this machine; lengths are then estimates."""

    config: TrainingConfig
    dataset: Dataset
    num_train_records: int
    num_validation_records: int
    model: ModelFacts
    train: Samples | None
    validation: Samples | None
    steps: StepPlan

    @cached_property
    def multipliers(self) -> list[float]:
        """What the trainer scales the peak learning rate by, one value an optimizer step."""
        config = self.config
        return multipliers(config.schedule, num_steps=self.steps.num_steps, warmup_ratio=config.warmup_ratio)

    @property
    def learning_rates(self) -> list[float]:
        """One value an optimizer step: what the preview draws."""
        return [self.config.learning_rate * multiplier for multiplier in self.multipliers]

    @property
    def evaluation_steps(self) -> tuple[int, ...]:
        return self.steps.milestones(self.config.evaluate_every) if self.num_validation_records else ()

    @property
    def checkpoint_steps(self) -> tuple[int, ...]:
        return self.steps.milestones(self.config.checkpoint_every)

    @property
    def is_exact(self) -> bool:
        """Whether token counts come from the tokenizer."""
        return self.train is not None

    @cached_property
    def num_tokens(self) -> int:
        """Tokens computed over the whole run, without validation."""
        return sum(self.steps.lengths[index] for step in self.steps.steps for index in step)

    @cached_property
    def num_trained_tokens(self) -> int | None:
        if self.train is None:
            return None
        counts = [sample.num_trained for sample in self.train.samples]
        return sum(counts[index] for step in self.steps.steps for index in step)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the adapted modules; ("auto",) where the architecture is not known before loading."""
        wanted = self.config.lora_targets
        return self.model.shape.block_targets if wanted == ("auto",) and self.model.shape else wanted

    @property
    def trainable_parameters(self) -> int | None:
        shape = self.model.shape
        return shape.lora_parameters(self.config.lora_r, self.targets) if shape else None

    def memory(self, machine: Machine) -> MemoryEstimate | None:
        """The formula's estimate for this machine, None where the architecture is not known."""
        shape, config = self.model.shape, self.config
        if shape is None:
            return None
        tokens = self.steps.largest_micro_batch(config.batch_size)
        return estimate_memory(
            shape,
            trainable=self.trainable_parameters or 0,
            tokens=tokens,
            trained_tokens=self._largest_trained() or tokens,
            dtype=machine.dtype(config.dtype, config.device),
            gradient_checkpointing=config.gradient_checkpointing,
        )

    def warnings(self, machine: Machine) -> tuple[Problem, ...]:
        """What the user should know and may accept."""
        return tuple(problem for problem in (self._cut(), self._left_out(), self._fit(machine)) if problem)

    def facts(self) -> dict[str, Any]:
        """What run.json records of the plan."""
        form = self.model.form
        return {
            "dataset_fingerprint": self.dataset.fingerprint,
            "prompt_format": form.name if form else None,
            "prompt_format_hash": form.hash if form else None,
            "plan_hash": self.steps.hash if self.is_exact else None,
        }

    def _largest_trained(self) -> int | None:
        if self.train is None:
            return None
        counts = [sample.num_trained for sample in self.train.samples]
        return self.steps.largest_micro_batch(self.config.batch_size, counts)

    def _cut(self) -> Problem | None:
        count = sum(part.num_cut for part in (self.train, self.validation) if part)
        return (
            Problem(
                "max_length",
                f"{_records(count)} longer than {self.config.max_length} tokens and lose their end",
            )
            if count
            else None
        )

    def _left_out(self) -> Problem | None:
        count = sum(part.num_left_out for part in (self.train, self.validation) if part)
        return (
            Problem(
                "max_length", f"{_records(count)} left out: no answer within {self.config.max_length} tokens"
            )
            if count
            else None
        )

    def _fit(self, machine: Machine) -> Problem | None:
        estimate = self.memory(machine)
        if estimate is None or estimate.total_gib <= machine.training_free_gib:
            return None
        found = f"the estimate is {estimate.total_gib:.1f} GiB, {machine.training_free_gib:.1f} GiB are free"
        return Problem("memory", found, "Lower batch_size or max_length, or switch gradient_checkpointing on")


def make_plan(config: TrainingConfig, *, model: ModelFacts | None = None) -> RunPlan:
    """Lay the run out. The worker passes the `model` facts that it loaded; front ends let them be read from files."""
    require_extras(config)
    dataset = read_dataset(user_path(config.dataset_path))
    train, validation = _sides(config, dataset)
    model = model or model_facts(config)
    _require_targets(config, model.shape)
    if model.tokenizer is None or model.form is None:
        lengths, samples, held_out = estimated_lengths(train), None, None
    else:
        samples, held_out = (
            _samples(side, model.form, model.tokenizer, config) for side in (train, validation)
        )
        require_samples(samples, max_length=config.max_length)
        lengths = samples.lengths
    return RunPlan(
        config=config,
        dataset=dataset,
        num_train_records=len(train),
        num_validation_records=len(validation),
        model=model,
        train=samples,
        validation=held_out,
        steps=_steps(lengths, config),
    )


def model_facts(config: TrainingConfig) -> ModelFacts:
    """What is known of the model from its files. ModelError if a local folder is no model."""
    folder = locate(config.model_name, config.model_revision)
    if folder is None:
        known = KNOWN_CONFIGS.get(config.model_name)
        return ModelFacts(shape_of(known) if known else None, None, None)
    shape = shape_of(read_json(folder, "config.json"))
    form, tokenizer = read_prompt_format(folder, config.prompt_format), read_tokenizer(folder)
    if tokenizer is not None:
        stop_ids(form, tokenizer)  # refused here if the token that ends an answer is none
    return ModelFacts(shape, form, tokenizer)


def _require_targets(config: TrainingConfig, shape: Shape | None) -> None:
    """ConfigError for a target that names no layer of a known architecture."""
    if shape is None or config.lora_targets == ("auto",):
        return
    leaves = {target.rpartition(".")[2] for target in config.lora_targets}
    missing = sorted(leaves - {*shape.block_targets, *OUTER_TARGETS})
    if missing:
        raise ConfigError(
            f"lora_targets: {', '.join(missing)} names no layer of this {shape.family} model",
            remedy=f"It has {', '.join(shape.block_targets)}",
        )


def _sides(config: TrainingConfig, dataset: Dataset) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    records = require_records(dataset, on_bad_record=config.on_bad_record)
    if config.validation_path:
        held_out = read_dataset(user_path(config.validation_path))
        return records, require_records(held_out, on_bad_record=config.on_bad_record)
    try:
        sides = split(records, validation_fraction=config.validation_fraction, seed=config.seed)
    except DataError as error:
        raise DataError(f"{dataset.path}: {error.what}", remedy=error.remedy) from None
    return sides.train, sides.validation


def _samples(
    records: tuple[Record, ...], form: PromptFormat, tokenizer: TextTokenizer, config: TrainingConfig
) -> Samples:
    return tokenise_records(records, form, tokenizer, max_length=config.max_length, train_on=config.train_on)


def _steps(lengths: tuple[int, ...], config: TrainingConfig) -> StepPlan:
    return make_step_plan(
        lengths,
        epochs=config.epochs,
        effective_batch_size=config.effective_batch_size,
        seed=config.seed,
        max_steps=config.max_steps,
    )


def _records(count: int) -> str:
    return "1 record is" if count == 1 else f"{count} records are"
