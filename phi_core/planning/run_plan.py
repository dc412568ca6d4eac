"""RunPlan: everything that a run would do, from its configuration and its files, without weights.

`make_plan` reads and checks the data, tokenises it if the tokenizer is on this machine, and lays out every step.
The form previews this object and the worker executes it. Raises a RequestError for a request that cannot work.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import PromptFormat, check_template, read_prompt_format, stop_ids
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, ModelError, Problem
from phi_core.files import user_path
from phi_core.model_files.architecture import Shape, shape_of
from phi_core.model_files.base_models import base_model
from phi_core.model_files.fetch import WITHOUT_WEIGHTS, fetch
from phi_core.model_files.folder import commit_of, locate, read_json
from phi_core.planning.extras import require_extras
from phi_core.planning.initial_adapter import require_initial_adapter
from phi_core.planning.machine import Machine
from phi_core.planning.memory import MemoryEstimate, estimate_memory
from phi_core.planning.run_data import RunData, SourceShare, mixing, run_data, source_shares
from phi_core.planning.step_plan import Budget, Mixing, StepPlan, make_step_plan
from phi_core.samples.gate import Finding, findings, require_open
from phi_core.samples.prepare import OnProgress
from phi_core.samples.samples import Samples
from phi_core.schedules.multipliers import multipliers

OUTER_TARGETS = ("lm_head", "embed_tokens", "embed_out", "embed_in", "wte")
"""Layers outside the blocks that may be adapted too; the worker finds out whether the model has them."""


@dataclass(frozen=True)
class ModelFacts:
    """What the model's files say. Everything is None for a hub model that is not on this machine.

    `commit` is that of a hub model's files.
    """

    shape: Shape | None
    form: PromptFormat | None
    tokenizer: TextTokenizer | None
    commit: str | None = None


@dataclass(frozen=True)
class RunPlan:
    """Where the tokenizer is not on this machine, `data` holds estimated lengths and no ids."""

    config: TrainingConfig
    data: RunData
    model: ModelFacts
    mixing: Mixing | None
    steps: StepPlan

    @property
    def train(self) -> Samples:
        return self.data.train

    @property
    def validation(self) -> Samples:
        return self.data.validation

    @property
    def num_train_records(self) -> int:
        return len(self.train)

    @property
    def num_validation_records(self) -> int:
        return len(self.validation)

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
        return self.steps.milestones(self.config.evaluate_every) if len(self.validation) else ()

    @property
    def checkpoint_steps(self) -> tuple[int, ...]:
        return self.steps.milestones(self.config.checkpoint_every)

    @property
    def is_exact(self) -> bool:
        """Whether token counts come from the tokenizer."""
        return self.data.prepared.is_exact

    @cached_property
    def num_tokens(self) -> int:
        """Tokens computed over the whole run, without validation."""
        return self.steps.total()

    @cached_property
    def num_trained_tokens(self) -> int | None:
        return self.steps.total(self.train.trained) if self.is_exact else None

    @cached_property
    def source_shares(self) -> tuple[SourceShare, ...]:
        """What each source contributes, and how often its records come by."""
        return source_shares(self.data, self.steps, self.mixing.weights if self.mixing else None)

    @cached_property
    def gate(self) -> tuple[Finding, ...]:
        """What the launch gate finds in the tokens; `gate.require_open` raises for what was not accepted."""
        overlapping = self.data.num_overlapping
        return findings(self.train, self.validation, num_overlapping=overlapping, accept=self.config.accept)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the adapted modules; ("auto",) where the architecture is not known before loading."""
        return adapted(self.config, self.model.shape)

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
        found = (self._skipped(), self._cut(), self._left_out(), self._single(), self._fit(machine))
        return tuple(problem for problem in found if problem)

    def padding(self, record: int) -> int:
        """Pad tokens that a record gets in its first micro-batch: none where batches are padding-free."""
        samples, size = self.train.records, self.config.batch_size
        sample = bisect_left(samples, record)
        is_sample = sample < len(samples) and samples[sample] == record and sample in self.steps.order
        if self.config.padding_free or not is_sample:
            return 0
        place = self.steps.order.index(sample)
        step = bisect_right(self.steps.ends, place)
        start = self.steps.ends[step - 1] + (place - self.steps.ends[step - 1]) // size * size
        together = self.steps.order[start : min(start + size, self.steps.ends[step])]
        return max(self.steps.lengths[other] for other in together) - self.steps.lengths[sample]

    def facts(self) -> dict[str, Any]:
        """What run.json records of the plan."""
        form = self.model.form
        return {
            "dataset_fingerprint": self.data.prepared.content_fingerprint,
            "prepared_fingerprint": self.data.prepared.fingerprint,
            "prompt_format": form.name if form else None,
            "prompt_format_hash": form.hash if form else None,
            "plan_hash": self.steps.hash if self.is_exact else None,
            "base_model_commit": self.model.commit,
            "accepted": [{"name": finding.name, "what": finding.what} for finding in self.gate],
        }

    def _largest_trained(self) -> int | None:
        if not self.is_exact:
            return None
        return self.steps.largest_micro_batch(self.config.batch_size, self.train.trained)

    def _skipped(self) -> Problem | None:
        prepared = self.data.prepared
        if not prepared.num_faults:
            return None
        return Problem(
            "on_bad_record",
            f"{_counted(prepared.num_faults)} faulty and skipped, the first: {prepared.faults[0]}",
        )

    def _cut(self) -> Problem | None:
        count, rule = self.train.num_cut + self.validation.num_cut, self.train.rule
        if not count:
            return None
        lost = "prompt's start" if rule.truncation == "cut_start" else "end"
        verb = "loses its" if count == 1 else "lose their"
        return Problem(
            "max_length", f"{_counted(count)} longer than {rule.max_length} tokens and {verb} {lost}"
        )

    def _left_out(self) -> Problem | None:
        count, rule = self.train.num_left_out + self.validation.num_left_out, self.train.rule
        if not count:
            return None
        why = (
            f"longer than {rule.max_length} tokens"
            if rule.truncation == "drop"
            else f"no answer within {rule.max_length} tokens"
        )
        parts = f"{self.train.num_left_out:,} of training, {self.validation.num_left_out:,} of validation"
        return Problem("max_length", f"{_counted(count)} left out ({parts}): {why}")

    def _single(self) -> Problem | None:
        config = self.config
        if config.mixture == "concatenated" or len(config.dataset_path) > 1:
            return None
        return Problem(
            "mixture", f"{config.mixture} has no effect on one source", "Name several in dataset_path"
        )

    def _fit(self, machine: Machine) -> Problem | None:
        estimate = self.memory(machine)
        if estimate is None or estimate.total_gib <= machine.training_free_gib:
            return None
        found = f"the estimate is {estimate.total_gib:.1f} GiB, {machine.training_free_gib:.1f} GiB are free"
        return Problem("memory", found, "Lower batch_size or max_length, or switch gradient_checkpointing on")


