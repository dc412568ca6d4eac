"""`phi train`: plan, create the run, start its worker; then watch it, or return at once."""

import shlex
import sys
from pathlib import Path
from typing import Any

from phi_core.cli.data_progress import progress_line
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import print_json, say
from phi_core.cli.watching import exit_status, run_summary, start_and_follow
from phi_core.jobs.training_job import create_run, start_run
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import make_plan
from phi_core.runs.store import runs_root
from phi_core.samples.gate import require_open


@with_training_options
def train(
    config: str | None = None,
    /,
    *,
    detach: bool = False,
    json: bool = False,
    runs_dir: str | None = None,
    **given: Any,
) -> int:
    """Start a run. Ctrl-C stops it after the current step with a checkpoint.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    detach
        Print the run's id and return; the run goes on.
    json
        Print one JSON document about the run.
    runs_dir
        Folder of the runs [default: PHI_RUNS_DIR, else ./runs].
    """
    settings = configured(config, given)
    with progress_line() as on_progress:
        plan = make_plan(settings, on_progress=on_progress)
    require_open(plan.gate)
    for warning in plan.warnings(this_machine()):
        print(f"phi: note: {warning}", file=sys.stderr)
    path = create_run(settings, runs_root(runs_dir), command=["phi", *sys.argv[1:]], facts=plan.facts())
    return _started(path, json=json) if detach else _watched(path, json=json)


def _started(path: Path, *, json: bool) -> int:
    start_run(path)
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
