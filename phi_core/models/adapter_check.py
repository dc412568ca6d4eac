"""Whether a trained adapter fits a base and leaves it as it is: refused before anything of it is loaded.

PEFT alone leaves a layer untrained without a word where a matrix finds no place, loads tensors that are no adapter's
straight into the base, and changes the base once more for adapters that began at its components.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn

from phi_core.config.module_patterns import ends_with
from phi_core.errors import AdapterError
from phi_core.models.adapter_record import WEIGHTS, adapter_settings
from phi_core.models.adapter_serving import altering_start

PREFIX = "base_model.model."
CHANGING_SETTINGS = ("layer_replication", "megatron_config")
"""Settings by which PEFT rebuilds the base, or imports the package that the file names."""


def check_adapter(model: nn.Module, path: Path, *, may_alter_base: bool = False) -> None:
    """AdapterError if the folder holds no adapter, one of another architecture, or one that would change the base.

    Besides LoRA and DoRA tensors only whole modules are taken that `modules_to_save` names: PEFT keeps them beside the
    base's own. `may_alter_base`: the model was loaded for this adapter alone, which may take its start out of it.
    """
    settings, tensors = adapter_settings(path), _tensors(path)
    _require_no_rebuilding(path, settings)
    if not may_alter_base:
        _require_unaltered_base(path)
    saved = _names(settings.get("modules_to_save"))
    foreign = [name for name in tensors if ".lora_" not in name and not _is_saved(name, saved)]
    if foreign:
        raise AdapterError(
            f"adapter {path} replaces parts of the base model: {foreign[0]}",
            "Only LoRA matrices and the modules that modules_to_save names are loaded; train it without biases and "
            "embedding layers",
        )
    modules = _modules(model)
    wrong = [fault for name, shape in tensors.items() if (fault := _mismatch(name, shape, modules))]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise AdapterError(
            f"adapter {path} belongs to another base model: {wrong[0]}{more}",
            "Name the base that it was trained on",
        )


def _require_no_rebuilding(path: Path, settings: dict[str, Any]) -> None:
    for name in CHANGING_SETTINGS:
        if settings.get(name):
            raise AdapterError(
                f"adapter {path} asks for {name}, which changes the base model", "It is not loaded"
            )


def _require_unaltered_base(path: Path) -> None:
    if start := altering_start(path):
        raise AdapterError(
            f"adapter {path} began as {start} and was not converted: it changes the base model",
            "Name the run's final_adapter, or the folder `adapter` within the checkpoint; adapters from elsewhere are "
            "converted by PEFT's save_pretrained with path_initial_model_for_weight_conversion",
        )


def _names(value: Any) -> tuple[str, ...]:
    """The names in a list that the file may hold, or may hold something else in place of."""
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def _is_saved(name: str, saved: tuple[str, ...]) -> bool:
    """Whether a tensor belongs to a module that is kept whole."""
    module = name.removeprefix(PREFIX).rpartition(".")[0]
    return any(ends_with(module, wanted) for wanted in saved)


def _modules(model: nn.Module) -> dict[str, nn.Module]:
    """The base's modules by their path in it, also where adapters stand around them already."""
    found = {}
    for name, module in model.named_modules():
        path = name.removeprefix(PREFIX).replace(".base_layer", "").replace(".original_module", "")
        found[path] = module
    return found


def _tensors(path: Path) -> dict[str, tuple[int, ...]]:
    try:
        with safe_open(str(path / WEIGHTS), framework="pt") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterError(f"adapter {path / WEIGHTS} cannot be read: {error}") from None


def _mismatch(key: str, shape: tuple[int, ...], modules: dict[str, nn.Module]) -> str:
    """What is wrong with one tensor, "" if it fits."""
    path, lora, _ = key.removeprefix(PREFIX).partition(".lora_")
    name, _, parameter = (path, "", "weight") if lora else path.rpartition(".")
    module = modules.get(name)
    if module is None:
        return f"this model has no module {name}"
    own = _shape(getattr(module, "base_layer", module), parameter)
    fits = {shape[0], shape[-1]} & set(own) if lora else shape == own
    return "" if fits else f"{name} is {own}, the adapter's matrix {shape}"


def _shape(module: nn.Module, parameter: str) -> tuple[int, ...]:
    """The shape of a weight as it was before quantisation; () if there is none."""
    weight = getattr(module, parameter, None)
    state = getattr(weight, "quant_state", None)
    if state is not None:
        return tuple(state.shape)
    return tuple(weight.shape) if weight is not None else ()
