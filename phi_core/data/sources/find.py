"""Finding sources: what a person names, looked up in files, folders, patterns and on the hub.

Only beginnings of files are read here. Nothing that is named is passed over: what cannot be read is a DataError.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path

from phi_core.config.words import TextUnit
from phi_core.data.records import shown
from phi_core.data.sources.byte_stream import is_packed, unreadable
from phi_core.data.sources.file_kind import EXPECTED, bare_name, file_part, kind_suffix
from phi_core.data.sources.fingerprint import fingerprint as fingerprint
from phi_core.data.sources.hub import VALIDATION_SPLITS, could_be_hub_id, hub_parts
from phi_core.data.sources.kinds import read_rows as read_rows
from phi_core.data.sources.part import Part, Source
from phi_core.data.sources.saved import is_saved, saved_part, splits_of
from phi_core.errors import DataError

_WILD = re.compile(r"[*?\[]")
_TRAIN = re.compile(r"train(?![a-z])|training\.", re.IGNORECASE)
_VALIDATION = re.compile(rf"({'|'.join(VALIDATION_SPLITS)})(?![a-z])", re.IGNORECASE)
_ASIDE = re.compile(r"\.|readme|tests?(?![a-z])", re.IGNORECASE)
"""Files of a folder that are neither: hidden ones, what is written about the data, and test sets."""
_NUM_LISTED = 8
_LABEL_CHARACTERS = 60


def find_sources(named: Sequence[str], *, text_unit: TextUnit = "auto") -> tuple[Source, ...]:
    """A source for each item: a file, a pattern, a folder, a saved `datasets` folder, or else a hub dataset.

    A folder holds files whose names begin with train, and may hold some that begin with val, valid, validation or
    dev; those become `validation`, as do such splits. DataError with what would be right if an item names nothing.
    """
    return _told_apart([_source(item, text_unit) for item in named])


def _source(item: str, text_unit: TextUnit) -> Source:
    path = Path(os.path.expanduser(item))
    try:
        if not item.strip() or "\0" in item:
            raise DataError(f"dataset {shown(repr(item), 300)} is no path", remedy=EXPECTED)
        if path.is_dir():
            return _folder(path, text_unit)
        if os.path.lexists(path):
            return Source(bare_name(path), (file_part(path, text_unit=text_unit),))
        if _WILD.search(item):
            return _pattern(path, text_unit)
    except OSError as error:
        raise unreadable(str(path), error) from None
    return _elsewhere(item, path)


def _pattern(path: Path, text_unit: TextUnit) -> Source:
    """The files that a pattern names, in the order of their names. Hidden files need a pattern that begins with a dot."""
    position = next(index for index, part in enumerate(path.parts) if _WILD.search(part))
    folder, wild = Path(*path.parts[:position]), path.parts[position:]
    try:
        found = sorted(file for file in folder.glob("/".join(wild)) if file.is_file())
    except ValueError as error:
        what = f"dataset {shown(str(path), 300)} is no pattern: {shown(str(error))}"
        raise DataError(what, remedy="* and ? stand for parts of a name, ** for folders") from None
    files = [file for file in found if not _is_hidden(file, folder, wild)]
    if not files:
        raise DataError(f"no file matches {shown(str(path), 300)}", remedy=_nearest(path))
    label = _WILD.split(wild[0])[0].strip("-_. ") or folder.name or Path.cwd().name
    return Source(label, tuple(file_part(file, text_unit=text_unit) for file in files))


def _is_hidden(file: Path, folder: Path, wild: Sequence[str]) -> bool:
    parts = file.relative_to(folder).parts
    return any(part.startswith(".") for part in parts) and not any(part.startswith(".") for part in wild)


def _folder(folder: Path, text_unit: TextUnit) -> Source:
    label = folder.name or folder.resolve().name
    if is_saved(folder):
        return _saved(folder, label)
    files = _with_records(sorted(folder.iterdir()))
    train = [file for file in files if _TRAIN.match(file.name)]
    validation = [file for file in files if _VALIDATION.match(file.name)]
    if not train:
        raise _without_train(folder, files)
    return Source(label, _files_of_a_kind(train, text_unit), _files_of_a_kind(validation, text_unit))


def _files_of_a_kind(files: Sequence[Path], text_unit: TextUnit) -> tuple[Part, ...]:
    """Files of one suffix: those of several may well be the same records twice."""
    first = {(kind_suffix(file), is_packed(str(file))): file for file in reversed(files)}
    if len(first) > 1:
        names = [shown(file.name) for file in sorted(first.values())]
        what = f"dataset {shown(str(files[0].parent), 300)} has files of several kinds: {_listed(names)}"
        raise DataError(what, remedy="Name the files that are meant, or a pattern such as train*.jsonl")
    return tuple(file_part(file, text_unit=text_unit) for file in files)


def _saved(folder: Path, label: str) -> Source:
    splits = splits_of(folder)
    if not splits:
        return Source(label, (saved_part(folder, label),))
    if "train" not in splits:
        what = f"dataset {shown(str(folder), 300)} has no split train, only {_listed([shown(name) for name in splits])}"
        raise DataError(what, remedy="Name the folder of one split")
    beside = next((split for split in VALIDATION_SPLITS if split in splits), None)
    validation = (saved_part(folder / beside, f"{label}/{beside}"),) if beside else ()
    return Source(label, (saved_part(folder / "train", f"{label}/train"),), validation)


def _without_train(folder: Path, files: Sequence[Path]) -> DataError:
    name = shown(str(folder), 300)
    if files:
        names = _listed([shown(file.name) for file in files])
        remedy = (
            f"Name one of them, such as {shown(str(files[0]), 300)}, or call it train{kind_suffix(files[0])}"
        )
        return DataError(f"dataset {name} is a folder without a train file; it holds {names}", remedy=remedy)
    below = [
        item
        for item in _entries(folder)
        if item.is_dir() and any(_TRAIN.match(file.name) for file in _with_records(_entries(item)))
    ]
    remedy = f"Did you mean {shown(str(below[0]), 300)}?" if below else EXPECTED
    return DataError(f"dataset {name} is a folder without files of records", remedy=remedy)


def _elsewhere(item: str, path: Path) -> Source:
    """What is not here may be on the hub, unless it looks like a file, like a slip of the pen for one, or like a path
    into a folder that is here."""
    is_in_a_folder = "/" in item and path.parent.is_dir()
    if is_in_a_folder or kind_suffix(path) or _slip(path, likeness=0.8) or not could_be_hub_id(item):
        raise DataError(f"dataset {shown(str(path), 300)} does not exist", remedy=_nearest(path))
    part, validation = hub_parts(item)
    label = item.split(":")[0].split("/")[-1]
    return Source(label, (part,), (validation,) if validation else ())


def _nearest(path: Path) -> str:
    """What to name instead of a path that is not there."""
    if not path.parent.is_dir() and not _WILD.search(str(path.parent)):
        return f"There is no folder {shown(str(path.parent), 300)}"
    close = _slip(path) or _slip(path, of=bare_name)
    return f"Did you mean {shown(str(close), 300)}?" if close else EXPECTED


def _slip(
    path: Path, *, likeness: float = 0.6, of: Callable[[Path], str] = attrgetter("name")
) -> Path | None:
    """What was likely meant in the same folder: the same name with a suffix, or a name much like it."""
    near = [item for item in _entries(path.parent) if item.is_dir() or kind_suffix(item)]
    if same := [item for item in near if bare_name(item) == path.name]:
        return same[0]
    names = {of(item): item for item in near}
    close = get_close_matches(path.name, names, n=1, cutoff=likeness)
    return path.with_name(names[close[0]].name) if close else None


def _with_records(entries: Iterable[Path]) -> list[Path]:
    """Files of known kinds, without those that stand aside."""
    return [item for item in entries if kind_suffix(item) and not _ASIDE.match(item.name) and item.is_file()]


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, in the order of names; nothing if it does not let us look."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _told_apart(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Labels that are unique, and names of parts that are: the whole path where two files have one name."""
    counts = Counter(part.name for source in sources for part in (*source.parts, *source.validation))
    labels: set[str] = set()
    return tuple(
        Source(
            _unused(shown(source.label, _LABEL_CHARACTERS) or "data", labels),
            _named_apart(source.parts, counts),
            _named_apart(source.validation, counts),
        )
        for source in sources
    )


def _unused(label: str, taken: set[str]) -> str:
    candidates = (label, *(f"{label}-{number}" for number in range(2, len(taken) + 3)))
    unused = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(unused)
    return unused


def _named_apart(parts: Iterable[Part], counts: Counter[str]) -> tuple[Part, ...]:
    return tuple(
        replace(part, name=shown(part.location, 300)) if counts[part.name] > 1 else part for part in parts
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NUM_LISTED} more" if len(names) > _NUM_LISTED else ""
    return ", ".join(names[:_NUM_LISTED]) + more
