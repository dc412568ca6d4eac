"""Blind votes: sides are hidden and even, nothing is lost, and the figures are those of the votes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from phi_core.errors import RequestError
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.vote_results import Opinion, VoteResults, vote_results
from phi_core.evaluation.votes import (
    Choice,
    Pair,
    Vote,
    answer_pairs,
    append_vote,
    ballot_of,
    cast,
    noted,
    open_ballots,
    rater_of,
    read_votes,
    undone,
)


def pair(id: str, adapter: str = "tuned") -> Pair:
    return Pair(id, f"prompt {id}", "base", adapter, f"base on {id}", f"{adapter} on {id}")


PAIRS = tuple(pair(str(place)) for place in range(12))


def vote_for(winner: str | None, on: Pair, rater: str = "ann") -> Vote:
    """A vote for `base`, for the adapter, or None for a tie."""
    ballot = ballot_of(on, rater)
    choice: Choice = "tie" if winner is None else "left" if ballot.left_model == winner else "right"
    return cast(ballot, choice)


def results(*votes: Vote, pairs: tuple[Pair, ...] = PAIRS, judged: tuple[Opinion, ...] = ()) -> VoteResults:
    return vote_results(pairs, votes, judged)


def test_pairs_are_the_questions_that_base_and_adapter_have_both_answered() -> None:
    def answers() -> Iterator[Answer]:
        for id in ("1", "2", "3"):
            yield Answer(id, f"prompt {id}", "base", f"base on {id}", finish_reason="stop")
        yield Answer("1", "prompt 1", "tuned", "tuned on 1", finish_reason="stop")
        yield Answer("2", "prompt 2", "tuned", error="failed")
        yield Answer("3", "prompt 3", "other", "other on 3", finish_reason="stop")

    assert answer_pairs(answers()) == (pair("1"), pair("3", "other"))


def test_a_ballot_shows_both_answers_and_does_not_name_their_models() -> None:
    for one in PAIRS:
        ballot = ballot_of(one, "ann")
        assert {ballot.left, ballot.right} == {one.base_answer, one.adapter_answer}
        assert (ballot.left == one.base_answer) == (ballot.left_model == "base")


def test_sides_are_even_and_the_same_every_time_and_differ_between_raters() -> None:
    pairs = [pair(str(place)) for place in range(400)]
    ann, bob = ([ballot_of(one, rater).left_model for one in pairs] for rater in ("ann", "bob"))
    assert ann == [ballot_of(one, "ann").left_model for one in pairs]
    assert 160 < ann.count("base") < 240
    assert 160 < sum(a == b for a, b in zip(ann, bob, strict=True)) < 240


def test_identical_answers_need_no_vote_and_count_as_ties() -> None:
    same = replace(pair("same"), adapter_answer="base on same")
    assert [ballot.pair for ballot in open_ballots([same, PAIRS[0]], [], "ann")] == [PAIRS[0]]
    found = results(vote_for("tuned", PAIRS[0]), pairs=(same, PAIRS[0])).adapters[0]
    assert (found.identical, found.unvoted, found.figures.mean) == (1, 0, 0.5)


def test_voting_goes_on_where_it_was_left(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    for one in PAIRS[:5]:
        append_vote(file, vote_for(None, one))
    assert [ballot.pair for ballot in open_ballots(PAIRS, read_votes(file), "ann")] == list(PAIRS[5:])
    assert [ballot.pair for ballot in open_ballots(PAIRS, read_votes(file), "bob")] == list(PAIRS)


def test_the_last_line_of_a_rater_and_pair_wins(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    for vote in (
        first := vote_for("tuned", PAIRS[0]),
        vote_for(None, PAIRS[1]),
        replace(first, choice="tie"),
    ):
        append_vote(file, vote)
    assert [vote.choice for vote in read_votes(file)] == ["tie", "tie"]
    assert read_votes(file)[-1].id == PAIRS[0].id


def test_undo_withdraws_one_vote_after_the_other_and_only_the_raters_own(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    for vote in (vote_for("tuned", PAIRS[0]), vote_for("tuned", PAIRS[1]), vote_for("base", PAIRS[0], "bob")):
        append_vote(file, vote)
    for expected in (PAIRS[1], PAIRS[0]):
        withdrawal = undone(read_votes(file), "ann")
        assert withdrawal is not None and withdrawal.id == expected.id
        append_vote(file, withdrawal)
        assert open_ballots(PAIRS, read_votes(file), "ann")[0].pair == expected
    assert undone(read_votes(file), "ann") is None
    assert read_votes(file)[0].winner == "base"


def test_a_torn_line_loses_no_other(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    append_vote(file, vote_for("tuned", PAIRS[0]))
    whole = file.read_bytes()
    for end in range(1, len(whole) - 1):
        file.write_bytes(whole + whole[:end])
        assert [vote.id for vote in read_votes(file)] == ["0"]
        append_vote(file, vote_for(None, PAIRS[1]))
        assert [vote.id for vote in read_votes(file)] == ["0", "1"]


@pytest.mark.parametrize(
    "change",
    [{"choice": "up"}, {"left": "someone"}, {"rater": 3}, {"answers": None}, {"note": ["x"]}, {"id": None}],
)
def test_a_line_that_is_no_vote_is_passed_over(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "votes.jsonl"
    append_vote(file, vote_for("tuned", PAIRS[0]))
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | change) + "\n[1]\n{}\n")
    assert read_votes(file) == ()
    append_vote(file, vote_for("tuned", PAIRS[0]))
    assert len(read_votes(file)) == 1


def test_a_note_and_odd_text_come_back_as_they_are(tmp_path: Path) -> None:
    vote = cast(ballot_of(PAIRS[0], "[/] \x1b[2J"), "both_bad", "[bold \x07 \ud800 \u202e")
    append_vote(tmp_path / "v", vote)
    assert read_votes(tmp_path / "v") == (vote,)
    assert "\x1b" not in (tmp_path / "v").read_text()
    append_vote(tmp_path / "v", noted(vote, "better said"))
    assert [vote.note for vote in read_votes(tmp_path / "v")] == ["better said"]


def test_a_vote_on_other_answers_does_not_count_and_is_asked_again() -> None:
    changed = replace(PAIRS[0], adapter_answer="another answer")
    found = results(vote_for("tuned", PAIRS[0]), pairs=(changed,))
    assert (found.outdated, found.adapters[0].wins, found.adapters[0].unvoted) == (1, 0, 1)
    assert len(open_ballots([changed], [vote_for("tuned", PAIRS[0])], "ann")) == 1


def test_wins_ties_and_losses_are_the_adapters() -> None:
    found = results(
        *(vote_for("tuned", one) for one in PAIRS[:6]),
        *(vote_for("base", one) for one in PAIRS[6:8]),
        vote_for(None, PAIRS[8]),
        cast(ballot_of(PAIRS[9], "ann"), "both_bad"),
    ).adapters[0]
    assert (found.wins, found.losses, found.ties, found.both_bad, found.unvoted) == (6, 2, 1, 1, 2)
    assert found.figures.mean == pytest.approx(0.4)
    low, high = found.figures.low, found.figures.high
    assert low is not None and high is not None and low < 0.4 < high


def test_twelve_wins_of_twelve_are_better_and_nine_are_undecided() -> None:
    assert results(*(vote_for("tuned", one) for one in PAIRS)).adapters[0].verdict == "better"
    assert results(*(vote_for("base", one) for one in PAIRS)).adapters[0].verdict == "worse"
    assert results(*(vote_for("tuned", one) for one in PAIRS[:9])).adapters[0].verdict == "undecided"


def test_a_pair_of_many_raters_counts_once() -> None:
    votes = [vote_for("tuned", PAIRS[0], rater) for rater in "abcdefghijkl"]
    found = results(*votes).adapters[0]
    assert (found.wins, found.figures.mean, found.verdict) == (12, 1.0, "undecided")


def test_who_always_votes_left_shows_a_position_bias_and_who_votes_by_the_answer_none() -> None:
    left = results(*(cast(ballot_of(one, "ann"), "left") for one in PAIRS)).position
    assert (left.left, left.decided, left.p) == (12, 12, 2 / 2**12)
    assert left.sentence().startswith("position bias: shown")
    pairs = tuple(pair(str(place)) for place in range(100))
    fair = results(*(vote_for("tuned", one) for one in pairs), pairs=pairs).position
    assert fair.p > 0.05 and fair.sentence().startswith("position bias: none shown")


def test_agreement_is_of_what_was_found_not_of_the_side() -> None:
    ann = [vote_for("tuned" if place % 2 else "base", one) for place, one in enumerate(PAIRS)]
    bob = [vote_for("tuned" if place % 2 else "base", one, "bob") for place, one in enumerate(PAIRS)]
    assert [vote.choice for vote in ann] != [vote.choice for vote in bob]
    found = results(*ann, *bob).agreements
    assert [(one.raters, one.measure, one.value, one.items) for one in found] == [
        (("ann", "bob"), "kappa", 1.0, 12)
    ]


def test_three_raters_have_an_alpha_and_each_is_set_against_the_judge() -> None:
    votes = [
        vote_for("tuned" if place % 2 else None, one, rater)
        for place, one in enumerate(PAIRS)
        for rater in "abc"
    ]
    judged = tuple((one.id, "tuned", "tuned" if place % 2 else None) for place, one in enumerate(PAIRS))
    found = results(*votes, judged=(*judged, ("unknown", "tuned", None))).agreements
    assert [one.measure for one in found].count("alpha") == 1
    assert [one.raters for one in found if "the judge" in one.raters] == [
        (rater, "the judge") for rater in "abc"
    ]
    assert all(one.value == 1.0 and one.items == 12 for one in found)


def test_what_stands_in_reports_names_every_figure() -> None:
    assert results().sentences() == ()
    ann, bob = (vote_for("tuned", PAIRS[0], rater) for rater in ("ann", "bob"))
    text = "\n".join(results(ann, bob, vote_for("tuned", pair("gone"))).sentences())
    for part in (
        "tuned: undecided by votes",
        "votes: 2 for it",
        "sign test",
        "11 without a vote",
        "position bias",
        "kappa not defined",
        "1 vote",
    ):
        assert part in text
    assert json.loads(json.dumps(results(ann).as_json()))["adapters"][0]["wins"] == 1


def test_a_rater_has_a_name() -> None:
    assert rater_of("  ann\n lee ") == "ann lee"
    with pytest.raises(RequestError, match="a rater needs a name"):
        rater_of(" \t")
