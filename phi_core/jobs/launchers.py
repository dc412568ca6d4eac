"""Launchers: where the worker of a run starts. One interface: given a run directory, get its worker going.

OneProcess         the worker itself, detached, on this machine
SeveralProcesses   a supervisor, which starts one worker a process
Slurm              a batch job that does either on the cluster's machines
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from phi_core.config.problems import check
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.errors import ConfigError, PhiError, Problem
from phi_core.files import user_path
from phi_core.jobs.accelerate_file import write_accelerate_file
from phi_core.jobs.devices import num_gpus
from phi_core.jobs.process import start_module
from phi_core.jobs.processes import is_shared, uses_cpu
from phi_core.jobs.slurm import submit
from phi_core.runs.layout import RunLayout


class Launcher(Protocol):
    def start(
        self, layout: RunLayout, *, resume: bool, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes] | None:
        """Get the run's worker going. The process that was started here, None if it starts elsewhere."""


class OneProcess:
    def start(
        self, layout: RunLayout, *, resume: bool, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        layout.launch.unlink(missing_ok=True)
        return start_module(
            "phi_core.workers.train", _arguments(layout, resume), log=layout.log, environment=environment
        )


class SeveralProcesses:
    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def start(
        self, layout: RunLayout, *, resume: bool, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        layout.launch.unlink(missing_ok=True)
        if self._config.accelerate_config is None:
            write_accelerate_file(layout, self._config)
        return start_module(
            "phi_core.jobs.supervisor", _arguments(layout, resume), log=layout.log, environment=environment
        )


class Slurm:
    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def start(self, layout: RunLayout, *, resume: bool, environment: Mapping[str, str]) -> None:
        if is_shared(self._config) and self._config.accelerate_config is None:
            write_accelerate_file(layout, self._config)
        submit(layout, self._config, resume=resume)


def launcher_of(layout: RunLayout) -> Launcher:
    """The launcher that a run's configuration asks for. A configuration that is broken is left to the worker, which
    records what is wrong with it."""
    try:
        config = check(read_values(layout.config)).config
    except PhiError:
        config = None
    if config is None:
        return OneProcess()
    if config.launcher == "slurm":
        return Slurm(config)
    return SeveralProcesses(config) if is_shared(config) else OneProcess()


def require_processes(config: TrainingConfig) -> None:
    """ConfigError if this machine cannot start the processes that a configuration asks for."""
    found = (_missing_file(config), _too_few_gpus(config), _no_slurm(config))
    problems = [problem for problem in found if problem]
    if problems:
        raise ConfigError("the processes cannot be started", problems)


def _missing_file(config: TrainingConfig) -> Problem | None:
    name = config.accelerate_config
    if name is None or user_path(name).is_file():
        return None
    return Problem(
        "accelerate_config", f"there is no file {name}", "`accelerate config --config_file FILE` writes one"
    )


def _too_few_gpus(config: TrainingConfig) -> Problem | None:
    wanted, found = config.num_processes, num_gpus()
    is_local = config.launcher == "local" and wanted > 1
    if not is_local or wanted <= found or (config.sharding == "none" and uses_cpu(config, num_gpus=found)):
        return None
    return Problem(
        "num_processes", f"{wanted} processes need a GPU each, this machine shows {found}", "Ask for fewer"
    )


def _no_slurm(config: TrainingConfig) -> Problem | None:
    if config.launcher != "slurm" or shutil.which("sbatch"):
        return None
    return Problem(
        "launcher",
        "slurm needs sbatch, which is not on this machine's PATH",
        "Start it on a login machine of the cluster, or leave launcher at local",
    )


def _arguments(layout: RunLayout, resume: bool) -> list[str]:
    return [str(Path(layout.root).resolve()), *(["--resume"] if resume else [])]
