"""What the Train tab asks of the disk to queue runs: plan them all, make their directories, name them, queue them.

Runs in threads. Returns data or raises PhiError; then nothing stays behind. Knows no widget.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phi_core.errors import PhiError
from phi_core.jobs.queue import enqueue, ensure_runner, queued
from phi_core.planning.several import Variant
from phi_core.runs.reader import read_run
from phi_core.runs.store import RunStore
from phi_core.samples.progress import OnProgress
from phi_tui.config_files import NewRun, Planned, created, planned, require_queue


@dataclass(frozen=True)
class Queued:
    """So many runs wait, the first of them behind `before` others."""

    count: int
    before: int


def new_runs(
    asked: Sequence[tuple[Variant, Sequence[str]]], runs_root: Path, *, on_progress: OnProgress | None = None
) -> tuple[NewRun, ...]:
    """A directory for each variant, with the command that asks for it. GateClosed if the launch gate refuses one."""
    for variant, _ in asked:
        require_queue(variant.config, runs_root)
    plans = [planned(variant.config, on_progress=on_progress) for variant, _ in asked]
    made: list[NewRun] = []
    try:
        for (variant, command), plan in zip(asked, plans, strict=True):
            made.append(_named(plan, runs_root, command, variant.label if len(asked) > 1 else ""))
    except (PhiError, OSError):
        for run in made:
            shutil.rmtree(run.path, ignore_errors=True)
        raise
    return tuple(made)


def queue_runs(runs: Sequence[NewRun]) -> Queued:
    """Put new runs of one folder at the end of its queue, in their order."""
    root = runs[0].path.resolve().parent
    before = len(queued(root))
    for run in runs:
        config = run.config
        enqueue(run.path, needs_gib=run.needs_gib, device=config.device, num_processes=config.num_processes)
    ensure_runner(root)
    return Queued(len(runs), before)


def _named(plan: Planned, runs_root: Path, command: Sequence[str], label: str) -> NewRun:
    run = created(plan, runs_root, command)
    if label:
        RunStore(runs_root).label(read_run(run.path), {"name": label})
    return run
