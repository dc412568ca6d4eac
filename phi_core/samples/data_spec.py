"""What is to be prepared: sources, how their rows are read, and which of their files are validation data.

Plain data; nothing is read here.
"""

from dataclasses import dataclass, field, replace

from phi_core.data.records import Reading
from phi_core.data.sources.part import Part, Source

TO_SPLIT, FOR_VALIDATION = 0, 1
"""Sides: what is divided by the split, and what was given as validation data."""


@dataclass(frozen=True)
class DataSpec:
    """What is to be prepared. `validation` are sources whose records are all validation data."""

    sources: tuple[Source, ...]
    validation: tuple[Source, ...] = ()
    reading: Reading = field(default_factory=Reading)
    skips_faults: bool = False

    @property
    def parts(self) -> "tuple[Place, ...]":
        """Every file with the source it belongs to and its side, in the order of the records."""
        own = [
            Place(part, label, side)
            for label, source in enumerate(self.sources)
            for side, parts in ((TO_SPLIT, source.parts), (FOR_VALIDATION, source.validation))
            for part in parts
        ]
        given = [
            Place(part, len(self.sources) + label, FOR_VALIDATION)
            for label, source in enumerate(self.validation)
            for part in source.parts
        ]
        return (*own, *given)

    def reading_of(self, place: "Place") -> Reading:
        """Validation data that is given need not have the column of the groups."""
        return replace(self.reading, group_is_optional=place.side == FOR_VALIDATION)

    @property
    def labels(self) -> tuple[str, ...]:
        """One for each source, none twice: of validation data too, whose losses are told apart by them."""
        own = [source.label for source in self.sources]
        for source in self.validation:
            names = (
                source.label,
                *(f"{source.label}-validation{count or ''}" for count in range(len(own) + 1)),
            )
            own.append(next(name for name in names if name not in own))
        return tuple(own)

    @property
    def places(self) -> tuple[str, ...]:
        """Where each part is read from."""
        return tuple(place.part.location for place in self.parts)

    @property
    def num_bytes(self) -> int:
        """Size of all files on the disk."""
        return sum(place.part.num_bytes for place in self.parts)


@dataclass(frozen=True)
class Place:
    """A file, the index of its source's label, and its side."""

    part: Part
    source: int
    side: int
