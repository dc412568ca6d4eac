"""What must hold between the options of processes: several on one device kind, sharding, and Slurm's own options."""

import re
from collections.abc import Iterator

from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem

_SLURM_OPTION = re.compile(r"(?:--)?([a-z][a-z0-9-]*)=([^\x00-\x1f\x7f]+)")
PHI_S_OWN = (
    *("output", "error", "open-mode", "parsable", "nodes", "ntasks", "ntasks-per-node", "array", "wrap"),
    *("export", "chdir", "wait", "test-only", "input"),
)
"""Options of sbatch that phi sets, or that would make something else of the job."""


def process_problems(config: TrainingConfig) -> Iterator[Problem]:
    yield from _machines(config)
    yield from _several(config)
    if config.sharding != "none":
        yield from _sharding(config)
    if config.accelerate_config is not None:
        yield from _own_file(config)
    yield from _slurm(config)


def _machines(config: TrainingConfig) -> Iterator[Problem]:
    processes, machines = config.num_processes, config.num_machines
    if processes % machines:
        remedy = f"Take a multiple of {machines}"
        yield Problem(
            "num_processes", f"{processes} cannot be spread evenly over {machines} machines", remedy
        )
    if machines > 1 and config.launcher == "local":
        what = f"{machines} machines need a launcher that starts on each of them"
        yield Problem("num_machines", what, "Set launcher to slurm")


def _several(config: TrainingConfig) -> Iterator[Problem]:
    if config.num_processes == 1:
        return
    if config.device == "mps":
        yield Problem("num_processes", "processes cannot share an MPS device", "Leave it at 1")
    if config.effective_batch_size < config.num_processes:
        what = f"{config.num_processes} processes share {config.effective_batch_size} records a step: some get none"
        yield Problem(
            "num_processes", what, "Raise gradient_accumulation_steps or batch_size, or ask for fewer"
        )


def _sharding(config: TrainingConfig) -> Iterator[Problem]:
    kind = config.sharding
    if config.num_processes == 1 and config.accelerate_config is None:
        yield Problem(
            "sharding", f"{kind} shares a run between processes, and there is one", "Raise num_processes"
        )
    if config.device in ("cpu", "mps"):
        yield Problem(
            "sharding", f"{kind} needs a GPU for each process", "On the CPU processes hold everything: none"
        )
    if config.optimizer.startswith("paged") or "8bit" in config.optimizer:
        what = f"{config.optimizer} keeps its state in blocks that {kind} cannot share"
        yield Problem("optimizer", what, "Take adamw or lion")
    if kind == "zero2":
        return
    if config.quantization != "none":
        what = f"{config.quantization} weights are packed in bytes, which {kind} cannot share"
        yield Problem("quantization", what, "Take sharding none or zero2, or quantization none")
    if config.lora_init != "default":
        yield Problem(
            "lora_init", f"{config.lora_init} needs whole weights, {kind} holds shares", "Take default"
        )
    if config.use_dora:
        yield Problem("use_dora", f"needs the norms of whole weights, {kind} holds shares", "Leave it out")
    if config.probe_prompts:
        what = f"answers need whole weights on one process, {kind} holds shares"
        yield Problem("probe_prompts", what, "Leave them out, or take sharding none or zero2")


def _own_file(config: TrainingConfig) -> Iterator[Problem]:
    """Processes, machines and sharding are then what the file says."""
    for name, default in (("num_processes", 1), ("num_machines", 1), ("sharding", "none")):
        if getattr(config, name) != default:
            yield Problem(
                name, "accelerate_config says it instead", f"Leave {name} out, or accelerate_config"
            )


def _slurm(config: TrainingConfig) -> Iterator[Problem]:
    if config.slurm_options and config.launcher != "slurm":
        yield Problem("slurm_options", "have no effect on a run of this machine", "Set launcher to slurm")
    for option in config.slurm_options:
        found = _SLURM_OPTION.fullmatch(option)
        if found is None:
            what = f"each must be name=value as sbatch has it, got {option[:60]!r}"
            yield Problem("slurm_options", what, "For example partition=gpu,time=04:00:00")
        elif found.group(1) in PHI_S_OWN:
            yield Problem("slurm_options", f"{found.group(1)} is set by phi itself", "Leave it out")
