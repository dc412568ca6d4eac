"""Slurm jobs through the programs that Slurm has: stand-ins on PATH that really run the script."""

import json
import os
import shlex
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from phi_core.config.problems import check, checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import RunError
from phi_core.jobs.processes import end_all, family
from phi_core.jobs.slurm import batch_script, sbatch_arguments
from phi_core.jobs.training_job import ask, create_run, start_run, wait_until_ended
from phi_core.runs.layout import RunLayout
from phi_core.runs.reader import Run, read_run

SBATCH = """#!/bin/bash
# Keeps its arguments, takes a job number, and runs the script as slurmd would: in a session of its own, log appended.
printf '%s\\n' "$@" > "$SLURM_TEST/arguments"
for word in "$@"; do case "$word" in --output=*) log="${word#--output=}";; esac; script="$word"; done
if [ -f "$SLURM_TEST/refuse" ]; then echo "sbatch: error: invalid partition specified" >&2; exit 1; fi
if [ ! -f "$SLURM_TEST/hold" ]; then
  SLURM_JOB_ID=4711 setsid bash "$script" >> "$log" 2>&1 < /dev/null & echo $! > "$SLURM_TEST/pid"
fi
echo "4711;cluster"
"""
SRUN = """#!/bin/bash
# One task a machine.
shift
for node in $(seq 0 $((PHI_MACHINES - 1))); do SLURM_NODEID=$node "$@" & done
wait
"""
SCANCEL = """#!/bin/bash
echo "$@" > "$SLURM_TEST/cancelled"
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the stand-ins note things in; what they started is ended afterwards."""
    programs, notes = tmp_path / "bin", tmp_path / "slurm"
    programs.mkdir()
    notes.mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("scancel", SCANCEL)):
        path = programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_TEST", str(notes))
    yield notes
    if (notes / "pid").exists():
        end_all(family([int((notes / "pid").read_text())]))


@pytest.fixture
def created(tmp_path: Path, tiny_phi: Path) -> Callable[..., Path]:
    rows = [{"prompt": f"what is {i}?", "response": str(i)} for i in range(12)]
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))

    def create(**changes: object) -> Path:
        values = {"model_name": str(tiny_phi), "dataset_path": str(data), "device": "cpu"}
        steps = {"epochs": 100, "max_steps": 4, "batch_size": 2, "gradient_accumulation_steps": 1}
        config = checked({**values, **steps, "launcher": "slurm", **changes})
        return create_run(config, tmp_path / "runs", command=["phi", "train"], facts={})

    return create


def slurm_config(**changes: object) -> TrainingConfig:
    return checked({"dataset_path": "x", "launcher": "slurm", **changes})


def started(path: Path) -> Run:
    end = time.monotonic() + 60
    while (run := read_run(path)).state in ("queued", "created") and time.monotonic() < end:
        time.sleep(0.02)
    return run


def test_a_job_trains_and_its_number_is_kept(cluster: Path, created: Callable[..., Path]) -> None:
    path = created(slurm_options="partition=gpu,time=04:00:00")
    start_run(path)
    assert json.loads(RunLayout(path).launch.read_text())["job_id"] == "4711"
    run = started(path)
    run = wait_until_ended(path, seconds=120)
    assert run.state == "finished", run.layout.log.read_text()
    arguments = (cluster / "arguments").read_text().splitlines()
    assert {"--parsable", "--partition=gpu", "--time=04:00:00", "--nodes=1"} <= set(arguments)
    assert f"--job-name=phi-{path.name}" in arguments and f"--output={run.layout.log}" in arguments


def test_a_job_on_two_machines_is_one_run(cluster: Path, created: Callable[..., Path]) -> None:
    """Two supervisors, each with one process, meet over the network of this machine."""
    path = created(num_machines=2, num_processes=2, max_steps=100_000)
    start_run(path)
    run = started(path)
    assert run.state == "running" or run.state == "created", run.layout.log.read_text()
    end = time.monotonic() + 60
    while read_run(path).step < 1:
        assert read_run(path).is_live and time.monotonic() < end, run.layout.log.read_text()
        time.sleep(0.05)
    job = family([int((cluster / "pid").read_text())])
    ranks = {process.environ().get("RANK") for process in job if "WORLD_SIZE" in process.environ()}
    assert ranks >= {"0", "1"}
    psutil.Process(int((cluster / "pid").read_text())).terminate()  # Slurm's warning goes to the batch script
    run = wait_until_ended(path, seconds=120)
    assert run.state == "stopped" and run.layout.checkpoint_steps()[-1] == run.step, (
        run.layout.log.read_text()
    )


def test_a_job_that_waits_is_queued_and_stopping_it_cancels_it(
    cluster: Path, created: Callable[..., Path]
) -> None:
    (cluster / "hold").touch()
    path = created()
    start_run(path)
    run = read_run(path)
    assert (run.state, run.activity) == ("queued", "Slurm job 4711 waits for its turn")
    ask(run, "stop")
    assert (cluster / "cancelled").read_text() == "4711\n" and read_run(path).state == "stopped"


def test_what_sbatch_says_against_it_is_told(cluster: Path, created: Callable[..., Path]) -> None:
    (cluster / "refuse").touch()
    with pytest.raises(RunError, match="sbatch refused: sbatch: error: invalid partition specified"):
        start_run(created())


def test_without_slurm_the_error_says_so(
    created: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = created()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(RunError, match="launcher=slurm needs sbatch, which is not on this machine's PATH"):
        start_run(path)


@pytest.mark.parametrize("name", ["a b", "$(touch HACKED)", "`touch HACKED`", "x;touch HACKED", "'\"", "-n"])
def test_no_name_is_read_by_a_shell(tmp_path: Path, name: str) -> None:
    layout = RunLayout(tmp_path / name)
    layout.root.mkdir()
    script = batch_script(layout, slurm_config(), resume=True)
    last = shlex.split(script.splitlines()[-1])
    assert last[0] == "exec" and last[-2:] == [str(layout.root), "--resume"]
    shell = shutil.which("bash")
    assert shell is not None
    echoed = script.replace("\nexec ", "\nprintf '%s\\n' ")
    done = subprocess.run([shell, "-c", echoed], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-2:] == [str(layout.root), "--resume"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "option",
    [
        "partition",
        "=x",
        "part ition=x",
        "a=b\nwrap=evil",
        "--=x",
        "wrap=ls",
        "output=/etc/passwd",
        "array=1-9",
    ],
)
def test_what_is_no_option_of_a_job_is_refused(option: str) -> None:
    found = check({"dataset_path": "x", "launcher": "slurm", "slurm_options": (option,)})
    assert [problem.where for problem in found.problems] == ["slurm_options"]


def test_gpus_are_asked_for_unless_the_options_do(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path)
    asked = sbatch_arguments(layout, slurm_config(num_processes=8, num_machines=2))
    assert "--gpus-per-node=4" in asked and "--nodes=2" in asked
    for changes in ({"device": "cpu"}, {"slurm_options": "gres=gpu:h100:1"}):
        assert not any("gpus-per-node" in word for word in sbatch_arguments(layout, slurm_config(**changes)))


def test_tokens_of_the_environment_are_not_in_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in batch_script(RunLayout(tmp_path), slurm_config(), resume=False)
