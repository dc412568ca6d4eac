"""The records of a run as a file, in the order in which it trains on them. One row in memory at a time.

The rows are copied as they stand in the sources, once to a file beside, from where they are taken in the run's order:
a record that comes by several times is written as often.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from phi_core.data.new_file import new_file, require_new
from phi_core.data.reading import read_records
from phi_core.data.records import Fault
from phi_core.data.row_text import JsonLines
from phi_core.data.sources.find import read_rows
from phi_core.planning.run_data import data_spec
from phi_core.planning.run_plan import RunPlan
from phi_core.samples.data_spec import DataSpec


def write_order(plan: RunPlan, path: Path, *, overwrite: bool = False) -> int:
    """Write the file; returns how many records it has. DataError if it cannot be written."""
    require_new(path, overwrite=overwrite)
    with TemporaryFile() as spool, new_file(path) as file:
        starts = _spooled(data_spec(plan.config), spool)
        for sample in plan.steps.order:
            record = plan.train.records[sample]
            spool.seek(starts[record])
            file.write(spool.read(starts[record + 1] - starts[record]).decode())
    return len(plan.steps.order)


def _spooled(spec: DataSpec, spool: IO[bytes]) -> "array[int]":
    """Where each good row begins in the spool, and where the last one ends."""
    form, starts = JsonLines(), array("Q", [0])
    for row in _good_rows(spec):
        starts.append(starts[-1] + spool.write(form.line(row).encode("utf-8", "surrogatepass")))
    return starts


def _good_rows(spec: DataSpec) -> Iterator[dict[str, Any]]:
    """The rows that became records, in the order of the prepared data."""
    for place in spec.parts:
        pairs = zip(read_rows(place.part), read_records([place.part], spec.reading), strict=True)
        yield from (
            row for (_, row), record in pairs if isinstance(row, dict) and not isinstance(record, Fault)
        )
