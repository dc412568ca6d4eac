"""The layers of a model that an adapter can stand on, in six groups, and the goals of the layer guide.

A layer belongs to a group by its name and place, so that the goals mean the same on every architecture: by counterpart.
Layers come from a `Shape` (config.json alone) or, for families without one, from the names in the weight files.
Sizes are numbers of elements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from phi_core.config.words import Goal
from phi_core.model_files.architecture import Shape

GroupName = Literal[
    "attention_in", "attention_out", "feed_forward_in", "feed_forward_out", "embedding", "head", "other"
]

NAMES: Mapping[GroupName, frozenset[str]] = {
    "attention_in": frozenset(
        [
            "q_proj",
            "k_proj",
            "v_proj",
            "qkv_proj",
            "query_key_value",
            "c_attn",
            "Wqkv",
            "qkv",
            "W_pack",
            "query",
            "key",
            "value",
            "q",
            "k",
            "v",
            "in_proj",
            "q_a_proj",
            "q_b_proj",
            "kv_a_proj_with_mqa",
            "kv_b_proj",
            "wq",
            "wk",
            "wv",
        ]
    ),
    "attention_out": frozenset(["o_proj", "out_proj", "dense", "c_proj", "wo", "o", "attn_out"]),
    "feed_forward_in": frozenset(
        [
            "fc1",
            "gate_proj",
            "up_proj",
            "gate_up_proj",
            "fc_in",
            "c_fc",
            "dense_h_to_4h",
            "w1",
            "w3",
            "wi",
            "wi_0",
            "wi_1",
            "in_proj",
        ]
    ),
    "feed_forward_out": frozenset(
        ["fc2", "down_proj", "fc_out", "c_proj", "dense_4h_to_h", "w2", "wo", "out_proj"]
    ),
    "embedding": frozenset(["embed_tokens", "embed_in", "wte", "word_embeddings", "tok_embeddings"]),
    "head": frozenset(["lm_head", "embed_out", "output"]),
}
ROLES: Mapping[GroupName, str] = {
    "attention_in": "Projects each position into queries, keys and values: what is sought, offered and fetched.",
    "attention_out": "Mixes what the attention heads have fetched back into the width of the model.",
    "feed_forward_in": "Expands each position into the inner width of the feed-forward part.",
    "feed_forward_out": "Projects the inner width of the feed-forward part back into the width of the model.",
    "embedding": "Turns token ids into vectors; an adapter shifts the vectors of the tokens there are and adds none.",
    "head": "Scores every token of the vocabulary as the next one.",
    "other": "Linear layers whose part in the model does not show in their names.",
}
TITLES: Mapping[GroupName, str] = {
    "attention_in": "attention in",
    "attention_out": "attention out",
    "feed_forward_in": "feed-forward in",
    "feed_forward_out": "feed-forward out",
    "embedding": "input embedding",
    "head": "output head",
    "other": "other",
}
OUTER: tuple[GroupName, ...] = ("embedding", "head")
"""Groups outside the blocks."""

_ATTENTION: tuple[GroupName, ...] = ("attention_in", "attention_out")
_FEED_FORWARD: tuple[GroupName, ...] = ("feed_forward_in", "feed_forward_out")


@dataclass(frozen=True)
class GoalGuide:
    """What the layer guide says of a goal: a sentence, and the groups to adapt for it. Advice, not a measured gain."""

    sentence: str
    groups: tuple[GroupName, ...]


GOALS: Mapping[Goal, GoalGuide] = {
    "attention": GoalGuide("Attend to other parts of the text", ("attention_in",)),
    "concepts": GoalGuide("Link concepts that the model knows", (*_ATTENTION, *_FEED_FORWARD)),
    "knowledge": GoalGuide("Take up new knowledge and topics", (*_ATTENTION, *_FEED_FORWARD, "embedding")),
    "correction": GoalGuide("Correct what the model knows", (*_ATTENTION, *_FEED_FORWARD)),
    "fluency": GoalGuide("Write in another style", ("attention_out", *_FEED_FORWARD, "head")),
    "domain": GoalGuide(
        "Work in a field such as law or medicine", (*_ATTENTION, *_FEED_FORWARD, "embedding")
    ),
    "reasoning": GoalGuide("Reason in several steps", (*_ATTENTION, *_FEED_FORWARD)),
    "structure": GoalGuide(
        "Answer in a structure such as JSON or tables", ("attention_out", *_FEED_FORWARD, "head")
    ),
    "personas": GoalGuide("Speak as several personas", (*_ATTENTION, "head")),
}


@dataclass(frozen=True)
class Layer:
    """A matrix of `inputs` × `outputs` elements at `path`; for the embedding, tokens × width."""

    path: str
    inputs: int
    outputs: int
    has_bias: bool
    group: GroupName

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def num_parameters(self) -> int:
        return self.inputs * self.outputs + (self.outputs if self.has_bias else 0)

    def lora_parameters(self, rank: int, *, use_dora: bool = False) -> int:
        """A (rank × inputs) and B (outputs × rank) (Hu et al. 2021, 4.1), and DoRA's magnitude of each output."""
        return rank * (self.inputs + self.outputs) + (self.outputs if use_dora else 0)


