"""Faults in an error: the first are listed, the rest are counted."""

from collections.abc import Sequence

from phi_core.errors import DataError, Problem


def listed(faults: Sequence[Problem], num_faults: int) -> tuple[Problem, ...]:
    """The faults that were kept, and a last line for those that were only counted."""
    more = num_faults - len(faults)
    return (*faults, Problem("", f"and {more:,} more")) if faults and more else tuple(faults)


def faulty_dataset(name: str, faults: Sequence[Problem], num_faults: int, *, num_good: int) -> DataError:
    """The refusal of data with faults that are not to be skipped."""
    noun = "faulty record" if num_faults == 1 else "faulty records"
    what = f"dataset {name} has {num_faults} {noun} beside {num_good} good"
    remedy = "Correct them, or set on_bad_record to skip"
    return DataError(what, listed(faults, num_faults), remedy=remedy)
