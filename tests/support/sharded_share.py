"""Started by torchrun in a test: FSDP2 on the CPU (gloo) with the settings of the run's own accelerate file.

torchrun --nproc_per_node 2 sharded_share.py MODEL DATASET FOLDER

accelerate shards on accelerators only, by the kind that it finds; here it is told that the CPU is one. Everything else
(wrapping, gathering, reducing, checkpoints) is torch's and accelerate's own.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from accelerate.state import DistributedType, PartialState
from torch.distributed.tensor import DTensor
from toy_run import step_losses, toy_config, toy_trainer
from training_callbacks import SaveAt

from phi_core.jobs.accelerate_file import accelerate_values
from phi_core.training import ranks

CHANGES: dict[str, Any] = {"validation_fraction": 0.2, "weight_decay": 0.1, "max_steps": 6}


def shard_on_the_cpu() -> None:
    """The environment that `accelerate launch` makes of the file, and a CPU that passes for a device of its own."""
    values = accelerate_values(
        toy_config(Path("m"), Path("d"), num_processes=2, sharding="fsdp", device="auto")
    )
    os.environ |= {name.upper(): str(value) for name, value in values["fsdp_config"].items()}
    os.environ["ACCELERATE_USE_FSDP"] = "true"
    usual = PartialState.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        usual(self, *args, **more)
        if self.distributed_type == DistributedType.MULTI_CPU:
            PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU

    PartialState.__init__ = init


def resumed(model: Path, dataset: Path, folder: Path, step: int) -> list[float]:
    trainer = toy_trainer(toy_config(model, dataset, **CHANGES, lora_dropout=0.3), folder / "resumed")
    losses: list[float] = []
    one_step = trainer.training_step

    def recording(*args: Any, **more: Any) -> Any:
        losses.append(float(loss := one_step(*args, **more)))
        return loss

    trainer.training_step = recording  # type: ignore[method-assign]
    trainer.train(resume_from_checkpoint=str(folder / f"checkpoint-{step}"))
    return losses


def main(model: Path, dataset: Path, folder: Path) -> None:
    shard_on_the_cpu()
    trainer = toy_trainer(toy_config(model, dataset, **CHANGES), folder / "plain")
    losses = step_losses(trainer)
    own = [p for p in trainer.model_wrapped.parameters() if isinstance(p, DTensor)]
    found = {
        "losses": losses,
        "validation": trainer.evaluate()["eval_loss"],
        "parameters": len(list(trainer.model_wrapped.parameters())),
        "sharded": len(own),
        "elements": sum(p.numel() for p in own),
        "held": sum(p.to_local().numel() for p in own),
    }
    trainer.save_model(str(folder / "adapter"))
    whole = toy_trainer(toy_config(model, dataset, **CHANGES, lora_dropout=0.3), folder)
    whole.add_callback(SaveAt(2))
    found["whole"] = step_losses(whole)
    found["resumed"] = resumed(model, dataset, folder, 2)
    (folder / f"found-{ranks.rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
