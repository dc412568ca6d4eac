"""Where optimizer steps end when the batch grows: records in, ends out. Knows no samples.

The batch depends on progress, and progress on how many records the run will have. Cut by a number of steps, the run
is therefore laid out for as many records as give that many steps: it ends with exactly so many, fully grown.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from phi_core.data.mixture import Indices
from phi_core.schedules.batch_growth import Growth


def grown_ends(
    num_records: int, *, epoch_ends: Sequence[int], epoch_records: int, growth: Growth, max_steps: int | None
) -> Indices:
    """Records done at the end of each step, beginning with 0. No step crosses one of `epoch_ends`, which are counts of
    records; an epoch has `epoch_records`.
    """

    most = num_records if max_steps is None else max_steps + 1

    def laid_out(records: int) -> Indices:
        return _ends(records, epoch_ends, epoch_records, growth, most)

    whole = laid_out(num_records)
    if max_steps is None or len(whole) - 1 <= max_steps:
        return whole
    beyond = bisect_right(range(num_records), max_steps, key=lambda records: len(laid_out(records)) - 1)
    fitting = laid_out(beyond - 1)
    return fitting if len(fitting) - 1 == max_steps else laid_out(beyond)[: max_steps + 1]


def ends_of_epochs(ends: Indices, epoch_ends: Sequence[int]) -> list[int]:
    """Steps done at the end of each epoch that the run reaches."""
    return [bisect_left(ends, end) for end in epoch_ends if end <= ends[-1]]


def _ends(
    records: int, epoch_ends: Sequence[int], epoch_records: int, growth: Growth, most_steps: int
) -> Indices:
    """The ends of the first `most_steps` steps of a run of so many records."""
    ends, done, epoch = array("I", [0]), 0, 0
    while done < records and len(ends) <= most_steps:
        epoch = bisect_right(epoch_ends, done, lo=epoch)
        end = epoch_ends[epoch] if epoch < len(epoch_ends) else records
        done = min(done + growth.size(done, records, epoch_records=epoch_records), end, records)
        ends.append(done)
    return ends
