"""A run plan in words: what the Train tab shows beside the form. Pure text from a plan and a machine.

Estimates and formulas are named as such. Knows no widget.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem
from phi_core.planning.expected_memory import free_gib
from phi_core.planning.machine import Machine, this_machine
from phi_core.planning.memory import estimate_notes
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_tui.memory_text import PlanMemory, ProbeState, needed_words
from phi_tui.plan_curves import PlanCurves, course_facts, plan_curves
from phi_tui.plan_sample import PlanSample, plan_sample

MEMORY_KEYS = "F10: p measures, f fits, g opens the guide"
LARGE_BYTES = 64 * 2**20
"""More data than this is not tokenised while somebody types."""


@dataclass(frozen=True)
class Preview:
    """What the plan shows, ready to be drawn: made beside the screen, because counting takes time."""

    summary: str
    facts: tuple[tuple[str, str], ...]
    warnings: str
    memory: PlanMemory
    curves: PlanCurves
    sample: PlanSample | None = None

    def headline(self, probe: ProbeState) -> str:
        """Everything in one line, the first warning included."""
        parts = (self.summary, needed_words(self.memory, probe), self.warnings.partition("\n")[0])
        return " · ".join(filter(None, parts))


def make_preview(config: TrainingConfig) -> Preview:
    """Plan the run and put it into words. PhiError for a request that cannot work."""
    plan, machine = make_plan(config, large_bytes=LARGE_BYTES), this_machine()
    return Preview(
        summary=_summary(plan),
        facts=tuple(_facts(plan)),
        warnings="\n".join([*_refusals(plan), *(_words(warning) for warning in plan.warnings(machine))]),
        memory=_memory(plan, machine),
        curves=plan_curves(plan),
        sample=plan_sample(plan),
    )


def amount(number: float) -> str:
    """A count as people read it: 950, 12,345, 3.4 M, 2.78 G."""
    if number < 1e6:
        return f"{number:,.0f}"
    return f"{number / 1e6:.3g} M" if number < 1e9 else f"{number / 1e9:.3g} G"


def _words(warning: Problem) -> str:
    """The warning; of memory with the keys that help here instead of the flags."""
    return str(replace(warning, remedy=MEMORY_KEYS) if warning.where == "memory" else warning)


def _refusals(plan: RunPlan) -> Iterator[str]:
    return (f"{'refused: ' if finding.stops else 'accepted: '}{finding.problem()}" for finding in plan.gate)


def _summary(plan: RunPlan) -> str:
    steps = plan.steps.num_steps
    tokens = f"{amount(plan.num_tokens)} tokens{'' if plan.is_exact else ' (estimated)'}"
    return f"{steps:,} step{'s' if steps != 1 else ''} · {tokens}"


def _memory(plan: RunPlan, machine: Machine) -> PlanMemory:
    config = plan.config
    expected = plan.expected(machine)
    notes = estimate_notes(config) if expected else ()
    return PlanMemory(expected, free_gib(config, machine), machine.device_name(config.device), notes)


def _facts(plan: RunPlan) -> Iterator[tuple[str, str]]:
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
    yield from course_facts(plan)


def _tokens(plan: RunPlan) -> str:
    if plan.num_trained_tokens is None:
        return f"about {amount(plan.num_tokens)}, estimated: the tokenizer is not here"
    return f"{amount(plan.num_tokens)}, of which {amount(plan.num_trained_tokens)} are trained"


def _trainable(plan: RunPlan) -> str:
    count = plan.trainable_parameters
    if count is None or plan.model.shape is None:
        return "known once the model is loaded; its files are not here"
    return f"{amount(count)} of {amount(plan.model.shape.num_parameters)} parameters"
