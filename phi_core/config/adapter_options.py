"""The adapter: its layers, its size and where it begins."""

from pydantic import BaseModel

from phi_core.config.option import option
from phi_core.config.words import DropoutSchedule, Goal, LoraInit


class AdapterOptions(BaseModel):
    """Part of `TrainingConfig`."""

    lora_r: int = option(8, "Rank of the adapter", group="Adapter", ge=1, le=4096, advised=(8, 32))
    lora_alpha: float = option(
        32, "Scale of the adapter; its output is multiplied by alpha / r", group="Adapter", gt=0, le=65536
    )
    lora_dropout: float = option(
        0.05, "Dropout before the adapter", group="Adapter", ge=0, lt=1, advised=(0.0, 0.1)
    )
    dropout_schedule: DropoutSchedule = option(
        "constant",
        "Course of lora_dropout: golden falls to 61.8 % of it",
        group="Adapter",
        level="advanced",
    )
    lora_goal: Goal | None = option(
        None,
        "What the adapter is for: chooses the layers by the layer guide, on any architecture by counterpart",
        group="Adapter",
    )
    lora_targets: tuple[str, ...] = option(
        ("auto",),
        "Module names to adapt; auto: those of lora_goal, else attention and feed-forward layers",
        group="Adapter",
        level="advanced",
    )
    lora_layers: tuple[str, ...] = option(
        (),
        "Blocks to adapt, from 0, such as 0-7,24-31 or 16-; none: all",
        group="Adapter",
        level="advanced",
        needs="ranges",
    )
    rank_pattern: tuple[str, ...] = option(
        (),
        "Another rank for modules whose path matches, such as fc1=16 or layers.0.mlp.fc1=4",
        group="Adapter",
        level="advanced",
        needs="module=rank",
    )
    alpha_pattern: tuple[str, ...] = option(
        (),
        "Another alpha for modules whose path matches, such as fc1=64",
        group="Adapter",
        level="advanced",
        needs="module=alpha",
    )
    use_rslora: bool = option(
        False,
        "Scale by alpha / √r instead of alpha / r (rank-stabilised LoRA, arXiv 2312.03732)",
        group="Adapter",
        level="advanced",
    )
    use_dora: bool = option(
        False,
        "Train the magnitude of each weight column besides (DoRA, arXiv 2402.09353); slower",
        group="Adapter",
        level="advanced",
    )
    lora_init: LoraInit = option(
        "default",
        "Where the adapter begins: at no change, or at the principal components of the weights (PiSSA, arXiv "
        "2404.02948; pissa_fast by a randomised SVD) or their QR factors (OLoRA, arXiv 2406.01775)",
        group="Adapter",
        level="advanced",
    )
    modules_to_save: tuple[str, ...] = option(
        (),
        "Modules trained whole and kept with the adapter, such as embed_tokens,lm_head; large",
        group="Adapter",
        level="advanced",
    )
    initial_adapter: str | None = option(
        None,
        "Adapter to go on training from, as from a domain to a task; none: a new one",
        group="Adapter",
        level="advanced",
        path="directory",
    )
