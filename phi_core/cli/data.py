"""`phi data check`: look at data before a run."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from phi_core.cli.data_progress import progress_line
from phi_core.cli.flags import Json
from phi_core.cli.output import print_json, say_row
from phi_core.config.option import items
from phi_core.config.words import FormatChoice, TextUnit
from phi_core.counted import counted
from phi_core.data.check import DataSummary, Spread, figure
from phi_core.data.fault_list import listed
from phi_core.data.formats import columns_from
from phi_core.data.overlap import QuestionOverlap, ValidationOverlap
from phi_core.data.records import Reading, shown
from phi_core.data.sources.find import find_sources
from phi_core.data.sources.part import Source
from phi_core.data.survey import Survey, survey, train_parts, validation_parts
from phi_core.errors import DataError
from phi_core.evaluation.question_set import QuestionSet, read_question_set, require_questions
from phi_core.files import user_path
from phi_core.samples.progress import counting

USUAL_TURNS = 2
FILES_LISTED = 5

Limit = Annotated[int, Parameter(validator=Number(gte=0))]


def check(
    path: list[str],
    /,
    *,
    columns: str | None = None,
    record_format: FormatChoice = "auto",
    text_unit: TextUnit = "auto",
    group_by: str | None = None,
    validation: list[str] | None = None,
    questions: str | None = None,
    limit: Limit = 20,
    json: Json = False,
) -> int:
    """Check every record of a file. Exit status 2 if any is faulty.

    Parameters
    ----------
    path
        Files, folders, patterns or hub ids. A folder's own validation files are held against its others.
    columns
        Fields that the data calls otherwise, such as prompt=question,response=best_answer.
    record_format
        Fields of a record; auto: told by its keys.
    text_unit
        What is one record in a .txt file; auto: a paragraph if any has more than one line.
    group_by
        Column whose equal values stay on one side of the split: every record must have it.
    validation
        Data that must not stand in the other; repeat it for several.
    questions
        A question set, whose questions must not stand in the data.
    limit
        Faults, near duplicates and overlaps to list at most; all are counted.
    """
    reading = Reading(record_format, columns_from(items(columns or "")), group_by)
    sources = find_sources(path, text_unit=text_unit)
    held_out = find_sources(validation or (), text_unit=text_unit)
    asked = _questions(questions)
    parts = (*train_parts(sources), *validation_parts(sources, held_out))
    with progress_line() as on_progress:
        found = survey(
            sources,
            reading,
            validation=held_out,
            questions=[question.prompt for question in asked.questions] if asked else None,
            limit=limit,
            on_progress=counting(on_progress, sum(part.num_bytes for part in parts)),
        )
    is_empty = not found.train.num_records
    if json:
        print_json(found.as_json())
        return 2 if found.num_faults or is_empty else 0
    _print(found, sources, asked)
    if found.num_faults:
        raise _faulty(path, found)
    if is_empty:
        raise DataError(f"dataset {', '.join(source.label for source in sources)} has no good record")
    return 0


def _questions(path: str | None) -> QuestionSet | None:
    if path is None:
        return None
    asked = read_question_set(user_path(path))
    require_questions(asked, skip_bad=False)
    return asked


def _faulty(path: list[str], found: Survey) -> DataError:
    problems = listed([fault.problem for fault in found.faults], found.num_faults)
    name = shown(path[0], 300) if len(path) == 1 else "the data"
    return DataError(f"{name} has {counted(found.num_faults, 'faulty record')}", problems)


def _print(found: Survey, sources: tuple[Source, ...], asked: QuestionSet | None) -> None:
    _print_summary(found.train, sources)
    if found.validation and found.overlap:
        print()
        say_row(
            "validation", f"{found.validation.num_records:,} good, {found.validation.num_faults:,} faulty"
        )
        _print_notes(found.validation)
        _print_overlap(found.overlap)
    if found.questions and asked:
        print()
        _print_questions(found.questions, asked)


def _print_summary(found: DataSummary, sources: tuple[Source, ...]) -> None:
    say_row("records", f"{found.num_records:,} good, {found.num_faults:,} faulty")
    for source in found.sources if len(found.sources) > 1 else ():
        say_row("  from", f"{source.name}: {source.num_records:,} good, {source.num_faults:,} faulty")
    say_row("formats", ", ".join(f"{count:,} {name}" for name, count in found.formats.items()) or "none")
    _print_text_units(sources)
    say_row(
        "duplicates",
        f"{found.num_duplicates:,}, and {found.num_near_duplicates:,} nearly the same{_among(found)}",
    )
    if found.turns and not found.turns.minimum == found.turns.maximum <= USUAL_TURNS:
        _print_spread("turns", found.turns)
    _print_spread("characters", found.characters)
    if found.prompt_characters and found.prompt_characters.maximum:
        _print_spread("  prompt", found.prompt_characters)
        _print_spread("  answer", found.answer_characters)
    _print_notes(found)


def _print_text_units(sources: tuple[Source, ...]) -> None:
    """How text files were parted into records, which may have been told by their content."""
    files: dict[str, list[str]] = {"line": [], "paragraph": []}
    for part in train_parts(sources):
        if part.kind.startswith("text_"):
            files[part.kind.removeprefix("text_").removesuffix("s")].append(part.name)
    for unit, names in files.items():
        if names:
            more = (
                f" and {counted(len(names) - FILES_LISTED, 'more file')}" if len(names) > FILES_LISTED else ""
            )
            say_row("text", f"{', '.join(names[:FILES_LISTED])}{more} read by {unit}")


def _print_notes(found: DataSummary) -> None:
    for kind, count in found.fault_kinds.items():
        say_row("faulty", f"{count:,} × {kind}")
    for finding in found.warnings:
        say_row("note", str(finding.problem))
    for pair in found.near_duplicates:
        say_row("  near", f"{pair.later} is nearly {pair.earlier}")


def _print_overlap(overlap: ValidationOverlap) -> None:
    said = (
        f"{overlap.num_same:,} of {counted(overlap.num_validation, 'validation record')} also in the training data, "
        f"{overlap.num_same_prompt:,} with another answer, {overlap.num_near:,} nearly the same"
    )
    searched = overlap.num_searched < overlap.num_train
    say_row("overlap", f"{said} (near: first {overlap.num_searched:,} searched)" if searched else said)
    words = {"same": "is", "same_prompt": "has the prompt of", "near": "is nearly"}
    for shared in overlap.records:
        say_row("  shared", f"{shared.validation} {words[shared.how]} {shared.train}")


def _print_questions(overlap: QuestionOverlap, asked: QuestionSet) -> None:
    all_questions = counted(overlap.num_questions, "question")
    say_row("questions", f"{len(overlap.found):,} of {all_questions} of set {asked.name} also in the data")
    words = {"same": "asked in", "contained": "within", "near": "nearly asked in"}
    for found in overlap.found:
        question = asked.questions[found.question - 1]
        place = f"{words[found.how]} {found.place}, {counted(found.num_records, 'record')} in all"
        say_row("  found", f"question {shown(question.id)}, {shown(question.prompt, 60)!r}: {place}")


def _print_spread(name: str, spread: Spread | None) -> None:
    if spread:
        most = f"95 % up to {spread.p95:,}"
        say_row(name, f"{spread.minimum:,} to {spread.maximum:,}, median {figure(spread.median)}, {most}")


def _among(found: DataSummary) -> str:
    left_out = found.num_searched < found.num_records
    return f" (first {found.num_searched:,} searched)" if left_out else ""
