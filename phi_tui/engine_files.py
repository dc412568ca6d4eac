"""What Chat reads of runs, each as one blocking function that returns a fact.

Views hand these to `background_services.in_background`. Errors are phi's own, or OSError.
"""

from pathlib import Path

from phi_core.files import read_json
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import read_run, state_of
from phi_core.runs.store import RunStore
from phi_tui.engine_choice import ModelChoice, choice_of, run_adapters, run_choice
from phi_tui.engine_messages import AdaptersFound, ChoiceFound, RunsFound


def find_runs(root: Path) -> RunsFound:
    """All runs, newest first."""
    return RunsFound(tuple(run_choice(run) for run in RunStore(root).runs()))


def find_choice(run_path: Path) -> ChoiceFound:
    """The model of one run. RunError if it has no adapter yet."""
    return ChoiceFound(choice_of(read_run(run_path)))


def newest_choice(fact: RunsFound) -> ModelChoice | None:
    """What to talk to if nobody chose: the newest run with an adapter, else a base on its way to one."""
    choices = [run.choice for run in fact.choices if run.choice is not None]
    return next((choice for choice in choices if choice.adapter), choices[0] if choices else None)


def find_adapters(run_path: Path) -> AdaptersFound:
    """What a run has to talk to now. RunError if it is gone."""
    state = state_of(run_path)
    name = str((read_json(RunLayout(run_path).labels) or {}).get("name") or run_path.name)
    return AdaptersFound(
        run_path, run_adapters(RunLayout(run_path), name=name), state in ("created", "running")
    )
