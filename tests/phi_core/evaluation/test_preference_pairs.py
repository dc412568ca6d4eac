"""Preference pairs: what was preferred, and a count of all that is left out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from phi_core.errors import RequestError
from phi_core.evaluation.preference_pairs import PreferencePairs, preference_pairs, write_preference_pairs
from phi_core.evaluation.votes import Choice, Pair, Vote, ballot_of, cast

PAIRS = tuple(Pair(str(n), f"prompt {n}", "base", "tuned", f"base {n}", f"tuned {n}") for n in range(7))


def vote(place: int, wanted: str, rater: str = "ann") -> Vote:
    ballot = ballot_of(PAIRS[place], rater)
    sides: dict[str, Choice] = {"tie": "tie", "bad": "both_bad"}
    side: Choice = "left" if ballot.left_model == wanted else "right"
    return cast(ballot, sides.get(wanted, side))


def test_what_was_preferred_is_chosen_and_the_rest_is_counted() -> None:
    same = replace(PAIRS[6], adapter_answer="base 6")
    votes = [
        *(vote(0, "tuned", rater) for rater in ("ann", "bob")),
        vote(1, "base"),
        vote(2, "tie"),
        vote(3, "bad"),
        *(vote(4, side, side) for side in ("base", "tuned")),
    ]
    found = preference_pairs([*PAIRS[:6], same], votes, "Be brief.")
    system = {"role": "system", "content": "Be brief."}
    assert found == PreferencePairs(
        rows=(
            {
                "prompt": [system, {"role": "user", "content": "prompt 0"}],
                "chosen": [{"role": "assistant", "content": "tuned 0"}],
                "rejected": [{"role": "assistant", "content": "base 0"}],
            },
            {
                "prompt": [system, {"role": "user", "content": "prompt 1"}],
                "chosen": [{"role": "assistant", "content": "base 1"}],
                "rejected": [{"role": "assistant", "content": "tuned 1"}],
            },
        ),
        ties=1,
        both_bad=1,
        split=1,
        unvoted=1,
    )
    assert found.sentence() == (
        "2 preference pairs; left out: 1 tied, 1 both bad, 1 split between raters, 1 without a vote"
    )


def test_the_majority_decides_and_a_withdrawn_vote_does_not() -> None:
    three = [vote(0, "tuned"), vote(0, "tuned", "bob"), vote(0, "base", "cid")]
    assert preference_pairs(PAIRS[:1], three, None).rows[0]["chosen"][0]["content"] == "tuned 0"
    assert preference_pairs(PAIRS[:1], [replace(vote(0, "tuned"), choice=None)], None).unvoted == 1


def test_without_a_system_message_there_is_none() -> None:
    assert preference_pairs(PAIRS[:1], [vote(0, "base")], None).rows[0]["prompt"] == [
        {"role": "user", "content": "prompt 0"}
    ]


def test_a_file_is_written_line_by_line_and_never_over_another(tmp_path: Path) -> None:
    found = preference_pairs(PAIRS, [vote(0, "tuned"), vote(1, "base")], None)
    path = tmp_path / "new" / "pairs.jsonl"
    write_preference_pairs(path, found.rows)
    assert [json.loads(line) for line in path.read_text().splitlines()] == list(found.rows)
    with pytest.raises(RequestError, match="is there already"):
        write_preference_pairs(path, [])
    assert len(path.read_text().splitlines()) == 2


def test_the_file_is_training_data_for_preference_training_in_the_form_of_trl(tmp_path: Path) -> None:
    """TRL's "conversational preference" dataset: three columns, each a list of messages with role and content."""
    found = preference_pairs(PAIRS, [vote(0, "tuned")], "Be brief.")
    for row in found.rows:
        assert list(row) == ["prompt", "chosen", "rejected"]
        assert all(list(message) == ["role", "content"] for part in row.values() for message in part)
