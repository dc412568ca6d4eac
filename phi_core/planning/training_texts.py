"""What the training records of a run ask, one text a turn of the user, so that test questions can be looked up in them.

A record of plain text, which asks nothing, is given as a whole. Read anew from the files that the run names, as many as
are there today.
"""

from collections.abc import Iterator
from pathlib import Path

from phi_core.config.problems import checked
from phi_core.config.yaml_file import read_values
from phi_core.data.reading import read_records
from phi_core.data.records import Record
from phi_core.planning.run_data import data_spec


def training_texts(config: Path) -> Iterator[tuple[str, str]]:
    """(where, text), such as ("pirate.jsonl:12", "What is the capital of France?"), of the run with this configuration.
    DataError or ConfigError if the data cannot be read any more."""
    spec = data_spec(checked(read_values(config)))
    parts = [part for source in spec.sources for part in source.parts]
    for record in read_records(parts, spec.reading):
        if isinstance(record, Record):
            where = f"{Path(record.source).name}:{record.line}"
            yield from ((where, text) for text in asked(record))


def asked(record: Record) -> tuple[str, ...]:
    """The user's turns, or all turns where there is none."""
    turns = tuple(message.content for message in record.messages if message.role == "user")
    return turns or tuple(message.content for message in record.messages)
