"""The layers of the form's model, from its files on this machine or the table of curated models. Run in threads.

config.json is enough where the family is known; else the names in the weight files tell. Nothing is fetched.
"""

from dataclasses import dataclass
from functools import cached_property

from phi_core.errors import ModelError
from phi_core.model_files.architecture import Shape, shape_of
from phi_core.model_files.base_models import base_model
from phi_core.model_files.folder import locate, read_json
from phi_core.model_files.layers import Layer, LayerGroup, layer_groups, layers_of
from phi_core.model_files.named_layers import named_layers


@dataclass(frozen=True)
class ModelLayers:
    """`shape` is None where config.json names a family that the table has not."""

    name: str
    family: str
    shape: Shape | None
    layers: tuple[Layer, ...]

    @cached_property
    def groups(self) -> tuple[LayerGroup, ...]:
        return layer_groups(self.layers)

    @property
    def num_blocks(self) -> int:
        if self.shape:
            return self.shape.num_layers
        return len({part for layer in self.layers for part in layer.path.split(".") if part.isdigit()})


def read_shape(name: str, revision: str | None) -> Shape | None:
    """None where it is not known. ModelError for a path that is no model."""
    folder, known = locate(name, revision), base_model(name)
    if folder is None:
        return known.shape if known else None
    return shape_of(read_json(folder, "config.json"))


def read_layers(name: str, revision: str | None) -> ModelLayers:
    """ModelError, with what would help, where nothing here tells the layers."""
    folder, known = locate(name, revision), base_model(name)
    if folder is None and known is not None:
        return ModelLayers(name, known.shape.family, known.shape, layers_of(known.shape))
    if folder is None:
        raise ModelError(
            f"{name} is not on this machine", f"`phi layers {name}` fetches what tells its layers"
        )
    config = read_json(folder, "config.json")
    family, shape = str(config.get("model_type")), shape_of(config)
    layers = layers_of(shape) if shape else named_layers(folder)
    if not layers:
        what = f"the layers of {name} are not known: {family} is not in the table of families"
        raise ModelError(what, "lora_targets takes the names of its modules")
    return ModelLayers(name, family, shape, layers)
