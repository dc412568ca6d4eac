"""Studies: what is written, what goes on after an end of any kind, and what is refused."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import PROJECT
from searches import FACTS, request, run_search

from phi_core.errors import RunError, TrainingFailed
from phi_core.search.study import Request, Result, open_study, search
from phi_core.search.trials import Outcome, Trial, TrialLog

SPACE = {"lora_r": "8..64", "lora_dropout": "0..0.2"}


def loss_of(trial: Trial) -> float:
    return float(trial.values["lora_r"]) + trial.seed / 1000


class Work:
    """Carries trials out at once and remembers them."""

    def __init__(self, outcome: Callable[[Trial], Outcome] | None = None) -> None:
        self.done: list[tuple[int, int]] = []
        self._outcome = outcome or (lambda trial: Outcome("finished", loss_of(trial)))

    def __call__(self, trial: Trial) -> Outcome:
        self.done.append(trial.key)
        return self._outcome(trial)


def study(folder: Path, wanted: Request, work: Work, **more: object) -> Result:
    with open_study(folder, wanted, FACTS) as log:
        return search(log, wanted, work, **more)  # type: ignore[arg-type]


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]


def test_a_search_tries_the_unchanged_one_the_trials_and_the_best_again_with_the_same_seeds(
    tmp_path: Path,
) -> None:
    work = Work()
    result = study(tmp_path, request(SPACE, trials=6, repeats=2, finalists=2), work)
    assert work.done[:7] == [(number, 42) for number in range(7)]
    best = sorted(result.searched[1:], key=lambda trial: trial.loss)[:2]
    numbers = [0, *(trial.number for trial in best)]
    assert work.done[7:] == [(number, seed) for seed in (43, 44) for number in numbers]
    assert all(again.values == result.find(again.number).values for again in result.repeated)
    assert len({trial.run for trial in result.trials}) == len(result.trials) == 13


def test_the_folder_holds_what_was_asked_and_every_trial(tmp_path: Path) -> None:
    study(tmp_path, request(SPACE, trials=1, repeats=0), Work())
    about = json.loads((tmp_path / "study.json").read_text())
    assert about["space"] == {"lora_r": "8..64", "lora_dropout": "0.0..0.2"}
    assert (about["method"], about["seed"], about["configuration"]) == ("random", 42, {"epochs": 1})
    last = lines(tmp_path)[-1]
    assert last.keys() == {"number", "values", "seed", "run", "state", "validation_loss", "seconds", "cause"}
    assert (last["number"], last["run"], last["state"]) == (1, "trial-001", "finished")


def test_an_ended_search_does_nothing_again_and_more_trials_go_on_from_there(tmp_path: Path) -> None:
    study(tmp_path, request(SPACE, trials=4, repeats=0), Work())
    before = (tmp_path / "trials.jsonl").read_bytes()
    work = Work()
    study(tmp_path, request(SPACE, trials=4, repeats=0), work)
    assert work.done == []
    assert (tmp_path / "trials.jsonl").read_bytes() == before
    more = study(tmp_path, request(SPACE, trials=6, repeats=0), work)
    assert work.done == [(5, 42), (6, 42)]
    at_once = study(tmp_path / "other", request(SPACE, trials=6, repeats=0), Work())
    assert [trial.values for trial in more.trials] == [trial.values for trial in at_once.trials]


@pytest.mark.parametrize("at", [0, 2, 6])
def test_an_interrupted_trial_is_unfinished_and_goes_on(tmp_path: Path, at: int) -> None:
    wanted = request(SPACE, trials=4, repeats=2, finalists=1)

    def interrupted(trial: Trial) -> Outcome:
        return Outcome("unfinished") if len(work.done) > at else Outcome("finished", loss_of(trial))

    work = Work(interrupted)
    first = study(tmp_path, wanted, work)
    assert first.ending == "interrupted"
    assert first.verdict is None
    assert lines(tmp_path)[-1]["state"] == "unfinished"
    again = Work()
    result = study(tmp_path, wanted, again)
    assert again.done[0] == work.done[-1]
    assert not set(again.done) & set(work.done[:-1])
    assert result.ending == "done"
    assert [t.key for t in result.trials] == [t.key for t in study(tmp_path / "b", wanted, Work()).trials]


def test_an_interrupt_between_trials_begins_no_other(tmp_path: Path) -> None:
    work = Work()
    result = study(tmp_path, request(SPACE), work, is_interrupted=lambda: len(work.done) == 3)
    assert len(work.done) == 3
    assert result.ending == "interrupted"


KILLED = """
import os, signal, sys
from pathlib import Path
from searches import FACTS, request
from phi_core.search.study import open_study, search
from phi_core.search.trials import Outcome

def evaluate(trial):
    if trial.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome("finished", float(trial.values["lora_r"]) + trial.seed / 1000)

wanted = request({"lora_r": "8..64", "lora_dropout": "0..0.2"}, method="tpe", trials=8, repeats=2)
with open_study(Path(sys.argv[1]), wanted, FACTS) as log:
    search(log, wanted, evaluate)
