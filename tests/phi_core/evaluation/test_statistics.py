"""Statistics: intervals that cover, verdicts that need evidence."""

import random

import pytest

from phi_core.evaluation.answers import Answer
from phi_core.evaluation.statistics import MIN_SCORED, Difference, paired_interval, summarise


def answers(model: str, scores: list[float | None], text: str = "") -> list[Answer]:
    return [
        Answer(str(place), "?", model, text or f"{model} {value}", 2, 0.5, "stop", value)
        for place, value in enumerate(scores)
    ]


def difference(base: list[float | None], tuned: list[float | None]) -> Difference:
    return summarise([*answers("base", base), *answers("tuned", tuned)]).differences[0]


def test_the_interval_covers_the_true_mean_about_95_times_in_100() -> None:
    draws, covered, repetitions = random.Random(1), 0, 200
    for seed in range(repetitions):
        sample = [draws.choices((-1.0, 0.0, 1.0), weights=(0.2, 0.4, 0.4))[0] for _ in range(40)]
        low, high = paired_interval(sample, num_resamples=400, seed=seed)
        covered += low <= 0.2 <= high
    assert 0.90 <= covered / repetitions <= 0.99


def test_no_true_difference_is_rarely_called_one() -> None:
    draws, claims, repetitions = random.Random(2), 0, 200
    for seed in range(repetitions):
        sample = [draws.choices((-1.0, 0.0, 1.0), weights=(0.2, 0.6, 0.2))[0] for _ in range(30)]
        low, high = paired_interval(sample, num_resamples=400, seed=seed)
        claims += low > 0 or high < 0
    assert claims / repetitions <= 0.10


def test_the_interval_is_the_same_every_time() -> None:
    assert paired_interval([0, 1, 1, 0, -1]) == paired_interval([0, 1, 1, 0, -1])


def test_the_interval_of_one_constant_is_that_constant() -> None:
    assert paired_interval([0.5] * 12) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("base", "tuned", "verdict"),
    [
        ([0.0] * 12, [1.0] * 12, "better"),
        ([1.0] * 12, [0.0] * 12, "worse"),
        ([1.0, 0.0] * 6, [0.0, 1.0] * 6, "no difference shown"),
        ([1.0] * 12, [1.0] * 12, "no difference shown"),
        ([0.0] * (MIN_SCORED - 1), [1.0] * (MIN_SCORED - 1), "undecided"),
        ([None] * 12, [None] * 12, "undecided"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side(
    base: list[float | None], tuned: list[float | None], verdict: str
) -> None:
    assert difference(base, tuned).verdict == verdict


def test_wins_ties_and_losses_are_paired_by_question() -> None:
    found = difference([0.0, 1.0, 0.5, None, 1.0], [1.0, 0.0, 0.5, 1.0, None])
    assert (found.wins, found.ties, found.losses, found.scored, found.mean) == (1, 1, 1, 3, 0.0)


def test_the_sentence_says_the_figures() -> None:
    assert difference([0.0] * 10, [1.0] * 10).sentence() == (
        "tuned: better than base (mean difference +1.000, 95 % interval +1.000 to +1.000; "
        "10 questions: 10 won, 0 tied, 0 lost)"
    )
    assert difference([None], [None]).sentence() == "tuned: undecided: only 0 scored questions"
    assert "undecided: only 1 scored question (" in difference([0.0], [1.0]).sentence()


def test_an_adapter_that_changes_no_answer_is_warned_of() -> None:
    same = [
        *answers("base", [1.0] * 3, "x"),
        *answers("tuned", [1.0] * 3, "x"),
        *answers("other", [1.0] * 3, "y"),
    ]
    found = summarise(same)
    assert [d.identical for d in found.differences] == [3, 0]
    assert found.warnings == ("tuned changes no answer: 3 of 3 are the base's, word for word",)


def test_failed_questions_are_counted_and_left_out_of_pairs() -> None:
    failed = Answer("0", "?", "tuned", error="no")
    found = summarise([*answers("base", [1.0, 0.0]), failed, *answers("tuned", [1.0, 1.0])[1:]])
    assert (found.differences[0].scored, found.differences[0].compared) == (1, 1)
    assert found.warnings == ("tuned: 1 question failed",)


def test_a_model_has_the_mean_of_its_scores() -> None:
    (base,) = summarise(answers("base", [1.0, 0.0, None])).targets
    assert (base.mean_score, base.scored, base.answers, base.tokens, base.seconds) == (0.5, 2, 3, 6, 1.5)


def test_without_base_answers_nothing_is_compared() -> None:
    found = summarise(answers("tuned", [1.0]))
    assert ([t.target for t in found.targets], found.differences) == (["tuned"], ())


def test_the_base_comes_first() -> None:
    found = summarise([*answers("tuned", [1.0]), *answers("base", [1.0])])
    assert [target.target for target in found.targets] == ["base", "tuned"]
