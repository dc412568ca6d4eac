"""Memory of a run in rows of text: what the formula expects, what the probe measured, what is free, on one scale.

Says of each figure where it is from. Pure text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from phi_core.planning.expected_memory import Expected
from phi_core.planning.memory_bar import gib, memory_bar
from phi_core.runs.probe_result import ProbeResult

BAR_CELLS = 16


@dataclass(frozen=True)
class ProbeState:
    """What the probe says of the form as it is. `seconds` since it began, None while it does not run."""

    result: ProbeResult | None = None
    seconds: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class PlanMemory:
    """`expected` is None where the architecture is not known. `notes` are what readers of the estimate should know."""

    expected: Expected | None
    free_gib: float
    place: str
    notes: tuple[str, ...] = ()


NO_PROBE = ProbeState()


def memory_rows(memory: PlanMemory, probe: ProbeState) -> Iterator[tuple[str, str]]:
    """(name, text): expected, measured and free."""
    expected, free = memory.expected, memory.free_gib
    if expected is None:
        yield "memory", "no estimate before the model is known"
    else:
        yield "memory", f"{_bar(expected.needed_gib, free)} expected: {_basis(expected)}"
    yield "probe", _probe(probe, expected, free)
    yield "free", f"{gib(free)} of {memory.place}"


def part_rows(memory: PlanMemory) -> Iterator[tuple[str, str]]:
    """(name, text): what the estimate is made of."""
    if expected := memory.expected:
        estimate = expected.estimate
        yield "by formula", f"{gib(estimate.total_gib)}: {_parts(estimate.parts)}"
        yield "", f"and about {gib(estimate.process_gib)} for the process itself"
    for note in memory.notes:
        yield "", note


def needed_words(memory: PlanMemory, probe: ProbeState) -> str:
    """The figure that is known best, in a few words: 1.2 of 12 GiB (measured)."""
    if probe.result is not None and probe.result.out_of_memory is None:
        return f"{gib(held_gib(probe.result, memory.expected))} of {gib(memory.free_gib)} (measured)"
    if memory.expected is None:
        return ""
    return f"{gib(memory.expected.needed_gib)} of {gib(memory.free_gib)} (formula)"


def held_gib(result: ProbeResult, expected: Expected | None) -> float:
    """What the whole process held at its peak: on a GPU its context is not in what was measured."""
    process = expected.estimate.process_gib if expected and not result.baseline_gib else 0.0
    return max(result.peak_gib, result.reserved_gib or 0.0) + process


def probe_sentence(result: ProbeResult) -> str:
    """What was measured, and on what."""
    batch = f"{result.micro_batch} records, {result.micro_batch_tokens:,} tokens, of step {result.step}"
    if result.out_of_memory is not None:
        return f"out of memory: {result.out_of_memory}"
    speed = f"; {result.seconds:.2f} s a step" if result.seconds else ""
    return f"the longest batch ({batch}){speed}, {result.device} {result.dtype}"


def _parts(parts: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {gib(size) if size * 1024 >= 0.5 else '< 1 MiB'}" for name, size in parts)


def _basis(expected: Expected) -> str:
    """How the figure came about: the formula, and what past runs made of it."""
    return f"formula {expected.correction}"


def _probe(probe: ProbeState, expected: Expected | None, free: float) -> str:
    if probe.seconds is not None:
        return f"measuring two steps … {probe.seconds:.0f} s"
    if probe.result is None:
        return probe.trouble or "not measured with these options"
    if probe.result.out_of_memory is not None:
        return probe_sentence(probe.result)
    return f"{_bar(held_gib(probe.result, expected), free)} measured"


def _bar(needed: float, free: float) -> str:
    return f"{memory_bar(needed, free, width=BAR_CELLS)} {gib(needed)}"
