"""Parquet files, read a batch of rows at a time."""

from collections.abc import Iterator
from typing import Any

from phi_core.data.records import shown
from phi_core.data.sources.arrow_rows import arrow_rows, batch_rows, require_distinct
from phi_core.data.sources.byte_stream import require_file, unreadable
from phi_core.data.sources.part import OnBytes, Part, Row
from phi_core.errors import DataError


def parquet(part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
    """The rows of a Parquet file. DataError if it is damaged, at its end or further on."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        require_file(part.location)
        with ParquetFile(part.location) as file:
            require_distinct(file.schema_arrow.names, part)
            yield from arrow_rows(
                file.iter_batches(batch_size=_batch_rows(file)),
                part,
                num_rows=file.metadata.num_rows,
                on_bytes=on_bytes,
            )
    except (FileNotFoundError, PermissionError) as error:
        raise unreadable(part.location, error) from None
    except (ArrowException, OSError) as error:
        what = f"dataset {shown(part.location, 300)} is no intact Parquet file: {shown(str(error), 200)}"
        raise DataError(what, remedy="Write or download it anew") from None


def _batch_rows(file: Any) -> int:
    groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    return min((batch_rows(group.total_byte_size, group.num_rows) for group in groups), default=1)
