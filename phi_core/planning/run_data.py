"""From a configuration to its samples: find the sources, prepare them, divide them, cut them, mix them.

The front ends' preview and the worker call the same functions, so the tokens shown are the tokens trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from phi_core.chat.prompt_format import PromptFormat
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.config.training import TrainingConfig
from phi_core.data.formats import columns_from
from phi_core.data.mixture import drawn, normalised, tokens_by_source, weights_for
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.errors import DataError
from phi_core.files import GIB
from phi_core.planning.sides import sides
from phi_core.planning.step_plan import Mixing, StepPlan
from phi_core.samples.cut import CutRule, cut_all
from phi_core.samples.data_spec import TO_SPLIT, DataSpec
from phi_core.samples.prepare import find_prepared, prepare
from phi_core.samples.prepared import Prepared
from phi_core.samples.progress import OnProgress
from phi_core.samples.samples import Samples, samples_of


@dataclass(frozen=True)
class RunData:
    """Prepared data and its two sides. `num_overlapping` counts validation records that are trained on too."""

    prepared: Prepared
    train: Samples
    validation: Samples
    num_overlapping: int

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return self.prepared.labels


@dataclass(frozen=True)
class SourceShare:
    """What a source contributes to a run. `declared` is None where the mixture declares no shares."""

    label: str
    samples: int
    tokens_drawn: int
    share: float
    declared: float | None
    repetitions: float


def data_spec(config: TrainingConfig) -> DataSpec:
    """DataError if a source is not there."""
    return DataSpec(
        sources=find_sources(config.dataset_path, text_unit=config.text_unit),
        validation=find_sources(config.validation_path, text_unit=config.text_unit),
        reading=reading(config),
        skips_faults=config.on_bad_record == "skip",
    )


def reading(config: TrainingConfig) -> Reading:
    return Reading(config.record_format, columns_from(config.columns), config.group_by)


def cut_rule(config: TrainingConfig) -> CutRule:
    return CutRule(config.max_length, config.truncation, config.train_on)


def run_data(
    config: TrainingConfig,
    form: PromptFormat | None,
    tokenizer: TextTokenizer | None,
    *,
    on_progress: OnProgress | None = None,
    large_bytes: int | None = None,
) -> RunData:
    """The samples of a run. DataError if the data is not right.

    Files that together have more than `large_bytes` are not prepared here: DataError unless they are already.
    """
    spec = data_spec(config)
    if large_bytes is not None and spec.num_bytes > large_bytes:
        _require_prepared(spec, form, tokenizer)
    data = prepare(spec, form, tokenizer, on_progress=on_progress)
    return divided(config, data)


def divided(config: TrainingConfig, data: Prepared) -> RunData:
    """Prepared data in two sides."""
    _require_records(data)
    found, rule = sides(config, data), cut_rule(config)
    cuts = cut_all(data, rule)
    return RunData(
        prepared=data,
        train=samples_of(data, found.train, rule, cuts),
        validation=samples_of(data, found.validation, rule, cuts),
        num_overlapping=found.num_overlapping,
    )


def mixing(config: TrainingConfig, data: RunData) -> Mixing | None:
    """How the sources are mixed; None for one source."""
    sources = data.train.sources
    if len(config.dataset_path) < 2 or config.mixture == "concatenated":
        return None
    lengths = data.train.lengths
    tokens = tokens_by_source(range(len(lengths)), lengths, sources, num_sources=len(config.dataset_path))
    for label, count in zip(data.labels, tokens, strict=False):
        if not count:
            raise DataError(f"source {label} has nothing to train on", remedy="Take it out of dataset_path")
    return Mixing(
        sources, weights_for(config.mixture, tokens, config.mixture_weights), config.mixture == "sequential"
    )


def source_shares(data: RunData, steps: StepPlan, weights: Sequence[float] | None) -> tuple[SourceShare, ...]:
    """What each source contributes over the whole run."""
    sources = data.train.sources
    found = drawn(steps.order, data.train.lengths, sources, num_sources=max(sources, default=-1) + 1)
    declared = normalised(weights) if weights else (None,) * len(found)
    return tuple(
        SourceShare(label, sources.count(place), own.tokens, own.share, share, own.repetitions)
        for place, (label, own, share) in enumerate(zip(data.labels, found, declared, strict=False))
    )


def _require_records(data: Prepared) -> None:
    if not (data.side == TO_SPLIT).any():
        faulty = f" and {data.num_faults} faulty" if data.num_faults else ""
        what = f"dataset {data.name} has 0 good records{faulty}; at least 1 needed"
        raise DataError(what, data.faults)


def _require_prepared(spec: DataSpec, form: PromptFormat | None, tokenizer: TextTokenizer | None) -> None:
    if find_prepared(spec, form, tokenizer) is None:
        size = f"{spec.num_bytes / GIB:.1f} GiB"
        what = f"the data has {size} and is not prepared yet"
        raise DataError(
            what, remedy="Prepare it: phi data prepare with the same options; launching does it too"
        )
