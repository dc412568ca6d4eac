"""What runs take on the disk, and what of it may go. Looks and removes only inside one root.

A plan of removals is made first, so that it can be shown; each is carried out only if its run has not come to life
since: its worker's lock is held meanwhile. Kept unless `adapters_too`: final adapters, and of a run's checkpoints the
one with the lowest validation loss; always: the newest one of a run that has no final adapter or is paused.
"""

import fcntl
import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from phi_core.errors import RunError
from phi_core.files import read_json
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import state_of

ENDED = ("finished", "stopped", "paused", "failed", "lost")
"""States in which no worker is at work and none is due."""
DAY = 86_400.0


@dataclass(frozen=True)
class Use:
    """Bytes that a run takes, by kind. `records` are the events, the configuration, labels and the log."""

    run: Path
    state: str
    checkpoints: int
    final_adapter: int
    answers: int
    trackers: int
    records: int

    @property
    def total(self) -> int:
        return self.checkpoints + self.final_adapter + self.answers + self.trackers + self.records


@dataclass(frozen=True)
class Rules:
    """What to free: all but so many checkpoints (None: leave them), failed and lost runs; of runs older than `days` only."""

    keep_checkpoints: int | None = None
    failed: bool = False
    days: float = 0.0
    adapters_too: bool = False


@dataclass(frozen=True)
class Removal:
    """A folder that goes: a checkpoint, what is left of one, or a whole run."""

    path: Path
    run: Path
    bytes: int
    why: str


def storage(root: Path) -> tuple[Use, ...]:
    """Every run under the root, the largest first."""
    return tuple(sorted((_use(path) for path in _run_folders(root)), key=lambda use: -use.total))


def removals(root: Path, rules: Rules, *, now: float | None = None) -> tuple[Removal, ...]:
    """What the rules would free, by run. Runs that are live or queued are passed over."""
    moment = time.time() if now is None else now
    found: list[Removal] = []
    for path in sorted(_run_folders(root)):
        if state_of(path) in ENDED and moment - _last_change(RunLayout(path)) >= rules.days * DAY:
            found += _of_run(RunLayout(path), rules)
    return tuple(found)


def remove(root: Path, plan: Sequence[Removal]) -> tuple[Removal, ...]:
    """Carry removals out; returns those done. What has come to life, or is gone, is passed over.

    RunError if one lies outside the root, or is reached through a link.
    """
    for removal in plan:
        _require_inside(root, removal)
    return tuple(removal for removal in plan if _removed(removal))


def folder_bytes(folder: Path) -> int:
    """Sizes of all files below, links not followed; 0 for a folder that is gone."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _use(path: Path) -> Use:
    layout = RunLayout(path)
    parts = (layout.checkpoints, layout.final_adapter, layout.answers, path / "trackers")
    checkpoints, final, answers, trackers = (folder_bytes(part) for part in parts)
    rest = folder_bytes(path) - checkpoints - final - answers - trackers
    return Use(path, state_of(path), checkpoints, final, answers, trackers, rest)


def _run_folders(root: Path) -> list[Path]:
    """Folders directly under the root that hold a run; links are not followed."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    return [path for path in folders if RunLayout(path).run_json.exists()]


def _of_run(layout: RunLayout, rules: Rules) -> Iterator[Removal]:
    state, steps = state_of(layout.root), layout.checkpoint_steps()
    holds_adapter = bool(steps) or layout.final_adapter.is_dir()
    if rules.failed and state in ("failed", "lost") and (rules.adapters_too or not holds_adapter):
        why = f"{state} run" if holds_adapter else f"{state} run without any adapter"
        yield Removal(layout.root, layout.root, folder_bytes(layout.root), why)
    elif rules.keep_checkpoints is not None:
        yield from _checkpoints(layout, rules, state=state)


def _checkpoints(layout: RunLayout, rules: Rules, *, state: str) -> Iterator[Removal]:
    steps, wanted = layout.checkpoint_steps(), rules.keep_checkpoints or 0
    needed = state == "paused" or not layout.final_adapter.is_dir()
    kept = set(steps[-max(wanted, 1 if needed else 0) :] if wanted or needed else ())
    best = best_step(layout)
    if best is not None and not rules.adapters_too:
        kept.add(best)
    for step in steps:
        if step not in kept:
            path = layout.checkpoint(step)
            yield Removal(path, layout.root, folder_bytes(path), "checkpoint")
    for path in _leftovers(layout):
        yield Removal(path, layout.root, folder_bytes(path), "left over")


def best_step(layout: RunLayout) -> int | None:
    """The checkpoint with the lowest validation loss, the earliest of equals; None if none has one that is finite."""
    found = []
    for step in layout.checkpoint_steps():
        record = read_json(layout.checkpoint(step) / "manifest.json")
        loss = record.get("validation_loss") if isinstance(record, dict) else None
        if isinstance(loss, int | float) and math.isfinite(loss):
            found.append((loss, step))
    return min(found)[1] if found else None


def _leftovers(layout: RunLayout) -> list[Path]:
    """Folders that killed workers left, and checkpoints put aside as broken."""
    inside = layout.checkpoints.iterdir() if layout.checkpoints.is_dir() else ()
    beside = (layout.root / name for name in (".final_adapter", ".old_final_adapter"))
    hidden = [path for path in inside if path.name.startswith(".")]
    return sorted(path for path in (*hidden, *beside) if path.is_dir() and not path.is_symlink())


def _last_change(layout: RunLayout) -> float:
    """When the run last said anything. (Its folders' times would tell of earlier cleaning as well.)"""
    times = [0.0]
    for path in (layout.run_json, layout.events, layout.status):
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _require_inside(root: Path, removal: Removal) -> None:
    home, target = root.resolve(), removal.path.resolve()
    is_inside = removal.run.resolve().parent == home and target.is_relative_to(removal.run.resolve())
    if not is_inside or removal.path.is_symlink() or removal.run.is_symlink():
        raise RunError(f"{removal.path} is not in a run directly under {root}", "Delete it by hand")


def _removed(removal: Removal) -> bool:
    with _idle(RunLayout(removal.run)) as idle:
        if not idle or not removal.path.is_dir():
            return False
        aside = removal.path.with_name(f".old-{removal.path.name.lstrip('.')}")
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(removal.path, aside)  # a reader never sees half of it
        RunLayout(aside).run_json.unlink(missing_ok=True)
        shutil.rmtree(aside)
        return True


@contextmanager
def _idle(layout: RunLayout) -> Iterator[bool]:
    """Whether the run has no worker and waits for none; its lock is held meanwhile, so that none can start."""
    if not layout.root.is_dir():
        yield False
        return
    with layout.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield state_of(layout.root) in ENDED
