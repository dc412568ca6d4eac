"""What is left of a record at most `max_length` tokens long, and what of it the loss counts.

`cut_one` says it for one record in plain Python; `cut_all` says it for all records at once, on arrays. A test holds them
together. Positions are token positions of the whole record.

Letters: R records, A answers of all records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.config.words import TrainOn, Truncation
from phi_core.samples.prepared import Numbers, Prepared


@dataclass(frozen=True)
class CutRule:
    """`cut_start` takes tokens away from behind the opening up to the last answer, and then from the end.

    An answer that loses its start is not trained, one that loses its end is.
    """

    max_length: int
    truncation: Truncation = "cut_end"
    train_on: TrainOn = "answer"


@dataclass(frozen=True)
class Cut:
    """Kept are the tokens [0, opening) and [start, end). `trained` are (start, end) of what the loss counts in them."""

    opening: int
    start: int
    end: int
    trained: tuple[tuple[int, int], ...]

    @property
    def num_tokens(self) -> int:
        return self.opening + self.end - self.start


def cut_one(num_tokens: int, answers: Sequence[tuple[int, int]], opening: int, rule: CutRule) -> Cut:
    """What is left of one record; nothing if it is dropped."""
    if num_tokens > rule.max_length and rule.truncation == "drop":
        return Cut(0, 0, 0, ())
    opening = min(opening, rule.max_length)
    excess = max(0, num_tokens - rule.max_length)
    last = answers[-1][0] if answers else num_tokens
    taken = min(excess, max(0, last - opening)) if rule.truncation == "cut_start" else 0
    start, end = opening + taken, num_tokens - (excess - taken)
    if rule.train_on == "all":
        spans = [(0, opening), (start, end)]
    else:
        counted = answers[-1:] if rule.train_on == "last_answer" else answers
        spans = [(first, min(last, end)) for first, last in counted if first >= start or first < opening]
    return Cut(opening, start, end, tuple((first, last) for first, last in spans if first < last))


@dataclass(frozen=True)
class CutRecords:
    """Of each record, (R,): tokens left, trained tokens left, whether tokens were lost, whether a part of an answer was.

    `num_stops` counts the answers that kept their end, and with it the stop token.
    """

    num_tokens: Numbers
    num_trained: Numbers
    is_cut: Numbers
    is_answer_cut: Numbers
    num_stops: Numbers


def cut_all(data: Prepared, rule: CutRule) -> CutRecords:
    """`cut_one` for every record. Trained tokens are counted where a token before them can predict them."""
    import numpy as np

    total, opening = data.num_tokens.astype(np.int64), _opening(data, rule)
    excess = np.maximum(0, total - rule.max_length)
    taken = _taken(data, rule, excess, opening)
    start, end = opening + taken, total - (excess - taken)
    owner = np.repeat(np.arange(len(total)), data.num_answers)
    first, last = data.answer_bounds.astype(np.int64).T
    asked = _counted(data, rule)
    counted = asked & ((first >= start[owner]) | (first < opening[owner]))
    predicted_from = np.maximum(first, np.where(opening > 0, 1, start + 1)[owner])
    trained = np.maximum(0, np.minimum(last, end[owner]) - predicted_from) * counted
    is_whole = counted & (last <= end[owner])
    kept = opening + end - start
    alive = ~((excess > 0) & (rule.truncation == "drop"))
    num_trained = np.maximum(0, kept - 1) if rule.train_on == "all" else _summed(trained, owner, len(total))
    return CutRecords(
        num_tokens=kept * alive,
        num_trained=num_trained * alive,
        is_cut=excess > 0,
        is_answer_cut=(_summed(asked & ~is_whole, owner, len(total)) > 0) & alive,
        num_stops=_summed(is_whole, owner, len(total)) * alive,
    )


def _opening(data: Prepared, rule: CutRule) -> Numbers:
    import numpy as np

    return np.minimum(data.opening.astype(np.int64), rule.max_length)


def _taken(data: Prepared, rule: CutRule, excess: Numbers, opening: Numbers) -> Numbers:
    """Tokens taken away behind the opening: (R,)."""
    import numpy as np

    if rule.truncation != "cut_start":
        return np.zeros_like(excess)
    last_answer = data.num_tokens.astype(np.int64)
    has_answer = data.num_answers > 0
    last_answer[has_answer] = data.answer_bounds[_final_answers(data), 0]
    return np.minimum(excess, np.maximum(0, last_answer - opening))


def _counted(data: Prepared, rule: CutRule) -> Numbers:
    """Whether the loss asks for an answer at all: (A,)."""
    import numpy as np

    num_answers = len(data.answer_bounds)
    if rule.train_on != "last_answer":
        return np.ones(num_answers, dtype=bool)
    counted = np.zeros(num_answers, dtype=bool)
    counted[_final_answers(data)] = True
    return counted


def _final_answers(data: Prepared) -> Numbers:
    """Index in A of the last answer of each record that has one."""
    import numpy as np

    return (np.cumsum(data.num_answers) - 1)[data.num_answers > 0]


def _summed(values: Numbers, owner: Numbers, num_records: int) -> Numbers:
    """Sum of the answers' values in each record: (R,)."""
    import numpy as np

    return np.bincount(owner, weights=values, minlength=num_records).astype(np.int64)
