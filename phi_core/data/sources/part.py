"""A source of records and the parts that it is read from, as plain data.

A row is the number of its line (or row) in its part, from 1, with the object that stands there, or with the fault that
keeps it from being one. Knows nothing about how files are read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from phi_core.data.records import RecordFault

Row = tuple[int, dict[str, Any] | RecordFault]
OnBytes = Callable[[int], None]
"""Told now and then how many bytes have been consumed so far."""


@dataclass(frozen=True)
class Part:
    """One file, or one split of a `datasets` folder or of a hub dataset.

    `name` is for messages and safe to print; `location` is a file's path, the folder of a saved split, or
    NAME:CONFIG:SPLIT on the hub. `kind` is a key of `kinds.READERS`. `place` is what a row's number counts.
    """

    name: str
    location: str
    kind: str
    place: Literal["line", "row"]
    num_bytes: int


@dataclass(frozen=True)
class Source:
    """What one item of `dataset_path` names. `label` is unique among the sources and safe to print."""

    label: str
    parts: tuple[Part, ...]
    validation: tuple[Part, ...] = ()
