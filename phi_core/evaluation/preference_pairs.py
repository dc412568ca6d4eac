"""Preference pairs: votes as (prompt, chosen, rejected) for training on preferences.

Each line of the JSON Lines file holds lists of messages, the conversational form that TRL's DPOTrainer and its kin read:
`prompt` is the system message, if there is one, and the question; `chosen` and `rejected` are one assistant message.
Knows nothing about raters' screens.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.chat.messages import conversation
from phi_core.counted import counted
from phi_core.errors import RequestError
from phi_core.evaluation.vote_results import preference, standing_votes, votes_by_pair
from phi_core.evaluation.votes import Pair, Vote
from phi_core.files import write_text


@dataclass(frozen=True)
class PreferencePairs:
    """`rows` are the pairs; the others are counted: `ties` and `both_bad` by all their raters, `split` between raters
    as much one way as the other, `unvoted` without a vote. Identical answers are in none of them."""

    rows: tuple[dict[str, Any], ...]
    ties: int
    both_bad: int
    split: int
    unvoted: int

    def sentence(self) -> str:
        pairs = counted(len(self.rows), "preference pair")
        kinds = {
            "tied": self.ties,
            "both bad": self.both_bad,
            "split between raters": self.split,
            "without a vote": self.unvoted,
        }
        left_out = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
        return f"{pairs}; left out: {left_out}" if left_out else pairs


def preference_pairs(pairs: Sequence[Pair], votes: Iterable[Vote], system: str | None) -> PreferencePairs:
    """One row a question and adapter: the answer that more raters preferred, against the other."""
    by_pair = votes_by_pair(standing_votes(pairs, votes))
    judged = [(pair, by_pair[pair.key]) for pair in pairs if pair.key in by_pair]
    open_ = [given for _, given in judged if preference(given) == 0]
    bad = [given for given in open_ if all(vote.choice == "both_bad" for vote in given)]
    split = [given for given in open_ if any(vote.winner for vote in given)]
    return PreferencePairs(
        rows=tuple(_row(pair, preference(given), system) for pair, given in judged if preference(given)),
        ties=len(open_) - len(bad) - len(split),
        both_bad=len(bad),
        split=len(split),
        unvoted=sum(not pair.is_identical and pair.key not in by_pair for pair in pairs),
    )


def write_preference_pairs(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line. RequestError if there is something at `path` already, or it cannot be written."""
    if path.exists():
        raise RequestError(f"{path} is there already", "Name a new file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror}", "Name another file") from None


def _row(pair: Pair, preferred: float, system: str | None) -> dict[str, Any]:
    chosen, rejected = pair.adapter_answer, pair.base_answer
    if preferred < 0:
        chosen, rejected = rejected, chosen
    asked = conversation(pair.prompt, system=system)
    return {
        "prompt": [message.as_json() for message in asked],
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
    }
