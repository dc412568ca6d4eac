"""The command that starts the worker in several processes on one machine, and the ending of all of them.

GPUs go through `accelerate launch`, which sets up sharding; the CPU through torch.distributed.run with gloo, because
`accelerate launch --cpu` quietly starts a single process (it wants MPI). Both are torch's elastic agent underneath.
"""

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from phi_core.config.training import TrainingConfig
from phi_core.runs.layout import RunLayout

WORKER = "phi_core.workers.train"


@dataclass(frozen=True)
class Machines:
    """This machine among those of a run. `address` and `port` are where the main one listens; one machine needs neither."""

    rank: int = 0
    count: int = 1
    address: str = ""
    port: int = 0


def is_shared(config: TrainingConfig) -> bool:
    """Whether a run has several processes, or a file of accelerate's that says how many."""
    return config.num_processes > 1 or config.accelerate_config is not None


def uses_cpu(config: TrainingConfig, *, num_gpus: int) -> bool:
    """Whether the processes compute on the CPU: asked for, or nothing else is there."""
    return config.device == "cpu" or (config.device == "auto" and not num_gpus)


def process_command(
    config: TrainingConfig, layout: RunLayout, *, machines: Machines, on_cpu: bool, resume: bool
) -> list[str]:
    """What starts this machine's processes of a run."""
    worker = ["-m", WORKER, str(layout.root), *(["--resume"] if resume else [])]
    own = config.accelerate_config
    start = _torchrun(config, machines) if on_cpu and own is None else _accelerate(own, layout, machines)
    return [sys.executable, "-P", "-m", *start, *worker]


def process_environment(config: TrainingConfig, *, on_cpu: bool) -> dict[str, str]:
    """What the processes of a run find in their environment.

    The agent takes only SIGQUIT for a wish to end: after any other it would kill the workers 30 s later, in the middle
    of a checkpoint. The supervisor asks the main process instead.
    """
    cores = psutil.cpu_count(logical=False) or 1
    here = max(1, config.num_processes // config.num_machines)
    return {
        "PET_SIGNALS_TO_HANDLE": "SIGQUIT",
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, cores // here) if on_cpu else 1)),
    }


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """These processes and all that come from them; those that are gone are left out."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            for process in (parent, *parent.children(recursive=True)):
                found[process.pid] = process
    return list(found.values())


def end_all(processes: Iterable[psutil.Process]) -> None:
    """End processes by force and wait until they are gone."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    end = time.monotonic() + 5
    while time.monotonic() < end and any(_is_there(process) for process in processes):
        time.sleep(0.01)


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _torchrun(config: TrainingConfig, machines: Machines) -> list[str]:
    here = config.num_processes // config.num_machines
    where = (
        ["--standalone"]
        if machines.count == 1
        else [
            *("--nnodes", str(machines.count), "--node-rank", str(machines.rank)),
            *("--master-addr", machines.address, "--master-port", str(machines.port)),
        ]
    )
    return ["torch.distributed.run", *where, "--nproc-per-node", str(here), "--max-restarts", "0"]


def _accelerate(own: str | None, layout: RunLayout, machines: Machines) -> list[str]:
    where = (
        []
        if machines.count == 1
        else [
            *("--machine_rank", str(machines.rank)),
            *("--main_process_ip", machines.address, "--main_process_port", str(machines.port)),
        ]
    )
    return ["accelerate.commands.launch", "--config_file", own or str(layout.accelerate_config), *where]
