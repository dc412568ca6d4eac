"""Overlay: which runs are drawn with the selected one, each with a letter and a colour that it keeps.

A marked run keeps its place until it is unmarked, however the list is sorted and whatever else is marked; the selected
run has the place that marking it would give it. Frozen; kept between starts as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from phi_core.runs.reader import Run

LETTERS = "ABCDE"
COLOURS = ("cyan", "magenta", "green", "blue", "red")
MOST_MARKED = 4
EMPTY = "-"


@dataclass(frozen=True)
class Overlay:
    """`places` holds the marked runs; None is free."""

    places: tuple[Path | None, ...] = (None,) * len(LETTERS)

    @property
    def marked(self) -> tuple[Path, ...]:
        return tuple(path for path in self.places if path is not None)

    @property
    def text(self) -> str:
        """For the state file: a line a place."""
        return "\n".join(EMPTY if path is None else str(path) for path in self.places) if self.marked else ""

    @property
    def is_full(self) -> bool:
        return len(self.marked) >= MOST_MARKED

    def place(self, path: Path) -> int:
        """Its place, or the one that it would get."""
        return self.places.index(path) if path in self.places else self.places.index(None)

    def letter(self, path: Path) -> str:
        return LETTERS[self.place(path)]

    def toggled(self, path: Path) -> "Overlay":
        """With a run marked or unmarked; as it is if there is no place for it."""
        if path not in self.places and self.is_full:
            return self
        place, kept = self.place(path), None if path in self.places else path
        return replace(self, places=(*self.places[:place], kept, *self.places[place + 1 :]))

    def beside(self, selected: Path | None, runs: Sequence[Run]) -> tuple[Run, ...]:
        """The marked runs that are listed, besides the selected one, by their letters."""
        by_path = {run.path: run for run in runs}
        return tuple(by_path[path] for path in self.marked if path != selected and path in by_path)


def overlay_from(text: str) -> Overlay:
    """What `text` told; nothing marked for what it cannot be."""
    lines = text.split("\n")
    places = tuple(None if line == EMPTY else Path(line) for line in lines)
    fits = len(lines) == len(LETTERS) and len(set(lines) - {EMPTY}) == sum(line != EMPTY for line in lines)
    return Overlay(places) if fits and None in places and "" not in lines else Overlay()
