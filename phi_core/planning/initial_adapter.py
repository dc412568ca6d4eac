"""The adapter that a run goes on from: refused here if its rank, scale or prompt format are not those of the run.

Reads its two JSON files; whether its weights belong to the base model is found out when they are loaded.
"""

from pathlib import Path

from phi_core.chat.prompt_format import FILE, PromptFormat, prompt_format_from
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError
from phi_core.files import read_json, user_path


def require_initial_adapter(
    config: TrainingConfig, form: PromptFormat | None, targets: tuple[str, ...]
) -> None:
    """AdapterError if there is no adapter; ConfigError if the run would train it in another way than it was.

    `targets` are the modules that the run adapts, ("auto",) if that is not known yet.
    """
    if config.initial_adapter is None:
        return
    path = user_path(config.initial_adapter)
    settings = read_json(path / "adapter_config.json")
    if not isinstance(settings, dict):
        raise AdapterError(f"initial_adapter {path} {_what_is_wrong(path)}", _instead_of(path))
    for option, key in (("lora_r", "r"), ("lora_alpha", "lora_alpha")):
        if settings.get(key) != getattr(config, option):
            found = f"{option} is {getattr(config, option):g}, the initial adapter has {settings.get(key)}"
            raise ConfigError(found, remedy=f"Set {option} to {settings.get(key)}")
    own = settings.get("target_modules")
    if isinstance(own, list) and targets != ("auto",) and {*own} != {*targets}:
        found = f"lora_targets are {', '.join(targets)}, the initial adapter has {', '.join(sorted(own))}"
        raise ConfigError(found, remedy=f"Set lora_targets to {','.join(sorted(own))}")
    _require_format(path, form)


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
