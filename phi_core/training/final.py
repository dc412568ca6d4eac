"""What a finished run leaves: the adapter with its tokenizer, prompt format and model card, and the history."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phi_core.config.training import TrainingConfig
from phi_core.files import write_json, write_text
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run
from phi_core.training.checkpoint import Manifest, best, copy_files, read_manifest

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "prompt_format.json")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
)


def chosen_checkpoint(layout: RunLayout, wanted: str) -> Manifest:
    """The checkpoint that becomes the result: `best` by validation loss where there is one, else the last."""
    last = read_manifest(layout.checkpoint(layout.checkpoint_steps()[-1]))
    return (best(layout) or last) if wanted == "best" else last


def write_final_adapter(layout: RunLayout, checkpoint: Manifest, *, base_folder: Path, card: str) -> None:
    """Replace final_adapter/ by the adapter of a checkpoint, in one rename."""
    beside = layout.root / ".final_adapter"
    shutil.rmtree(beside, ignore_errors=True)
    copy_files(layout.checkpoint(checkpoint.step), beside, ADAPTER_FILES)
    for name in TOKENIZER_FILES:
        if (base_folder / name).exists():
            shutil.copyfile(base_folder / name, beside / name)
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
        "loss": run.series("step", "loss"),
        "validation_loss": run.series("evaluation", "validation_loss"),
        "learning_rate": run.series("step", "learning_rate"),
    }
    write_json(layout.history, {"run": run.id, "total_steps": run.total_steps, **histories})


def model_card(run: Run, config: TrainingConfig, checkpoint: Manifest, *, trainable: int) -> str:
    """Measured figures only, each with where it comes from."""
    steps = run.of_kind("step")
    losses = [loss for _, loss in run.series("step", "loss")]
    rows: list[tuple[str, Any]] = [
        ("Run", run.id),
        ("Base model", config.model_name),
        ("Dataset", f"{_names(config.dataset_path)}, SHA-256 {run.about.get('dataset_fingerprint')}"),
        (
            "Adapter",
            f"LoRA r={config.lora_r}, alpha={config.lora_alpha:g}, {trainable:,} trainable parameters",
        ),
        ("Steps done", f"{len(steps)}; this adapter is that of step {checkpoint.step}"),
        ("Training loss, first and last step", f"{losses[0]:.4f} → {losses[-1]:.4f}" if losses else "none"),
        (
            "Validation loss of this adapter",
            f"{checkpoint.validation_loss:.4f}" if checkpoint.validation_loss is not None else "not measured",
        ),
        ("Seed", config.seed),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    header = f"---\nbase_model: {config.model_name}\nlibrary_name: peft\n---\n\n# LoRA adapter {run.id}\n"
    return f"{header}\n| | |\n|---|---|\n{table}\n\nLosses are means per trained token.\n"


def _names(sources: Sequence[str]) -> str:
    return ", ".join(Path(source).name for source in sources)
