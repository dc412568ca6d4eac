"""Keys and values of the rows that are being answered, in buffers that are filled in place.

All rows end at the same column: a row's keys stand right-aligned, in the order of its tokens and without gaps, so that
differences of columns are differences of positions, which is what sliding windows need. Buffers grow by steps, a row
that leaves makes room at once. Knows nothing about tokens and adapters.

Letters: R rows, H heads, C columns, D size of a head.
"""

from dataclasses import dataclass
from functools import partial

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

STEP = 64
"""Columns by which buffers grow."""


@dataclass
class Columns:
    """Columns `begin` to `end` of the first rows are in use; the next token's keys go to column `end`."""

    rows: int
    begin: int = 0
    end: int = 0
    capacity: int = 0


class RowLayer(DynamicLayer):
    """One layer's buffers (R, H, C, D)."""

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Takes one token's keys and values of each of the first rows; gives all of these rows."""
        rows, at = key_states.shape[0], self._columns.end
        self.keys[:rows, :, at] = key_states[:, :, 0]
        self.values[:rows, :, at] = value_states[:, :, 0]
        seen = slice(self._columns.begin, at + 1)
        return self.keys[:rows, :, seen], self.values[:rows, :, seen]

    def get_seq_length(self) -> int:
        return self._columns.end - self._columns.begin

    def rebuild(self, like: DynamicLayer, *, kept: int, at: int) -> None:
        """Buffers of the present capacity, in which the first `kept` rows begin at column `at`."""
        self.keys = self._rebuilt(getattr(self, "keys", None), like.keys, kept, at)
        self.values = self._rebuilt(getattr(self, "values", None), like.values, kept, at)
        self.is_initialized = True

    def _rebuilt(
        self, old: torch.Tensor | None, like: torch.Tensor | None, kept: int, at: int
    ) -> torch.Tensor:
        assert like is not None
        columns = self._columns
        new = like.new_empty((columns.rows, like.shape[1], columns.capacity, like.shape[3]))
        if old is not None and kept:
            used = columns.end - columns.begin
            new[:kept, :, at : at + used] = old[:kept, :, columns.begin : columns.end]
        return new


class RowCache(Cache):
    """The first `num_used` of at most `rows` rows are in use; the caller knows which row is whose."""

    layers: list[RowLayer]

    def __init__(self, rows: int) -> None:
        self.columns = Columns(rows)
        super().__init__(layer_class_to_replicate=partial(RowLayer, self.columns))

    @property
    def width(self) -> int:
        return self.columns.end - self.columns.begin

    def see(self, longest: int) -> None:
        """Look at no more columns than the longest row has."""
        self.columns.begin = self.columns.end - longest

    def advance(self) -> None:
        """The model has written a column."""
        self.columns.end += 1

    def room(self, like: DynamicCache, *, kept: int, longest: int) -> None:
        """Room for one more column, and for a row of `longest` tokens that ends where the others do."""
        columns = self.columns
        if not kept:
            columns.begin = columns.end = longest if longest <= columns.capacity else 0
        if columns.end >= longest and columns.end < columns.capacity:
            return
        used = self.width
        end = max(used, longest)
        columns.capacity = (end // STEP + 1) * STEP
        while len(self.layers) < len(like.layers):
            self.layers.append(RowLayer(columns))
        for layer, source in zip(self.layers, like.layers, strict=True):
            layer.rebuild(source, kept=kept, at=end - used)
        columns.begin, columns.end = end - used, end

    def place(self, row: int, source: DynamicCache, source_row: int, length: int) -> None:
        """Row `row` becomes the first `length` columns of a row of another cache."""
        at = slice(self.columns.end - length, self.columns.end)
        self._clear(slice(row, row + 1), slice(self.columns.begin, at.start))
        self._clear(slice(0, self.columns.rows), slice(at.start, self.columns.begin))
        self.columns.begin = min(self.columns.begin, at.start)
        for layer, given in zip(self.layers, source.layers, strict=True):
            layer.keys[row, :, at] = given.keys[source_row, :, :length]
            layer.values[row, :, at] = given.values[source_row, :, :length]

    def _clear(self, rows: slice, columns: slice) -> None:
        """Zeros, not whatever was there: what is masked still counts where it is not a number."""
        if columns.start < columns.stop:
            for layer in self.layers:
                layer.keys[rows, :, columns] = 0
                layer.values[rows, :, columns] = 0

    def move(self, source: int, target: int) -> None:
        """Row `source` is from now on row `target`."""
        seen = slice(self.columns.begin, self.columns.end)
        for layer in self.layers:
            layer.keys[target, :, seen] = layer.keys[source, :, seen]
            layer.values[target, :, seen] = layer.values[source, :, seen]


def copies(cache: DynamicCache, rows: torch.Tensor) -> DynamicCache:
    """A cache that begins with these rows of another one."""
    chosen = DynamicCache()
    for number, layer in enumerate(cache.layers):
        chosen.update(layer.keys[rows], layer.values[rows], number)
    return chosen
