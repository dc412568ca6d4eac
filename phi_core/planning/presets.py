"""Presets: settings with a name and a source. Their memory is what the estimate says, never what was claimed for them.

Built in are those of the two projects that phi grew from, as data. A person's own are YAML files in the configuration
folder. Precedence: explicit flag > configuration file > preset > default. No preset promises a gain.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phi_core.config.option import shown
from phi_core.config.problems import SPECS, check
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump_values, read_values
from phi_core.errors import ConfigError, RequestError
from phi_core.files import user_path, write_text
from phi_core.planning.places import config_directory

TOOLKIT = "memory presets of lpalbou/phi2-finetuning"
TOOLKIT_USES = "quick reference of lpalbou/phi2-finetuning"
FRAMEWORK = "scenarios of siiea-ai/PHI (guide and page 07)"
YOURS = "yours"
OF_ONE_PROJECT = frozenset(
    {
        *("dataset_path", "validation_path", "output_dir", "initial_adapter", "prompt_template"),
        "accelerate_config",
    }
)
"""What a preset never holds: paths that mean something in one folder only. A model's folder is one where it is relative."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True)
class Preset:
    """`machine_gib` is the memory of the machine that it was named for; None where it was named for none."""

    name: str
    about: str
    values: Mapping[str, Any]
    source: str
    machine: str = ""
    machine_gib: float | None = None
    left_out: tuple[str, ...] = field(default=())


def presets() -> tuple[Preset, ...]:
    """The built-in ones, then a person's own by name. A file that is no sound preset is left out."""
    return (*BUILT_IN, *_own())


def find_preset(name: str) -> Preset:
    """RequestError that names the presets there are; ConfigError if a person's file is broken."""
    built_in = next((preset for preset in BUILT_IN if preset.name == name), None)
    if built_in is not None:
        return built_in
    path = preset_file(name)
    if not path.is_file():
        known = ", ".join(preset.name for preset in presets())
        raise RequestError(f"there is no preset {name!r}", f"There are {known}")
    return _read(path)


def save_preset(name: str, values: Mapping[str, Any], *, overwrite: bool = False) -> Preset:
    """Keep the given options, and only these, under a name. ConfigError for values that no run could have; RequestError
    if the name is taken.

    Paths that belong to one project are left out; the returned preset says which.
    """
    path = preset_file(name)
    if any(preset.name == name for preset in BUILT_IN):
        raise RequestError(f"preset {name} is built in", "Choose another name")
    if path.exists() and not overwrite:
        raise RequestError(f"preset {name} exists: {path}", "Choose another name, or add --overwrite")
    left_out = sorted(option for option, value in values.items() if _is_of_one_project(option, value))
    kept = {option: value for option, value in values.items() if option not in left_out}
    if not kept:
        raise RequestError("nothing to save", "Give --from CONFIG.yaml, or options")
    config = preset_config(kept, source=f"preset {name}")
    sound = {option: config.model_dump(mode="json")[option] for option in kept}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, dump_values(sound))
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror}", "Set PHI_CONFIG_DIR") from None
    return _preset(name, sound, tuple(left_out))


def delete_preset(name: str) -> Path:
    """The file that is gone. RequestError if a preset is built in or there is none."""
    path = preset_file(name)
    if any(preset.name == name for preset in BUILT_IN):
        raise RequestError(f"preset {name} is built in", "Only your own can be deleted")
    if not path.is_file():
        raise RequestError(f"there is no preset {name!r} of yours", "`phi presets list` shows them")
    path.unlink()
    return path


def preset_file(name: str) -> Path:
    """Where a person's preset is kept. RequestError for a name that could mean another place."""
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise RequestError(
            f"{name!r} is no name of a preset",
            "Use letters, digits, - and _, at most 64, beginning with a letter",
        )
    return config_directory() / "presets" / f"{name}.yaml"


