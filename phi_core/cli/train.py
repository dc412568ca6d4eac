"""`phi train`: plan, create the run, start its worker; then watch it, or return at once."""

import shlex
import sys
from pathlib import Path
from typing import Any

from phi_core.cli.fit import require_fit_by_probe
from phi_core.cli.options import with_training_options
from phi_core.cli.output import print_json, say
from phi_core.cli.plan import planned
from phi_core.cli.watching import exit_status, run_summary, start_and_follow
from phi_core.errors import RequestError
from phi_core.files import user_path
from phi_core.jobs.launchers import require_processes
from phi_core.jobs.queue import enqueue, ensure_runner
from phi_core.jobs.training_job import create_run, start_run
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import RunPlan
from phi_core.runs.store import runs_root
from phi_core.samples.gate import require_open


@with_training_options
def train(
    config: str | None = None,
    /,
    *,
    detach: bool = False,
    queue: bool = False,
    json: bool = False,
    runs_dir: str | None = None,
    preset: str | None = None,
    fit: bool = False,
    probe: bool = False,
    **given: Any,
) -> int:
    """Start a run. Ctrl-C stops it after the current step with a checkpoint.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    detach
        Print the run's id and return; the run goes on.
    queue
        Create the run and return; it starts when memory on a device suffices. `phi queue list` shows it.
    json
        Print one JSON document about the run.
    runs_dir
        Folder of the runs [default: PHI_RUNS_DIR, else ./runs].
    preset
        A preset's name; the file and flags win over it. `phi presets list` shows them.
    fit
        Choose micro-batch, accumulation, checkpointing and quantisation that fit; the effective batch stays.
    probe
        First measure two real steps on the longest batch; without room for it nothing is started.
    """
    plan = planned(config, given, preset=preset, fit=fit)
    require_open(plan.gate)
    if probe:
        require_fit_by_probe(plan, this_machine())
    for warning in plan.warnings(this_machine()):
        print(f"phi: note: {warning}", file=sys.stderr)
    if queue:
        return _queued(plan, runs_root(runs_dir), json=json)
    path = _created(plan, runs_root(runs_dir))
    return _started(path, json=json) if detach else _watched(path, json=json)


def _created(plan: RunPlan, root: Path) -> Path:
    require_processes(plan.config)
    facts = {**plan.facts(), "memory_estimate_gib": _needed_gib(plan)}
    return create_run(plan.config, root, command=["phi", *sys.argv[1:]], facts=facts)


def _needed_gib(plan: RunPlan) -> float | None:
    """What a process of the run is expected to need, None where the architecture is not known."""
    expected = plan.expected(this_machine())
    return expected.needed_gib if expected else None


def _queued(plan: RunPlan, root: Path, *, json: bool) -> int:
    """Create the run, put it at the end of the queue, and see to it that somebody looks after the queue."""
    config = plan.config
    if config.launcher == "slurm":
        raise RequestError("--queue: Slurm has a queue of its own", "Leave --queue out")
    if config.output_dir and user_path(config.output_dir).resolve().parent != root.resolve():
        raise RequestError(
            f"--queue looks after runs in {root}, and output_dir is elsewhere",
            "Leave output_dir out, or name its folder as --runs_dir",
        )
    path = _created(plan, root)
    enqueue(path, needs_gib=_needed_gib(plan), device=config.device, num_processes=config.num_processes)
    ensure_runner(root)
    return _told(path, json=json)


def _started(path: Path, *, json: bool) -> int:
    start_run(path)
    return _told(path, json=json)


def _told(path: Path, *, json: bool) -> int:
    if json:
        print_json({"id": path.name, "path": str(path.resolve())})
    else:
        say(path.name)
    return 0


def _watched(path: Path, *, json: bool) -> int:
    run = start_and_follow(path, lambda: start_run(path), out=sys.stderr if json else sys.stdout)
    if json:
        print_json(run_summary(run))
    elif run.state == "finished":
        name = shlex.quote(run.id)
        say(f"\nNext: phi chat --run {name} · phi compare --run {name} --questions FILE --out DIR · phi tui")
    return exit_status(run)
