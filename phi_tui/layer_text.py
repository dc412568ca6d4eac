"""The goals and the layer groups of a model as rows, and what is marked of them as texts of the form. Pure.

Sizes of adapters are counted with the form's own options where it is right, else for its rank alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from phi_core.config.adapter_rules import AUTO
from phi_core.config.option import items
from phi_core.config.training import TrainingConfig
from phi_core.config.words import Goal
from phi_core.errors import ConfigError
from phi_core.model_files.layers import GOALS, ROLES, TITLES, GroupName, LayerGroup
from phi_core.planning.adapted_layers import adapter_megabytes, adapter_parameters
from phi_tui.draft import Draft
from phi_tui.model_layers import ModelLayers
from phi_tui.plan_text import amount

GUIDE = (
    "An adapter stands beside layers and learns a change of them; the base stays as it is. More layers can change more, "
    "and make a larger adapter. The goals say where the layer guide would begin: advice, not a measured gain."
)
Row = tuple[Literal["goal"], Goal] | tuple[Literal["group"], GroupName]


@dataclass(frozen=True)
class Marked:
    """A goal, or groups of one's own choice; neither: auto."""

    goal: Goal | None = None
    groups: frozenset[GroupName] = frozenset()

    def toggled(self, row: Row) -> "Marked":
        if row[0] == "goal":
            return Marked() if row[1] == self.goal else Marked(row[1], frozenset(GOALS[row[1]].groups))
        return Marked(None, self.groups ^ {row[1]})

    def has(self, row: Row) -> bool:
        return row[1] == self.goal if row[0] == "goal" else row[1] in self.groups


def rows(model: ModelLayers) -> tuple[Row, ...]:
    """The nine goals, then the groups that the model has."""
    return (*(("goal", goal) for goal in GOALS), *(("group", group.name) for group in model.groups))


def marked_in(draft: Draft, model: ModelLayers) -> Marked:
    """What the form has: its goal, or the groups that its targets are all of; auto are those of the blocks."""
    goal = next((goal for goal in GOALS if goal == draft.text("lora_goal").strip()), None)
    if goal is not None:
        return Marked().toggled(("goal", goal))
    targets = set(items(draft.text("lora_targets")))
    if targets == set(AUTO):
        targets = set(model.shape.block_targets) if model.shape else set()
    return Marked(None, frozenset(group.name for group in model.groups if targets.issuperset(group.targets)))


def texts_of(marked: Marked, model: ModelLayers) -> Mapping[str, str]:
    """The form's texts for what is marked."""
    if marked.goal is not None:
        return {"lora_goal": marked.goal, "lora_targets": AUTO[0]}
    names = [name for group in model.groups if group.name in marked.groups for name in group.targets]
    return {"lora_goal": "", "lora_targets": ",".join(names) if names else AUTO[0]}


def row_text(row: Row, marked: Marked, model: ModelLayers, rank: int) -> str:
    """One line: mark, name, what it is, LoRA parameters at the rank."""
    if row[0] == "goal":
        sign = "(•)" if marked.has(row) else "( )"
        count = sum(
            group.lora_parameters(rank) for group in model.groups if group.name in GOALS[row[1]].groups
        )
        return f"{sign} {row[1]:<16} {GOALS[row[1]].sentence:<44.44} {amount(count):>8}"
    group = next(group for group in model.groups if group.name == row[1])
    sign = "[x]" if marked.has(row) else "[ ]"
    size = f"{len(group.layers):,} × {', '.join(group.targets)}"
    figures = f"{amount(group.num_parameters):>8} {amount(group.lora_parameters(rank)):>8}"
    return f"{sign} {group.title:<16} {size:<35.35} {figures}"


def header(rank: int) -> str:
    return f"{'    a goal, or groups of layers':<56} {'of base':>8} {f'r={rank}':>8}"


def explained(row: Row, model: ModelLayers) -> str:
    """The guide's words on a goal, or the role of a group."""
    if row[0] == "goal":
        there = [group for group in model.groups if group.name in GOALS[row[1]].groups]
        names = ", ".join(name for group in there for name in group.targets)
        adapts = ", ".join(TITLES[group.name] for group in there)
        return f"{row[1]}: {GOALS[row[1]].sentence.lower()}. It adapts {adapts}: {names}"
    group = next(group for group in model.groups if group.name == row[1])
    return f"{group.role} {_sizes(group)}"


def total(marked: Marked, model: ModelLayers, draft: Draft, rank: int) -> str:
    """What the marked layers make, in one line."""
    groups = [group for group in model.groups if group.name in marked.groups]
    if not groups:
        return "nothing marked: auto, the attention and feed-forward layers"
    count, basis = sum(group.lora_parameters(rank) for group in groups), f"at rank {rank}"
    config = draft.checked.config
    exact = _exact(config, marked, model) if config else None
    if exact is not None:
        count, basis = exact, "with the form's options"
    layers = sum(len(group.layers) for group in groups)
    return f"{layers:,} layers, {count:,} trained parameters {basis}, a file of {adapter_megabytes(count):.1f} MB"


def guide_text(model: ModelLayers | None) -> str:
    """The layer guide to be read: what the groups do, and what each goal adapts."""
    there = [group.name for group in model.groups] if model else list(TITLES)
    roles = [f"{TITLES[name]:<17}{ROLES[name]}" for name in there]
    goals = [
        f"{goal:<13}{guide.sentence}: {', '.join(TITLES[name] for name in guide.groups)}"
        for goal, guide in GOALS.items()
    ]
    return "\n".join([GUIDE, "", "Groups", *roles, "", "Goals", *goals])


def rank_of(draft: Draft) -> int:
    """The form's rank; the usual one while it is no number."""
    text = draft.text("lora_r").strip()
    return int(text) if text.isdecimal() and 0 < int(text) <= 4096 else 8


def _sizes(group: LayerGroup) -> str:
    shown = group.shapes[:4]
    return f"Sizes: {', '.join(shown)}{' …' if len(group.shapes) > len(shown) else ''}"


def _exact(config: TrainingConfig, marked: Marked, model: ModelLayers) -> int | None:
    texts = texts_of(marked, model)
    values = {"lora_goal": marked.goal, "lora_targets": items(texts["lora_targets"])}
    try:
        return adapter_parameters(config.model_copy(update=values), model.shape) if model.shape else None
    except ConfigError:
        return None
