"""Blind votes: which of two answers a person finds better, without knowing which model gave it.

In: answers of a batch; out: ballots with hidden, shuffled sides, and the lines of votes.jsonl, which front ends append.
The last line of a rater, question and adapter counts, so that a vote may be changed or withdrawn and nothing is ever
rewritten. Knows neither models nor what votes add up to (`vote_results`).
"""

import getpass
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from phi_core.chat.engine import BASE
from phi_core.errors import RequestError
from phi_core.evaluation.answers import Answer, text_hash
from phi_core.json_lines import append_record, read_records

Choice = Literal["left", "right", "tie", "both_bad"]
CHOICES: tuple[Choice, ...] = get_args(Choice)

VOTES_FILE = "votes.jsonl"


@dataclass(frozen=True)
class Pair:
    """What the base and one adapter answered to one question; `base` and `adapter` are their labels."""

    id: str
    prompt: str
    base: str
    adapter: str
    base_answer: str
    adapter_answer: str

    @property
    def is_identical(self) -> bool:
        """The same text: a tie that needs no vote."""
        return self.base_answer == self.adapter_answer

    @property
    def key(self) -> tuple[str, str]:
        return self.id, self.adapter

    @property
    def fingerprint(self) -> str:
        """Hash of both answers: a vote on other answers is no vote on these."""
        return text_hash(self.base_answer, self.adapter_answer)


@dataclass(frozen=True)
class Ballot:
    """A pair as one rater sees it. `left_model` is not to be shown before the vote."""

    pair: Pair
    rater: str
    left_model: str

    @property
    def prompt(self) -> str:
        return self.pair.prompt

    @property
    def left(self) -> str:
        pair = self.pair
        return pair.base_answer if self.left_model == pair.base else pair.adapter_answer

    @property
    def right(self) -> str:
        pair = self.pair
        return pair.adapter_answer if self.left_model == pair.base else pair.base_answer


@dataclass(frozen=True)
class Vote:
    """One line of votes.jsonl. `choice` None: withdrawn. `answers` is the fingerprint of the pair that was judged.

    `left` is the model whose answer stood on the left; `time` is in seconds since 1970.
    """

    id: str
    base: str
    adapter: str
    rater: str
    choice: Choice | None
    left: str
    answers: str
    note: str = ""
    time: float = 0.0

    @property
    def winner(self) -> str | None:
        """The label of the model that was found better; None for a tie, for both bad, and if withdrawn."""
        if self.choice not in ("left", "right"):
            return None
        return self.left if self.choice == "left" else self._right

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rater, self.id, self.adapter

    @property
    def _right(self) -> str:
        return self.adapter if self.left == self.base else self.base


def answer_pairs(answers: Iterable[Answer], *, base: str = BASE) -> tuple[Pair, ...]:
    """Every question that the base and an adapter have both answered, adapter by adapter; identical answers too."""
    given = {(answer.model, answer.id): answer for answer in answers if answer.is_given}
    adapters = dict.fromkeys(model for model, _ in given if model != base)
    return tuple(
        Pair(id, theirs.prompt, base, adapter, theirs.answer, given[adapter, id].answer)
        for adapter in adapters
        for (model, id), theirs in given.items()
        if model == base and (adapter, id) in given
    )


def ballot_of(pair: Pair, rater: str) -> Ballot:
    """The sides by a bit of a hash of rater, adapter and question: hidden, even, and the same every time."""
    adapter_is_left = int(text_hash(rater, pair.adapter, pair.id), 16) % 2
    return Ballot(pair, rater, pair.adapter if adapter_is_left else pair.base)


def open_ballots(pairs: Iterable[Pair], votes: Iterable[Vote], rater: str) -> tuple[Ballot, ...]:
    """What this rater has still to judge, in the order of the pairs."""
    judged = {(vote.key, vote.answers) for vote in votes if vote.choice is not None}
    waiting = (
        pair
        for pair in pairs
        if not pair.is_identical and ((rater, *pair.key), pair.fingerprint) not in judged
    )
    return tuple(ballot_of(pair, rater) for pair in waiting)


def cast(ballot: Ballot, choice: Choice, note: str = "") -> Vote:
    pair = ballot.pair
    return Vote(
        id=pair.id,
        base=pair.base,
        adapter=pair.adapter,
        rater=ballot.rater,
        choice=choice,
        left=ballot.left_model,
        answers=pair.fingerprint,
        note=note,
        time=time.time(),
    )


def undone(votes: Sequence[Vote], rater: str) -> Vote | None:
    """The line that withdraws the last vote of a rater that stands; None if none does."""
    standing = [vote for vote in votes if vote.rater == rater and vote.choice is not None]
    return replace(standing[-1], choice=None, note="", time=time.time()) if standing else None


def noted(vote: Vote, note: str) -> Vote:
    return replace(vote, note=note, time=time.time())


def rater_of(name: str | None) -> str:
    """A rater's name as it is kept; None: the name of the login. RequestError if nothing is left of it."""
    name = _login() if name is None else name
    if not name.strip():
        raise RequestError(f"a rater needs a name, got {name!r}", "Give one, such as --rater ann")
    return " ".join(name.split())


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return "me"


def append_vote(path: Path, vote: Vote) -> None:
    """One more line; two front ends may share a file. OSError: then it was not given."""
    append_record(path, asdict(vote))


def read_votes(path: Path) -> tuple[Vote, ...]:
    """The last vote of each rater, question and adapter, in the order in which they were given; () without a file.

    A line that is no vote, such as one torn by a crash, is passed over: its pair is asked again.
    """
    found: dict[tuple[str, str, str], Vote] = {}
    for record in read_records(path):
        vote = _vote(record)
        if vote is not None:
            found.pop(vote.key, None)
            found[vote.key] = vote
    return tuple(found.values())


def _vote(record: Mapping[str, Any]) -> Vote | None:
    try:
        vote = Vote(**{key: record[key] for key in _KEYS if key in record})
    except TypeError:
        return None
    texts = (vote.id, vote.base, vote.adapter, vote.rater, vote.left, vote.answers, vote.note)
    is_whole = all(isinstance(text, str) for text in texts) and vote.left in (vote.base, vote.adapter)
    return vote if is_whole and vote.choice in (None, *CHOICES) else None


_KEYS = tuple(item.name for item in fields(Vote))
