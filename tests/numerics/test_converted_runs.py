"""A whole run that begins at the weights' components: stopped and resumed it is the uninterrupted one, and its result is
an adapter of the untouched base."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from toy_run import toy_config, write_toy_dataset

from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError
from phi_core.inference.local_engine import LocalEngine
from phi_core.jobs.training_job import ask, create_run, resume_run, start_run, wait_until_ended
from phi_core.models.base import load_base
from phi_core.models.device import Device
from phi_core.planning.run_plan import make_plan
from phi_core.runs.reader import Run, read_run

CPU = Device("cpu", torch.float32)
STEPS = 12


@pytest.fixture
def config(model_folder: Callable[..., Path], tmp_path: Path) -> TrainingConfig:
    dataset = write_toy_dataset(tmp_path / "data.jsonl", count=34)
    return toy_config(
        model_folder("phi"),
        dataset,
        max_steps=STEPS,
        checkpoint_every=3,
        evaluate_every=4,
        lora_init="pissa_fast",
        lora_dropout=0.1,
    )


def started(config: TrainingConfig, root: Path) -> Path:
    path = create_run(config, root, command=["test"], facts=make_plan(config).facts())
    start_run(path)
    return path


def stopped_after(path: Path, step: int) -> Run:
    end = time.monotonic() + 200
    while (run := read_run(path)).is_live and time.monotonic() < end:
        done = [event.step for event in run.of_kind("step")]
        if done and done[-1] >= step:
            ask(run, "stop")
            break
        time.sleep(0.002)
    return wait_until_ended(path, seconds=200)


def test_a_stopped_and_resumed_run_leaves_the_adapter_of_an_uninterrupted_one(
    config: TrainingConfig, tmp_path: Path
) -> None:
    whole = wait_until_ended(started(config, tmp_path / "whole"), seconds=200)
    assert whole.state == "finished", whole.last("failed")
    stopped = stopped_after(started(config, tmp_path / "parts"), 5)
    assert stopped.state == "stopped"
    assert 5 <= stopped.step < STEPS
    resume_run(stopped)
    run = wait_until_ended(stopped.layout.root, seconds=200)
    assert run.state == "finished", run.last("failed")
    assert run.series("step", "loss") == whole.series("step", "loss")
    one, other = (load_file(r.layout.final_adapter / "adapter_model.safetensors") for r in (run, whole))
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert {tensor.shape[0] for name, tensor in one.items() if ".lora_A." in name} == {2 * config.lora_r}

    engine = LocalEngine(load_base(config.model_name, CPU), {"final": run.layout.final_adapter})
    assert engine.info.proof.holds
    assert engine.info.proof.adapter_differences["final"] > 0.01
    unconverted = run.layout.checkpoint(run.layout.checkpoint_steps()[-1])
    with pytest.raises(AdapterError, match="was not converted"):
        LocalEngine(load_base(config.model_name, CPU), {"raw": unconverted})
