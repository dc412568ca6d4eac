"""The launch gate: what would make a run pointless or wrong, found in its tokens before anything is loaded.

A finding stops the launch. Those in ACCEPTABLE can be accepted by name; the run records that, with the figures.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import get_args

from phi_core.config.words import Acceptable
from phi_core.errors import DataError, Problem
from phi_core.samples.samples import Samples

CUT_ANSWERS_SHARE = 0.01
"""More cut answers than this are not launched without a word."""
DROPPED_SHARE = 0.1
"""Nor are more dropped records."""
ACCEPTABLE = frozenset[str](get_args(Acceptable))


@dataclass(frozen=True)
class Finding:
    """`name` is what `accept` takes; `stops` says whether the launch is refused for it."""

    name: str
    what: str
    remedy: str
    stops: bool

    def problem(self) -> Problem:
        """What it is and, if it stops the launch, what can be done."""
        accept = f", or accept it: --accept {self.name}" if self.name in ACCEPTABLE else ""
        return Problem(self.name, self.what, f"{self.remedy}{accept}" if self.stops else "")


def findings(
    train: Samples, validation: Samples, *, num_overlapping: int, accept: Collection[str]
) -> tuple[Finding, ...]:
    """All that the gate finds, accepted or not."""
    found = (
        *_untrained(train),
        *_cut_answers(train),
        *_dropped(train),
        *_overlap(validation, num_overlapping),
    )
    accepted = ACCEPTABLE & {*accept}
    return tuple(Finding(name, what, remedy, name not in accepted) for name, what, remedy in found)


def require_open(gate: Collection[Finding]) -> None:
    """DataError with every finding that stops the launch."""
    if stopping := tuple(finding.problem() for finding in gate if finding.stops):
        count = len(stopping)
        raise DataError(f"the run is not launched: {count} finding{'s' if count > 1 else ''}", stopping)


def _untrained(train: Samples) -> Iterator[tuple[str, str, str]]:
    length = train.rule.max_length
    if not len(train):
        what = f"no record has a trained token within max_length {length}"
        yield "no_trained_tokens", what, "Raise max_length, or look at the data: phi data preview"
    elif train.data.is_exact and train.num_trained_tokens <= train.num_stops:
        what = "stop tokens are all that would be trained: the prompt format leaves the answers out"
        yield "no_trained_tokens", what, "Look at the text: phi data preview"
    elif not train.num_stops:
        what = (
            f"no answer keeps its stop token within max_length {length}, so the model would not learn to stop"
        )
        yield "stop_never_trained", what, f"Raise max_length, or {_other_truncations(train)}"


def _cut_answers(train: Samples) -> Iterator[tuple[str, str, str]]:
    share = train.num_answers_cut / max(1, train.num_given)
    if share > CUT_ANSWERS_SHARE:
        cut = f"{train.num_answers_cut:,} of {train.num_given:,} records ({share:.1%})"
        part = "a part of an answer" if train.rule.truncation == "cut_start" else "the end of their answer"
        what = f"{cut} lose {part} at max_length {train.rule.max_length}"
        yield "cut_answers", what, f"Raise max_length, {_other_truncations(train)}"


def _other_truncations(train: Samples) -> str:
    others = [name for name in ("cut_start", "drop") if name != train.rule.truncation]
    return f"set truncation to {' or '.join(others)}"


def _dropped(train: Samples) -> Iterator[tuple[str, str, str]]:
    share = train.num_left_out / max(1, train.num_given)
    if train.rule.truncation == "drop" and share > DROPPED_SHARE and len(train):
        left = f"{train.num_left_out:,} of {train.num_given:,} records ({share:.1%})"
        what = f"{left} are dropped: they are longer than max_length {train.rule.max_length}"
        yield "dropped", what, "Raise max_length, or set truncation to cut_start"


def _overlap(validation: Samples, num_overlapping: int) -> Iterator[tuple[str, str, str]]:
    if num_overlapping:
        what = f"{num_overlapping:,} of {validation.num_given:,} validation records are also trained on"
        yield "overlap", what, "Take them out of one side: phi data check PATH --validation PATH"
