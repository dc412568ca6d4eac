"""Prepared data: every record of some sources as token ids with its answers marked, in a mapped Arrow file.

A folder holds `data-00000-of-00001.arrow` with two JSON files that make it a `datasets` directory, and `prepared.json`
with what is known of the whole. Nothing is cut: maximum length, truncation and what the loss counts are applied when
samples are read, so changing them prepares nothing anew. Nothing depends on the model's weights.

Letters: R records, A answers of all records.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phi_core.data.keys import KEY_BYTES, Keys
from phi_core.data.records import shown
from phi_core.errors import Problem
from phi_core.files import read_json

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = Any
"""A numpy array, whose shape is told where it is declared. (numpy is imported when data is read, not before.)"""

DATA = "data-00000-of-00001.arrow"
ABOUT = "prepared.json"
FORMAT = 3
_FILES_NAMED = 3


@dataclass(frozen=True)
class Prepared:
    """`labels` name the sources, `places` are the files (or hub splits) that they were read from: as they are named now,
    for the same contents may have been prepared under other names."""

    folder: Path
    about: Mapping[str, Any]
    table: "pa.Table"
    labels: tuple[str, ...]
    places: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the contents, how they are read, the tokenizer and the prompt format."""
        return str(self.about["fingerprint"])

    @property
    def content_fingerprint(self) -> str:
        """SHA-256 over the contents of the files alone."""
        return str(self.about["content_fingerprint"])

    @property
    def is_exact(self) -> bool:
        """Whether the counts come from the tokenizer; else they are characters / 4 and there are no ids."""
        return bool(self.about["is_exact"])

    @property
    def formats(self) -> Mapping[str, int]:
        return dict(self.about["formats"])

    @property
    def num_faults(self) -> int:
        return int(self.about["num_faults"])

    @property
    def faults(self) -> tuple[Problem, ...]:
        """The first of them."""
        return tuple(Problem(**fault) for fault in self.about["faults"])

    @property
    def name(self) -> str:
        """The files, for messages."""
        return files_named(self.places)

    def place(self, record: int) -> tuple[str, int]:
        """Location of the file that a record was read from, and its line or row there."""
        return self.places[self._number("part", record)], self._number("line", record)

    def ids(self, record: int) -> list[int]:
        """All token ids of a record."""
        return self._list("input_ids", record)

    def answers(self, record: int) -> list[tuple[int, int]]:
        """(start, end) of each answer in the ids, its stop token included."""
        bounds = self._list("answers", record)
        return list(zip(bounds[::2], bounds[1::2], strict=True))

    @cached_property
    def num_tokens(self) -> Numbers:
        """(R,) int32."""
        return self._numbers("num_tokens", "int32")

    @cached_property
    def source(self) -> Numbers:
        """(R,) int16, an index of `labels`."""
        return self._numbers("source", "int16")

    @cached_property
    def side(self) -> Numbers:
        """(R,) int8, TO_SPLIT or FOR_VALIDATION."""
        return self._numbers("side", "int8")

    @cached_property
    def opening(self) -> Numbers:
        """(R,) int8, the tokens at the start that no truncation takes away (a BOS token)."""
        return self._numbers("opening", "int8")

    @cached_property
    def num_answers(self) -> Numbers:
        """(R,) int32."""
        import numpy as np

        offsets = (
            _buffer(chunk, 1, "int32", len(chunk) + 1) for chunk in self.table.column("answers").chunks
        )
        return _joined([np.diff(part) // 2 for part in offsets], "int32")

    @cached_property
    def answer_bounds(self) -> Numbers:
        """(A, 2) int32: start and end of the answers of all records, one record after the other."""
        chunks = self.table.column("answers").chunks
        bounds = [_buffer(chunk.values, 1, "int32", len(chunk.values)) for chunk in chunks]
        return _joined(bounds, "int32").reshape(-1, 2)

    def content_hashes(self, records: Numbers | None = None) -> Keys:
        """Of some records, or of all: equal for records that say the same."""
        return self._keys("content_hash", records)

    def groups(self, records: Numbers | None = None) -> Keys | None:
        """Equal for records of one group, b"" for a record of none; None if the data was read without groups."""
        return self._keys("group", records) if self.about["has_groups"] else None

    def _numbers(self, name: str, dtype: str) -> Numbers:
        chunks = self.table.column(name).chunks
        return _joined([_buffer(chunk, 1, dtype, len(chunk)) for chunk in chunks], dtype)

    def _list(self, column: str, record: int) -> list[int]:
        """The numbers of one record in a column of lists."""
        batch, row = self._batch_of(record)
        chunk = self.table.column(column).chunk(batch)
        start, end = _buffer(chunk, 1, "int32", len(chunk) + 1)[row : row + 2].tolist()
        numbers: list[int] = _buffer(chunk.values, 1, "int32", len(chunk.values))[start:end].tolist()
        return numbers

    def _keys(self, column: str, records: Numbers | None) -> Keys:
        import numpy as np

        chunks = self.table.column(column).chunks
        keys = b"".join(_buffer(chunk, 2, "uint8", len(chunk) * KEY_BYTES).tobytes() for chunk in chunks)
        return Keys(keys if records is None else np.frombuffer(keys, f"V{KEY_BYTES}")[records].tobytes())

    @cached_property
    def _starts(self) -> list[int]:
        """The first record of each batch of the file."""
        return list(accumulate((len(chunk) for chunk in self.table.column("line").chunks), initial=0))

    def _batch_of(self, record: int) -> tuple[int, int]:
        batch = bisect_right(self._starts, record) - 1
        return batch, record - self._starts[batch]

    def _number(self, column: str, record: int) -> int:
        batch, row = self._batch_of(record)
        return int(self.table.column(column).chunk(batch)[row].as_py())


def _buffer(numbers: Any, place: int, dtype: str, count: int) -> Numbers:
    """The numbers of an Arrow array as a view. (Arrow's own way to numpy would import pandas.)"""
    import numpy as np

    if not count:
        return np.empty(0, dtype)
    return np.frombuffer(numbers.buffers()[place], dtype, count, numbers.offset * np.dtype(dtype).itemsize)


def _joined(parts: Sequence[Numbers], dtype: str) -> Numbers:
    import numpy as np

    return np.concatenate([np.empty(0, dtype), *parts])


def files_named(places: Sequence[str]) -> str:
    """A few of the files by their names, and how many more there are."""
    names = [shown(Path(place).name) for place in places[:_FILES_NAMED]]
    more = len(places) - len(names)
    return f"{', '.join(names)} and {more} more" if more else ", ".join(names)


@dataclass(frozen=True)
class _Row:
    table: "pa.Table"
    batch: int
    row: int

    def __getitem__(self, column: str) -> Any:
        return self.table.column(column).chunk(self.batch)[self.row]


def open_prepared(folder: Path, *, labels: tuple[str, ...], places: tuple[str, ...]) -> Prepared | None:
    """The prepared data in a folder; None if there is none of this format, or its faults name other files."""
    about = read_json(folder / ABOUT)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        return None
    if about["num_faults"] and about["places"] != list(places):
        return None
    import pyarrow as pa

    try:
        with pa.memory_map(str(folder / DATA)) as source, pa.ipc.open_stream(source) as stream:
            return Prepared(folder, about, stream.read_all(), labels, places)
    except (OSError, pa.ArrowInvalid):
        return None  # broken off or damaged: it is prepared anew
