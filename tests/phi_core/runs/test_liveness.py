"""Whether a run lives: by its process on this machine, by how lately its worker spoke on another."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import pytest
from run_factory import make_run

from phi_core.errors import RunError
from phi_core.jobs.training_job import kill
from phi_core.runs.identity import boot_id
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import SILENT_SECONDS, read_run, state_of

GONE = 2**22 + 1
"""No process has this number."""


def run_of(root: Path, *, silent: float, **process: Any) -> Path:
    """A running run whose worker is said to be this process and has been silent for so many seconds."""
    path = make_run(root, "a", state="running")
    layout = RunLayout(path)
    then = time.time() - silent
    status = json.loads(layout.status.read_text()) | {"heartbeat": then, "pid": GONE, **process}
    layout.status.write_text(json.dumps(status))
    layout.lock.touch()
    os.utime(layout.lock, (then, then))
    return path


@pytest.mark.parametrize(("silent", "state"), [(5.0, "running"), (SILENT_SECONDS + 60, "lost")])
def test_a_run_on_another_host_lives_while_its_worker_touches_its_lock(
    tmp_path: Path, silent: float, state: str
) -> None:
    path = run_of(tmp_path, silent=silent, host="node17", boot_id="of node17")
    assert read_run(path).state == state_of(path) == state


def test_a_worker_that_computes_for_long_is_alive_by_its_lock(tmp_path: Path) -> None:
    path = run_of(tmp_path, silent=SILENT_SECONDS + 600, host="node17", boot_id="of node17")
    os.utime(RunLayout(path).lock)
    assert read_run(path).state == "running"


def test_an_earlier_boot_of_this_machine_is_not_another_host(tmp_path: Path) -> None:
    path = run_of(tmp_path, silent=1, host=platform.node(), boot_id="before")
    assert read_run(path).state == "lost"


def test_a_run_of_before_hosts_were_recorded_is_judged_as_ever(tmp_path: Path) -> None:
    path = run_of(tmp_path, silent=1, host="", boot_id="before")
    assert read_run(path).state == "lost"


def test_a_process_that_is_gone_here_is_lost_at_once(tmp_path: Path) -> None:
    assert read_run(run_of(tmp_path, silent=0, host=platform.node(), boot_id=boot_id())).state == "lost"


def test_a_run_elsewhere_is_not_ended_from_here(tmp_path: Path) -> None:
    path = run_of(tmp_path, silent=1, host="node17", boot_id="of node17")
    RunLayout(path).launch.write_text(json.dumps({"launcher": "slurm", "job_id": "77"}))
    with pytest.raises(RunError, match=r"runs on node17. scancel 77 ends it"):
        kill(read_run(path))
