"""Figures of samples: percentiles, histogram and shares on data whose figures are known."""

from pathlib import Path

from prepared_data import prepared_rows

from phi_core.samples.cut import CutRule
from phi_core.samples.samples import samples_of
from phi_core.samples.statistics import histogram, percentiles, statistics, typical_and_worst


def test_percentiles_are_values_that_occur() -> None:
    found = percentiles([5, 1, 3])
    assert (found[0], found[50], found[100]) == (1, 3, 5)
    assert percentiles([]) == {}


def test_every_value_is_in_one_bin() -> None:
    for values in ([7], [1, 1, 1], list(range(100)), [1, 1000], [3, 4]):
        found = histogram(values, bins=24)
        assert sum(found.counts) == len(values) and len(found.edges) == len(found.counts) + 1
        assert found.edges[0] <= min(values) and max(values) < found.edges[-1]


def test_shares_and_examples(tmp_path: Path) -> None:
    rows = [{"prompt": "Say aye.", "response": "Aye."}] * 8
    rows += [
        {"prompt": "Tell me.", "response": "gold and sea " * 30},
        {"prompt": "sea " * 100, "response": "Aye."},
    ]
    data = prepared_rows(tmp_path, rows)
    samples = samples_of(data, range(10), CutRule(40))
    found = statistics(samples)
    assert (found.records, found.left_out) == (9, 1)
    assert (found.share_too_long, found.share_answers_cut) == (0.2, 0.2)
    assert found.lengths[100] == max(data.num_tokens[:9])
    examples = typical_and_worst(samples, range(10))
    assert (examples["typical"] < 8, examples["longest"], examples["left out"]) == (True, 8, 9)
    assert examples["answer cut"] in (8, 9)