@dataclass(frozen=True)
class LayerGroup:
    name: GroupName
    layers: tuple[Layer, ...]
    targets: tuple[str, ...]
    """Names that mean these layers and no others: what `lora_targets` takes."""

    @property
    def title(self) -> str:
        return TITLES[self.name]

    @property
    def role(self) -> str:
        return ROLES[self.name]

    @cached_property
    def num_parameters(self) -> int:
        return sum(layer.num_parameters for layer in self.layers)

    @property
    def shapes(self) -> tuple[str, ...]:
        """inputs × outputs of its layers, each once."""
        return tuple(dict.fromkeys(f"{layer.inputs}×{layer.outputs}" for layer in self.layers))

    def lora_parameters(self, rank: int) -> int:
        return sum(layer.lora_parameters(rank) for layer in self.layers)


def layers_of(shape: Shape) -> tuple[Layer, ...]:
    """Every layer that can be adapted, in the order of the model."""
    vocabulary, hidden = shape.vocabulary, shape.hidden
    inner = [
        Layer(
            f"{shape.blocks}.{block}.{linear.path}",
            linear.inputs,
            linear.outputs,
            linear.bias,
            group_of(linear.path),
        )
        for block in range(shape.num_layers)
        for linear in shape.linears
    ]
    embedding = Layer(shape.embedding, vocabulary, hidden, False, "embedding")
    return (embedding, *inner, Layer(shape.head, hidden, vocabulary, shape.has_head_bias, "head"))


def group_of(path: str) -> GroupName:
    """The group of a layer by its name, and by whether it stands in the attention part."""
    parent, _, name = path.rpartition(".")
    in_attention = "attn" in parent or "attention" in parent
    if name in NAMES["embedding"]:
        return "embedding"
    if name in NAMES["head"] and not any(part.isdigit() for part in parent.split(".")):
        return "head"
    parts = _ATTENTION if in_attention else _FEED_FORWARD
    return next((group for group in parts if name in NAMES[group]), "other")


def layer_groups(model: Shape | Sequence[Layer]) -> tuple[LayerGroup, ...]:
    """The groups that a model has, in the order of `TITLES`."""
    layers = layers_of(model) if isinstance(model, Shape) else tuple(model)
    groups = {name: tuple(layer for layer in layers if layer.group == name) for name in TITLES}
    return tuple(
        LayerGroup(name, members, _targets(members, layers)) for name, members in groups.items() if members
    )


def targets_for(goal: Goal, model: Shape | Sequence[Layer]) -> tuple[str, ...]:
    """Names of the layers that the layer guide adapts for a goal, on any architecture by counterpart."""
    wanted = GOALS[goal].groups
    return tuple(name for group in layer_groups(model) if group.name in wanted for name in group.targets)


def _targets(members: Iterable[Layer], layers: Sequence[Layer]) -> tuple[str, ...]:
    """The last part of each path; with the part before it where layers of another group have the same name."""
    groups: dict[str, set[str]] = {}
    for layer in layers:
        groups.setdefault(layer.name, set()).add(layer.group)
    return tuple(
        dict.fromkeys(
            layer.name if len(groups[layer.name]) == 1 else ".".join(layer.path.split(".")[-2:])
            for layer in members
        )
    )
