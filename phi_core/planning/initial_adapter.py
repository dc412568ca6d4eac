"""The adapter that a run goes on from: refused here if its rank, scale or prompt format are not those of the run.

Reads its two JSON files; whether its weights belong to the base model is found out when they are loaded.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phi_core.chat.prompt_format import FILE, PromptFormat, prompt_format_from
from phi_core.config.module_patterns import ends_with, figure_of, patterns
from phi_core.config.option import shown
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError
from phi_core.files import read_json, user_path
from phi_core.model_files.architecture import Shape
from phi_core.model_files.layers import Layer, layers_of
from phi_core.planning.adapted_layers import adapted_layers, target_names

SAME = {"lora_r": "r", "lora_alpha": "lora_alpha", "use_rslora": "use_rslora", "use_dora": "use_dora"}
"""Option → its name in adapter_config.json: what must be as the adapter was trained."""


def require_initial_adapter(config: TrainingConfig, form: PromptFormat | None, shape: Shape | None) -> None:
    """AdapterError if there is no adapter; ConfigError if the run would train it in another way than it was.

    Which layers it adapts is compared where the `shape` is known.
    """
    if config.initial_adapter is None:
        return
    path = user_path(config.initial_adapter)
    settings = read_json(path / "adapter_config.json")
    if not isinstance(settings, dict):
        raise AdapterError(f"initial_adapter {path} {_what_is_wrong(path)}", _instead_of(path))
    for option, key in SAME.items():
        own, wanted = settings.get(key) or False, getattr(config, option)
        if own != wanted:
            found = f"{option} is {shown(wanted)}, the initial adapter has {_exactly(own)}"
            raise ConfigError(found, remedy=f"Set {option} to {_exactly(own)}")
    _require_whole_modules(config, settings)
    if shape is not None:
        _require_layers(config, shape, settings)
    _require_format(path, form)


def _require_whole_modules(config: TrainingConfig, settings: Mapping[str, Any]) -> None:
    """The same `modules_to_save`; the adapter's file has their paths."""
    wanted, own = config.modules_to_save, tuple(map(str, settings.get("modules_to_save") or ()))
    if all(any(ends_with(path, name) for name in wanted) for path in own) and all(
        any(ends_with(path, name) for path in own) for name in wanted
    ):
        return
    found = f"modules_to_save is {shown(wanted) or 'none'}, the initial adapter has {shown(own) or 'none'}"
    raise ConfigError(found, remedy=f"Set modules_to_save to {shown(own) or 'none'}")


def _require_layers(config: TrainingConfig, shape: Shape, settings: Mapping[str, Any]) -> None:
    """The same layers, each with the same rank and alpha."""
    own = settings.get("target_modules")
    if not isinstance(own, list):
        return
    targets = target_names(config, shape)
    adapted = adapted_layers(config, shape)
    if {*adapted} != {
        layer for layer in layers_of(shape) if any(ends_with(layer.path, name) for name in own)
    }:
        where = f" in blocks {','.join(config.lora_layers)}" if config.lora_layers else ""
        found = (
            f"lora_targets are {', '.join(targets)}{where}, the initial adapter has {', '.join(sorted(own))}"
        )
        raise ConfigError(found, remedy=f"Set lora_targets to {','.join(sorted(own))}")
    _require_figures(config, adapted, settings)


def _require_figures(config: TrainingConfig, adapted: Sequence[Layer], settings: Mapping[str, Any]) -> None:
    """The same rank and alpha for each layer."""
    for option, default in (("rank_pattern", config.lora_r), ("alpha_pattern", config.lora_alpha)):
        mine = patterns(getattr(config, option))
        other = {name.replace("\\", ""): figure for name, figure in (settings.get(option) or {}).items()}
        if any(
            figure_of(layer.path, mine, default) != figure_of(layer.path, other, default) for layer in adapted
        ):
            pairs = ",".join(f"{name}={_exactly(figure)}" for name, figure in other.items()) or "none"
            raise ConfigError(
                f"{option} gives other figures than the initial adapter has",
                remedy=f"Set {option} to {pairs}",
            )


def _exactly(value: Any) -> str:
    """A value as people type it, with all of its digits: it is compared without tolerance."""
    return repr(value) if isinstance(value, float) and value != float(shown(value)) else shown(value)


def _what_is_wrong(path: Path) -> str:
    return "holds no adapter: adapter_config.json is missing or broken" if path.exists() else "does not exist"


def _instead_of(path: Path) -> str:
    own = path / "final_adapter"
    return (
        f"Name {own}"
        if own.exists()
        else "Name the final_adapter folder of a run, or another that PEFT wrote"
    )


def _require_format(path: Path, form: PromptFormat | None) -> None:
    record = read_json(path / FILE)
    if form is None or not isinstance(record, dict):
        return
    if not form.equals_but_for_date(prompt_format_from(record)):
        raise ConfigError(
            f"initial_adapter {path} was trained with prompt format {record.get('name')}, this run has {form.name}",
            remedy="Set prompt_format (or prompt_template) to that of the adapter",
        )
