"""Started by torchrun in a test: trains toy runs as one of several processes, and writes what it saw of them.

torchrun --nproc_per_node 2 process_share.py MODEL DATASET FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from toy_run import step_losses, toy_config, toy_trainer
from training_callbacks import SaveAt

from phi_core.errors import TrainingFailed
from phi_core.training import ranks, run
from phi_core.training.batches import padding_free
from phi_core.training.loss import fast_loss

COMMON: dict[str, Any] = {"validation_fraction": 0.2, "weight_decay": 0.1, "epochs": 3}
SCENARIOS: dict[str, dict[str, Any]] = {
    "equal_batches": {},
    "growing_batches": {"batch_growth": "golden", "optimizer": "lion", "learning_rate": 1e-3},
    "uneven_batches": {"batch_size": 1, "gradient_accumulation_steps": 17, "padding_free": False},
}


def losses_of(model: Path, dataset: Path, folder: Path, **changes: Any) -> dict[str, Any]:
    """Loss of every step, validation loss and what was counted."""
    trainer = toy_trainer(toy_config(model, dataset, **{**COMMON, **changes}), folder)
    counted: list[tuple[int, int, int]] = []

    class Count(SaveAt):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            tokens = sum(trainer.step_tokens.values())
            counted.append((trainer.step_records, trainer.step_trained_tokens, tokens))

    trainer.add_callback(Count())
    return {
        "losses": step_losses(trainer),
        "counted": counted,
        "validation": trainer.evaluate(),
        "sizes": [len(step) for step in trainer.steps.steps()],
    }


def stopped_and_resumed(model: Path, dataset: Path, folder: Path) -> dict[str, Any]:
    """With dropout, so that each process's own random state matters."""
    config = toy_config(model, dataset, **COMMON, lora_dropout=0.3, max_steps=8)
    whole = toy_trainer(config, folder)
    whole.add_callback(SaveAt(3))
    losses = step_losses(whole)
    resumed = toy_trainer(config, folder / "resumed")
    again: list[float] = []
    one_step = resumed.training_step

    def recording(*args: Any, **more: Any) -> Any:
        again.append(float(loss := one_step(*args, **more)))
        return loss

    resumed.training_step = recording  # type: ignore[method-assign]
    resumed.train(resume_from_checkpoint=str(folder / "checkpoint-3"))
    return {"whole": losses, "resumed": again}


def first_random_numbers(model: Path, dataset: Path, folder: Path) -> list[float]:
    """What dropout would draw in this process's first step."""
    found: list[float] = []
    trainer = toy_trainer(toy_config(model, dataset, max_steps=1), folder)

    class Draw(SaveAt):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            found.extend(torch.rand(3).tolist())

    trainer.add_callback(Draw())
    trainer.train()
    return found


def out_of_memory_on_one(model: Path, dataset: Path, folder: Path) -> dict[str, Any]:
    """Memory runs out on the second process only, once, in its second micro-batch."""
    calls = {"count": 0}

    def loss(model: Any, batch: Any) -> torch.Tensor:
        calls["count"] += 1
        if calls["count"] == 2 and ranks.rank() == 1:
            raise torch.OutOfMemoryError("CUDA out of memory on the second")
        return fast_loss(model, batch)

    choices = run.Choices(padding_free, loss, {})
    config = toy_config(model, dataset, **COMMON, batch_size=2, gradient_accumulation_steps=4)
    trainer = toy_trainer(config, folder, choices)
    events: list[dict[str, Any]] = []

    class Note(SaveAt):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            events.extend(event.__dict__ for event in trainer.out_of_memory)

    trainer.add_callback(Note())
    return {"losses": step_losses(trainer), "events": events, "micro_batch": trainer.micro_batch_size}


def not_finite_on_one(model: Path, dataset: Path, folder: Path) -> str:
    """The loss of the second process is no number."""

    def loss(model: Any, batch: Any) -> torch.Tensor:
        return fast_loss(model, batch) * (torch.nan if ranks.rank() == 1 else 1.0)

    trainer = toy_trainer(toy_config(model, dataset, **COMMON), folder, run.Choices(padding_free, loss, {}))
    try:
        trainer.train()
    except TrainingFailed as error:
        return str(error)
    return "went on"


def agreements() -> dict[str, Any]:
    own = ranks.rank()
    return {
        "rank": own,
        "count": ranks.num_processes(),
        "main": ranks.is_main(),
        "from_main": ranks.from_main({"who": own, "text": "ä", "none": None}),
        "from_each": ranks.from_each(f"process {own}"),
        "any": [ranks.any_rank(own == 1), ranks.any_rank(False)],
        "largest": ranks.largest(float(own)),
        "summed": ranks.summed([1.0, own + 0.5]),
    }


def main(model: Path, dataset: Path, folder: Path) -> None:
    found: dict[str, Any] = {
        name: losses_of(model, dataset, folder / name, **changes) for name, changes in SCENARIOS.items()
    }
    found["resume"] = stopped_and_resumed(model, dataset, folder / "resume")
    found["random"] = first_random_numbers(model, dataset, folder / "random")
    found["out_of_memory"] = out_of_memory_on_one(model, dataset, folder / "memory")
    found["not_finite"] = not_finite_on_one(model, dataset, folder / "not_finite")
    found["agreements"] = agreements()
    ranks.barrier()
    (folder / f"found-{ranks.rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
