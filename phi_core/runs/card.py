"""The model card of an adapter or an export: measured figures only, each with where it comes from. Markdown with the hub's header.

Names come from configurations and folders of other people: nothing in them may end a table's cell or begin markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from phi_core.runs.figures import Figures, figures
from phi_core.runs.reader import Run

OPTIONS = (
    *("epochs", "max_steps", "batch_size", "gradient_accumulation_steps", "learning_rate", "schedule"),
    *(
        "warmup_ratio",
        "weight_decay",
        "optimizer",
        "max_length",
        "lora_dropout",
        "dtype",
        "quantization",
        "seed",
    ),
)
"""What decides a run's numbers and names no place on anybody's disk."""
_UNSAFE = {"|": "\\|", "<": "&lt;", "`": "'", "[": "\\[", "]": "\\]"}
Rows = list[tuple[str, str]]


def export_card(
    *,
    title: str,
    library: str,
    base_name: str,
    is_hub_base: bool,
    adapter: Mapping[str, Any],
    run: Run | None,
    adapter_step: int | None = None,
    check: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
) -> str:
    """`adapter` is adapter_config.json; `check` are the figures of the comparison of logits; `run` None: not known here.

    `adapter_step` is that of an adapter that the run has not yet as its own.
    """
    rows = [("Base model", base_name), ("Adapter", _adapter(adapter))]
    parts = [_header(base_name if is_hub_base else None, library), f"# {_safe(title)}", _table(rows)]
    if run is not None:
        found = figures(run)
        parts += [
            "## Measured in training",
            _table(_measured(run, replace(found, adapter_step=adapter_step or found.adapter_step))),
            "Losses are means per trained token.",
        ]
        parts += ["## Configuration", _table(_options(run))]
    if check:
        parts += ["## Check of the merged weights", _table(check)]
    parts += ["\n".join(f"- {_safe(note)}" for note in notes)] if notes else []
    return "\n\n".join(parts) + "\n"


def _header(base: str | None, library: str) -> str:
    named = [f"base_model: {json.dumps(base)}"] if base else []
    return "\n".join(["---", *named, f"library_name: {library}", "tags:", "- lora", "---"])


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"| {_safe(name)} | {_safe(value)} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


def _adapter(settings: Mapping[str, Any]) -> str:
    kinds = (("use_dora", "DoRA"), ("use_rslora", "rsLoRA"))
    kind = " + ".join(name for key, name in kinds if settings.get(key)) or "LoRA"
    saved = settings.get("modules_to_save") or ()
    more = f", whole modules {', '.join(map(str, saved))}" if saved else ""
    return f"{kind}, r={settings.get('r')}, alpha={settings.get('lora_alpha')}{more}"


def _measured(run: Run, found: Figures) -> Rows:
    plan = run.last("plan")
    trainable = plan.number("trainable_parameters") if plan else None
    rows: list[tuple[str, str | None]] = [
        ("Run", run.id),
        ("Dataset", _dataset(run)),
        ("Trainable parameters", _count(trainable)),
        ("Steps done", str(found.steps)),
        ("This adapter is that of step", _count(found.adapter_step)),
        ("Training loss, first and last step", _losses(found)),
        ("Lowest validation loss", _at(found.best_validation_loss, found.best_validation_step)),
        ("Last validation loss", _at(found.last_validation_loss, found.last_validation_step)),
        ("Trained tokens", _count(found.trained_tokens)),
        ("Time of the steps", f"{found.seconds:,.0f} s" if found.seconds is not None else None),
        ("Peak memory", f"{found.peak_memory_gib:.2f} GiB" if found.peak_memory_gib is not None else None),
        ("Versions", _versions(run)),
    ]
    return [(name, value) for name, value in rows if value]


def _dataset(run: Run) -> str | None:
    sources = run.config.get("dataset_path") or ()
    names = [sources] if isinstance(sources, str) else sources
    fingerprint = run.about.get("dataset_fingerprint")
    named = ", ".join(Path(str(name)).name for name in names)
    return f"{named}, SHA-256 {fingerprint}" if fingerprint else named or None


def _losses(found: Figures) -> str | None:
    if found.first_loss is None or found.last_loss is None:
        return None
    return f"{found.first_loss:.4f} → {found.last_loss:.4f}"


def _at(loss: float | None, step: int | None) -> str | None:
    return f"{loss:.4f} at step {step}" if loss is not None else None


def _count(value: float | None) -> str | None:
    return f"{value:,.0f}" if value is not None else None


def _versions(run: Run) -> str | None:
    found = run.about.get("versions")
    return (
        ", ".join(f"{name} {number}" for name, number in found.items())
        if isinstance(found, Mapping)
        else None
    )


def _options(run: Run) -> Rows:
    return [(name, str(run.config[name])) for name in OPTIONS if run.config.get(name) is not None]


def _safe(text: str) -> str:
    """On one line, without what would end a cell, begin markup or be obeyed by a terminal."""
    line = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join("".join(_UNSAFE.get(sign, sign) for sign in line).split())
