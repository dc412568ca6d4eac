"""`phi data split`: records into training, validation and test files."""

from typing import Literal

from phi_core.cli.data_progress import progress_line
from phi_core.cli.flags import Whole
from phi_core.cli.output import say, table
from phi_core.config.option import items
from phi_core.config.words import FormatChoice, OnBadRecord, TextUnit
from phi_core.data.formats import columns_from
from phi_core.data.records import Reading
from phi_core.data.sources.find import find_sources
from phi_core.data.split import Share
from phi_core.data.split_files import SIDES, SplitWish, WrittenSplit, write_split
from phi_core.errors import RequestError
from phi_core.files import user_path
from phi_core.samples.progress import counting


def split_files(
    *path: str,
    output: str,
    validation_fraction: float | Literal["golden"] | None = None,
    validation_records: Whole | None = None,
    test_fraction: float | None = None,
    test_records: Whole | None = None,
    group_by: str | None = None,
    columns: str | None = None,
    record_format: FormatChoice = "auto",
    text_unit: TextUnit = "auto",
    seed: Whole = 42,
    on_bad_record: OnBadRecord = "error",
    overwrite: bool = False,
) -> int:
    """Split records into train.jsonl, validation.jsonl and test.jsonl, with none on two sides.

    Records of the same content stay together; every source gives its share. Rows are copied as they are. The folder
    is a dataset_path of its own; test.jsonl is not trained on.

    Parameters
    ----------
    path
        Sources: files, folders, patterns or hub ids, as in dataset_path.
    output
        Folder to write to.
    validation_fraction
        Share of all records for validation; 0: none; golden: 38.2 % of what is not test [default: 0.1].
    validation_records
        Exactly so many records for validation, instead of a share.
    test_fraction
        Share of all records for test [default: 0].
    test_records
        Exactly so many records for test, instead of a share.
    group_by
        Column whose equal values stay on one side: a person, a document.
    columns
        Fields that the data calls otherwise, such as prompt=question,response=best_answer; say it again in training.
    record_format
        Fields of a record, as in training; auto: told by its keys.
    text_unit
        What is one record in a .txt file; auto: a paragraph if any has more than one line.
    seed
        Equal seeds give equal splits.
    on_bad_record
        What a faulty record does: end the command with all of them listed, or stay out of the split.
    overwrite
        Replace a split that is there.
    """
    if not path:
        raise RequestError("nothing to split", "Name at least one file, folder or pattern")
    if validation_records is not None and validation_fraction is not None:
        raise RequestError("--validation_records and --validation_fraction are two answers to one question")
    if test_records is not None and test_fraction is not None:
        raise RequestError("--test_records and --test_fraction are two answers to one question")
    share: Share = 0.1 if validation_fraction is None else validation_fraction
    wish = SplitWish(
        validation=share if validation_records is None else validation_records,
        test=(test_fraction or 0) if test_records is None else test_records,
        seed=seed,
        skips_faults=on_bad_record == "skip",
    )
    sources = find_sources(path, text_unit=text_unit)
    reading = Reading(record_format, columns_from(items(columns or "")), group_by)
    parts = [part for source in sources for part in source.parts]
    with progress_line() as on_progress:  # read twice
        done = write_split(
            sources,
            user_path(output),
            reading,
            wish,
            overwrite=overwrite,
            on_progress=counting(on_progress, 2 * sum(part.num_bytes for part in parts)),
        )
    _print(done)
    return 0


def _print(done: WrittenSplit) -> None:
    rows = [[label, *map(str, counts)] for label, counts in done.counts.items()]
    if len(rows) > 1:
        rows.append(["all", *(str(done.total(side)) for side in range(len(SIDES)))])
    say(table(["source", *SIDES], rows))
    if done.num_skipped:
        say(f"skipped  {done.num_skipped} faulty")
    if done.removed:
        say(f"removed  {', '.join(done.removed)} of an earlier split")
    say(f"written to {done.folder}")
