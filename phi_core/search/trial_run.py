"""Carry a trial out by a real run: create it, or find what an earlier search left of it, start it, watch it to its end.

The run's folder is named after the trial, so a trial never has two runs. Its worker owes nothing to this process.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import RequestError, RunError
from phi_core.jobs.training_job import ask, create_run, end_at_once, resume_run, start_run
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, RunReader, read_run
from phi_core.search.trials import Outcome, Trial

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class TrialRuns:
    """Calls carry trials out. `facts` plans a configuration and refuses one that cannot work.

    `interrupts` counts how often the user asked for an end: the first asks the run to stop, with a checkpoint, the
    next end it at once. `watch` sees the run now and then.
    """

    config: TrainingConfig
    folder: Path
    facts: Callable[[TrainingConfig], Mapping[str, Any]]
    command: Sequence[str] = ()
    interrupts: Callable[[], int] = lambda: 0
    watch: Callable[[Run], None] = lambda run: None

    def __call__(self, trial: Trial) -> Outcome:
        path = self.folder / trial.run
        try:
            self._created(path, trial)
        except RunError:
            raise  # the folder cannot be written: no fault of the setting's
        except RequestError as error:
            return Outcome("failed", cause=str(error))
        _set_going(path)
        return self._outcome(self._watched(path))

    def _created(self, path: Path, trial: Trial) -> None:
        values = {**self.config.model_dump(), **trial.values, "seed": trial.seed, "output_dir": str(path)}
        if not RunLayout(path).run_json.exists():
            config = checked(values, source=f"trial {trial.number}")
            create_run(config, self.folder, command=self.command, facts=self.facts(config))
            return
        found = checked(dict(read_run(path).config), source=f"run {path.name}")
        if any(getattr(found, name) != value for name, value in {**trial.values, "seed": trial.seed}.items()):
            raise RunError(f"run {path} has other settings than trial {trial.number}", "Move it elsewhere")

    def _watched(self, path: Path) -> Run:
        reader, carried_out = RunReader(path), 0
        while (run := reader.read()).is_live:
            self.watch(run)
            if self.interrupts() > carried_out:
                carried_out += 1
                with suppress(RunError, ProcessLookupError):  # it has ended meanwhile
                    ask(run, "stop") if carried_out == 1 else end_at_once(run)
            time.sleep(POLL_SECONDS)
        return run

    def _outcome(self, run: Run) -> Outcome:
        if run.state == "finished":
            return _measured(run)
        if run.state == "paused" or (run.state == "stopped" and self.interrupts()):
            return Outcome("unfinished", cause=f"{run.state} at step {run.step}")
        return Outcome("failed", cause=_cause(run))


def _set_going(path: Path) -> None:
    """Start the run, or again what has neither finished nor lives."""
    run = read_run(path)
    if not run.layout.status.exists():
        start_run(path)
    elif not run.is_live and run.state != "finished":
        resume_run(run)


def _measured(run: Run) -> Outcome:
    """The lowest validation loss."""
    losses = [value for _, value in run.series("evaluation", "validation_loss") if math.isfinite(value)]
    if not losses:
        return Outcome("failed", cause="no finite validation loss was measured")
    return Outcome("finished", min(losses))


def _cause(run: Run) -> str:
    event = run.last("failed")
    if run.state == "failed" and event:
        return str(event.data.get("error", "unknown"))
    if run.state == "stopped":
        return f"stopped at step {run.step} by a request from elsewhere"
    return f"{run.state} at step {run.step}: the worker is gone without a word"
