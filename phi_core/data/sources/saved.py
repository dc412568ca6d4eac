"""Folders written by `save_to_disk` of the `datasets` library: one dataset, or one folder for each split.

What such a folder holds is read from its small JSON files; the library itself is imported to read rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phi_core.data.records import shown
from phi_core.data.sources.arrow_rows import arrow_rows, batch_rows, require_distinct
from phi_core.data.sources.json_value import STRICT
from phi_core.data.sources.part import OnBytes, Part, Row
from phi_core.errors import DataError

_OF_ONE = "state.json"
_OF_SPLITS = "dataset_dict.json"


def is_saved(folder: Path) -> bool:
    return (folder / _OF_ONE).is_file() or (folder / _OF_SPLITS).is_file()


def splits_of(folder: Path) -> tuple[str, ...]:
    """Names of the splits, each of which is a folder; none if the folder is one dataset."""
    if (folder / _OF_ONE).is_file():
        return ()
    splits = _content(folder / _OF_SPLITS).get("splits")
    if not isinstance(splits, list) or not all(isinstance(split, str) for split in splits):
        raise _damaged(folder, f"{_OF_SPLITS} names no splits")
    return tuple(splits)


def saved_part(folder: Path, name: str) -> Part:
    """One saved dataset. DataError if its files are not all there."""
    try:
        num_bytes = sum(file.stat().st_size for file in data_files(folder))
    except OSError as error:
        raise _damaged(folder, str(error)) from None
    return Part(shown(name), str(folder), "saved", "row", num_bytes)


def data_files(folder: Path) -> list[Path]:
    """The files with the rows, in order."""
    files = _content(folder / _OF_ONE).get("_data_files")
    if not isinstance(files, list):
        raise _damaged(folder, f"{_OF_ONE} names no files")
    names = [file.get("filename") if isinstance(file, dict) else None for file in files]
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise _damaged(folder, f"{_OF_ONE} names files outside the folder")
    return [folder / str(name) for name in names]


def saved(part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
    """The rows of one saved dataset. DataError if it is damaged."""
    from datasets import load_from_disk

    folder = Path(part.location)
    data_files(folder)
    try:
        dataset = load_from_disk(part.location, keep_in_memory=False)
    except Exception as error:  # the library raises whatever its own parts raise
        raise _damaged(folder, str(error)) from None
    yield from dataset_rows(dataset, part, on_bytes)


def dataset_rows(dataset: Any, part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
    """The rows of a loaded dataset, as Arrow holds them: nothing is decoded into images, sounds or numbers."""
    require_distinct(dataset.column_names, part)
    count = len(dataset)
    size = batch_rows(max(part.num_bytes, dataset.data.nbytes), count)
    batches = dataset.with_format("arrow").iter(batch_size=size)
    try:
        yield from arrow_rows(batches, part, num_rows=count, on_bytes=on_bytes)
    except OSError as error:
        raise _damaged(Path(part.location), str(error)) from None


def _content(path: Path) -> dict[str, Any]:
    try:
        content = STRICT.decode(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path.parent, f"{path.name}: {error}") from None
    return content if isinstance(content, dict) else {}


def _damaged(folder: Path, reason: str) -> DataError:
    what = f"dataset {shown(str(folder), 300)} cannot be read: {shown(reason, 200)}"
    return DataError(what, remedy="Save it anew with save_to_disk")
