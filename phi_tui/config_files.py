"""What the Train tab asks of the disk: read a configuration, write one, make a run directory. Run in threads.

Returns data or raises PhiError. Knows no widget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump, read_values
from phi_core.errors import ConfigError, DataError, Problem
from phi_core.files import typed_path, write_text
from phi_core.jobs.training_job import create_run
from phi_core.planning.run_plan import make_plan
from phi_core.samples.gate import ACCEPTABLE, Finding
from phi_core.samples.prepare import OnProgress
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


def new_run(
    config: TrainingConfig,
    runs_root: Path,
    command: Sequence[str],
    *,
    on_progress: OnProgress | None = None,
) -> Path:
    """Plan once more, so that a request that cannot work leaves nothing behind, and make the run's directory.

    Large data is prepared on the way. GateClosed if the launch gate refuses.
    """
    plan = make_plan(config, on_progress=on_progress)
    if stopping := [finding for finding in plan.gate if finding.stops]:
        raise GateClosed(stopping)
    return create_run(config, runs_root, command=command, facts=plan.facts())
