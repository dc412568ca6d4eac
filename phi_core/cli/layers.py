"""`phi layers MODEL`: what an adapter can stand on, and what the goals of the layer guide adapt. Reads no weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from phi_core.cli.flags import Whole
from phi_core.cli.output import print_json, say, table
from phi_core.config.adapter_rules import LARGEST_RANK
from phi_core.errors import ConfigError, ModelError
from phi_core.model_files.architecture import Shape, shape_of
from phi_core.model_files.base_models import base_model
from phi_core.model_files.fetch import WITHOUT_WEIGHTS, fetch
from phi_core.model_files.folder import locate, read_json
from phi_core.model_files.layers import GOALS, Layer, LayerGroup, layer_groups, layers_of
from phi_core.model_files.named_layers import named_layers
from phi_core.planning.adapted_layers import adapter_megabytes

NO_GROUPS = "neither its config.json nor its weight files tell its layers"


@dataclass(frozen=True)
class Model:
    """`family` is that of config.json; `shape` is None where it has no row in the table of families."""

    family: str
    shape: Shape | None
    layers: tuple[Layer, ...]


def layers(model: str, /, *, lora_r: Whole = 8, revision: str | None = None, json: bool = False) -> int:
    """The layers of a model in groups, with counts and the size of an adapter on each; and the goals with their targets.

    Parameters
    ----------
    model
        Hub id or local folder.
    lora_r
        Rank that the sizes of adapters are told for.
    revision
        Revision of a hub model.
    json
        Print one JSON document.
    """
    if not 1 <= lora_r <= LARGEST_RANK:
        raise ConfigError(f"lora_r must be ≥ 1 and ≤ {LARGEST_RANK:,}, got {lora_r}")
    found = read_model(model, revision)
    groups = layer_groups(found.layers)
    if json:
        print_json(layers_record(found, groups, lora_r))
    else:
        _print(found, groups, lora_r)
    return 0


def read_model(name: str, revision: str | None = None) -> Model:
    """Its layers from config.json, from the table of curated models, or from the names in its weight files.

    ModelError if none of them tells.
    """
    folder, known = locate(name, revision), base_model(name)
    if folder is None and known is not None and revision is None:
        return Model(known.shape.family, known.shape, layers_of(known.shape))
    folder = folder or fetch(name, revision, files=WITHOUT_WEIGHTS)
    config = read_json(folder, "config.json")
    family, shape = str(config.get("model_type")), shape_of(config)
    found = layers_of(shape) if shape else named_layers(folder)
    if not found:
        raise ModelError(
            f"the layers of {name} ({family}) are not known: {NO_GROUPS}", "Download its weights"
        )
    return Model(family, shape, found)


def layers_record(model: Model, groups: Sequence[LayerGroup], rank: int) -> dict[str, Any]:
    """The tables as one JSON document."""
    return {
        "family": model.family,
        "blocks": num_blocks(model),
        "parameters": model.shape.num_parameters if model.shape else None,
        "lora_r": rank,
        "groups": [
            {
                "name": group.name,
                "role": group.role,
                "targets": list(group.targets),
                "modules": len(group.layers),
                "shapes": list(group.shapes),
                "parameters": group.num_parameters,
                "lora_parameters": group.lora_parameters(rank),
            }
            for group in groups
        ],
        "goals": [
            {
                "name": name,
                "for": guide.sentence,
                "targets": [target for group in _of(groups, name) for target in group.targets],
                "lora_parameters": (count := goal_parameters(groups, name, rank)),
                "adapter_megabytes": round(adapter_megabytes(count), 1),
            }
            for name, guide in GOALS.items()
        ],
    }


def num_blocks(model: Model) -> int:
    """Blocks one after another; from the first number in each path where there is no shape: others count experts."""
    if model.shape:
        return model.shape.num_layers
    numbers = ([part for part in layer.path.split(".") if part.isdigit()] for layer in model.layers)
    return len({found[0] for found in numbers if found})


def goal_parameters(groups: Sequence[LayerGroup], goal: str, rank: int) -> int:
    """LoRA parameters of a goal's layers at a rank."""
    return sum(group.lora_parameters(rank) for group in _of(groups, goal))


def _of(groups: Sequence[LayerGroup], goal: str) -> list[LayerGroup]:
    wanted = next(guide.groups for name, guide in GOALS.items() if name == goal)
    return [group for group in groups if group.name in wanted]


def _print(model: Model, groups: Sequence[LayerGroup], rank: int) -> None:
    total = f", {model.shape.num_parameters:,} parameters" if model.shape else ""
    say(f"{model.family}: {num_blocks(model)} blocks{total}\n")
    header = ("group", "modules", "names", "parameters", f"LoRA r={rank}")
    rows = [
        (
            group.title,
            str(len(group.layers)),
            ", ".join(group.targets),
            f"{group.num_parameters:,}",
            f"{group.lora_parameters(rank):,}",
        )
        for group in groups
    ]
    say(table(header, rows) + "\n")
    _print_roles(model, groups)
    goals = [_goal_row(groups, name, guide.sentence, rank) for name, guide in GOALS.items()]
    say(table(("lora_goal", "for", "parameters", "file", "lora_targets"), goals))
    say(
        "\nThe file is that of the adapter in float32. The goals are advice of the layer guide, docs/layers.md."
    )


def _print_roles(model: Model, groups: Sequence[LayerGroup]) -> None:
    """What each group does in the model, and what is peculiar to this one."""
    for group in groups:
        say(f"{group.title}: {group.role}")
    if model.shape and model.shape.is_parallel:
        say("In each block attention and feed-forward part read the same input; their outputs are summed.")
    if model.shape and model.shape.has_tied_head:
        say(
            "The output head is the embedding's own matrix; an adapter on one of them leaves the other as it is."
        )
    say()


def _goal_row(groups: Sequence[LayerGroup], name: str, sentence: str, rank: int) -> tuple[str, ...]:
    targets = ",".join(target for group in _of(groups, name) for target in group.targets)
    count = goal_parameters(groups, name, rank)
    return name, sentence, f"{count:,}", f"{adapter_megabytes(count):.1f} MB", targets
