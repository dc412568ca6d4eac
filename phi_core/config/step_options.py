"""Optimizer steps: how many, how large, and the course of everything that varies over them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from phi_core.config.option import option
from phi_core.config.words import BatchGrowth, Optimizer, Schedule, WarmupShape, WeightDecaySchedule


class StepOptions(BaseModel):
    """Part of `TrainingConfig`."""

    epochs: float = option(20, "Passes over the training records", group="Training", gt=0, le=100_000)
    max_steps: int | None = option(
        None, "Stop after so many optimizer steps", group="Training", unit="steps", level="advanced", ge=1
    )
    max_tokens: int | None = option(
        None, "Stop after so many tokens", group="Training", unit="tokens", level="advanced", ge=1
    )
    batch_size: int = option(
        4,
        "Records computed together (micro-batch)",
        group="Training",
        unit="records",
        ge=1,
        le=65536,
        advised=(1, 16),
    )
    gradient_accumulation_steps: int = option(
        16, "Micro-batches per optimizer step", group="Training", ge=1, le=65536, advised=(1, 32)
    )
    batch_growth: BatchGrowth = option(
        "none",
        "Course of the effective batch: golden grows it smoothly, golden_phases by φ in each phase of the epochs",
        group="Training",
        level="advanced",
    )
    batch_phases: int = option(3, "Phases of batch_growth", group="Training", level="advanced", ge=1, le=100)
    largest_effective_batch: int | None = option(
        None,
        "Records per optimizer step that batch_growth never exceeds",
        group="Training",
        unit="records",
        level="advanced",
        ge=1,
    )
    learning_rate: float = option(
        2e-4, "Peak learning rate", group="Training", gt=0, le=10, advised=(5e-5, 2e-4)
    )
    schedule: Schedule = option("linear", "Course of the learning rate after warm-up", group="Training")
    schedule_power: float = option(
        0.9,
        "κ of golden_decay φ^(−κp) and golden_power_decay φ^(−p^κ)",
        group="Training",
        level="advanced",
        ge=0,
        le=100,
    )
    schedule_cycles: int = option(
        4, "Cycles of cosine_restarts and golden_restarts", group="Training", level="advanced", ge=1, le=1000
    )
    schedule_minimum: float = option(
        0.0,
        "Share of the peak learning rate that linear, the cosines and restarts end at instead of 0",
        group="Training",
        level="advanced",
        ge=0,
        lt=1,
    )
    schedule_harmonics: bool = option(
        False,
        "Modulate the learning rate by golden harmonics of mean 1; our own definition, an ablation",
        group="Training",
        level="advanced",
    )
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] | Literal["golden"] = option(
        0.05,
        "Share of the steps with rising learning rate; golden: 6.18 %",
        group="Training",
        advised=(0.03, 0.1),
    )
    warmup_steps: int | None = option(
        None,
        "Exactly so many steps of warm-up, instead of a share",
        group="Training",
        unit="steps",
        level="advanced",
        ge=0,
    )
    warmup_epochs: float | None = option(
        None,
        "So many epochs of warm-up, instead of a share",
        group="Training",
        unit="epochs",
        level="advanced",
        ge=0,
    )
    warmup_shape: WarmupShape = option(
        "linear",
        "Course of the warm-up: straight, or golden, which rises faster at first",
        group="Training",
        level="advanced",
    )
    weight_decay: float = option(
        0.01,
        "Weight decay, on matrices only: never on biases, norms and magnitudes",
        group="Training",
        level="advanced",
        ge=0,
        le=10,
    )
    weight_decay_schedule: WeightDecaySchedule = option(
        "constant",
        "Course of weight_decay: golden grows to 1.618 times of it",
        group="Training",
        level="advanced",
    )
    max_grad_norm: float = option(
        1.0, "Gradients are scaled down to this norm; 0: never", group="Training", level="advanced", ge=0
    )
    optimizer: Optimizer = option(
        "adamw",
        "AdamW or Lion (which wants a 3 to 10 times lower learning rate); 8-bit and paged forms need the extra `quant`",
        group="Training",
        level="advanced",
    )
    seed: int = option(42, "Seed of order, split, dropout and adapter", group="Training", ge=0, lt=2**32)

    @property
    def effective_batch_size(self) -> int:
        """Records per optimizer step, before any growth."""
        return self.batch_size * self.gradient_accumulation_steps
