"""Runs as Slurm jobs: a batch script in the run directory, given to sbatch; its job's number kept, and cancelled by it.

Options go to sbatch as arguments, never through a shell; the script holds quoted words only. The environment travels
with the job as sbatch does it, so that tokens are never written.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from phi_core.config.training import TrainingConfig
from phi_core.errors import RunError
from phi_core.files import read_json, write_json, write_text
from phi_core.jobs.process import worker_environment
from phi_core.runs.layout import RunLayout

_JOB = re.compile(r"(\d+)(;[\w.-]+)?")
CHECKPOINT_SECONDS = 120
"""Slurm's warning before the end of the time limit: enough for a step and a checkpoint."""


def submit(layout: RunLayout, config: TrainingConfig, *, resume: bool) -> str:
    """Give a run to Slurm; the job's number. RunError with sbatch's own words if it refuses, or is not here."""
    sbatch = _program("sbatch")
    write_text(layout.batch_script, batch_script(layout, config, resume=resume))
    answer = _called([sbatch, *sbatch_arguments(layout, config), str(layout.batch_script)])
    found = _JOB.fullmatch(answer.strip())
    if found is None:
        raise RunError(f"sbatch answered {answer.strip()!r} instead of a job's number", "Look with squeue")
    job = found.group(1)
    write_json(layout.launch, {"launcher": "slurm", "job_id": job, "submitted": time.time()})
    return job


def cancel(layout: RunLayout) -> None:
    """Take a job that waits out of Slurm's queue. RunError if scancel refuses."""
    launch = read_json(layout.launch)
    _called([_program("scancel"), launch["job_id"]])
    write_json(layout.launch, {**launch, "cancelled": time.time()})


def sbatch_arguments(layout: RunLayout, config: TrainingConfig) -> list[str]:
    """Job name, log, machines and GPUs, then the person's own options, which win."""
    own = dict(split_options(config.slurm_options))
    asked = {
        "job-name": f"phi-{layout.root.name}",
        "signal": f"B:TERM@{CHECKPOINT_SECONDS}",
        **({"gpus-per-node": str(_processes_here(config))} if _wants_gpus(config, own) else {}),
        **own,
    }
    fixed = {
        "output": str(layout.log).replace("%", "%%"),
        "open-mode": "append",
        "nodes": str(config.num_machines),
        "ntasks-per-node": "1",
    }
    return ["--parsable", *(f"--{name}={value}" for name, value in {**asked, **fixed}.items())]


def batch_script(layout: RunLayout, config: TrainingConfig, *, resume: bool) -> str:
    """The job: the worker in bash's place, so that Slurm's SIGTERM reaches it, or a supervisor on each machine."""
    more = [str(layout.root.resolve()), *(["--resume"] if resume else [])]
    variables = {**worker_environment(), "PHI_MACHINES": str(config.num_machines)}
    lines = [
        "#!/bin/bash",
        f"# Written by phi for run {shlex.quote(layout.root.name)}.",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
    if config.num_machines > 1:
        lines += [
            'export PHI_MAIN_ADDRESS="$(hostname)"',  # a batch script runs on the first machine
            'export PHI_MAIN_PORT="$((20000 + SLURM_JOB_ID % 20000))"',
            f"ask_to_stop() {{ {_python('phi_core.jobs.supervisor', [more[0], '--ask-to-stop'])}; }}",
            "trap ask_to_stop TERM",
            f"srun --kill-on-bad-exit=0 {_python('phi_core.jobs.supervisor', more)} &",
            "wait $!; while jobs -r | grep -q .; do wait; done",  # a trap ends a wait
        ]
    else:
        shared = config.num_processes > 1 or config.accelerate_config is not None
        lines.append(
            f"exec {_python('phi_core.jobs.supervisor' if shared else 'phi_core.workers.train', more)}"
        )
    return "\n".join(lines) + "\n"


def split_options(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name, value) of checked options."""
    for option in options:
        name, _, value = option.partition("=")
        yield name.removeprefix("--"), value


def _python(module: str, arguments: Sequence[str]) -> str:
    return shlex.join([sys.executable, "-P", "-m", module, *arguments])


def _processes_here(config: TrainingConfig) -> int:
    return config.num_processes // config.num_machines


def _wants_gpus(config: TrainingConfig, own: dict[str, str]) -> bool:
    return config.device != "cpu" and not any(name.startswith("gpus") or name == "gres" for name in own)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RunError(
            f"launcher=slurm needs {name}, which is not on this machine's PATH",
            "Start it on a login machine of the cluster, or leave launcher at local",
        )
    return path


def _called(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=os.environ)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise RunError(f"{os.path.basename(command[0])} refused: {said[-1]}", "Change slurm_options")
    return done.stdout
