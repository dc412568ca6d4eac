"""What samples are like as a whole: token counts, length percentiles, a histogram, and what truncation costs.

Pure figures from `Samples`. Knows nothing about screens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from phi_core.samples.cut import cut_all
from phi_core.samples.samples import Samples

PERCENTILES = (0, 5, 25, 50, 75, 95, 99, 100)


@dataclass(frozen=True)
class Histogram:
    """`counts[i]` records have a length in [edges[i], edges[i + 1]); the last bin includes its end."""

    edges: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class SampleStatistics:
    """`lengths` are percentiles of the whole records in tokens, before any cut; `histogram` is theirs.

    `share_too_long` is the share of records beyond max_length, `share_answers_cut` that of records whose answer loses
    its end.
    """

    records: int
    tokens: int
    trained_tokens: int
    max_length: int
    truncation: str
    lengths: Mapping[int, int]
    trained_lengths: Mapping[int, int]
    histogram: Histogram
    share_too_long: float
    share_answers_cut: float
    left_out: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def statistics(samples: Samples, *, bins: int = 24) -> SampleStatistics:
    """The figures of some samples."""
    whole = samples.data.num_tokens
    lengths = [int(whole[record]) for record in samples.records]
    given = max(1, samples.num_given)
    return SampleStatistics(
        records=len(samples),
        tokens=samples.num_tokens,
        trained_tokens=samples.num_trained_tokens,
        max_length=samples.rule.max_length,
        truncation=samples.rule.truncation,
        lengths=percentiles(lengths),
        trained_lengths=percentiles(samples.trained),
        histogram=histogram(lengths, bins=bins),
        share_too_long=samples.num_too_long / given,
        share_answers_cut=samples.num_answers_cut / given,
        left_out=samples.num_left_out,
    )


def percentiles(values: Sequence[int]) -> dict[int, int]:
    """The value below which so many percent lie (nearest rank); {} for no values."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {percent: ordered[round(percent / 100 * last)] for percent in PERCENTILES} if ordered else {}


def histogram(values: Sequence[int], *, bins: int) -> Histogram:
    """Bins of equal width from the least to the greatest value."""
    if not values:
        return Histogram((0, 1), (0,))
    low, high = min(values), max(values)
    width = max(1, -(-(high + 1 - low) // bins))
    count = max(1, -(-(high + 1 - low) // width))
    counts = [0] * count
    for value in values:
        counts[(value - low) // width] += 1
    return Histogram(tuple(low + width * place for place in range(count + 1)), tuple(counts))


def typical_and_worst(samples: Samples, records: Sequence[int]) -> dict[str, int]:
    """Records worth a look, by what they are an example of; an example that there is none of is left out.

    The first four are samples; what is cut or left out is looked for in all of `records`.
    """
    data, cuts = samples.data, cut_all(samples.data, samples.rule)
    length = data.num_tokens.__getitem__
    kept, given = sorted(samples.records, key=length), sorted(records, key=length, reverse=True)
    found = {
        "typical": kept[len(kept) // 2] if kept else None,
        "longest": kept[-1] if kept else None,
        "shortest": kept[0] if kept else None,
        "least trained": min(
            kept, key=lambda one: cuts.num_trained[one] / cuts.num_tokens[one], default=None
        ),
        "answer cut": next((record for record in given if cuts.is_answer_cut[record]), None),
        "left out": next((record for record in given if not cuts.num_trained[record]), None),
    }
    return {name: record for name, record in found.items() if record is not None}
