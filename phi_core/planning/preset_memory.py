"""What a preset is expected to need for a model on this machine: with every record as long as max_length, all trained."""

from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.model_files.architecture import Shape
from phi_core.planning.adapted_layers import adapter_parameters
from phi_core.planning.expected_memory import Expected, expected_memory
from phi_core.planning.longest_batch import bounded_batch
from phi_core.planning.machine import Machine
from phi_core.planning.presets import Preset, preset_config


@dataclass(frozen=True)
class PresetMemory:
    """`expected` is None where the model's architecture is not known."""

    config: TrainingConfig
    expected: Expected | None
    note: str


def preset_memory(
    preset: Preset, model_name: str | None, shape: Shape | None, machine: Machine
) -> PresetMemory:
    """The bound of the formula, with what past runs taught here; `note` says where the formula alone exceeds what the
    preset was named for, which is another machine."""
    own = {"model_name": model_name} if model_name else {}
    config = preset_config({**preset.values, **own})
    if shape is None:
        return PresetMemory(config, None, "")
    lengths = [config.max_length] * config.batch_size
    batch = bounded_batch(lengths, batch_size=config.batch_size, padding_free=config.padding_free)
    trainable = adapter_parameters(config, shape) or 0
    expected = expected_memory(config, shape, batch, machine, trainable=trainable)
    return PresetMemory(config, expected, _note(preset, expected))


def _note(preset: Preset, expected: Expected) -> str:
    by_formula = expected.estimate.total_gib + expected.estimate.process_gib
    if preset.machine_gib is None or by_formula <= preset.machine_gib:
        return ""
    return f"more than the {preset.machine} that it was named for"
