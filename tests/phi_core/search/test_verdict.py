"""Verdicts: noise names no winner, a clear effect does, and every figure is the one that a hand computes."""

import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from searches import noise, request, run_search

from phi_core.search.trials import Trial
from phi_core.search.verdict import judge

WORLDS = 200


def trials(losses: Mapping[int, list[float | None]]) -> list[Trial]:
    return [
        Trial(
            n,
            {"lora_r": 8 + n},
            seed,
            f"run-{n}-{seed}",
            "failed" if loss is None else "finished",
            loss,
            cause="nan",
        )
        for n, row in losses.items()
        for seed, loss in enumerate(row, start=43)
    ]


def test_the_figures_are_those_of_students_paired_interval() -> None:
    verdict = judge(trials({0: [3.0, 3.1, 3.2], 1: [2.0, 2.2, 2.1]}))
    comparison = verdict.comparisons[0]
    assert verdict.best == 1
    assert comparison.mean == pytest.approx(-1.0)
    assert comparison.high == pytest.approx(-1 + 4.302653 * 0.1 / 3**0.5)
    assert comparison.low == pytest.approx(-1 - 4.302653 * 0.1 / 3**0.5)
    assert verdict.is_reliable
    assert "-1.0000, interval -1.2484 to -0.7516" in verdict.sentence


def test_more_settings_widen_the_interval() -> None:
    pair = {0: [3.0, 3.1, 3.2], 1: [2.0, 2.2, 2.1]}
    more = {**pair, 2: [2.5, 2.4, 2.6], 3: [2.7, 2.6, 2.9]}
    one, three = (judge(trials(losses)).against_unchanged for losses in (pair, more))
    assert one and three and one.high is not None and three.high is not None
    assert three.high > one.high


def test_better_than_the_unchanged_one_but_not_than_the_second_is_no_winner() -> None:
    verdict = judge(trials({0: [3.0, 3.01, 3.02], 1: [2.0, 2.02, 2.01], 2: [2.01, 2.0, 2.03]}))
    assert not verdict.is_reliable
    assert verdict.beats_unchanged
    assert verdict.sentence.startswith("No reliable winner: trial 1 (lora_r 9) is better than the unchanged")


def test_the_unchanged_configuration_may_be_the_better_one() -> None:
    verdict = judge(trials({0: [1.0, 1.01, 1.02], 1: [2.0, 2.02, 2.01]}))
    assert not verdict.is_reliable
    assert "worse than the unchanged configuration" in verdict.sentence


def test_settings_without_any_effect_have_no_winner() -> None:
    verdict = judge(trials({0: [1.0, 1.1, 1.2], 1: [1.0, 1.1, 1.2], 2: [1.0, 1.1, 1.2]}))
    assert not verdict.is_reliable
    assert "+0.0000, interval +0.0000 to +0.0000" in verdict.sentence


def test_a_setting_that_failed_once_cannot_win_and_is_named() -> None:
    verdict = judge(trials({0: [3.0, 3.1, 3.2], 1: [2.0, None, 2.1], 2: [2.5, 2.6, 2.71]}))
    assert verdict.best == 2
    assert verdict.settings == 2
    assert "trial 1 failed with seed 44, and cannot win: nan" in verdict.sentence


def test_without_the_unchanged_configuration_there_is_no_winner() -> None:
    verdict = judge(trials({0: [None, None, 3.0], 1: [2.0, 2.01, 2.02], 2: [5.0, 5.01, 5.02]}))
    assert not verdict.is_reliable
    assert "cannot be compared with the unchanged configuration" in verdict.sentence


def test_without_repeats_there_is_no_verdict() -> None:
    assert judge([]).sentence.startswith("No verdict")
    assert judge(trials({0: [1.0, 2.0]})).best is None


def test_pure_noise_has_no_reliable_winner(tmp_path: Path) -> None:
    """At most 5 %, and what 200 draws may add to it; also for the weaker claim, better than the unchanged one."""
    space = {"lora_r": "8..64", "lora_dropout": "0..0.2"}
    found = [_verdict(tmp_path, world, space, partial(noise, world=world)) for world in range(WORLDS)]
    assert sum(verdict.is_reliable for verdict in found) <= 0.05 * WORLDS
    assert sum(verdict.beats_unchanged for verdict in found) <= 0.08 * WORLDS


def test_noise_without_a_part_in_common_has_no_reliable_winner_either(tmp_path: Path) -> None:
    def objective(values: Mapping[str, Any], seed: int, world: int) -> float:
        return random.Random(f"{world} {seed} {sorted(values.items())}").gauss(2, 0.1)

    found = [_verdict(tmp_path, w, {"lora_r": "8..64"}, partial(objective, world=w)) for w in range(WORLDS)]
    assert sum(verdict.is_reliable for verdict in found) <= 0.05 * WORLDS


def test_equally_good_settings_all_better_than_the_unchanged_one_have_no_winner_among_them(
    tmp_path: Path,
) -> None:
    def objective(values: Mapping[str, Any], seed: int, world: int) -> float:
        is_unchanged = values["lora_alpha"] == 32
        return (9 if is_unchanged else 2) + 0.1 * noise(values, seed, world=world)

    found = [
        _verdict(tmp_path, w, {"lora_alpha": "33..64"}, partial(objective, world=w)) for w in range(WORLDS)
    ]
    assert sum(verdict.is_reliable for verdict in found) <= 0.05 * WORLDS
    assert sum(verdict.beats_unchanged for verdict in found) >= 0.95 * WORLDS


def test_a_clear_effect_has_a_reliable_winner(tmp_path: Path) -> None:
    """Losses of 0.2, 0.4, 0.6 and so on, noise of deviation 0.01 in them."""

    def objective(values: Mapping[str, Any], seed: int, world: int) -> float:
        steps = [21, 13, 34, 8, 55].index(values["lora_r"])
        return 2 + 0.2 * steps + 0.01 * noise(values, seed, world=world)

    space = {"lora_r": "8,13,21,34,55"}
    found = [_verdict(tmp_path, w, space, partial(objective, world=w)) for w in range(WORLDS)]
    assert sum(v.is_reliable and v.best_values == {"lora_r": 21} for v in found) >= 0.95 * WORLDS


def _verdict(folder: Path, world: int, space: Mapping[str, object], objective: Any) -> Any:
    result = run_search(folder / str(world), request(space, trials=12, seed=world), objective)
    assert result.verdict is not None
    return result.verdict
