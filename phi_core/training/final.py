"""What a finished run leaves: the adapter with its tokenizer, prompt format and model card, and the history."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from phi_core.config.training import TrainingConfig
from phi_core.files import write_json, write_text
from phi_core.model_files.folder import is_hub_model
from phi_core.models.adapter_record import adapter_settings
from phi_core.models.export_files import copy_tokenizer
from phi_core.runs.card import export_card
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run
from phi_core.training.checkpoint import Manifest, best, copy_files, read_manifest

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "prompt_format.json")


@dataclass(frozen=True)
class Result:
    """What the result needs besides the run's directory."""

    config: TrainingConfig
    base_folder: Path


def keep_result(layout: RunLayout, result: Result) -> int:
    """Write the final adapter and the history; returns the step whose adapter it is."""
    run = read_run(layout.root)
    checkpoint = chosen_checkpoint(layout, result.config.final_adapter)
    card = model_card(run, result.config.model_name, checkpoint.step)
    write_final_adapter(layout, checkpoint, base_folder=result.base_folder, card=card)
    write_history(layout, run)
    return checkpoint.step


def chosen_checkpoint(layout: RunLayout, wanted: str) -> Manifest:
    """The checkpoint that becomes the result: `best` by validation loss where there is one, else the last."""
    last = read_manifest(layout.checkpoint(layout.checkpoint_steps()[-1]))
    return (best(layout) or last) if wanted == "best" else last


def write_final_adapter(layout: RunLayout, checkpoint: Manifest, *, base_folder: Path, card: str) -> None:
    """Replace final_adapter/ by the adapter of a checkpoint, in one rename."""
    beside = layout.root / ".final_adapter"
    shutil.rmtree(beside, ignore_errors=True)
    copy_files(layout.adapter_of(layout.checkpoint(checkpoint.step)), beside, ADAPTER_FILES)
    copy_tokenizer(base_folder, beside)
    write_text(beside / "README.md", card)
    aside = layout.root / ".old_final_adapter"
    shutil.rmtree(aside, ignore_errors=True)
    if layout.final_adapter.exists():
        os.rename(layout.final_adapter, aside)
    os.rename(beside, layout.final_adapter)
    shutil.rmtree(aside, ignore_errors=True)


def write_history(layout: RunLayout, run: Run) -> None:
    """training_history.json: loss, validation loss and learning rate, each a list of [step, value]."""
    histories = {
        "loss": list(run.series("step", "loss")),
        "validation_loss": list(run.series("evaluation", "validation_loss")),
        "learning_rate": list(run.series("step", "learning_rate")),
    }
    write_json(layout.history, {"run": run.id, "total_steps": run.total_steps, **histories})


def model_card(run: Run, model_name: str, step: int) -> str:
    """The card of the adapter of a step, as that of an export."""
    is_hub_base = is_hub_model(model_name)
    return export_card(
        title=f"LoRA adapter {run.id}",
        library="peft",
        base_name=model_name if is_hub_base else Path(model_name).name,
        is_hub_base=is_hub_base,
        adapter=adapter_settings(run.layout.adapter_of(run.layout.checkpoint(step))),
        run=run,
        adapter_step=step,
    )