"""


def test_a_search_killed_by_force_goes_on_without_repeating_what_was_done(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "support")])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "a")],
        env={**os.environ, "PYTHONPATH": paths},
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL
    begun = lines(tmp_path / "a")[-1]
    assert (begun["number"], begun["state"]) == (3, "begun")
    wanted, work = request(SPACE, method="tpe", trials=8, repeats=2), Work()
    result = study(tmp_path / "a", wanted, work)
    assert work.done[0] == (3, 42)
    assert not set(work.done) & {(0, 42), (1, 42), (2, 42)}
    straight = study(tmp_path / "b", wanted, Work())
    assert [(t.key, t.values, t.validation_loss) for t in result.trials] == [
        (t.key, t.values, t.validation_loss) for t in straight.trials
    ]


def test_a_torn_line_is_ended_and_its_trial_told_again(tmp_path: Path) -> None:
    study(tmp_path, request(SPACE, trials=3, repeats=0), Work())
    path = tmp_path / "trials.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    work = Work()
    result = study(tmp_path, request(SPACE, trials=3, repeats=0), work)
    assert work.done == [(3, 42)]
    assert TrialLog(path).trials == result.trials
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    ("space", "more", "facts", "named"),
    [
        ({"lora_r": "8..32", "lora_dropout": "0..0.2"}, {}, FACTS, r"space \(lora_r\)"),
        ({"lora_r": "8..64"}, {}, FACTS, r"space \(lora_dropout\)"),
        (SPACE, {"method": "tpe"}, FACTS, "method"),
        (SPACE, {}, {**FACTS, "configuration": {"epochs": 2}}, r"configuration \(epochs\)"),
        (SPACE, {}, {**FACTS, "data": "other"}, "data"),
    ],
)
def test_another_search_is_refused_in_the_same_folder(
    tmp_path: Path, space: dict[str, object], more: dict[str, object], facts: dict[str, object], named: str
) -> None:
    study(tmp_path, request(SPACE, trials=1, repeats=0), Work())
    with (
        pytest.raises(RunError, match=f"another {named}"),
        open_study(tmp_path, request(space, **more), facts),
    ):
        pass


def test_one_search_at_a_time_has_a_study(tmp_path: Path) -> None:
    wanted = request(SPACE)
    with open_study(tmp_path, wanted, FACTS), pytest.raises(RunError, match="another search has"):
        run_search(tmp_path, wanted, lambda values, seed: 1.0)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("[]")
    with pytest.raises(RunError, match="no study of format 1"):
        run_search(tmp_path, request(SPACE), lambda values, seed: 1.0)
    with pytest.raises(RunError, match="cannot be written"):
        run_search(tmp_path / "study.json", request(SPACE), lambda values, seed: 1.0)


def test_failed_trials_are_recorded_with_their_cause_and_never_win(tmp_path: Path) -> None:
    def outcome(trial: Trial) -> Outcome:
        return (
            Outcome("failed", cause="no memory") if trial.number % 2 else Outcome("finished", loss_of(trial))
        )

    for method in ("tpe", "random"):
        result = study(tmp_path / method, request(SPACE, method=method, trials=7, repeats=2), Work(outcome))
        failed = [trial for trial in result.searched if trial.state == "failed"]
        assert [(trial.number, trial.cause) for trial in failed] == [(n, "no memory") for n in (1, 3, 5, 7)]
        assert {trial.number for trial in result.repeated} == {0, 2, 4, 6}


def test_failed_trials_are_gone_on_with_only_when_asked(tmp_path: Path) -> None:
    wanted = request(SPACE, trials=4, repeats=2, finalists=1)
    bad = {(1, 42), (3, 42), (0, 43)}
    study(
        tmp_path,
        wanted,
        Work(lambda t: Outcome("failed") if t.key in bad else Outcome("finished", loss_of(t))),
    )
    work = Work()
    study(tmp_path, wanted, work)
    assert work.done == []
    result = study(tmp_path, replace(wanted, retry_failed=True), work)
    assert set(work.done) >= bad
    assert {trial.state for trial in result.trials} == {"finished"}
    assert len(result.searched) == 5


def test_if_every_setting_fails_there_is_no_verdict_but_an_end(tmp_path: Path) -> None:
    work = Work(lambda trial: Outcome("failed", cause="x") if trial.number else Outcome("finished", 1.0))
    result = study(tmp_path, request(SPACE, trials=2), work)
    assert result.ending == "done"
    assert result.verdict is not None
    assert result.verdict.sentence.startswith("No verdict")


def test_an_unchanged_configuration_that_fails_ends_the_search_and_is_tried_again_next_time(
    tmp_path: Path,
) -> None:
    with pytest.raises(TrainingFailed, match=r"unchanged configuration fails: no memory.*trial-000"):
        study(tmp_path, request(SPACE), Work(lambda trial: Outcome("failed", cause="no memory")))
    work = Work()
    study(tmp_path, request(SPACE, trials=1, repeats=0), work)
    assert work.done == [(0, 42), (1, 42)]


class Clock:
    """Sixty seconds a trial."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self) -> float:
        return 60.0 * len(self._work.done)


def test_the_search_leaves_time_for_the_repeats(tmp_path: Path) -> None:
    """20 minutes at a minute a run: 2 × (1 + 3) repeats leave 12 runs for the search."""
    work = Work()
    wanted = request(SPACE, trials=None, repeats=2, finalists=3, max_minutes=20)
    result = study(tmp_path, wanted, work, clock=Clock(work))
    assert result.ending == "time"
    assert result.verdict is not None
    assert result.verdict.best is not None
    assert len(result.searched) == 12
    assert len(work.done) == 20


def test_when_the_time_is_up_the_trial_under_way_is_the_last(tmp_path: Path) -> None:
    work = Work()
    wanted = request(SPACE, trials=5, repeats=2, max_minutes=0.5)
    result = study(tmp_path, wanted, work, clock=Clock(work))
    assert work.done == [(0, 42)]
    assert (result.ending, result.verdict) == ("time", None)
    assert result.trials[0].seconds == 60.0
    assert study(tmp_path, replace(wanted, max_minutes=None), work).ending == "done"


def test_seeds_stay_legal_at_their_end(tmp_path: Path) -> None:
    last = 2**32 - 1
    result = study(tmp_path, request(SPACE, seed=last, trials=1, repeats=2, finalists=1), Work())
    assert {trial.seed for trial in result.repeated} == {0, 1}
