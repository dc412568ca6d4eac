"""What blind votes add up to: who won with what certainty, whether a side was favoured, and how far raters agree.

In: the pairs of a batch, its votes, and what a judge found of the same pairs; out: figures, sentences and JSON. A vote
on answers that have changed since is not counted. Knows nothing about screens or files.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean
from typing import Any, Literal

from phi_core.counted import counted
from phi_core.evaluation.agreement import binomial_p, cohens_kappa, krippendorffs_alpha
from phi_core.evaluation.bootstrap import CONFIDENCE
from phi_core.evaluation.paired import Paired, paired, percent, shown_p
from phi_core.evaluation.verdict import Verdict, verdict_of
from phi_core.evaluation.votes import Pair, Vote

JUDGE = "the judge"

Opinion = tuple[str, str, str | None]
"""Question id, adapter label, the label that was found better or None: what a judge says of a pair."""


@dataclass(frozen=True)
class AdapterVotes:
    """Votes on one adapter against the base. `wins`, `ties`, `losses`, `both_bad` and `identical` add up to all
    judgements; `unvoted` pairs have no vote of anyone.

    A question counts +1 for each vote for the adapter, −1 for the base, 0 else, as the mean over its raters; one of
    identical answers counts 0. `figures` are of these; its own wins and losses are of questions. `verdict` is as for
    scores, with its `reason`.
    """

    adapter: str
    wins: int
    ties: int
    losses: int
    both_bad: int
    identical: int
    unvoted: int
    figures: Paired
    verdict: Verdict
    reason: str

    def sentence(self) -> str:
        counts = (
            f"votes: {self.wins} for it, {self.losses} for the base, {self.ties} tied, {self.both_bad} both bad; "
            f"{counted(self.identical, 'identical pair')}, {self.unvoted} without a vote"
        )
        found = self.figures
        if found.mean is None or found.low is None or found.high is None:
            return f"{self.adapter}: no votes ({counts})"
        figures = (
            f"mean preference {found.mean:+.3f}, {percent(found.confidence)} interval {found.low:+.3f} to "
            f"{found.high:+.3f}; sign test {shown_p(found.p_value)}"
        )
        worded = f"{self.verdict} than base" if self.verdict in ("better", "worse") else self.verdict
        return f"{self.adapter}: {worded} by votes: {self.reason} ({figures}; {counts})"


@dataclass(frozen=True)
class PositionBias:
    """Sides are shuffled, so left should win half of the `decided` votes; `p` is of the exact two-sided binomial test."""

    left: int
    decided: int
    p: float

    def sentence(self) -> str:
        if not self.decided:
            return "position bias: no vote preferred a side"
        share = f"left won {self.left} of {self.decided}, {shown_p(self.p)}"
        return f"position bias: {'shown' if self.p < 0.05 else 'none shown'} ({share})"


@dataclass(frozen=True)
class Agreement:
    """How far `raters` agree on `items` pairs that at least two of them judged; `value` None: not defined."""

    raters: tuple[str, ...]
    measure: Literal["kappa", "alpha"]
    value: float | None
    items: int

    def sentence(self) -> str:
        name = "Cohen's kappa" if self.measure == "kappa" else "Krippendorff's alpha"
        value = "not defined" if self.value is None else f"{self.value:.2f}"
        return f"agreement of {', '.join(self.raters)}: {name} {value} on {counted(self.items, 'pair')}"


@dataclass(frozen=True)
class VoteResults:
    """`outdated` votes were given on answers that have changed since; they are in no figure."""

    raters: tuple[str, ...]
    adapters: tuple[AdapterVotes, ...]
    position: PositionBias
    agreements: tuple[Agreement, ...]
    outdated: int

    def sentences(self) -> tuple[str, ...]:
        if not self.raters:
            return ()
        outdated = f"{counted(self.outdated, 'vote')} not counted: the answers have changed since"
        return (
            *(adapter.sentence() for adapter in self.adapters),
            self.position.sentence(),
            *(agreement.sentence() for agreement in self.agreements),
            *((outdated,) if self.outdated else ()),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def vote_results(pairs: Sequence[Pair], votes: Iterable[Vote], judged: Iterable[Opinion] = ()) -> VoteResults:
    cast = [vote for vote in votes if vote.choice is not None]
    standing = standing_votes(pairs, cast)
    raters = tuple(dict.fromkeys(vote.rater for vote in standing))
    adapters = dict.fromkeys(pair.adapter for pair in pairs)
    return VoteResults(
        raters=raters,
        adapters=tuple(
            _adapter_votes(
                adapter,
                [pair for pair in pairs if pair.adapter == adapter],
                [vote for vote in standing if vote.adapter == adapter],
                confidence=1 - (1 - CONFIDENCE) / len(adapters),
            )
            for adapter in adapters
        ),
        position=_position(standing),
        agreements=tuple(_agreements(raters, standing, pairs, judged)),
        outdated=len(cast) - len(standing),
    )


def standing_votes(pairs: Iterable[Pair], votes: Iterable[Vote]) -> list[Vote]:
    """The votes that were not withdrawn and are on the answers as they are now."""
    present = {(pair.key, pair.fingerprint) for pair in pairs}
    return [
        vote
        for vote in votes
        if vote.choice is not None and ((vote.id, vote.adapter), vote.answers) in present
    ]


def preference(votes: Sequence[Vote]) -> float:
    """The mean over votes on one pair: +1 for the adapter, −1 for the base, 0 for neither."""
    return fmean((vote.winner == vote.adapter) - (vote.winner == vote.base) for vote in votes)


def votes_by_pair(votes: Iterable[Vote]) -> dict[tuple[str, str], list[Vote]]:
    found: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        found.setdefault((vote.id, vote.adapter), []).append(vote)
    return found


def _adapter_votes(
    adapter: str, pairs: Sequence[Pair], votes: Sequence[Vote], *, confidence: float
) -> AdapterVotes:
    by_pair = votes_by_pair(votes)
    identical = sum(pair.is_identical for pair in pairs)
    preferences = [preference(given) for given in by_pair.values()] + [0.0] * (identical if votes else 0)
    figures = paired(preferences, confidence=confidence)
    verdict, reason = verdict_of(figures)
    return AdapterVotes(
        adapter=adapter,
        wins=sum(vote.winner == adapter for vote in votes),
        ties=sum(vote.choice == "tie" for vote in votes),
        losses=sum(vote.winner == vote.base for vote in votes),
        both_bad=sum(vote.choice == "both_bad" for vote in votes),
        identical=identical,
        unvoted=len(pairs) - identical - len(by_pair),
        figures=figures,
        verdict=verdict,
        reason=reason,
    )


def _position(votes: Sequence[Vote]) -> PositionBias:
    left = sum(vote.choice == "left" for vote in votes)
    decided = left + sum(vote.choice == "right" for vote in votes)
    return PositionBias(left, decided, binomial_p(left, decided))


def _agreements(
    raters: Sequence[str], votes: Sequence[Vote], pairs: Iterable[Pair], judged: Iterable[Opinion]
) -> Iterable[Agreement]:
    """Of every two raters, of all of them if they are more, and of each with the judge, who has no `both_bad`."""
    ratings = {
        rater: {_item(vote): _category(vote) for vote in votes if vote.rater == rater} for rater in raters
    }
    for first, second in combinations(raters, 2):
        yield _kappa((first, second), ratings[first], ratings[second])
    if len(raters) > 2:
        items = _rated_twice(list(ratings.values()))
        yield Agreement(tuple(raters), "alpha", krippendorffs_alpha(list(ratings.values())), items)
    judge = _judge_ratings(pairs, judged)
    for rater in raters if judge else ():
        tied = {item: "tie" if said == "both_bad" else said for item, said in ratings[rater].items()}
        yield _kappa((rater, JUDGE), tied, judge)


def _kappa(
    raters: tuple[str, str], first: Mapping[Hashable, str], second: Mapping[Hashable, str]
) -> Agreement:
    return Agreement(raters, "kappa", cohens_kappa(first, second), len(first.keys() & second.keys()))


def _judge_ratings(pairs: Iterable[Pair], judged: Iterable[Opinion]) -> dict[Hashable, str]:
    present = {pair.key for pair in pairs}
    return {
        (id, adapter): "tie" if winner is None else "adapter" if winner == adapter else "base"
        for id, adapter, winner in judged
        if (id, adapter) in present
    }


def _rated_twice(ratings: Sequence[Mapping[Hashable, str]]) -> int:
    items = [item for rated in ratings for item in rated]
    return sum(items.count(item) > 1 for item in set(items))


def _item(vote: Vote) -> Hashable:
    return vote.id, vote.adapter


def _category(vote: Vote) -> str:
    """What was found, without the side: adapter, base, tie or both_bad."""
    if vote.winner is None:
        return str(vote.choice)
    return "adapter" if vote.winner == vote.adapter else "base"
