"""Statistics: intervals that cover, verdicts that need evidence."""

import pytest

from phi_core.evaluation.answers import Answer
from phi_core.evaluation.question_set import Question
from phi_core.evaluation.statistics import MIN_SCORED, Difference, summarise
from phi_core.evaluation.verdict import fail_if_worse


def answers(model: str, scores: list[float | None], text: str = "") -> list[Answer]:
    return [
        Answer(str(place), "?", model, text or f"{model} {value}", 2, 0.5, "stop", value)
        for place, value in enumerate(scores)
    ]


def difference(base: list[float | None], tuned: list[float | None]) -> Difference:
    return summarise([*answers("base", base), *answers("tuned", tuned)]).differences[0]


@pytest.mark.parametrize(
    ("base", "tuned", "verdict"),
    [
        ([0.0] * 12, [1.0] * 12, "better"),
        ([1.0] * 12, [0.0] * 12, "worse"),
        ([1.0, 0.0] * 6, [0.0, 1.0] * 6, "no difference shown"),
        ([1.0] * 12, [1.0] * 12, "no difference shown"),
        ([0.0] * (MIN_SCORED - 1), [1.0] * (MIN_SCORED - 1), "undecided"),
        ([None] * 12, [None] * 12, "undecided"),
        ([0.1 * place for place in range(12)], [0.1 * place + 0.3 for place in range(12)], "better"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side(
    base: list[float | None], tuned: list[float | None], verdict: str
) -> None:
    assert difference(base, tuned).verdict == verdict


def test_wins_ties_and_losses_are_paired_by_question() -> None:
    found = difference([0.0, 1.0, 0.5, None, 1.0], [1.0, 0.0, 0.5, 1.0, None])
    figures = found.paired
    assert (figures.wins, figures.ties, figures.losses, figures.scored, figures.mean) == (1, 1, 1, 3, 0.0)


def test_the_sentence_says_the_figures() -> None:
    assert difference([0.0] * 10, [1.0] * 10).sentence() == (
        "tuned: better than base (mean difference +1.000, 95 % interval +0.537 to +1.000; "
        "10 questions: 10 won, 0 tied, 0 lost; McNemar p = 0.002)"
    )
    assert (
        difference([None], [None]).sentence() == "tuned: undecided: only 0 scored questions, 10 are the least"
    )
    assert "undecided: only 1 scored question, 10 are the least (" in difference([0.0], [1.0]).sentence()


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
    assert (found.differences[0].paired.scored, found.differences[0].compared) == (1, 1)
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


def test_an_interval_without_an_exact_test_that_agrees_is_undecided() -> None:
    """Five wins, no loss: the interval leaves out 0, but heads five times in a row are p = 0.0625."""
    found = difference([0.0] * 10, [1.0] * 5 + [0.0] * 5)
    assert found.paired.low is not None and found.paired.low > 0
    assert found.paired.p_value == 0.0625
    assert found.verdict == "undecided" and "only 5 questions changed" in found.reason


def test_several_adapters_are_judged_more_strictly_than_one() -> None:
    base, tuned = [0.0] * 12, [1.0] * 6 + [0.0] * 6
    assert difference(base, tuned).verdict == "better"
    many = summarise(
        [*answers("base", base), *answers("a", tuned), *answers("b", tuned), *answers("c", [0.0] * 12)]
    )
    assert [found.verdict for found in many.differences] == ["undecided", "undecided", "no difference shown"]
    assert "3 adapters are judged at once: each interval holds with 98.3 %" in many.multiplicity
    assert summarise([*answers("base", base), *answers("a", tuned)]).multiplicity == ""


def test_scores_of_0_and_1_are_tested_by_mcnemar_and_others_by_signs() -> None:
    assert difference([0.0, 1.0], [1.0, 1.0]).paired.test == "McNemar"
    assert difference([0.0, 1.0], [0.5, 1.0]).paired.test == "sign test"


@pytest.mark.parametrize(
    ("won", "lost", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (1, 9, 0.021484375), (8, 2, 0.109375)]
)
def test_the_exact_test_is_a_fair_coins(won: int, lost: int, p: float) -> None:
    found = difference([0.0] * won + [1.0] * lost + [1.0], [1.0] * won + [0.0] * lost + [1.0])
    assert found.paired.p_value == p


def test_every_tag_has_its_own_figures() -> None:
    questions = [
        Question("0", "?", tags=("x",)),
        Question("1", "?", tags=("x", "y")),
        Question("2", "?", tags=("z",)),
    ]
    found = summarise(
        [*answers("base", [0.0, 1.0, None]), *answers("tuned", [1.0, 1.0, None])], questions=questions
    )
    tags = found.differences[0].tags
    assert [(t.tag, t.base_mean, t.adapter_mean, t.paired.scored, t.paired.wins) for t in tags] == [
        ("x", 0.5, 1.0, 2, 1),
        ("y", 1.0, 1.0, 1, 0),
    ]


def test_questions_that_overlap_are_left_out_of_a_second_reckoning() -> None:
    """Learned by heart: all that the adapter wins stands in its training data."""
    given = [*answers("base", [0.0] * 20), *answers("tuned", [1.0] * 8 + [0.0] * 12)]
    (found,) = summarise(given, overlapping={str(place) for place in range(8)}).differences
    assert found.verdict == "better"
    assert found.clean is not None and (found.clean.scored, found.clean.wins) == (12, 0)
    assert "without the questions that are in the training data: no difference shown" in found.notes()[0]
    assert summarise(given, overlapping={"99"}).differences[0].clean is None


def test_the_likelihood_of_references_is_compared_per_token() -> None:
    def measured(model: str, per_token: float) -> list[Answer]:
        return [
            Answer(str(n), "?", model, "x", 1, 0.1, "stop", None, per_token * n - 0.01 * n * (n % 3), n)
            for n in range(1, 9)
        ]

    summary = summarise([*measured("base", -2.0), *measured("tuned", -1.5)])
    before, after = (target.reference_log_likelihood for target in summary.targets)
    assert before is not None and after is not None and after - before == pytest.approx(0.5)
    (found,) = summary.differences
    gain = found.likelihood
    assert gain is not None and gain.references == 8
    assert gain.mean == pytest.approx(0.5)
    assert gain.low is not None and gain.high is not None and gain.low <= gain.mean <= gain.high
    assert "+0.500 nats a token against the base" in found.notes()[0]


def test_references_that_only_one_model_measured_are_not_compared() -> None:
    one = Answer("1", "?", "base", "x", 1, 0.1, "stop", None, -2.0, 4)
    other = Answer("1", "?", "tuned", "x", 1, 0.1, "stop", None, None, None)
    assert summarise([one, other]).differences[0].likelihood is None


@pytest.mark.parametrize(
    ("base", "tuned", "fails"),
    [([1.0] * 12, [0.0] * 12, True), ([0.0] * 12, [1.0] * 12, False), ([1.0] * 5, [0.0] * 5, False)],
)
def test_a_gate_closes_only_for_what_is_shown_to_be_worse(
    base: list[float], tuned: list[float], fails: bool
) -> None:
    assert fail_if_worse(summarise([*answers("base", list(base)), *answers("tuned", list(tuned))])) is fails
