"""RunStore: the runs under one root: list, find, label, delete. Never touches anything outside the root."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phi_core.errors import RunError
from phi_core.files import read_json, user_path, write_json
from phi_core.runs.layout import RunLayout
from phi_core.runs.queue_mark import queue_mark
from phi_core.runs.reader import Run, RunReader, read_run

LATEST = "latest"


def runs_root(explicit: str | None = None) -> Path:
    """The folder of the runs: as given, else PHI_RUNS_DIR, else ./runs."""
    return user_path(explicit or os.environ.get("PHI_RUNS_DIR") or "runs")


class RunStore:
    """Keeps a reader for each run, so that listing again reads only what is new."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._readers: dict[Path, RunReader] = {}

    def runs(self) -> list[Run]:
        """All runs, newest first. Folders that hold no run are passed over."""
        found = [run for path in self._paths() if (run := self._read(path))]
        return sorted(found, key=lambda run: (run.created, run.id), reverse=True)

    def find(self, name: str) -> Run:
        """The run of this id, unique prefix, path, or `latest`. RunError if there is none, or more than one."""
        return read_run(self.path_of(name))

    def path_of(self, name: str) -> Path:
        if name == LATEST:
            return self._latest()
        if RunLayout(user_path(name)).run_json.exists():
            return user_path(name)
        matches = [path for path in self._paths() if path.name.startswith(name)]
        exact = [path for path in matches if path.name == name]
        if len(exact or matches) != 1:
            raise _not_found(name, matches, self.root)
        return (exact or matches)[0]

    def label(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Change name, tags or note of a run."""
        labels = read_json(run.layout.labels) or {}
        write_json(run.layout.labels, {**labels, **changes})

    def delete(self, run: Run) -> None:
        """Remove the run's directory. RunError while it is live, or if it is not a folder directly under the root."""
        if run.is_live:
            raise RunError(f"run {run.id} is {run.state}", f"Stop it first: phi runs stop {run.id}")
        if run.path.is_symlink() or run.path.resolve().parent != self.root.resolve():
            raise RunError(f"run {run.path} is not directly under {self.root}", "Delete it by hand")
        mark = queue_mark(run.path)
        if mark is not None and mark.kind == "queued" and mark.renamed("removed") is None:
            raise RunError(f"run {run.id} has just started", f"Stop it first: phi runs stop {run.id}")
        self._readers.pop(run.path, None)
        shutil.rmtree(run.path)

    def _paths(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return [path for path in self.root.iterdir() if RunLayout(path).run_json.exists()]

    def _read(self, path: Path) -> Run | None:
        try:
            if path not in self._readers:
                self._readers[path] = RunReader(path)
            return self._readers[path].read()
        except (RunError, FileNotFoundError):
            return None

    def _latest(self) -> Path:
        runs = self.runs()
        if not runs:
            raise RunError(f"there is no run in {self.root}", "Start one: phi train CONFIG.yaml")
        return runs[0].path


def _not_found(name: str, matches: list[Path], root: Path) -> RunError:
    if matches:
        some = ", ".join(sorted(path.name for path in matches)[:5])
        return RunError(f"run {name!r} fits {len(matches)} runs: {some}", "Give more of the id")
    return RunError(f"there is no run {name!r} in {root}", "`phi runs list` names the runs")
