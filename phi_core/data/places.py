"""How a place in the data is named: a record's source and line in, "pirate.jsonl line 7" out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from phi_core.data.records import shown
from phi_core.data.sources.part import Part


@dataclass(frozen=True)
class Places:
    """`names` holds, for a source, its name and what its rows are counted in."""

    names: Mapping[str, tuple[str, str]]

    def name(self, source: str) -> str:
        """Safe to print. A source that is no part is named by the last piece of its path."""
        known = self.names.get(source)
        return known[0] if known else shown(PurePath(source).name)

    def line(self, source: str, line: int) -> str:
        known = self.names.get(source)
        return f"{known[1] if known else 'line'} {line}"

    def of(self, source: str, line: int) -> str:
        return f"{self.name(source)} {self.line(source, line)}"


def places(parts: Sequence[Part]) -> Places:
    return Places({part.location: (part.name, part.place) for part in parts})
