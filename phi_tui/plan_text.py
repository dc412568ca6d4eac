"""A run plan in words: what the Train tab shows beside the form. Pure text from a plan and a machine.

Estimates and formulas are named as such. Knows no widget.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory import MemoryEstimate
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.series import thinned
from phi_tui.series import Curves, Line

BAR_CELLS = 20
LARGE_BYTES = 64 * 2**20
"""More data than this is not tokenised while somebody types."""


@dataclass(frozen=True)
class Preview:
    """What the plan shows, ready to be drawn: made beside the screen, because counting takes time."""

    summary: str
    facts: tuple[tuple[str, str], ...]
    warnings: str
    curve: Curves

    @property
    def headline(self) -> str:
        """Everything in one line, the first warning included."""
        first = self.warnings.partition("\n")[0]
        return f"{self.summary} · {first}" if first else self.summary


def make_preview(config: TrainingConfig) -> Preview:
    """Plan the run and put it into words. PhiError for a request that cannot work."""
    plan, machine = make_plan(config, large_bytes=LARGE_BYTES), this_machine()
    return Preview(
        summary=_summary(plan, machine),
        facts=tuple(_facts(plan, machine)),
        warnings="\n".join([*_refusals(plan), *(str(warning) for warning in plan.warnings(machine))]),
        curve=_curve(plan),
    )


def amount(number: float) -> str:
    """A count as people read it: 950, 12,345, 3.4 M, 2.78 G."""
    if number < 1e6:
        return f"{number:,.0f}"
    return f"{number / 1e6:.3g} M" if number < 1e9 else f"{number / 1e9:.3g} G"


def memory_bar(needed_gib: float, free_gib: float) -> str:
    """Needed memory as a share of what is free."""
    cells = round(BAR_CELLS * min(1.0, needed_gib / free_gib)) if free_gib > 0 else BAR_CELLS
    return "█" * cells + "░" * (BAR_CELLS - cells)


def size(gib: float) -> str:
    """Memory with its unit: 12 MiB, 1.25 GiB, 21.4 GiB."""
    if gib < 0.1:
        return f"{gib * 1024:.0f} MiB"
    return f"{gib:.2f} GiB" if gib < 10 else f"{gib:.1f} GiB"


def _refusals(plan: RunPlan) -> Iterator[str]:
    return (f"{'refused: ' if finding.stops else 'accepted: '}{finding.problem()}" for finding in plan.gate)


def _summary(plan: RunPlan, machine: Machine) -> str:
    steps = plan.steps.num_steps
    memory = plan.memory(machine)
    needed = f" · {size(memory.total_gib)} of {size(machine.training_free_gib)} (formula)" if memory else ""
    tokens = f"{amount(plan.num_tokens)} tokens{'' if plan.is_exact else ' (estimated)'}"
    return f"{steps:,} step{'s' if steps != 1 else ''} · {tokens}{needed}"


def _facts(plan: RunPlan, machine: Machine) -> Iterator[tuple[str, str]]:
    config = plan.config
    yield "records", f"{plan.num_train_records:,} to train on, {plan.num_validation_records:,} held out"
    yield "steps", f"{plan.steps.num_steps:,} in {config.epochs:g} epoch{'s' if config.epochs != 1 else ''}"
    batches = f"{config.batch_size} × {config.gradient_accumulation_steps}"
    yield "batch", f"{batches} = {config.effective_batch_size:,} records a step"
    yield "tokens", _tokens(plan)
    for share in plan.source_shares if plan.mixing else ():
        declared = f" of {share.declared:.1%}" if share.declared is not None else ""
        yield (
            "source",
            f"{share.label}: {share.share:.1%}{declared}, each record {share.repetitions:.2f} times",
        )
    yield "trainable", _trainable(plan)
    yield from _memory_facts(plan.memory(machine), machine)


def _tokens(plan: RunPlan) -> str:
    if plan.num_trained_tokens is None:
        return f"about {amount(plan.num_tokens)}, estimated: the tokenizer is not here"
    return f"{amount(plan.num_tokens)}, of which {amount(plan.num_trained_tokens)} are trained"


def _trainable(plan: RunPlan) -> str:
    count = plan.trainable_parameters
    if count is None or plan.model.shape is None:
        return "known once the model is loaded; its files are not here"
    return f"{amount(count)} of {amount(plan.model.shape.num_parameters)} parameters"


def _memory_facts(memory: MemoryEstimate | None, machine: Machine) -> Iterator[tuple[str, str]]:
    free = machine.training_free_gib
    if memory is None:
        yield "memory", f"no estimate before the model is known; {size(free)} are free"
        return
    yield "memory", f"{memory_bar(memory.total_gib, free)} {size(memory.total_gib)} of {size(free)} free"
    parts = (
        ("weights", memory.weights_gib),
        ("adapter", memory.adapter_gib),
        ("activations", memory.activations_gib),
    )
    named = ", ".join(f"{name} {size(gib)}" for name, gib in (*parts, ("logits", memory.logits_gib)))
    yield "", f"by formula: {named}"


def _curve(plan: RunPlan) -> Curves:
    points = thinned([(step, rate) for step, rate in enumerate(plan.learning_rates, start=1)])
    return Curves("learning rate by step", (Line(plan.config.schedule, points),))
