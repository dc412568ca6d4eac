"""Every file name of a run directory, and the format's version. Nothing else knows them."""

import re
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
CONVERTED = "adapter"
"""Within a checkpoint: the adapter for the untouched base, where the one in training took its start out of the base."""
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

    @property
    def launch(self) -> Path:
        """How the processes were started; the supervisor's, or the Slurm job's number."""
        return self.root / "launch.json"

    @property
    def accelerate_config(self) -> Path:
        """What `accelerate launch` is told, where several processes share the run."""
        return self.root / "accelerate.yaml"

    @property
    def batch_script(self) -> Path:
        """What Slurm was given."""
        return self.root / "job.sh"

    @property
    def rank_failures(self) -> Path:
        """One file for each process besides the main one that failed."""
        return self.root / ".ranks"

    @property
    def queue_note(self) -> Path:
        """Why the run waits in the queue; the queue runner's."""
        return self.root / "queue_note.json"

    def checkpoint(self, step: int) -> Path:
        return self.checkpoints / f"step-{step:06d}"

    def adapter_of(self, checkpoint: Path) -> Path:
        """The folder of the adapter that a checkpoint holds, as chat, compare and export read it."""
        converted = checkpoint / CONVERTED
        return converted if converted.is_dir() else checkpoint

    @property
    def adapter_start(self) -> Path:
        """Where an adapter began that takes its start out of the base."""
        return self.root / "start"

    def checkpoint_steps(self) -> list[int]:
        """Steps of the complete checkpoints, oldest first. A directory being written has another name."""
        if not self.checkpoints.is_dir():
            return []
        names = (CHECKPOINT_NAME.fullmatch(path.name) for path in self.checkpoints.iterdir())
        return sorted(int(name.group(1)) for name in names if name)
