"""`phi presets`: settings with a name; built in and your own."""

from typing import Annotated, Any

from cyclopts import Parameter

from phi_core.cli.options import with_training_options
from phi_core.cli.output import print_json, say, say_row, table
from phi_core.config.option import shown
from phi_core.config.yaml_file import read_values
from phi_core.errors import PhiError
from phi_core.files import user_path
from phi_core.model_files.architecture import Shape
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory_bar import gib, memory_line
from phi_core.planning.preset_memory import PresetMemory, preset_memory
from phi_core.planning.presets import (
    YOURS,
    Preset,
    delete_preset,
    find_preset,
    presets,
    save_preset,
    setting_words,
)
from phi_core.planning.run_plan import model_facts

ModelName = Annotated[str | None, Parameter(help="Model to estimate memory for [default: the preset's own].")]


def list_presets(*, model_name: ModelName = None, json: bool = False) -> int:
    """All presets with their effective batch and the memory that the formula expects for a model on this machine.

    Parameters
    ----------
    json
        Print one JSON document.
    """
    machine = this_machine()
    found = [(preset, _expected(preset, model_name, machine)) for preset in presets()]
    if json:
        print_json([_record(preset, expected) for preset, expected in found])
        return 0
    header = ("preset", "effective batch", "length", "expected", "named for")
    say(table(header, [_row(preset, expected) for preset, expected in found]))
    say()
    say_row("expected", _about(found[0][1]))
    for preset, expected in found:
        if expected.note:
            say_row("note", f"{preset.name}: {expected.note}")
    return 0


def show(name: str, /, *, model_name: ModelName = None, json: bool = False) -> int:
    """One preset: its settings, its source, and the memory that the formula expects.

    Parameters
    ----------
    name
        Its name.
    json
        Print one JSON document.
    """
    preset, machine = find_preset(name), this_machine()
    expected = _expected(preset, model_name, machine)
    if json:
        print_json(_record(preset, expected))
        return 0
    say_row("preset", f"{preset.name}: {preset.about}")
    say_row("source", preset.source + (f", named for a {preset.machine}" if preset.machine else ""))
    for option, value in preset.values.items():
        say_row("", f"{option}: {shown(value)}")
    say_row("batch", _batch(expected))
    memory = expected.expected
    if memory is not None:
        say_row("memory", memory_line(memory.needed_gib, memory.free_gib))
        say_row("", f"for {expected.config.model_name}, records of full length; {memory.correction}")
    if expected.note:
        say_row("note", expected.note)
    say(f"\nUse it: phi train --preset {preset.name} …")
    return 0


@with_training_options
def save(
    name: str,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    overwrite: bool = False,
    **given: Any,
) -> int:
    """Keep options of a configuration file, of flags, or of both, as a preset of yours.

    Parameters
    ----------
    name
        Letters, digits, - and _.
    from_
        A YAML file of options; flags win over it.
    overwrite
        Replace a preset of this name.
    """
    values = read_values(user_path(from_)) if from_ else {}
    values |= {option: value for option, value in given.items() if value is not None}
    saved = save_preset(name, values, overwrite=overwrite)
    say(f"{saved.name}: {setting_words(saved.values)}")
    if saved.left_out:
        say_row("left out", f"{', '.join(saved.left_out)}: a path of one project")
    return 0


def delete(name: str, /) -> int:
    """Delete a preset of yours.

    Parameters
    ----------
    name
        Its name.
    """
    say(f"deleted {delete_preset(name)}")
    return 0


def _expected(preset: Preset, model_name: str | None, machine: Machine) -> PresetMemory:
    """With the shape of the named model, the preset's own or the default, as far as its files are known here."""
    config = preset_memory(preset, model_name, None, machine).config
    return preset_memory(preset, model_name, _shape(config), machine)


def _shape(config: Any) -> Shape | None:
    try:
        return model_facts(config).shape
    except PhiError:  # a preset may name a model that is not on this machine
        return None


def _row(preset: Preset, found: PresetMemory) -> tuple[str, ...]:
    needed = gib(found.expected.needed_gib) if found.expected else "unknown"
    length = f"{found.config.max_length:,}"
    return (
        preset.name,
        _batch(found),
        length,
        needed,
        preset.machine or ("yours" if preset.source == YOURS else ""),
    )


def _about(found: PresetMemory) -> str:
    """What the figures are."""
    model = f"for {found.config.model_name} on this machine, records of full length"
    return f"{model}: formula {found.expected.correction}" if found.expected else f"{model}: unknown"


def _batch(found: PresetMemory) -> str:
    config = found.config
    return f"{config.effective_batch_size} = {config.batch_size} × {config.gradient_accumulation_steps}"


def _record(preset: Preset, found: PresetMemory) -> dict[str, Any]:
    expected = found.expected
    return {
        "name": preset.name,
        "about": preset.about,
        "source": preset.source,
        "values": dict(preset.values),
        "effective_batch_size": found.config.effective_batch_size,
        "model_name": found.config.model_name,
        "named_for": preset.machine or None,
        "expected_gib": expected.needed_gib if expected else None,
        "free_gib": expected.free_gib if expected else None,
        "note": found.note,
    }
