"""Every file name of a run directory, and the format's version. Nothing else knows them."""

import re
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
CHECKPOINT_NAME = re.compile(r"step-(\d{6,})")


@dataclass(frozen=True)
class RunLayout:
    root: Path

    @property
    def run_json(self) -> Path:
        return self.root / "run.json"

    @property
    def config(self) -> Path:
        return self.root / "config.yaml"

    @property
    def events(self) -> Path:
        return self.root / "events.jsonl"

    @property
    def status(self) -> Path:
        return self.root / "status.json"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def final_adapter(self) -> Path:
        return self.root / "final_adapter"

    @property
    def history(self) -> Path:
        return self.root / "training_history.json"

    @property
    def labels(self) -> Path:
        return self.root / "labels.json"

    @property
    def control(self) -> Path:
        return self.root / "control"

    @property
    def answers(self) -> Path:
        return self.root / "answers"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.root / ".lock"

    @property
    def log(self) -> Path:
        return self.root / "worker.log"

    def checkpoint(self, step: int) -> Path:
        return self.checkpoints / f"step-{step:06d}"

    def checkpoint_steps(self) -> list[int]:
        """Steps of the complete checkpoints, oldest first. A directory being written has another name."""
        if not self.checkpoints.is_dir():
            return []
        names = (CHECKPOINT_NAME.fullmatch(path.name) for path in self.checkpoints.iterdir())
        return sorted(int(name.group(1)) for name in names if name)