def make_plan(
    config: TrainingConfig,
    *,
    model: ModelFacts | None = None,
    on_progress: OnProgress | None = None,
    large_bytes: int | None = None,
    fetches: bool = False,
) -> RunPlan:
    """Lay the run out. The worker passes the `model` facts that it loaded; front ends let them be read from files.

    Preparing large data takes its time: `on_progress` hears of it, and above `large_bytes` it is refused. With `fetches`
    what tells how a hub model tokenises is downloaded if it is not here; else lengths are estimated.
    """
    require_extras(config)
    model = model or model_facts(config, fetches=fetches)
    _require_targets(config, model.shape)
    require_initial_adapter(config, model.form, adapted(config, model.shape))
    data = run_data(
        config,
        model.form if model.tokenizer else None,
        model.tokenizer,
        on_progress=on_progress,
        large_bytes=large_bytes,
    )
    if not len(data.train):
        require_open(findings(data.train, data.validation, num_overlapping=0, accept=()))
    mixed = mixing(config, data)
    return RunPlan(
        config=config, data=data, model=model, mixing=mixed, steps=_steps(data.train, config, mixed)
    )


def model_facts(config: TrainingConfig, *, fetches: bool = False) -> ModelFacts:
    """What is known of the model from its files. ModelError if a local folder is no model, or it cannot be fetched."""
    folder = locate(config.model_name, config.model_revision)
    if folder is None and fetches:
        folder = fetch(config.model_name, config.model_revision, files=WITHOUT_WEIGHTS)
    if folder is None:
        known = base_model(config.model_name)
        return ModelFacts(known.shape if known else None, None, None)
    shape = shape_of(read_json(folder, "config.json"))
    form, tokenizer = prompt_format(config, folder), read_tokenizer(folder)
    if tokenizer is not None:
        stop_ids(form, tokenizer)  # refused here if the token that ends an answer is none
    return ModelFacts(shape, form, tokenizer, commit_of(folder))


def adapted(config: TrainingConfig, shape: Shape | None) -> tuple[str, ...]:
    """Names of the modules that a run adapts; ("auto",) where the architecture is not known before loading."""
    return shape.block_targets if config.lora_targets == ("auto",) and shape else config.lora_targets


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


def prompt_format(config: TrainingConfig, folder: Path, *, date: str | None = None) -> PromptFormat:
    """The prompt format that a configuration asks for. ModelError if its template cannot serve one question.

    `date` (ISO) is what a template is told that asks for it: the day of the run; None for today.
    Whether it can serve what the data holds, more turns or a system message, is found out as records are rendered.
    """
    template = user_path(config.prompt_template) if config.prompt_template else None
    form = read_prompt_format(folder, config.prompt_format, template, date=date)
    if problem := check_template(form, system=False, num_turns=1):
        raise ModelError(f"{problem.where}: {problem.what}", problem.remedy)
    return form


def _steps(train: Samples, config: TrainingConfig, mixed: Mixing | None) -> StepPlan:
    return make_step_plan(
        train.lengths,
        budget=Budget(config.epochs, config.max_steps, config.max_tokens),
        effective_batch_size=config.effective_batch_size,
        seed=config.seed,
        mixing=mixed,
    )


def _counted(count: int) -> str:
    return "1 record is" if count == 1 else f"{count:,} records are"
