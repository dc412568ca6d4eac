"""How far an adapter moved a token, as five levels that any front end can colour.

Two readings of a TokenChange: its shift, how much likelier the adapter finds the token that stands there (−2 … 2), and its
KL, how differently the two models would have gone on at that place (0 … 4). Knows nothing about colours.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from phi_core.chat.engine import TokenChange
from phi_core.counted import counted

SOME_SHIFT, LARGE_SHIFT = 0.5, 2.0
"""In nats: 1.6 times and 7.4 times as likely."""
KL_STEPS = (0.05, 0.2, 0.8, 2.0)
"""In nats; a level begins at its step."""

SHIFT_LEGEND: Mapping[int, str] = {
    -2: "much less likely with the adapter",
    -1: "less likely",
    0: "about as likely",
    1: "likelier",
    2: "much likelier with the adapter",
}
KL_LEGEND: Mapping[int, str] = {
    0: "the same distribution",
    1: "nearly the same",
    2: "different",
    3: "very different",
    4: "another distribution",
}


def shift(change: TokenChange) -> float:
    """log p(adapter) − log p(base), in nats; 0 where both find a token impossible."""
    difference = change.adapter - change.base
    return 0.0 if math.isnan(difference) else difference


def shift_level(change: TokenChange) -> int:
    """−2 … 2, negative where the adapter finds the token less likely."""
    moved = shift(change)
    level = bisect_right((SOME_SHIFT, LARGE_SHIFT), abs(moved))
    return level if moved > 0 else -level


def kl_level(change: TokenChange) -> int:
    """0 … 4."""
    return 0 if math.isnan(change.kl) else bisect_right(KL_STEPS, change.kl)


def changes_sentence(changes: Sequence[TokenChange]) -> str:
    """The answer in one line: how many tokens moved, and how much in the mean."""
    moved = sum(shift_level(change) != 0 for change in changes)
    finite = [change.kl for change in changes if math.isfinite(change.kl)]
    mean = sum(finite) / len(finite) if finite else 0.0
    return f"{moved} of {counted(len(changes), 'token')} moved by {SOME_SHIFT} nats or more; mean KL {mean:.3f} nats a token"
