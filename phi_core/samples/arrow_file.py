"""The columns of prepared data as Arrow arrays, and the files that make a folder of them a `datasets` directory.

Arrays are made from buffers: `pa.array` would go number by number, and import pandas to recognise its types.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phi_core.data.keys import group_key, record_key
from phi_core.data.records import Record
from phi_core.files import write_json
from phi_core.samples.data_spec import Place
from phi_core.samples.encoding import Encoded
from phi_core.samples.prepared import DATA

if TYPE_CHECKING:
    import pyarrow as pa


def schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        {
            "input_ids": pa.list_(pa.int32()),
            "answers": pa.list_(pa.int32()),
            "num_tokens": pa.int32(),
            "opening": pa.int8(),
            "source": pa.int16(),
            "side": pa.int8(),
            "part": pa.int32(),
            "line": pa.int64(),
            "content_hash": pa.binary(),
            "group": pa.binary(),
        }
    )


def record_batch(
    batch: Sequence[tuple[Place, int, Record]], samples: Sequence[Encoded], opening: tuple[int, ...]
) -> "pa.RecordBatch":
    import pyarrow as pa

    kept = [len(opening) if tuple(sample.ids[: len(opening)]) == opening else 0 for sample in samples]
    columns = [
        _lists(sample.ids for sample in samples),
        _lists(sample.answers for sample in samples),
        _numbers("i", [sample.num_tokens for sample in samples]),
        _numbers("b", kept),
        _numbers("h", [place.source for place, _, _ in batch]),
        _numbers("b", [place.side for place, _, _ in batch]),
        _numbers("i", [number for _, number, _ in batch]),
        _numbers("q", [record.line for _, _, record in batch]),
        _bytes([record_key(record) for _, _, record in batch]),
        _bytes([group_key(record.group) for _, _, record in batch]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema())


def _numbers(code: str, values: Iterable[int]) -> "pa.Array":
    """Numbers of an `array` type code as an Arrow array."""
    import pyarrow as pa

    numbers = array(code, values)
    kind = {"b": pa.int8(), "h": pa.int16(), "i": pa.int32(), "q": pa.int64()}[code]
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def _lists(rows: Iterable[Sequence[int]]) -> "pa.ListArray":
    import pyarrow as pa

    offsets, values = array("i", [0]), array("i")
    for row in rows:
        values.extend(row)
        offsets.append(len(values))
    return pa.ListArray.from_arrays(_numbers("i", offsets), _numbers("i", values))


def _bytes(values: Sequence[bytes]) -> "pa.BinaryArray":
    import pyarrow as pa

    offsets = array("i", accumulate(map(len, values), initial=0))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(pa.binary(), len(values), buffers)


def write_datasets_files(folder: Path, fingerprint: str) -> None:
    """What `datasets.load_from_disk` wants beside the Arrow file."""
    state: dict[str, Any] = {
        "_data_files": [{"filename": DATA}],
        "_fingerprint": fingerprint[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    write_json(folder / "state.json", state)
    write_json(folder / "dataset_info.json", {})
