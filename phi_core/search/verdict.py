"""The verdict of a search: is there a setting that is reliably better, and by how much?

The settings with the lowest losses of the search are run again with other seeds, the same for all, and so is the
unchanged configuration. The loss that got a setting chosen is not used again: the luckiest of many always looks good.
Of the settings run again, the one with the lowest mean is compared with each other one and with the unchanged
configuration, by the mean of the differences at equal seeds and Student's t interval. Since any of the k settings could
have come out lowest, each interval holds at a confidence of 1 − 0.05 / k (Bonferroni).

A reliable winner is better than all others: every interval lies below 0. Trials in, figures and a sentence out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from phi_core.evaluation.student_t import quantile_within
from phi_core.search.space import Values, typed
from phi_core.search.trials import UNCHANGED, Trial

ERROR_RATE = 0.05
MIN_SEEDS = 2


@dataclass(frozen=True)
class Comparison:
    """The best against trial `other`: mean, `low` and `high` of the differences in loss. Below 0: the best is better.

    Without two seeds that both ended well on there is no interval, and the figures are None.
    """

    other: int
    seeds: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_better(self) -> bool:
        return self.high is not None and self.high < 0

    @property
    def figures(self) -> str:
        if self.mean is None:
            return f"not comparable: only {self.seeds} seeds on which both ended well"
        return f"{self.mean:+.4f}, interval {self.low:+.4f} to {self.high:+.4f}"


@dataclass(frozen=True)
class Verdict:
    """`best` is None if no setting was run again. `settings` counts those that were, the unchanged one left out."""

    best: int | None = None
    best_values: Values | None = None
    mean_loss: float | None = None
    settings: int = 0
    seeds: int = 0
    failed: tuple[Trial, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    @property
    def is_reliable(self) -> bool:
        """Whether there is a reliable winner."""
        return bool(self.comparisons) and all(comparison.is_better for comparison in self.comparisons)

    @property
    def against_unchanged(self) -> Comparison | None:
        return next((c for c in self.comparisons if c.other == UNCHANGED), None)

    @property
    def beats_unchanged(self) -> bool:
        return self.against_unchanged is not None and self.against_unchanged.is_better

    @property
    def sentence(self) -> str:
        """What was found, with the figures that it rests on."""
        if self.best is None:
            return "No verdict: no setting was run again with other seeds, and one loss each shows nothing."
        parts = [
            f"{self._claim()} {self._basis()}",
            *map(_told, self.comparisons),
            *map(_failure, self.failed),
        ]
        return "\n  ".join(parts)

    def _claim(self) -> str:
        name, unchanged = f"trial {self.best}", self.against_unchanged
        if self.is_reliable and len(self.comparisons) == 1:
            return f"Reliably better than the unchanged configuration: {name} ({in_words(self.best_values or {})}), run again alone."
        if self.is_reliable:
            return f"Reliable winner: {name} ({in_words(self.best_values or {})})."
        if unchanged is None or unchanged.low is None:
            why = "cannot be compared with the unchanged configuration"
        elif unchanged.is_better:
            why = "is better than the unchanged configuration, but not told apart from every other setting"
        elif unchanged.low > 0:
            why = "is the best of those run again, and worse than the unchanged configuration"
        else:
            why = "is the best of those run again, and not told apart from the unchanged configuration"
        return f"No reliable winner: {name} ({in_words(self.best_values or {})}) {why}."

    def _basis(self) -> str:
        return (
            f"Its mean validation loss over {self.seeds} other seeds is {self.mean_loss:.4f} nats a token; differences at "
            f"equal seeds, with 95 % intervals corrected for {self.settings} setting{'s' if self.settings != 1 else ''}:"
        )


def judge(repeats: Sequence[Trial]) -> Verdict:
    """The verdict on trials that were run again; those of the search itself must not be among them."""
    losses, values = _by_number(repeats), {trial.number: trial.values for trial in repeats}
    failed = tuple(trial for trial in repeats if trial.state == "failed")
    sound = losses.keys() - {trial.number for trial in failed} - {UNCHANGED}
    if not sound:
        return Verdict(failed=failed)
    best = min(sound, key=lambda number: (fmean(losses[number].values()), number))
    settings = len(values.keys() - {UNCHANGED})
    others = sorted(
        {UNCHANGED, *sound} - {best}, key=lambda number: (number != UNCHANGED, _mean(losses, number))
    )
    return Verdict(
        best=best,
        best_values=values[best],
        mean_loss=fmean(losses[best].values()),
        settings=settings,
        seeds=len(losses[best]),
        failed=failed,
        comparisons=tuple(_comparison(losses, best, other, settings) for other in others),
    )


def in_words(values: Values) -> str:
    return ", ".join(f"{name} {typed(value)}" for name, value in values.items())


def _by_number(trials: Sequence[Trial]) -> Mapping[int, Mapping[int, float]]:
    """Trial number → seed → loss, of those that ended well."""
    found: dict[int, dict[int, float]] = {}
    for trial in trials:
        if trial.validation_loss is not None:
            found.setdefault(trial.number, {})[trial.seed] = trial.validation_loss
    return found


def _mean(losses: Mapping[int, Mapping[int, float]], number: int) -> float:
    return fmean(losses[number].values()) if number in losses else math.inf


def _comparison(
    losses: Mapping[int, Mapping[int, float]], best: int, other: int, settings: int
) -> Comparison:
    mine, theirs = losses[best], losses.get(other, {})
    differences = [mine[seed] - theirs[seed] for seed in mine if seed in theirs]
    count = len(differences)
    if count < MIN_SEEDS:
        return Comparison(other, count)
    mean = fmean(differences)
    reach = quantile_within(1 - ERROR_RATE / settings, count - 1) * stdev(differences) / math.sqrt(count)
    return Comparison(other, count, mean, mean - reach, mean + reach)


def _told(comparison: Comparison) -> str:
    name = "the unchanged configuration" if comparison.other == UNCHANGED else f"trial {comparison.other}"
    return f"against {name}: {comparison.figures}"


def _failure(trial: Trial) -> str:
    name = "the unchanged configuration" if trial.number == UNCHANGED else f"trial {trial.number}"
    lost = "" if trial.number == UNCHANGED else ", and cannot win"
    return f"{name} failed with seed {trial.seed}{lost}: {trial.cause}"
