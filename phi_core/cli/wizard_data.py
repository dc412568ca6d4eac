"""What the wizard finds in data before it goes on: faults, repetitions, leaks, lengths. Writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from phi_core.chat.prompt_format import PromptFormat, tokenise_all, tokenise_texts
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.cli.data_progress import progress_line
from phi_core.config.training import TrainingConfig
from phi_core.data.fault_list import listed
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Record, shown
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.part import Part, Source
from phi_core.data.split import golden_train
from phi_core.data.survey import Survey, survey, train_parts, validation_parts
from phi_core.errors import DataError, ModelError, Problem
from phi_core.planning.run_data import reading
from phi_core.planning.run_plan import ModelFacts
from phi_core.planning.suggestions import COVERED_PERCENT, Lengths
from phi_core.samples.progress import counting
from phi_core.samples.statistics import percentiles

RECORDS_MEASURED = 10_000
AT_ONCE = 500
FAULTS_LISTED = 10
NOTES_LISTED = 8


@dataclass(frozen=True)
class DataLook:
    """`lengths` is None if there is no good record."""

    sources: tuple[Source, ...]
    validation: tuple[Source, ...]
    survey: Survey
    lengths: Lengths | None

    @property
    def has_validation(self) -> bool:
        """Whether there are files of validation data already."""
        return bool(self.validation) or any(source.validation for source in self.sources)

    @property
    def num_records(self) -> int:
        return self.survey.train.num_records

    @property
    def num_bytes(self) -> int:
        return sum(part.num_bytes for part in train_parts(self.sources))

    @property
    def num_to_split(self) -> int:
        """Records of the sources without validation data of their own."""
        if self.validation:
            return 0
        names = {part.name for source in self.sources if not source.validation for part in source.parts}
        return sum(counts.num_records for counts in self.survey.train.sources if counts.name in names)


def look(config: TrainingConfig, facts: ModelFacts) -> DataLook:
    """Everything about the data of a configuration. DataError if a source as a whole is not right."""
    sources = find_sources(config.dataset_path, text_unit=config.text_unit)
    validation = find_sources(config.validation_path, text_unit=config.text_unit)
    parts = (*train_parts(sources), *validation_parts(sources, validation))
    with progress_line() as told:
        found = survey(
            sources,
            reading(config),
            validation=validation,
            limit=FAULTS_LISTED,
            on_progress=counting(told, sum(part.num_bytes for part in parts)),
        )
    return DataLook(sources, validation, found, _lengths(parts, config, facts))


def num_held_out(data: DataLook, config: TrainingConfig) -> int:
    """About how many records a split takes for validation: equal records stay together."""
    count = data.num_to_split
    if not count:
        return 0
    if config.validation_records is not None:
        return config.validation_records
    if config.validation_fraction == "golden":
        return count - golden_train(count)
    share = config.validation_fraction
    return max(1, min(count - 1, round(count * share))) if share else 0


def require_records(data: DataLook) -> None:
    """DataError with the first faults if there is nothing to train on."""
    if not data.num_records:
        faulty = f"{data.survey.num_faults:,} faulty" if data.survey.num_faults else "none"
        remedy = "Correct them, or name its columns: --columns prompt=question,response=answer"
        raise DataError(
            f"the data has no good record ({faulty})",
            [fault.problem for fault in data.survey.faults],
            remedy=remedy if data.survey.num_faults else "Name a file with records",
        )


def require_no_leak(data: DataLook, config: TrainingConfig) -> None:
    """DataError if validation records are trained on and this was not accepted."""
    overlap = data.survey.overlap
    if overlap is None or not overlap.num_same or "overlap" in config.accept:
        return
    shared = [
        Problem(record.validation, f"stands in the training data too, {record.train}")
        for record in overlap.records
        if record.how == "same"
    ]
    what = f"{overlap.num_same:,} of {overlap.num_validation:,} validation records are also trained on"
    raise DataError(what, shared, remedy="Take them out of one side, or accept it: --accept overlap")


def require_two_sides(data: DataLook, config: TrainingConfig) -> None:
    """DataError if a split is wanted of data that does not give two sides."""
    distinct = data.num_to_split - data.survey.train.num_duplicates
    held_out = num_held_out(data, config)
    if held_out and (distinct < 2 or held_out >= data.num_to_split):
        what = f"{data.num_to_split:,} records, {max(distinct, 1):,} of them different, cannot be split for validation"
        raise DataError(what, remedy="Set validation_fraction to 0, or give more records")


def data_lines(data: DataLook) -> Iterator[str]:
    """What there is to tell of the data."""
    train = data.survey.train
    formats = ", ".join(f"{count:,} {name}" for name, count in train.formats.items())
    yield f"{train.num_records:,} good records ({formats or 'none'}), {data.survey.num_faults:,} faulty"
    if data.num_records == 1:
        yield "note: one record: all that can be learnt is to repeat it"
    for finding in train.warnings[:NOTES_LISTED]:
        yield f"note: {finding.problem}"
    if data.survey.validation:
        yield f"{data.survey.validation.num_records:,} validation records"
    overlap = data.survey.overlap
    if overlap and overlap.num_shared:
        yield (
            f"note: {overlap.num_same:,} validation records are trained on, {overlap.num_same_prompt:,} with another "
            f"answer, {overlap.num_near:,} nearly"
        )


def fault_lines(data: DataLook) -> list[str]:
    faults = [fault.problem for fault in data.survey.faults]
    return [f"  {problem}" for problem in listed(faults, data.survey.num_faults)]


def length_lines(data: DataLook) -> Iterator[str]:
    """Percentiles of the lengths."""
    lengths = data.lengths
    if lengths is None:
        return
    names = {50: "median", 95: "95 %", COVERED_PERCENT: f"{COVERED_PERCENT} %", 100: "longest"}
    figures = ", ".join(f"{name} {lengths.percentiles[percent]:,}" for percent, name in names.items())
    how = "tokens" if lengths.is_exact else "tokens, estimated as characters / 4"
    first = f" of the first {lengths.num_measured:,} records" if _is_part(data) else ""
    yield f"lengths{first} in {how}: {figures}"


def _is_part(data: DataLook) -> bool:
    lengths = data.lengths
    return lengths is not None and lengths.num_measured < data.num_records


def _lengths(parts: Sequence[Part], config: TrainingConfig, facts: ModelFacts) -> Lengths | None:
    records = islice(_good(parts, config), RECORDS_MEASURED)
    counts: list[int] = []
    while batch := list(islice(records, AT_ONCE)):
        counts += (
            _counted(batch, facts.form, facts.tokenizer)
            if facts.form and facts.tokenizer
            else map(_estimated, batch)
        )
    is_exact = facts.form is not None and facts.tokenizer is not None
    return Lengths(percentiles(counts), len(counts), is_exact) if counts else None


def _good(parts: Sequence[Part], config: TrainingConfig) -> Iterator[Record]:
    records = read_records(parts, reading(config))
    return (record for record in records if not isinstance(record, Fault))


def _counted(records: Sequence[Record], form: PromptFormat, tokenizer: TextTokenizer) -> list[int]:
    """Tokens of each, texts first. ModelError with its place for a record that the format cannot write."""
    texts = [record.messages[0].content for record in records if record.is_text]
    others = [record for record in records if not record.is_text]
    try:
        samples = tokenise_all(form, [record.messages for record in others], tokenizer)
    except ModelError as error:
        if len(others) == 1:
            place = f"{shown(others[0].source)} line {others[0].line}"
            raise ModelError(f"{place}: {error.what}", error.remedy) from None
        for record in others:
            _counted([record], form, tokenizer)
        raise
    return [len(sample.ids) for part in (tokenise_texts(form, texts, tokenizer), samples) for sample in part]


def _estimated(record: Record) -> int:
    return sum(max(1, len(message.content) // 4) for message in record.messages)
