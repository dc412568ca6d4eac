"""What the Train tab asks of the disk: read a configuration, write one, plan a run, make its directory. Run in threads.

Returns data or raises PhiError. Knows no widget.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.config.option import items
from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump, read_values
from phi_core.errors import ConfigError, DataError, Problem, RequestError
from phi_core.files import typed_path, user_path, write_text
from phi_core.jobs.launchers import require_processes
from phi_core.jobs.training_job import create_run
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.samples.gate import ACCEPTABLE, Finding
from phi_core.samples.progress import OnProgress
from phi_tui.draft import Draft, draft_from
from phi_tui.recent_configs import remember_config


@dataclass(frozen=True)
class Opened:
    """A configuration file as a draft; `unknown` are names in it that are no options. `beside` are paths in it that
    lead somewhere from its own folder only: paths count from the folder that phi was started in."""

    path: Path
    draft: Draft
    unknown: tuple[Problem, ...]
    beside: tuple[str, ...] = ()


def open_config(path: Path) -> Opened:
    """ConfigError if the file is no configuration."""
    draft, unknown = draft_from(read_values(typed_path(str(path))))
    remember_config(path)
    return Opened(path, draft, unknown, _only_beside(typed_path(str(path)).parent, draft))


def _only_beside(folder: Path, draft: Draft) -> tuple[str, ...]:
    named = (items(text) for name, text in draft.texts.items() if SPECS[name].path)
    paths = (typed_path(item) for texts in named for item in texts)
    return tuple(str(path) for path in paths if not os.path.lexists(path) and os.path.lexists(folder / path))


def save_config(path: Path, config: TrainingConfig) -> Path:
    """Write every option. ConfigError if the place cannot be written."""
    target = typed_path(str(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, dump(config))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}", remedy="Choose another place"
        ) from None
    remember_config(path)
    return path


class GateClosed(DataError):
    """The launch gate refuses a run. `names` are its findings, as `accept` takes them."""

    def __init__(self, stopping: Sequence[Finding]) -> None:
        count = len(stopping)
        super().__init__(
            f"The launch gate refuses this run: {count} finding{'s' if count > 1 else ''}",
            [finding.problem() for finding in stopping],
        )
        self.names = tuple(finding.name for finding in stopping)
        self.may_be_accepted = ACCEPTABLE.issuperset(self.names)


@dataclass(frozen=True)
class NewRun:
    """`needs_gib` is what a process of it is expected to need, None where the architecture is not known."""

    path: Path
    config: TrainingConfig
    needs_gib: float | None


@dataclass(frozen=True)
class Planned:
    """A run that can be made. `needs_gib` is what a process of it is expected to need, None where that is not known."""

    plan: RunPlan
    needs_gib: float | None


def planned(config: TrainingConfig, *, on_progress: OnProgress | None = None) -> Planned:
    """Plan once more, so that a request that cannot work leaves nothing behind. Large data is prepared on the way.

    GateClosed if the launch gate refuses.
    """
    plan = make_plan(config, on_progress=on_progress)
    if stopping := [finding for finding in plan.gate if finding.stops]:
        raise GateClosed(stopping)
    require_processes(config)
    expected = plan.expected(this_machine())
    return Planned(plan, expected.needed_gib if expected else None)


def created(ready: Planned, runs_root: Path, command: Sequence[str]) -> NewRun:
    """Make the run's directory."""
    config = ready.plan.config
    facts = {**ready.plan.facts(), "memory_estimate_gib": ready.needs_gib}
    return NewRun(create_run(config, runs_root, command=command, facts=facts), config, ready.needs_gib)


def new_run(
    config: TrainingConfig, runs_root: Path, command: Sequence[str], *, on_progress: OnProgress | None = None
) -> NewRun:
    """Plan a run and make its directory."""
    return created(planned(config, on_progress=on_progress), runs_root, command)


def require_queue(config: TrainingConfig, runs_root: Path) -> None:
    """RequestError for a run that the queue of this folder cannot look after."""
    if config.launcher == "slurm":
        raise RequestError("Slurm has a queue of its own", "Launch the run instead")
    if config.output_dir and user_path(config.output_dir).resolve().parent != runs_root.resolve():
        what = f"the queue looks after runs in {runs_root}, and output_dir is elsewhere"
        raise RequestError(what, "Set output_dir to none, or launch the run")
