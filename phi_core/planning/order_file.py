"""The records of a run as a file, in the order in which it trains on them. One row in memory at a time.

The rows are copied as they stand in the sources, once to a file beside, from where they are taken in the run's order:
a record that comes by several times is written as often.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from phi_core.data.keys import record_key
from phi_core.data.new_file import new_file, require_new
from phi_core.data.reading import read_records
from phi_core.data.records import Record
from phi_core.data.row_text import json_line
from phi_core.data.sources.find import read_rows
from phi_core.data.sources.part import Part
from phi_core.errors import DataError
from phi_core.planning.run_data import data_spec
from phi_core.planning.run_plan import RunPlan
from phi_core.samples.data_spec import DataSpec
from phi_core.samples.prepared import Prepared


def write_order(plan: RunPlan, path: Path, *, overwrite: bool = False) -> int:
    """Write the file; returns how many records it has. DataError if it cannot be written."""
    require_new(path, overwrite=overwrite)
    with TemporaryFile() as spool, new_file(path) as file:
        starts = _spooled(data_spec(plan.config), plan.data.prepared, spool)
        for sample in plan.steps.order:
            record = plan.train.records[sample]
            spool.seek(starts[record])
            file.write(spool.read(starts[record + 1] - starts[record]).decode())
    return len(plan.steps.order)


def _spooled(spec: DataSpec, data: Prepared, spool: IO[bytes]) -> "array[int]":
    """Where each good row begins in the spool, and where the last one ends. DataError if the files have changed."""
    starts = array("Q", [0])
    hashes = iter(data.content_hashes())
    for part, number, row, record in _good_rows(spec):
        if record_key(record) != next(hashes, None):
            raise DataError(f"{part.name} has changed since it was prepared", remedy="Start again")
        starts.append(starts[-1] + spool.write(json_line(row, part, number).encode()))
    if next(hashes, None) is not None:
        raise DataError(f"{data.name} has changed since it was prepared", remedy="Start again")
    return starts


def _good_rows(spec: DataSpec) -> Iterator[tuple[Part, int, dict[str, Any], Record]]:
    """The rows that became records, in the order of the prepared data."""
    for place in spec.parts:
        records = read_records([place.part], spec.reading_of(place))
        for (number, row), record in zip(read_rows(place.part), records, strict=False):
            if isinstance(row, dict) and isinstance(record, Record):
                yield place.part, number, row, record
