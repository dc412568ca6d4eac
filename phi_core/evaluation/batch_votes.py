"""The votes in a batch folder: its pairs, and what its votes and its judge's say together."""

from collections.abc import Iterator

from phi_core.chat.engine import BASE
from phi_core.evaluation.batch_folder import BatchFolder, BatchSnapshot
from phi_core.evaluation.vote_results import Opinion, VoteResults, vote_results
from phi_core.evaluation.votes import Pair, Vote, answer_pairs, read_votes


def batch_pairs(batch: BatchSnapshot) -> tuple[Pair, ...]:
    """The pairs that are answered so far, those of one adapter after those of the other."""
    return answer_pairs(batch.answers)


def batch_votes(batch: BatchSnapshot) -> tuple[Vote, ...]:
    return read_votes(BatchFolder(batch.folder).votes)


def batch_vote_results(batch: BatchSnapshot) -> VoteResults:
    """Everybody's votes, and how far they agree with the judge if one was asked."""
    return vote_results(batch_pairs(batch), batch_votes(batch), _judged(batch))


def _judged(batch: BatchSnapshot) -> Iterator[Opinion]:
    """The judge's words on the pairs: its verdict is from the adapter's side."""
    for found in batch.judgements:
        if found.verdict != "failed":
            yield found.id, found.model, {"win": found.model, "loss": BASE}.get(found.verdict)
