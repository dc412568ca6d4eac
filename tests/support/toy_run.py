"""A toy dataset and configuration on a tiny model, and pieces of a run made from them. Heavy."""

import json
from pathlib import Path
from typing import Any

from transformers import set_seed

from phi_core.config.problems import checked
from phi_core.config.training import TrainingConfig
from phi_core.models.adapter import attach_adapter
from phi_core.planning.run_plan import make_plan
from phi_core.training import run
from phi_core.training.trainer import PHITrainer


def write_toy_dataset(path: Path, count: int = 22) -> Path:
    """Records of very different lengths."""
    rows = [
        {"prompt": f"what is {i}?" * (1 + i % 3), "response": "it is " + "so " * (i % 7) + str(i * i)}
        for i in range(count)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def write_spiky_dataset(folder: Path) -> tuple[Path, Path]:
    """Records in whose given order the loss falls and then leaps once, in steps of four at step 16; and others, on which
    the loss only rises as these are learned.
    """
    usual = [{"prompt": "say it", "response": "so so so so"}] * 60
    strange = [{"prompt": "say it", "response": "Zq%9"}] * 4
    other = [{"prompt": "x" * length, "response": "Zq%9"} for length in range(1, 6)]
    paths = folder / "spiky.jsonl", folder / "other.jsonl"
    for path, rows in zip(paths, ([*usual, *strange, *usual[:16]], other), strict=True):
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return paths


def toy_config(model: Path, dataset: Path, **changes: Any) -> TrainingConfig:
    """Two epochs of five steps, no dropout unless asked for."""
    values = {
        "model_name": str(model),
        "dataset_path": str(dataset),
        "epochs": 2,
        "batch_size": 2,
        "gradient_accumulation_steps": 2,
        "learning_rate": 1e-2,
        "max_length": 128,
        "lora_r": 4,
        "lora_dropout": 0,
        "gradient_checkpointing": False,
        "device": "cpu",
    }
    return checked({**values, **changes})


def toy_trainer(config: TrainingConfig, folder: Path, choices: run.Choices | None = None) -> PHITrainer:
    """The trainer that the worker would make, without a run directory."""
    base = run.load(config)
    plan = make_plan(config, model=run.model_facts(base))
    set_seed(config.seed)
    model = attach_adapter(base.model, config, plan.targets)
    arguments = run.training_arguments(config, base, folder)
    return run.make_trainer(plan, model, choices or run.choose(model, config), None, arguments)


def step_losses(trainer: PHITrainer) -> list[float]:
    """Train, and the loss of every step."""
    losses: list[float] = []
    one_step = trainer.training_step

    def recording(*args: Any, **more: Any) -> Any:
        loss = one_step(*args, **more)
        losses.append(float(loss))
        return loss

    trainer.training_step = recording
    trainer.train()
    return losses
