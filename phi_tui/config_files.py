"""What the Train tab asks of the disk: read a configuration, write one, make a run directory, queue it. Run in threads.

Returns data or raises PhiError. Knows no widget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump, read_values
from phi_core.errors import ConfigError, DataError, Problem, RequestError
from phi_core.files import typed_path, user_path, write_text
from phi_core.jobs.launchers import require_processes
from phi_core.jobs.queue import enqueue, ensure_runner, queued
from phi_core.jobs.training_job import create_run
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import make_plan
from phi_core.samples.gate import ACCEPTABLE, Finding
from phi_core.samples.progress import OnProgress
from phi_tui.draft import Draft, draft_from


@dataclass(frozen=True)
class Opened:
    """A configuration file as a draft; `unknown` are names in it that are no options."""

    path: Path
    draft: Draft
    unknown: tuple[Problem, ...]


def open_config(path: Path) -> Opened:
    """ConfigError if the file is no configuration."""
    draft, unknown = draft_from(read_values(typed_path(str(path))))
    return Opened(path, draft, unknown)


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


def new_run(
    config: TrainingConfig,
    runs_root: Path,
    command: Sequence[str],
    *,
    for_queue: bool = False,
    on_progress: OnProgress | None = None,
) -> NewRun:
    """Plan once more, so that a request that cannot work leaves nothing behind, and make the run's directory.

    Large data is prepared on the way. GateClosed if the launch gate refuses.
    """
    if for_queue:
        _require_queue(config, runs_root)
    plan = make_plan(config, on_progress=on_progress)
    if stopping := [finding for finding in plan.gate if finding.stops]:
        raise GateClosed(stopping)
    require_processes(config)
    expected = plan.expected(this_machine())
    needs_gib = expected.needed_gib if expected else None
    facts = {**plan.facts(), "memory_estimate_gib": needs_gib}
    return NewRun(create_run(config, runs_root, command=command, facts=facts), config, needs_gib)


def queue_run(run: NewRun) -> int:
    """Put a new run at the end of the queue of its folder; its place, 0 for the next one to start."""
    path, config = run.path, run.config
    enqueue(path, needs_gib=run.needs_gib, device=config.device, num_processes=config.num_processes)
    root = path.resolve().parent
    place = next((place for place, other in enumerate(queued(root)) if other.id == path.name), 0)
    ensure_runner(root)
    return place


def _require_queue(config: TrainingConfig, runs_root: Path) -> None:
    if config.launcher == "slurm":
        raise RequestError("Slurm has a queue of its own", "Launch the run instead")
    if config.output_dir and user_path(config.output_dir).resolve().parent != runs_root.resolve():
        what = f"the queue looks after runs in {runs_root}, and output_dir is elsewhere"
        raise RequestError(what, "Set output_dir to none, or launch the run")
