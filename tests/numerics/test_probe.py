"""The probe takes two real steps on the longest batch in a process of its own; running out of memory is a result."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_run import toy_config, write_toy_dataset

from phi_core.chat.wire import line
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import dump
from phi_core.errors import DataError, PhiError, WorkError
from phi_core.jobs.probe_job import probe
from phi_core.planning.run_plan import make_plan
from phi_core.training import measure as measure_module
from phi_core.training.measure import measure, twice

PROJECT = Path(__file__).parents[2]
Config = Callable[..., TrainingConfig]


@pytest.fixture
def config(tiny_phi: Path, tmp_path: Path) -> Config:
    dataset = write_toy_dataset(tmp_path / "data.jsonl")

    def changed(**changes: Any) -> TrainingConfig:
        return toy_config(tiny_phi, dataset, **changes)

    return changed


def test_a_process_measures_the_step_that_the_plan_says_is_largest(config: Config) -> None:
    plan = make_plan(config())
    found = probe(config())
    assert (found.step, found.micro_batch_tokens) == (plan.longest.step, plan.longest.tokens)
    assert found.tokens == sum(plan.steps.lengths[sample] for sample in plan.steps.step(found.step))
    assert found.out_of_memory is None
    assert found.seconds is not None and found.seconds > 0
    assert found.tokens_per_second == pytest.approx(found.tokens / found.seconds)
    assert found.peak_gib > found.baseline_gib > 0.1
    assert 0 < found.needed_gib < 1
    assert (found.device, found.dtype, found.reserved_gib) == ("cpu", "float32", None)


def test_a_longer_batch_needs_more_memory(config: Config) -> None:
    """Full logits of a padded micro-batch against few records at a time: tens of MiB, far above what varies."""
    wide = {"lora_targets": "fc1,fc2", "max_length": 128, "padding_free": False}
    small = probe(config(batch_size=1, gradient_accumulation_steps=1, max_steps=2, **wide))
    large = probe(config(batch_size=16, gradient_accumulation_steps=1, max_steps=2, **wide))
    assert large.micro_batch_tokens > 8 * small.micro_batch_tokens
    assert large.needed_gib > small.needed_gib


def test_the_worker_writes_one_record_and_nothing_else(config: Config) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "phi_core.workers.one_request", "probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(line({"config": dump(config())}))
        worker.stdin.flush()  # and left open: its end would be ours
        (said,) = worker.stdout.readlines()
        assert worker.wait(10) == 0
    assert json.loads(said)["event"] == "done"


def test_a_worker_ends_with_its_caller(config: Config) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "phi_core.workers.one_request", "probe"],
        input=line({"config": dump(config())}),
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_request_that_cannot_work_is_the_workers_own_error(config: Config, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError):
        probe(config(dataset_path=str(tmp_path / "empty.jsonl")))


def test_it_can_be_given_up(config: Config) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(WorkError, match="stopped"):
        probe(config(), stop=stop)


def test_it_has_a_limit(config: Config) -> None:
    with pytest.raises(WorkError, match="longer than 0 s"):
        probe(config(), timeout_seconds=0.2)


def test_a_process_that_the_system_kills_ran_out_of_memory(config: Config) -> None:
    import psutil

    def kill_the_worker() -> None:
        while True:
            for child in psutil.Process().children():
                if "probe" in child.cmdline():
                    child.kill()
                    return
            time.sleep(0.02)

    threading.Thread(target=kill_the_worker, daemon=True).start()
    assert "memory ran out" in str(probe(config()).out_of_memory)


def test_a_lack_of_memory_while_training_is_a_result(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trainer_without_room(*arguments: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(measure_module, "make_trainer", trainer_without_room)
    found = measure(config(), tmp_path)
    assert found.out_of_memory == "CUDA out of memory. Tried to allocate 20.00 GiB"
    assert found.seconds is None and found.tokens_per_second is None
    assert found.micro_batch_tokens > 0


def test_a_model_that_does_not_fit_is_a_result(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_without_room(*arguments: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    monkeypatch.setattr(measure_module, "load", load_without_room)
    assert "while the model was loaded" in str(measure(config(), tmp_path).out_of_memory)


def test_other_errors_stay_errors(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Any:
        raise PhiError("something else")

    monkeypatch.setattr(measure_module, "make_trainer", broken)
    with pytest.raises(PhiError, match="something else"):
        measure(config(), tmp_path)


def test_the_probed_plan_is_the_same_step_twice(config: Config) -> None:
    steps = make_plan(config()).steps
    doubled = twice(steps, 3)
    assert doubled.num_steps == 2
    assert doubled.step(1) == doubled.step(2) == steps.step(3)
