"""Presets as the Train tab lists and applies them: what each is expected to need for the form's model, and what of it
reaches the form. Explicit fields win over a preset; a preset wins over the defaults, and gives way to the next preset.

The reading functions run in threads. Knows no widget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phi_core.config.problems import SPECS
from phi_core.errors import ConfigError, PhiError
from phi_core.model_files.architecture import Shape
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory_bar import gib, memory_line
from phi_core.planning.preset_memory import PresetMemory, preset_memory
from phi_core.planning.presets import YOURS, Preset, presets, setting_words
from phi_tui.draft import Draft, default_text, field_text
from phi_tui.model_layers import read_shape


@dataclass(frozen=True)
class PresetEntry:
    """`trouble` says why there is no figure."""

    preset: Preset
    memory: PresetMemory
    trouble: str = ""

    @property
    def is_own(self) -> bool:
        return self.preset.source == YOURS

    @property
    def row(self) -> str:
        config = self.memory.config
        batch = f"{config.effective_batch_size} = {config.batch_size} × {config.gradient_accumulation_steps}"
        expected = self.memory.expected
        needs = gib(expected.needed_gib) if expected else "–"
        kind = self.preset.machine or ("yours" if self.is_own else "")
        return f"{self.preset.name:<20.20} {batch:<13} {config.max_length:>6,} {needs:>9}  {kind}"


HEADER = f"{'preset':<20} {'batch':<13} {'length':>6} {'expected':>9}  named for"


@dataclass(frozen=True)
class PresetList:
    """`about` says what the figures are for."""

    entries: tuple[PresetEntry, ...]
    about: str


def read_presets(model_name: str, revision: str | None) -> PresetList:
    """Every preset with the estimate for this model on this machine."""
    machine, (shape, trouble) = this_machine(), _shape(model_name, revision)
    entries = tuple(_entry(preset, model_name, shape, machine) for preset in presets())
    about = f"Expected for {model_name}, records of full length, by formula: no measurement."
    return PresetList(entries, f"No figures: {trouble}" if trouble else about)


def detail(entry: PresetEntry, draft: Draft, from_preset: Mapping[str, str]) -> str:
    """What a preset sets, what the form keeps, and what it would need."""
    preset, expected = entry.preset, entry.memory.expected
    kept = applied(draft, from_preset, preset.values).kept
    lines = [f"{preset.about}; {preset.source}" if not entry.is_own else preset.about]
    lines.append(f"sets {setting_words(preset.values)}")
    if kept:
        lines.append(f"Your form keeps its own {', '.join(kept)}")
    if expected:
        lines.append(
            f"{memory_line(expected.needed_gib, expected.free_gib, width=16)}; {expected.correction}"
        )
    lines += filter(None, (entry.trouble, entry.memory.note))
    return "\n".join(lines)


@dataclass(frozen=True)
class Applied:
    """`texts` are those that the preset put in, `kept` the names that the form had its own values for."""

    draft: Draft
    texts: Mapping[str, str]
    kept: tuple[str, ...]


def applied(
    draft: Draft, from_preset: Mapping[str, str], values: Mapping[str, Any], *, over_all: bool = False
) -> Applied:
    """The draft with a preset's values where it has none of its own. `from_preset` is what an earlier preset put in.

    With `over_all` the preset wins over everything.
    """
    given_way = {
        name: default_text(SPECS[name]) for name, text in from_preset.items() if draft.text(name) == text
    }
    base = draft.with_texts(given_way)
    kept = () if over_all else tuple(name for name in values if base.is_changed(name))
    texts = {name: field_text(value) for name, value in values.items() if name not in kept}
    return Applied(base.with_texts(texts), texts, kept)


def _shape(model_name: str, revision: str | None) -> tuple[Shape | None, str]:
    try:
        shape = read_shape(model_name, revision)
    except PhiError as error:
        return None, str(error)
    return shape, "" if shape else f"the architecture of {model_name} is not known here"


def _entry(preset: Preset, model_name: str, shape: Shape | None, machine: Machine) -> PresetEntry:
    try:
        return PresetEntry(preset, preset_memory(preset, model_name, shape, machine))
    except ConfigError as error:
        without = preset_memory(preset, model_name, None, machine)
        return PresetEntry(preset, without, f"not for this model: {error}")
