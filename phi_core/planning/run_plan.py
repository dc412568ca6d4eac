"""RunPlan: everything that a run would do, from its configuration and its files, without weights.

`make_plan` reads and checks the data, tokenises it if the tokenizer is on this machine, and lays out every step.
The form previews this object and the worker executes it. Raises a RequestError for a request that cannot work.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import PromptFormat, check_template, read_prompt_format, stop_ids
from phi_core.chat.tokenizer import TextTokenizer, read_tokenizer
from phi_core.config.step_rules import step_notes
from phi_core.config.training import TrainingConfig
from phi_core.data.record_order import Ordering, num_distinct
from phi_core.errors import ModelError, Problem
from phi_core.files import user_path
from phi_core.model_files.architecture import Shape, shape_of
from phi_core.model_files.base_models import base_model
from phi_core.model_files.fetch import WITHOUT_WEIGHTS, fetch
from phi_core.model_files.folder import commit_of, locate, read_json
from phi_core.planning.adapted_layers import adapter_parameters, require_layers, target_names
from phi_core.planning.courses import Courses, course_notes, courses_of, num_warmup_steps
from phi_core.planning.expected_memory import Expected, expected_memory
from phi_core.planning.extras import require_extras
from phi_core.planning.initial_adapter import require_initial_adapter
from phi_core.planning.longest_batch import LongestBatch, longest_batch
from phi_core.planning.machine import Machine
from phi_core.planning.memory import MemoryEstimate
from phi_core.planning.run_data import RunData, SourceShare, mixing, run_data, source_shares
from phi_core.planning.step_plan import Budget, Mixing, StepPlan, make_step_plan
from phi_core.samples.gate import Finding, findings, require_open
from phi_core.samples.progress import OnProgress
from phi_core.samples.samples import Samples
from phi_core.schedules.batch_growth import Growth


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
    def courses(self) -> Courses:
        """Learning rate, dropout and weight decay of every step. ConfigError if the warm-up fills the run."""
        return courses_of(self.config, self.steps)

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """One value an optimizer step: what the preview draws."""
        return self.courses.learning_rate

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
    def num_distinct_records(self) -> int:
        """Training records that come at least once."""
        return num_distinct(self.steps.order, len(self.train))

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
        return target_names(self.config, self.model.shape)

    @cached_property
    def trainable_parameters(self) -> int | None:
        """None where the architecture is not known before loading."""
        return adapter_parameters(self.config, self.model.shape) if self.model.shape else None

    @cached_property
    def longest(self) -> LongestBatch:
        """The largest micro-batch of the run: what its memory hangs on, and what the probe computes."""
        return self.longest_of(self.config.batch_size)

    def longest_of(self, batch_size: int) -> LongestBatch:
        """What would be the largest with micro-batches of another size; the steps stay as they are."""
        return longest_batch(
            self.steps,
            batch_size=batch_size,
            padding_free=self.config.padding_free,
            num_processes=self.config.num_processes,
            trained=self.train.trained if self.is_exact else None,
        )

    def memory(self, machine: Machine) -> MemoryEstimate | None:
        """The formula's estimate for this machine, None where the architecture is not known."""
        expected = self.expected(machine)
        return expected.estimate if expected else None

    def expected(self, machine: Machine) -> Expected | None:
        """The estimate with what past runs taught, against what is free; None where the architecture is not known."""
        if self.model.shape is None:
            return None
        trainable = self.trainable_parameters or 0
        return expected_memory(self.config, self.model.shape, self.longest, machine, trainable=trainable)

    def warnings(self, machine: Machine) -> tuple[Problem, ...]:
        """What the user should know and may accept."""
        found = (
            *(self._skipped(), self._cut(), self._left_out(), self._single(), self._seldom()),
            *step_notes(self.config),
            *course_notes(self.config, self.steps),
            self._fit(machine),
        )
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

    def laid_out(self, config: TrainingConfig) -> "RunPlan":
        """The same data under another budget: what an extended run does."""
        return replace(self, config=config, steps=steps_of(self.train.lengths, config, self.mixing))

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

    def _seldom(self) -> Problem | None:
        if self.config.record_weights == "equal" or self.num_distinct_records == len(self.train):
            return None
        never = len(self.train) - self.num_distinct_records
        found = (
            f"{self.num_distinct_records:,} of {len(self.train):,} training records come, {never:,} never do"
        )
        return Problem("record_weights", found, "Set it to equal to train on all of them")

    def _fit(self, machine: Machine) -> Problem | None:
        expected = self.expected(machine)
        if expected is None or expected.is_enough or self.config.launcher == "slurm":
            return None  # a Slurm job runs on another machine
        found = (
            f"about {expected.needed_gib:.1f} GiB are needed, {expected.free_gib:.1f} GiB are free "
            f"(formula {expected.correction})"
        )
        return Problem("memory", found, "--fit chooses a micro-batch that fits; `phi plan --probe` measures")


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
    require_layers(config, model.shape)
    require_initial_adapter(config, model.form, model.shape)
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
    steps = steps_of(data.train.lengths, config, mixed)
    num_warmup_steps(config, steps)  # refused here if it leaves no step after it
    return RunPlan(config=config, data=data, model=model, mixing=mixed, steps=steps)


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


def steps_of(lengths: Sequence[int], config: TrainingConfig, mixed: Mixing | None = None) -> StepPlan:
    """The steps that a configuration makes of samples with these tokens each."""
    return make_step_plan(
        lengths,
        budget=Budget(config.epochs, config.max_steps, config.max_tokens),
        growth=Growth(
            config.effective_batch_size,
            config.batch_growth,
            config.batch_phases,
            config.largest_effective_batch,
        ),
        seed=config.seed,
        mixing=mixed,
        ordering=Ordering(config.record_order, config.record_weights),
    )


def _counted(count: int) -> str:
    return "1 record is" if count == 1 else f"{count:,} records are"
