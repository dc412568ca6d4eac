"""Cutting to length: one record in plain Python and all records on arrays agree, and neither cuts what it should not."""

from random import Random
from typing import Any

import pytest
from prepared_data import prepared_rows

from phi_core.samples.cut import CutRule, cut_all, cut_one
from phi_core.samples.prepared import Prepared
from phi_core.samples.samples import samples_of

RULES = [
    CutRule(length, truncation, train_on)
    for length in (2, 3, 7, 16, 33, 64, 1000)
    for truncation in ("cut_end", "cut_start", "drop")
    for train_on in ("answer", "last_answer", "all")
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Conversations of one to four answers, plain texts, and very short records."""
    return prepared_rows(tmp_path_factory.mktemp("rows"), [_row(Random(seed)) for seed in range(120)])


def _row(random: Random) -> dict[str, Any]:
    if random.random() < 0.2:
        return {"text": _words(random)}
    turns = [
        {"role": role, "content": _words(random)}
        for _ in range(random.randint(1, 4))
        for role in ("user", "assistant")
    ]
    return {"messages": turns}


def _words(random: Random) -> str:
    return " ".join(
        random.choice(["gold", "sea", "a", "harbour", "Ahoy!"]) for _ in range(random.randint(1, 14))
    )


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_counts_of_all_records_are_those_of_each_sample(data: Prepared, rule: CutRule) -> None:
    samples = samples_of(data, range(len(data)), rule)
    assert list(samples.lengths) == [len(sample.ids) for sample in samples]
    assert list(samples.trained) == [sample.num_trained for sample in samples]
    assert all(length <= rule.max_length for length in samples.lengths)
    assert all(sample.num_trained for sample in samples)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_records_without_a_trained_token_are_left_out_and_no_others(data: Prepared, rule: CutRule) -> None:
    cuts = cut_all(data, rule)
    samples = samples_of(data, range(len(data)), rule)
    assert set(samples.records) == {record for record in range(len(data)) if cuts.num_trained[record]}
    assert samples.num_left_out == len(data) - len(samples)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_stop_tokens_counted_are_the_stop_tokens_trained(data: Prepared, rule: CutRule) -> None:
    samples = samples_of(data, range(len(data)), rule)
    whole = [data.ids(record) for record in range(len(data))]
    stops = {ids[end - 1] for record, ids in enumerate(whole) for _, end in data.answers(record)}
    assert len(stops) == 1
    if rule.train_on != "all":
        found = sum(
            token in stops and trained
            for sample in samples
            for token, trained in zip(sample.ids, sample.trained, strict=True)
        )
        assert samples.num_stops == found


def test_what_fits_is_left_alone(data: Prepared) -> None:
    for truncation in ("cut_end", "cut_start", "drop"):
        samples = samples_of(data, range(len(data)), CutRule(10_000, truncation))
        assert [list(sample.ids) for sample in samples] == [data.ids(record) for record in range(len(data))]
        assert (samples.num_cut, samples.num_answers_cut, samples.num_left_out) == (0, 0, 0)


def test_cut_end_keeps_the_beginning() -> None:
    cut = cut_one(10, [(4, 10)], 0, CutRule(6))
    assert (cut.opening, cut.start, cut.end, cut.trained) == (0, 0, 6, ((4, 6),))


def test_cut_start_takes_the_prompt_and_keeps_the_answer_and_the_opening() -> None:
    cut = cut_one(10, [(6, 10)], 1, CutRule(7, "cut_start"))
    assert (cut.opening, cut.start, cut.end, cut.trained) == (1, 4, 10, ((6, 10),))


def test_cut_start_cuts_the_end_once_the_prompt_is_gone() -> None:
    cut = cut_one(10, [(2, 10)], 0, CutRule(5, "cut_start"))
    assert (cut.start, cut.end, cut.trained) == (2, 7, ((2, 7),))


def test_an_answer_that_lost_its_start_is_not_trained() -> None:
    cut = cut_one(20, [(3, 9), (12, 20)], 0, CutRule(14, "cut_start"))
    assert (cut.start, cut.end) == (6, 20)
    assert cut.trained == ((12, 20),)


def test_drop_leaves_nothing_of_a_long_record() -> None:
    assert cut_one(10, [(4, 10)], 0, CutRule(9, "drop")).num_tokens == 0
    assert cut_one(9, [(4, 9)], 0, CutRule(9, "drop")).num_tokens == 9


def test_the_last_answer_alone_is_trained_when_asked() -> None:
    cut = cut_one(20, [(3, 9), (12, 20)], 0, CutRule(100, train_on="last_answer"))
    assert cut.trained == ((12, 20),)