def preset_config(values: Mapping[str, Any], *, source: str = "the preset") -> TrainingConfig:
    """The configuration of these values alone. ConfigError with every problem; a missing dataset is none."""
    found = check({"dataset_path": ("records.jsonl",), **values})
    if found.config is None:
        raise ConfigError(f"{source} has {len(found.problems)} problem(s)", found.problems)
    return found.config


def setting_words(values: Mapping[str, Any]) -> str:
    """The settings in one line."""
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def _is_of_one_project(option: str, value: Any) -> bool:
    if option != "model_name":
        return option in OF_ONE_PROJECT
    path = user_path(str(value))
    return path.is_dir() and not path.is_absolute()


def _own() -> list[Preset]:
    folder = config_directory() / "presets"
    found = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        try:
            if _NAME.fullmatch(path.stem):
                found.append(_read(path))
        except (ConfigError, OSError):
            continue
    return found


def _read(path: Path) -> Preset:
    values = read_values(path)
    preset_config(values, source=str(path))
    return _preset(path.stem, {name: values[name] for name in values if name in SPECS}, ())


def _preset(name: str, values: Mapping[str, Any], left_out: tuple[str, ...]) -> Preset:
    return Preset(name, "your own settings", values, YOURS, left_out=left_out)


def _batches(batch_size: int, accumulation: int, **more: Any) -> dict[str, Any]:
    return {"batch_size": batch_size, "gradient_accumulation_steps": accumulation, **more}


def _for_machine(
    name: str, about: str, machine: str, gib: float, batch: tuple[int, int], length: int, **more: Any
) -> Preset:
    """Where its project did not name gradient checkpointing it was on all the same, as it is by default here."""
    return Preset(name, about, _batches(*batch, max_length=length, **more), TOOLKIT, machine, gib)


def _scenario(name: str, about: str, epochs: float, steps: int, learning_rate: float, power: float) -> Preset:
    values = {"epochs": epochs, "max_steps": steps, "learning_rate": learning_rate}
    return Preset(name, about, {**values, "schedule": "golden_decay", "schedule_power": power}, FRAMEWORK)


_GPU, _MAC = "24 GB GPU", "18 GB Mac"
BUILT_IN = (
    _for_machine("gpu24-high", "large micro-batches of long records", _GPU, 24, (8, 4), 2048),
    _for_machine("gpu24-balanced", "between the two", _GPU, 24, (4, 8), 1024),
    _for_machine("gpu24-low", "small micro-batches of short records", _GPU, 24, (2, 16), 768),
    _for_machine("mac18-high", "micro-batches of 3", _MAC, 18, (3, 8), 1024),
    _for_machine("mac18-balanced", "micro-batches of 2", _MAC, 18, (2, 16), 1024),
    _for_machine(
        "mac18-low",
        "short records, activations recomputed",
        _MAC,
        18,
        (2, 16),
        768,
        gradient_checkpointing=True,
    ),
    _for_machine(
        "mac18-safe",
        "one short record at a time, activations recomputed",
        _MAC,
        18,
        (1, 32),
        768,
        gradient_checkpointing=True,
    ),
    Preset("quick", "a short look", _batches(2, 8, epochs=3.0, learning_rate=2e-4), TOOLKIT_USES),
    Preset("production", "many passes", _batches(4, 16, epochs=20.0, learning_rate=1e-4), TOOLKIT_USES),
    Preset(
        "memory-limited",
        "small micro-batches of short records, activations recomputed",
        _batches(2, 32, max_length=768, gradient_checkpointing=True),
        TOOLKIT_USES,
    ),
    _scenario("scenario-quick", "up to 3 epochs of 50 steps", 3.0, 150, 3e-4, 0.85),
    _scenario("scenario-standard", "8 epochs of 100 steps", 8.0, 800, 2e-4, 0.9),
    _scenario("scenario-intensive", "20 epochs of 150 steps", 20.0, 3000, 1.5e-4, 0.95),
    _scenario("scenario-large", "10 epochs of 300 steps", 10.0, 3000, 1e-4, 1.0),
)
