"""Run directories as a launcher and a worker would leave them, without either. For tests of what reads runs."""

import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from phi_core.runs.events import event_line
from phi_core.runs.identity import identity_of
from phi_core.runs.layout import FORMAT, RunLayout

DEAD = {"pid": 1, "start_time": 1.0, "boot_id": "another boot"}
"""The identity of a process that is gone."""


def make_run(
    root: Path,
    name: str,
    *,
    state: str = "finished",
    steps: int = 20,
    total_steps: int = 20,
    losses: Sequence[float] | None = None,
    created: float | None = None,
    alive: bool | None = None,
    label: str | None = None,
) -> Path:
    """A run with `steps` step events and a validation every tenth step. Live states belong to this process."""
    path = root / name
    layout = RunLayout(path)
    path.mkdir(parents=True)
    about = {"format": FORMAT, "id": name, "created": created or time.time() - 60, "base_model": "tiny"}
    layout.run_json.write_text(json.dumps(about))
    layout.config.write_text(
        yaml.safe_dump({"model_name": "tiny", "dataset_path": "data.jsonl", "lora_r": 4})
    )
    if label is not None:
        layout.labels.write_text(json.dumps({"name": label}))
    _write_events(layout, losses if losses is not None else _falling(steps), total_steps)
    is_alive = state in ("created", "running") if alive is None else alive
    write_status(path, state=state, step=steps, total_steps=total_steps, alive=is_alive)
    return path


def write_status(path: Path, *, state: str, step: int, total_steps: int, alive: bool = True) -> None:
    identity = identity_of(os.getpid()).as_json() if alive else DEAD
    record = {
        "state": state,
        "activity": "training",
        "step": step,
        "total_steps": total_steps,
        "heartbeat": time.time(),
    }
    RunLayout(path).status.write_text(json.dumps(record | identity))


def add_event(path: Path, kind: str, step: int, /, **data: Any) -> None:
    with RunLayout(path).events.open("a", encoding="utf-8") as file:
        file.write(event_line(kind, step, data))


def step_data(loss: float, step: int) -> dict[str, Any]:
    return {
        "loss": loss,
        "learning_rate": 2e-4 * (1 - step / 1e6),
        "grad_norm": 1.0 + 1 / step,
        "trained_tokens": 100 * step,
        "tokens_per_second": 812.0,
        "step_seconds": 0.5,
        "peak_memory_gib": 1.25,
        "epoch": step / 10,
    }


def _write_events(layout: RunLayout, losses: Sequence[float], total_steps: int) -> None:
    lines = [event_line("plan", 0, {"total_steps": total_steps, "from_step": 0})]
    for step, loss in enumerate(losses, start=1):
        lines.append(event_line("step", step, step_data(loss, step)))
        if step % 10 == 0:
            lines.append(
                event_line("evaluation", step, {"validation_loss": loss + 0.1, "perplexity": math.e})
            )
    layout.events.write_text("".join(lines), encoding="utf-8")


def _falling(steps: int) -> list[float]:
    return [3.0 * math.exp(-step / 40) + 0.5 + 0.05 * math.sin(step) for step in range(1, steps + 1)]
