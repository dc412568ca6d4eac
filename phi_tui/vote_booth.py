"""VoteBooth: one rater's votes on a batch: the ballot that is next, and every vote kept on disk before the next is shown.

Knows nothing about screens, and tells nobody which model stands on which side.
"""

from dataclasses import dataclass, field
from pathlib import Path

from phi_core.errors import RequestError
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot
from phi_core.evaluation.batch_votes import batch_pairs, batch_vote_results, batch_votes
from phi_core.evaluation.preference_pairs import preference_pairs, write_preference_pairs
from phi_core.evaluation.votes import (
    Ballot,
    Choice,
    Pair,
    Vote,
    append_vote,
    cast,
    open_ballots,
    rater_of,
    undone,
)

ONE_RATER = "agreement: nobody else has voted (r gives another name), and no judge"
NOTHING_TO_UNDO = "there is no vote to undo"


@dataclass
class VoteBooth:
    """`identical` pairs need no vote. `open` is read anew after each vote, so that what was undone comes again."""

    batch: BatchSnapshot
    rater: str
    pairs: tuple[Pair, ...]
    votes: tuple[Vote, ...]
    note: str = ""
    open: tuple[Ballot, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._look()

    @property
    def file(self) -> Path:
        return BatchFolder(self.batch.folder).votes

    @property
    def ballot(self) -> Ballot | None:
        """What is to be judged next; None after the last."""
        return self.open[0] if self.open else None

    @property
    def identical(self) -> int:
        return sum(pair.is_identical for pair in self.pairs)

    @property
    def wanted(self) -> int:
        return len(self.pairs) - self.identical

    @property
    def done(self) -> int:
        return self.wanted - len(self.open)

    def vote(self, choice: Choice) -> None:
        """OSError if it cannot be kept: then it was not given."""
        if self.ballot is not None:
            self._keep(cast(self.ballot, choice, self.note))
            self.note = ""

    def undo(self) -> None:
        """Withdraw the rater's last vote; its ballot comes again. RequestError if there is none."""
        withdrawal = undone(self.votes, self.rater)
        if withdrawal is None:
            raise RequestError(NOTHING_TO_UNDO)
        self._keep(withdrawal)

    def results(self) -> tuple[str, ...]:
        """Who won, whether a side was favoured, how far raters agree: of everybody's votes."""
        results = batch_vote_results(self.batch)
        return results.sentences() + (() if results.agreements or not results.raters else (ONE_RATER,))

    def export(self, path: Path) -> str:
        """Write preference pairs of everybody's votes into a new file; what became of the votes, in words."""
        votes = batch_votes(self.batch)
        found = preference_pairs(self.pairs, votes, self.batch.batch.question_set.system)
        write_preference_pairs(path, found.rows)
        return f"{found.sentence()}; written to {path}"

    def free_file(self) -> Path:
        """A file for an export that is not there yet."""
        names = ("preference_pairs.jsonl", *(f"preference_pairs-{number}.jsonl" for number in range(2, 1000)))
        folder = self.batch.folder
        return next((folder / name for name in names if not (folder / name).exists()), folder / names[0])

    def _keep(self, vote: Vote) -> None:
        append_vote(self.file, vote)
        self.votes = (*(other for other in self.votes if other.key != vote.key), vote)
        self._look()

    def _look(self) -> None:
        """Ballots that wait; one whose vote was just withdrawn comes first."""
        waiting = open_ballots(self.pairs, self.votes, self.rater)
        last = self.votes[-1].key if self.votes and self.votes[-1].choice is None else None
        self.open = tuple(sorted(waiting, key=lambda ballot: (ballot.rater, *ballot.pair.key) != last))


def booth_of(batch: BatchSnapshot, rater: str | None = None) -> VoteBooth:
    """Reads the votes so far. `rater` None: the name of the login. RequestError if there is no pair to vote on."""
    pairs = batch_pairs(batch)
    if not pairs:
        raise RequestError(
            "there is nothing to vote on: no question is answered by base and adapter", "ctrl+r asks them"
        )
    return VoteBooth(batch, rater_of(rater), pairs, batch_votes(batch))
