"""`--fit` and `--probe` of `phi plan` and `phi train`, and the memory of a plan as text and as JSON."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from phi_core.cli.output import duration, say_row
from phi_core.errors import ConfigError, RequestError, WorkError
from phi_core.jobs.probe_job import probe
from phi_core.plain_text import plain
from phi_core.planning.expected_memory import Expected
from phi_core.planning.machine import Machine
from phi_core.planning.memory import estimate_notes
from phi_core.planning.memory_bar import gib, memory_line, parts_text
from phi_core.planning.plan_memory import advice, fit_of, learn_from_probe
from phi_core.planning.run_plan import RunPlan
from phi_core.runs.probe_result import ProbeResult


def fitted(plan: RunPlan, given: Mapping[str, Any], machine: Machine) -> RunPlan:
    """The same steps with a micro-batch that fits into this machine; what was chosen is said on standard error.

    Flags that were given stay. ConfigError if nothing fits, or the architecture is not known.
    """
    _require_here(plan, "--fit")
    found = fit_of(plan, machine, given={name for name, value in given.items() if value is not None})
    if found is None:
        raise ConfigError("--fit: the model's files are not here", remedy="Load it once, as with `phi chat`")
    if not found.fits:
        what, *helps = found.reasons
        smallest = f"{what}, with {_settings(found.config)}"
        raise ConfigError(f"--fit: {smallest}", remedy=_sentence(helps))
    for reason in found.reasons:
        print(f"phi: --fit: {plain(reason)}", file=sys.stderr)
    return replace(plan, config=found.config)


def probed(plan: RunPlan, machine: Machine) -> ProbeResult:
    """Two real steps on the longest batch, in a process of their own; later estimates learn from them.

    RequestError where the processes share out what one of them cannot measure, or run on other machines.
    """
    _require_here(plan, "--probe")
    if plan.config.sharding != "none" or plan.config.accelerate_config is not None:
        raise RequestError(
            "--probe measures one process, and this run's processes may share out the model",
            "Leave --probe out, or sharding and accelerate_config",
        )
    print(
        "phi: measuring two steps on the longest batch; the model is loaded for it",
        file=sys.stderr,
        flush=True,
    )
    result = probe(plan.config)
    if result.out_of_memory is None:
        learn_from_probe(plan, machine, device=result.device, measured_gib=result.needed_gib)
    return result


def _require_here(plan: RunPlan, flag: str) -> None:
    if plan.config.launcher == "slurm":
        raise RequestError(
            f"{flag} looks at this machine, and a Slurm job runs on another",
            "Use it in a job of its own with launcher local, or leave it out",
        )


def require_fit_by_probe(plan: RunPlan, machine: Machine) -> None:
    """WorkError if the longest batch does not fit; else what was measured, on standard error."""
    result = probed(plan, machine)
    if result.out_of_memory is not None:
        raise WorkError(f"the longest batch does not fit: {result.out_of_memory}", _smaller(plan, machine))
    print(f"phi: {plain(probe_text(result))}", file=sys.stderr)


def _smaller(plan: RunPlan, machine: Machine) -> str:
    """What would take less than the longest batch, which did not fit."""
    config = plan.config
    words = advice(
        plan,
        plan.longest,
        checkpointing=config.gradient_checkpointing,
        dtype=machine.dtype(config.dtype, config.device),
        device=machine.device(config.device),
    )
    return _sentence([words]) if words else "Choose a smaller batch_size or max_length"


def say_memory(plan: RunPlan, expected: Expected) -> None:
    """The rows of memory in `phi plan`."""
    estimate = expected.estimate
    say_row("memory", memory_line(expected.needed_gib, expected.free_gib))
    say_row("by formula", f"{gib(estimate.total_gib)}: {parts_text(estimate.parts)}")
    process = f"the process itself {gib(estimate.process_gib)} besides"
    say_row("", f"{expected.correction}; {process}")
    for note in estimate_notes(plan.config):
        say_row("", note)


def say_probe(result: ProbeResult) -> None:
    say_row("probe", probe_text(result))


def probe_text(result: ProbeResult) -> str:
    """What was measured, in one sentence."""
    batch = f"{result.micro_batch} records, {result.micro_batch_tokens:,} tokens, of step {result.step}"
    if result.out_of_memory is not None:
        return f"out of memory on the longest batch ({batch}): {result.out_of_memory}"
    speed = f"{result.tokens_per_second:,.0f} tokens/s" if result.tokens_per_second else "no speed"
    seconds = (
        duration(result.seconds) if result.seconds and result.seconds >= 10 else f"{result.seconds:.2f} s"
    )
    besides = f" above the {gib(result.baseline_gib)} of the process" if result.baseline_gib else ""
    reserved = f", {gib(result.reserved_gib)} taken from the device" if result.reserved_gib else ""
    return (
        f"measured {gib(result.needed_gib)}{besides}{reserved} on the longest batch ({batch}); "
        f"{seconds} a step, {speed}, {result.device} {result.dtype}"
    )


def memory_record(expected: Expected | None) -> dict[str, Any]:
    """Memory in the JSON document of `phi plan`."""
    if expected is None:
        return {"memory_estimate_gib": None}
    return {
        "memory_estimate_gib": {**asdict(expected.estimate), "total_gib": expected.estimate.total_gib},
        "memory_correction": asdict(expected.correction),
        "memory_needed_gib": expected.needed_gib,
    }


def probe_record(result: ProbeResult) -> dict[str, Any]:
    return {**asdict(result), "needed_gib": result.needed_gib, "tokens_per_second": result.tokens_per_second}


def _settings(config: Any) -> str:
    checkpointing = "with" if config.gradient_checkpointing else "without"
    quantization = "" if config.quantization == "none" else f", quantization {config.quantization}"
    return f"batch_size {config.batch_size}, {checkpointing} gradient checkpointing{quantization}"


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]
